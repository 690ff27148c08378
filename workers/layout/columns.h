/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Gutters, and the decision whether what they part are columns of text or cells of a table.
 */
#ifndef EBB_WORKERS_LAYOUT_COLUMNS_H
#define EBB_WORKERS_LAYOUT_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/fragments.h"

/* More parts than this are a table with ruled columns, or noise; the smallest gaps close first. */
#define COVERAGE_PARTS_MAX 24

#define GUTTER_MIN 0.8F /* of the mean size: how wide a gutter is at least */

struct interval {
    float from, to;
};

/* Which part of the width a set of fragments covers. */
struct coverage {
    float min_gap;                             /* narrower gaps are no gutters */
    struct interval parts[COVERAGE_PARTS_MAX]; /* from left to right, min_gap apart or more */
    uint32_t part_count;
    uint32_t gap_count; /* between them */
};

/* How wide a gutter must be among fragments of these sizes. */
float coverage_min_gap(struct fragment *const *fragments, uint32_t count);
void coverage_init(struct coverage *coverage, float min_gap);
void coverage_add(struct coverage *coverage, struct fragment *const *fragments, uint32_t count);

/* Where columns are cut. */
struct columns {
    float cuts[COVERAGE_PARTS_MAX]; /* along, from left to right */
    uint32_t cut_count;
};

/* Decides for each gap of coverage, made of these fragments (from top to bottom). ERROR_MEMORY. */
int columns_decide(struct fragment *const *fragments, uint32_t count,
                   const struct coverage *coverage, struct arena *arena,
                   struct columns *ret_columns, struct error *err);
/* The column that a fragment stands in. */
uint32_t columns_find(const struct columns *columns, const struct fragment *fragment);

#endif
