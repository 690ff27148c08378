/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Ruled tables: grids of rulings with text in their cells.
 */
#ifndef EBB_WORKERS_TABLES_RULED_H
#define EBB_WORKERS_TABLES_RULED_H

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/found_table.h"
#include "workers/layout/glyphs.h"
#include "workers/tables/grid.h"
#include "workers/tables/words.h"

/* words: those inside of the grid. ret_table: NULL where the grid is no table but a frame, a
 * chart, a form's lines. ERROR_MEMORY. */
int ruled_make(struct glyphs *glyphs, struct grid *grid, struct word **words, uint32_t count,
               struct arena *arena, struct found_table **ret_table, struct error *err);

#endif
