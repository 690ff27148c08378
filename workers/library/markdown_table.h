/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables as Markdown: pipe tables where cells are one line and one place each, else HTML. A table
 * over pages is written part by part, and closed by who knows that no further part comes.
 */
#ifndef EBB_WORKERS_LIBRARY_MARKDOWN_TABLE_H
#define EBB_WORKERS_LIBRARY_MARKDOWN_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"

struct markdown_table_part {
    const struct page_table *table;
    bool html;          /* of the whole table */
    bool begins;        /* the first part: with the header */
    uint32_t first_row; /* of the part that is written: its repeated header is left out */
};

/* Appends its rows; the table stays open (pipe tables want an empty line, HTML its end). */
int markdown_table_put(const struct markdown_table_part *part, struct buf *out, struct error *err);

#endif
