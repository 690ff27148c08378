/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pages from rows, ready to be rendered.
 */
#ifndef EBB_WORKERS_LIBRARY_PAGE_SOURCE_H
#define EBB_WORKERS_LIBRARY_PAGE_SOURCE_H

#include "workers/library/document.h"
#include "workers/library/render.h"

struct page_source {
    struct library *library;
    int64_t document_row;
    bool parts; /* how its tables lie in the document's is wanted too */
};

/* The current row of STATEMENT_PAGE_RECORDS as a page. record: where its record is decoded to.
 * Owns: the library's scratch, and the row. */
int page_source_read(const struct page_source *source, struct statement *row,
                     struct page_record *record, struct render_page *ret_page, struct error *err);

#endif
