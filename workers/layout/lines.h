/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From regions to lines, and from lines to blocks.
 */
#ifndef EBB_WORKERS_LAYOUT_LINES_H
#define EBB_WORKERS_LAYOUT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/glyphs.h"
#include "workers/layout/reading_order.h"

struct line {
    const struct found_table *table; /* that it stands for: its one fragment's */
    struct fragment **fragments;     /* from left to right */
    uint32_t count;
    float left, right, top, bottom, baseline;
    float size_pt; /* of its largest part */
    uint32_t chars;
    uint32_t dots;      /* of these */
    uint32_t wide_gaps; /* between fragments: what cells of a table leave */
    uint8_t style;      /* PAGE_STYLE bits that all of it has */
    bool right_to_left; /* main direction */
    bool starts_block;
};

struct lines {
    struct line *items; /* in reading order */
    uint32_t count;
};

/* Puts a line's fragments in order and fills in everything but table and starts_block. */
void lines_measure(const struct glyphs *glyphs, struct line *line);

/* The lines of all regions, with starts_block set. ERROR_MEMORY. */
int lines_build(const struct glyphs *glyphs, const struct reading_order *order, struct arena *arena,
                struct lines *ret_lines, struct error *err);

#endif
