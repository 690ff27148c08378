/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's pages counted. Blocks on the disk. Logs nothing.
 */
#include "workers/library/document_rows.h"

int document_rows_totals(struct library *library, const struct document *document,
                         struct document_totals *ret_totals, struct error *err)
{
    struct statement *totals = library_statement(library, STATEMENT_PAGE_TOTALS);

    statement_int(totals, 1, document->row);
    if (statement_step(totals, err) < 1) {
        return -1;
    }
    ret_totals->pages = (uint64_t)statement_column_int(totals, 0);
    ret_totals->pages_failed = (uint64_t)statement_column_int(totals, 1);
    ret_totals->chars = (uint64_t)statement_column_int(totals, 2);
    ret_totals->words = (uint64_t)statement_column_int(totals, 3);
    ret_totals->pages_ocr = (uint64_t)statement_column_int(totals, 4);
    statement_end(totals);
    return 0;
}

int document_rows_next_missing(struct library *library, const struct document *document,
                               uint32_t from, uint32_t *ret_page, struct error *err)
{
    struct statement *numbers = library_statement(library, STATEMENT_PAGE_NUMBERS);
    uint32_t page = from;
    int got;

    statement_int(numbers, 1, library_page_row(document->row, from));
    statement_int(numbers, 2, library_page_row(document->row, document->page_count));
    while ((got = statement_step(numbers, err)) > 0) {
        if (statement_column_int(numbers, 0) != page) {
            break;
        }
        page++;
    }
    statement_end(numbers);
    *ret_page = page;
    return got < 0 ? -1 : 0;
}

int document_rows_check(struct library *library, const struct document *document,
                        const struct document_totals *totals, struct outcome *outcome,
                        struct error *err)
{
    uint32_t missing;

    if (totals->pages == document->page_count) {
        return 0;
    }
    if (document_rows_next_missing(library, document, 1, &missing, err) < 0) {
        return -1;
    }
    error_set(err, ERROR_NOT_FOUND,
              "the library has %llu of the document's %u pages; the first that it has not is %u",
              (unsigned long long)totals->pages, document->page_count, missing);
    return outcome_fail(outcome, "rows_missing", true);
}
