/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The parser's warnings. A document can cause any number of them: a bounded number of different
 * ones is kept. Nothing blocks or logs.
 */
#include "workers/mupdf/warnings.h"

#include <stdio.h>
#include <string.h>

void warnings_reset(struct warnings *warnings)
{
    warnings->count = 0;
    warnings->left_out = 0;
}

/* Printable ASCII stays; everything else, which came from the document, becomes '?'. */
static void clean(char *text)
{
    for (; *text; text++) {
        if (*text < 0x20 || *text > 0x7E) {
            *text = '?';
        }
    }
}

void warnings_add(void *user, const char *text)
{
    struct warnings *warnings = user;
    char cut[WARNING_BYTES];

    snprintf(cut, sizeof(cut), "%s", text);
    clean(cut);
    for (uint32_t i = 0; i < warnings->count; i++) {
        if (strcmp(warnings->texts[i], cut) == 0) {
            return;
        }
    }
    if (warnings->count == PAGE_WARNINGS_MAX) {
        warnings->left_out++;
        return;
    }
    memcpy(warnings->texts[warnings->count++], cut, sizeof(cut));
}

const char **warnings_copy(const struct warnings *warnings, struct arena *arena,
                           uint32_t *ret_count)
{
    const char **texts;

    *ret_count = 0;
    if (warnings->count == 0) {
        return NULL;
    }
    texts = arena_calloc(arena, warnings->count, sizeof(*texts));
    if (!texts) {
        return NULL;
    }
    for (uint32_t i = 0; i < warnings->count; i++) {
        texts[i] = arena_strdup(arena, warnings->texts[i]);
        if (!texts[i]) {
            return NULL;
        }
    }
    *ret_count = warnings->count;
    return texts;
}
