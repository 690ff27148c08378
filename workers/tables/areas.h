/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Areas between level rulings, one under the other and equally long: where tables without
 * upright rulings may be.
 */
#ifndef EBB_WORKERS_TABLES_AREAS_H
#define EBB_WORKERS_TABLES_AREAS_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/glyphs.h"
#include "workers/tables/segments.h"
#include "workers/tables/words.h"

struct area {
    float left, top, right, bottom;
};

struct areas {
    struct area *items;
    uint32_t count;
};

/* words: those that no table has, in any order. ERROR_MEMORY. */
int areas_find(const struct glyphs *glyphs, const struct segments *segments,
               struct word *const *words, uint32_t word_count, struct arena *arena,
               struct areas *ret_areas, struct error *err);

#endif
