/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is asked of a table of a page again and again: its header, whether a plain grid of cells
 * can say it, by what two of its parts are known to belong together.
 */
#ifndef EBB_WORKERS_LIBRARY_GRID_H
#define EBB_WORKERS_LIBRARY_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/page.h"

/* The first cell (by index) that starts in row or below it; cell_count where there is none. */
uint32_t grid_row_start(const struct page_table *table, uint32_t row);
/* Rows at the top whose cells are all headers, empty ones apart; at most all but one. */
uint32_t grid_header_rows(const struct page_table *table);
/* Whether a cell covers more than one place, or there are more header rows than one. */
bool grid_has_spans(const struct page_table *table);
/* A hash of the texts of so many rows, white space and case of ASCII folded; 0 where they are
 * empty. */
uint64_t grid_rows_key(const struct page_table *table, uint32_t rows);

#endif
