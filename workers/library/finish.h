/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The end of a job: is every page there, what does the whole document say about its blocks, and
 * then on to the disk for good.
 */
#ifndef EBB_WORKERS_LIBRARY_FINISH_H
#define EBB_WORKERS_LIBRARY_FINISH_H

#include "workers/library/library.h"
#include "workers/library/outcome.h"

struct finish_failure {
    uint32_t page;
    const char *code;
    const char *text;
};

/* The next page that failed, until false. */
typedef bool (*finish_failure_cb)(void *context, size_t index, struct finish_failure *ret_failure);

struct finish_unit {
    const char *job;
    finish_failure_cb failure_at; /* NULL where none failed */
    void *context;
    /* The list was cut at its bound: pages that are in neither place failed too. */
    bool failures_cut;
};

/*
 * Rows for the pages that failed (a page that was read before stays as it was), the document's
 * style, its totals and its status, in one durable transaction.
 * Errors: "rows_missing" (retryable) when the document or one of its pages is not there: the
 * text names the first.
 */
int finish_document(struct library *library, const struct finish_unit *unit,
                    struct outcome *ret_outcome, struct error *err);

#endif
