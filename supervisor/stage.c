/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The pipeline's table, made from STAGE_LIST. Pure data: nothing blocks, nothing fails, nothing
 * is logged.
 */
#include "supervisor/stage.h"

#include <assert.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/message.h"

static const struct stage_row stages[] = {
#define STAGE_ROW(symbol, name, class_name, shown, from, to, flags)                                \
    [STAGE_##symbol] = {name,                                                                      \
                        class_name,                                                                \
                        shown,                                                                     \
                        from,                                                                      \
                        to,                                                                        \
                        (STAGE_PERSISTS & (flags)) != 0,                                           \
                        (STAGE_ESSENTIAL & (flags)) != 0,                                          \
                        (STAGE_PAGES & (flags)) != 0,                                              \
                        (STAGE_WAITS & (flags)) != 0},
    STAGE_LIST(STAGE_ROW)
#undef STAGE_ROW
};

_Static_assert(ARRAY_LEN(stages) == STAGE_COUNT, "a row for each stage");
#define STAGE_NAME_FITS(symbol, name, class_name, shown, from, to, flags)                          \
    _Static_assert(sizeof(name) <= MESSAGE_STAGE_BYTES, "a stage's name fits its message field");
STAGE_LIST(STAGE_NAME_FITS)
#undef STAGE_NAME_FITS

const struct stage_row *stage_row(enum stage_id id)
{
    assert((unsigned)id < STAGE_COUNT);
    return &stages[id];
}

int stage_find(const char *name)
{
    for (int i = 0; i < STAGE_COUNT; i++) {
        if (!strcmp(stages[i].name, name)) {
            return i;
        }
    }
    return -1;
}
