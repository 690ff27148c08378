/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The parser's warnings, collected for the page or document that they are about; never written to
 * the log by mupdf itself.
 */
#ifndef EBB_WORKERS_MUPDF_WARNINGS_H
#define EBB_WORKERS_MUPDF_WARNINGS_H

#include <stdint.h>

#include "common/arena.h"
#include "proto/page.h"

#define WARNING_BYTES 160

struct warnings {
    char texts[PAGE_WARNINGS_MAX][WARNING_BYTES];
    uint32_t count;
    uint64_t left_out; /* past the bound; repetitions are not counted */
};

void warnings_reset(struct warnings *warnings);
/* Adds text, cut to fit, unless it is there already. Matches mupdf's callbacks. */
void warnings_add(void *warnings, const char *text);
/* The texts, copied into arena; NULL when there are none or no memory is left. */
const char **warnings_copy(const struct warnings *warnings, struct arena *arena,
                           uint32_t *ret_count);

#endif
