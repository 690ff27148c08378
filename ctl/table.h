/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Aligned tables for people. Cells are cleaned of controls as they are put, numbers and sizes are
 * formatted; columns are as wide as they must be, and on a terminal the one that may give way is
 * cut so that a row stays a line.
 */
#ifndef EBB_CTL_TABLE_H
#define EBB_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/value.h"

enum table_align {
    TABLE_LEFT,
    TABLE_RIGHT,
    TABLE_GIVES_WAY, /* left, and cut when the terminal is narrow */
};

struct table_column {
    const char *title;
    enum table_align align;
};

#define TABLE_COLUMNS_MAX 24

struct table; /* remembers a failed allocation; table_print says so */

/* columns: 1 to TABLE_COLUMNS_MAX, borrowed for the table's life. NULL when out of memory. */
struct table *table_create(const struct table_column *columns, size_t column_count);
void table_destroy(struct table *table);

/* Cells come row by row, left to right; a full row begins the next. NULL table: no-ops. */
void table_text(struct table *table, const char *text); /* NULL or "": a dash */
void table_number(struct table *table, uint64_t number);
void table_bytes(struct table *table, uint64_t bytes);
void table_duration(struct table *table, uint64_t duration_ms);
void table_format(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same from a value of a reply; nil or absent is a dash. */
void table_value_text(struct table *table, struct value value);
void table_value_number(struct table *table, struct value value);
void table_value_bytes(struct table *table, struct value value);
void table_value_duration(struct table *table, struct value value);

size_t table_rows(const struct table *table);
/* -1 when a cell was lost for lack of memory (what is there is printed). max_columns 0: as wide as
 * it is. Heads are bold on a terminal. */
int table_print(const struct table *table, FILE *file, unsigned max_columns);

#endif
