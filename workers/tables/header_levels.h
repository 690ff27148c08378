/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The header of a table that is known by alignment: titles of columns, broken over lines, and
 * titles over several columns above them.
 */
#ifndef EBB_WORKERS_TABLES_HEADER_LEVELS_H
#define EBB_WORKERS_TABLES_HEADER_LEVELS_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/tables/rows.h"
#include "workers/tables/segments.h"

/* A title: chunks of one or more rows of text. */
struct title {
    uint16_t first, last;         /* columns */
    uint32_t first_row, last_row; /* of text */
    uint16_t level, level_count;  /* rows of the table, from the top */
};

struct titles {
    struct title *items;
    uint32_t count;
    uint32_t *of_chunk; /* of each chunk, row by row, its title */
    uint32_t levels;    /* rows that the header has; 0 where there is none */
};

/* Titles of text rows first to end, all of which are the header's. ERROR_MEMORY. */
int titles_find(const struct text_rows *rows, uint32_t first, uint32_t end,
                const struct segment *rules, uint32_t rule_count, struct arena *arena,
                struct titles *ret_titles, struct error *err);

#endif
