/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The end of a job: is everything there, what does it come to, and then on to the disk for good.
 */
#ifndef EBB_WORKERS_LIBRARY_FINISH_H
#define EBB_WORKERS_LIBRARY_FINISH_H

#include "workers/library/library.h"
#include "workers/library/outcome.h"

struct finish_unit {
    const char *job;
    const char
        *folder; /* the job's, with the artifacts that it made; NULL: nothing is looked for */
};

/*
 * The document's totals and its status, in one durable transaction.
 * Errors: "rows_missing" (retryable) when the document, one of its pages, all of its chunks or what
 * a unit of embed_image made are not there: the text names the first.
 */
int finish_document(struct library *library, const struct finish_unit *unit,
                    struct outcome *ret_outcome, struct error *err);

#endif
