/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whether the library has all of a document's pages, and what they add up to.
 */
#ifndef EBB_WORKERS_LIBRARY_DOCUMENT_ROWS_H
#define EBB_WORKERS_LIBRARY_DOCUMENT_ROWS_H

#include "workers/library/document.h"
#include "workers/library/outcome.h"

struct document_totals {
    uint64_t pages, pages_failed, chars, words, pages_ocr;
};

int document_rows_totals(struct library *library, const struct document *document,
                         struct document_totals *ret_totals, struct error *err);
/* The least page from `from` on that has no row; page_count + 1 when there is none. */
int document_rows_next_missing(struct library *library, const struct document *document,
                               uint32_t from, uint32_t *ret_page, struct error *err);
/* Every page has a row, or "rows_missing". */
int document_rows_check(struct library *library, const struct document *document,
                        const struct document_totals *totals, struct outcome *outcome,
                        struct error *err);

#endif
