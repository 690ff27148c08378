/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The marks of a page: the few numbers of its record from which finish makes the document's
 * style, kept as rows of page_marks so that no record is decoded twice and SQL does the sums.
 */
#ifndef EBB_WORKERS_LIBRARY_MARKS_H
#define EBB_WORKERS_LIBRARY_MARKS_H

#include "proto/page.h"
#include "workers/library/library.h"

/* Columns kind, class, key and weight of page_marks; statement.h's SQL has the numbers too. */
enum mark_kind {
    MARK_SIZE = 0,    /* class of text, 0, bytes of it */
    MARK_HEADING = 1, /* class of a heading, its margin key or 0, bytes */
    MARK_MARGIN = 2,  /* enum page_margin, margin key, 0 */
    MARK_SHORT = 3,   /* as HEADING, of short text blocks */
};

/* Adds the marks of a page that has none. */
int marks_put(struct library *library, int64_t document_row, const struct page_record *record,
              struct error *err);

#endif
