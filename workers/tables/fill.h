/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Filling a table's cells, once it is known which row each row of text belongs to.
 */
#ifndef EBB_WORKERS_TABLES_FILL_H
#define EBB_WORKERS_TABLES_FILL_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/found_table.h"
#include "workers/tables/header_levels.h"
#include "workers/tables/rows.h"

struct row_plan {
    const struct text_rows *rows;
    uint32_t first, end;  /* rows of text that are the table's */
    uint32_t header_end;  /* the first behind the header */
    struct titles titles; /* of the header */
    uint32_t *row_of;     /* of each row of text, from first on: its row of the table, behind the
                             header */
    uint32_t row_count;   /* of the table */
};

/* The table, and its words with the cell of each. */
struct filling {
    struct found_table *table;
    uint32_t *taken; /* rows by columns: the cell's index plus 1; 0: empty */
    struct word **words;
    uint32_t *cell_of;
    uint32_t word_count, cell_count;
};

/* filling: empty; becomes a table whose cells cover it, without their text. ERROR_MEMORY. */
int fill_table(const struct row_plan *plan, struct filling *filling, struct arena *arena,
               struct error *err);

#endif
