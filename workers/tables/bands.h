/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rows of a ruled table that no ruling parts.
 */
#ifndef EBB_WORKERS_TABLES_BANDS_H
#define EBB_WORKERS_TABLES_BANDS_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/glyphs.h"
#include "workers/tables/grid.h"
#include "workers/tables/words.h"

/* Parts rows of the grid whose text is several rows. words: those inside of the grid.
 * ERROR_MEMORY. */
int bands_split(const struct glyphs *glyphs, struct grid *grid, struct word *const *words,
                uint32_t count, struct arena *arena, struct error *err);

#endif
