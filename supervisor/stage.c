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

static const char *const kinds[] = {
#define JOB_KIND_ROW(symbol, name) [JOB_KIND_##symbol] = name,
    JOB_KIND_LIST(JOB_KIND_ROW)
#undef JOB_KIND_ROW
};

#define HAS(flags, flag) (((flags) & (flag)) != 0)

static const struct stage_row stages[] = {
#define STAGE_ROW(symbol, name, class_name, shown, from, to, again_from, again_to, flags)          \
    [STAGE_##symbol] = {                                                                           \
        name,                                                                                      \
        class_name,                                                                                \
        shown,                                                                                     \
        {[JOB_KIND_DOCUMENT] = {(to) > 0, false, from, to},                                        \
         [JOB_KIND_REEMBED] = {(again_to) > 0, HAS(flags, STAGE_WHOLE), again_from, again_to}},    \
        HAS(flags, STAGE_PERSISTS),                                                                \
        HAS(flags, STAGE_ESSENTIAL),                                                               \
        HAS(flags, STAGE_PAGES),                                                                   \
        HAS(flags, STAGE_WAITS),                                                                   \
        HAS(flags, STAGE_TOLD),                                                                    \
        HAS(flags, STAGE_DERIVED),                                                                 \
        HAS(flags, STAGE_LEAVES | STAGE_PERSISTS)},
    STAGE_LIST(STAGE_ROW)
#undef STAGE_ROW
};

_Static_assert(ARRAY_LEN(stages) == STAGE_COUNT, "a row for each stage");
#define STAGE_NAME_FITS(symbol, name, class_name, shown, from, to, again_from, again_to, flags)    \
    _Static_assert(sizeof(name) <= MESSAGE_STAGE_BYTES, "a stage's name fits its message field");
STAGE_LIST(STAGE_NAME_FITS)
#undef STAGE_NAME_FITS

const char *job_kind_name(enum job_kind kind)
{
    assert((unsigned)kind < JOB_KIND_COUNT);
    return kinds[kind];
}

bool job_kind_parse(const char *name, enum job_kind *ret_kind)
{
    for (unsigned i = 0; i < JOB_KIND_COUNT; i++) {
        if (!strcmp(kinds[i], name)) {
            *ret_kind = (enum job_kind)i;
            return true;
        }
    }
    return false;
}

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

bool stage_is_of(enum stage_id id, enum job_kind kind)
{
    assert((unsigned)kind < JOB_KIND_COUNT);
    return stage_row(id)->shares[kind].has;
}

unsigned stage_count(enum job_kind kind)
{
    unsigned count = 0;

    for (int i = 0; i < STAGE_COUNT; i++) {
        count += stage_is_of((enum stage_id)i, kind);
    }
    return count;
}
