/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which cells of a table name its rows and columns.
 */
#ifndef EBB_WORKERS_TABLES_HEADERS_H
#define EBB_WORKERS_TABLES_HEADERS_H

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/found_table.h"
#include "workers/layout/glyphs.h"

/* Marks the rows at the top that name columns: those over the first numbers, or bold ones over
 * others. The cells must have their text. ERROR_MEMORY. */
int headers_mark_rows(const struct glyphs *glyphs, struct found_table *table, struct arena *arena,
                      struct error *err);

/* Marks the cells of the first column where it has words and the others have numbers. Rows that
 * have nothing but it are titles of parts, and are not marked. ERROR_MEMORY. */
int headers_mark_column(const struct glyphs *glyphs, struct found_table *table, struct arena *arena,
                        struct error *err);

#endif
