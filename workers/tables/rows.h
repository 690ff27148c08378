/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Text as rows of chunks, and the columns that chunks of many rows leave room between.
 *
 * A chunk is words of one line without a wide gap: what stands in one cell, or in several that
 * are one. Columns are parted by limits, each in the middle of a gutter.
 */
#ifndef EBB_WORKERS_TABLES_ROWS_H
#define EBB_WORKERS_TABLES_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/glyphs.h"
#include "workers/tables/words.h"

#define ROWS_COLUMNS_MAX 128U

struct chunk {
    struct word **words; /* from left to right */
    uint32_t count;
    float left, right;
    uint16_t first, last; /* columns */
    bool data;            /* a number, an amount, nothing */
};

struct text_row {
    struct chunk *chunks; /* from left to right */
    uint32_t count;
    float baseline, top, bottom;
    float size_pt; /* of its largest word */
    uint8_t style; /* PAGE_STYLE bits that all of it has */
    bool prose;    /* one chunk over several columns that fills most of the width */
};

struct text_rows {
    struct text_row *items; /* from top to bottom */
    uint32_t count;
    float left, right;
    float limits[ROWS_COLUMNS_MAX + 1]; /* columns + 1 */
    uint32_t columns;                   /* 0 before they are found */
    /* What most of a column's text covers; where there is none, cores[i][0] > cores[i][1]. */
    float cores[ROWS_COLUMNS_MAX][2];
    float size_pt; /* the usual one */
};

/* Rows and chunks of words, which are sorted for it. ERROR_MEMORY. */
int rows_find(const struct glyphs *glyphs, struct word **words, uint32_t count, struct arena *arena,
              struct text_rows *ret_rows, struct error *err);

/* Finds the columns by rows first to end, and every chunk's. Chunks that hold several columns are
 * parted. columns is 0 where there are none, or too many. ERROR_MEMORY. */
int rows_find_columns(const struct glyphs *glyphs, struct text_rows *rows, uint32_t first,
                      uint32_t end, struct arena *arena, struct error *err);

#endif
