/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a grid and the words in it to a table of layout's.
 */
#ifndef EBB_WORKERS_TABLES_BUILD_H
#define EBB_WORKERS_TABLES_BUILD_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/found_table.h"
#include "workers/layout/glyphs.h"
#include "workers/tables/words.h"

#define BUILD_NO_CELL UINT32_MAX

/* A table of that many cells, which are the caller's to fill. NULL: out of memory. */
struct found_table *build_start(uint32_t cell_count, struct arena *arena, struct error *err);

/* Gives the cells their words' lines and puts the cells in order. cell_of: of each word, its cell
 * by index, or BUILD_NO_CELL. ERROR_MEMORY. */
int build_finish(struct glyphs *glyphs, struct word *const *words, const uint32_t *cell_of,
                 uint32_t word_count, struct found_table *table, struct arena *arena,
                 struct error *err);

/* Puts the columns of a table that is written from right to left in their logical order. */
void build_mirror(const struct glyphs *glyphs, struct word *const *words, uint32_t word_count,
                  struct found_table *table);

/* The fragment that stands for a table with at least one word. NULL: out of memory. */
struct fragment *build_stand_in(const struct found_table *table, struct arena *arena,
                                struct error *err);

#endif
