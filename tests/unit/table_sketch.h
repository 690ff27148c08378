/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pages with rulings, for the tests of workers/tables: a sketch (pdf_sketch.h) and lines on it.
 */
#ifndef EBB_TESTS_UNIT_TABLE_SKETCH_H
#define EBB_TESTS_UNIT_TABLE_SKETCH_H

#include <stdint.h>

#include "pdf_sketch.h"
#include "workers/tables/rulings.h"

struct table_sketch {
    struct sketch page;
    struct rulings rulings;
};

void table_sketch_init(struct table_sketch *sketch);
void table_sketch_deinit(struct table_sketch *sketch);

void table_sketch_level(struct table_sketch *sketch, float y, float x0, float x1);
void table_sketch_upright(struct table_sketch *sketch, float x, float y0, float y1);
/* A grid of count_y level rulings at ys and count_x upright ones at xs. */
void table_sketch_grid(struct table_sketch *sketch, const float *xs, uint32_t count_x,
                       const float *ys, uint32_t count_y);
/* Text of 10 pt from (x, y), each character 5 pt wide. */
void table_sketch_text(struct table_sketch *sketch, float x, float y, const char *text);
void table_sketch_bold(struct table_sketch *sketch, float x, float y, const char *text);
/* The same, ending at x, or with its middle there. */
void table_sketch_right(struct table_sketch *sketch, float x, float y, const char *text);
void table_sketch_centred(struct table_sketch *sketch, float x, float y, const char *text);

/* Lays the page out with tables, and demands that no text is lost or given twice and that each
 * table's cells cover it. Returns how many tables there are. */
uint32_t table_sketch_lay_out(struct table_sketch *sketch);
/* The n-th table of the page, from 0. */
const struct page_table *table_sketch_table(const struct table_sketch *sketch, uint32_t n);
/*
 * The n-th table as text: cells parted by "|", rows by "/"; behind a cell that covers several
 * places "<rows x columns>", behind a header cell "#". Empty cells are nothing. Owns: the sketch.
 */
const char *table_sketch_show(struct table_sketch *sketch, uint32_t n);

#endif
