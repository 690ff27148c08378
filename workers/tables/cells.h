/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From rows of text in columns to the rows and cells of a table.
 */
#ifndef EBB_WORKERS_TABLES_CELLS_H
#define EBB_WORKERS_TABLES_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/found_table.h"
#include "workers/tables/rows.h"
#include "workers/tables/segments.h"

struct cells_request {
    const struct text_rows *rows; /* with their columns found */
    uint32_t first, end;          /* those of the table */
    const struct segment *rules;  /* level ones, those of the page, by place */
    uint32_t rule_count;
};

/* Whether a level ruling lies between two rows, over most of the table's width. */
bool cells_ruled_between(const struct segment *rules, uint32_t rule_count,
                         const struct text_rows *rows, const struct text_row *above,
                         const struct text_row *below);

/* ret_words: those of the table. ret_table is NULL where it would be larger than a table may be.
 * ERROR_MEMORY. */
int cells_make(struct glyphs *glyphs, const struct cells_request *request, struct arena *arena,
               struct found_table **ret_table, struct word ***ret_words, uint32_t *ret_word_count,
               struct error *err);

#endif
