/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page's rulings as seen along one direction of writing: level and upright segments, with what
 * was drawn in pieces or twice made one.
 */
#ifndef EBB_WORKERS_TABLES_SEGMENTS_H
#define EBB_WORKERS_TABLES_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/tables/rulings.h"

#define SEGMENTS_NEAR 3.0F /* points: what is nearer meets, or is one line drawn twice */

struct segment {
    float at;       /* across for a level one, along for an upright one */
    float from, to; /* the other way */
    uint32_t component;
};

struct segments {
    struct segment *level, *upright; /* by at, then from */
    uint32_t level_count, upright_count;
};

/* ux, uy: the direction. None where the page is a drawing. ERROR_MEMORY. */
int segments_find(const struct rulings *rulings, float ux, float uy, struct arena *arena,
                  struct segments *ret_segments, struct error *err);

#endif
