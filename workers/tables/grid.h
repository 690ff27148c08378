/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Grids: rulings that meet, and what lies between them.
 *
 * A grid has columns and rows of fields; a field that no ruling parts from the one beside it or
 * under it is one cell with that.
 */
#ifndef EBB_WORKERS_TABLES_GRID_H
#define EBB_WORKERS_TABLES_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/tables/segments.h"

struct grid {
    float *xs, *ys; /* along and across: columns + 1 and rows + 1, ascending */
    uint32_t columns, rows;
    uint32_t inner_uprights; /* rulings between columns */
    bool *right;             /* of each field, row by row: a ruling stands on its right side */
    bool *below;             /* likewise under it */
};

struct grids {
    struct grid *items; /* the smallest first */
    uint32_t count;
};

/* The grids that the segments make; sets the components of those. ERROR_MEMORY. */
int grids_find(struct segments *segments, struct arena *arena, struct grids *ret_grids,
               struct error *err);

/* Puts boundaries inside of a row, or column, in rising order. Cells that reach over several stay
 * whole. ERROR_MEMORY. */
int grid_split_row(struct grid *grid, uint32_t row, const float *ys, uint32_t count,
                   struct arena *arena, struct error *err);
int grid_split_column(struct grid *grid, uint32_t column, const float *xs, uint32_t count,
                      struct arena *arena, struct error *err);

/* Marks the rulings on the right side of fields first_row to last_row of a column. */
void grid_part(struct grid *grid, uint32_t column, uint32_t first_row, uint32_t last_row);

/* Likewise those under fields first_column to last_column of a row. */
void grid_part_below(struct grid *grid, uint32_t row, uint32_t first_column, uint32_t last_column);

/* How much of the limits between columns, and between rows, rulings stand at: 0 to 1. */
float grid_ruled_share(const struct grid *grid);

/* A cell of a grid. */
struct grid_cell {
    uint16_t row, column, row_span, column_span;
};

/* The cells, by row and column. ret_cell_of: of each field, its cell. ERROR_MEMORY. */
int grid_cells(const struct grid *grid, struct arena *arena, struct grid_cell **ret_cells,
               uint32_t *ret_cell_count, uint32_t **ret_cell_of, struct error *err);

/* The interval of limits (count + 1 of them, ascending) in which value lies; count where it lies
 * in none. */
uint32_t grid_locate(const float *limits, uint32_t count, float value);

#endif
