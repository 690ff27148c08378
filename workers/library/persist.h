/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From artifacts to rows. Each call is one transaction, and doing it twice leaves the rows as
 * doing it once: the supervisor may run any unit again.
 */
#ifndef EBB_WORKERS_LIBRARY_PERSIST_H
#define EBB_WORKERS_LIBRARY_PERSIST_H

#include "workers/library/library.h"
#include "workers/library/outcome.h"

struct persist_unit {
    const char *job;
    const char *name; /* of the document, for people (survey) */
    const char *artifact_path;
    uint32_t first, last; /* pages that may be in the artifact (extract) */
    const char *tags;     /* for the document, commas between (survey); NULL for none */
    bool no_vectors;      /* its chunks are to have none (survey) */
};

/*
 * The document, its metadata and outline, and the link from the job.
 * Errors: "artifact_damaged" (retryable) when the artifact is missing, not whole or not what it
 * says.
 */
int persist_survey(struct library *library, const struct persist_unit *unit,
                   struct outcome *ret_outcome, struct error *err);

/*
 * Pages: columns, text in the full-text index, marks, the record as it came. A page that was read
 * before is never replaced by one that could not be read.
 * Errors: as persist_survey; "rows_missing" (retryable) when the job's survey is not in the
 * library.
 */
int persist_pages(struct library *library, const struct persist_unit *unit,
                  struct outcome *ret_outcome, struct error *err);

/* The outcome of an artifact that could not be read: "artifact_damaged" for one that is missing
 * or wrong, else what err says. Returns -1. */
int persist_artifact_failed(struct outcome *outcome, const struct error *err);

#endif
