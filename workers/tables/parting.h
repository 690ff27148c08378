/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Columns and cells of a ruled table that no ruling parts.
 */
#ifndef EBB_WORKERS_TABLES_PARTING_H
#define EBB_WORKERS_TABLES_PARTING_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/glyphs.h"
#include "workers/tables/grid.h"
#include "workers/tables/words.h"

/* Parts columns of the grid in which most lines have a gap at the same place. words: those inside
 * of the grid. ERROR_MEMORY. */
int parting_columns(const struct glyphs *glyphs, struct grid *grid, struct word *const *words,
                    uint32_t count, struct arena *arena, struct error *err);

/* Parts cells over several columns, or rows, whose text says that they are several.
 * ERROR_MEMORY. */
int parting_cells(struct grid *grid, struct word *const *words, uint32_t count, struct arena *arena,
                  struct error *err);

#endif
