/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The query `search` (PROTOCOL.md, "Queries"): words and vectors over library.db, read only.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_H
#define EBB_WORKERS_INDEX_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct searcher; /* an open library, and what is kept of it between queries */

struct searcher_settings {
    const char *state_folder; /* library.db is in it; copied */
    const char *embed_model;  /* whose text vectors are compared; copied */
    uint32_t embed_dimensions;
};

/* Opens the library for reading. ERROR_NOT_FOUND where there is none yet. */
struct searcher *searcher_open(const struct searcher_settings *settings, struct error *err);
void searcher_close(struct searcher *searcher); /* NULL is a no-op */

/* Parameters are borrowed until the query has run; NULL where it was not given. */
struct search_query {
    const char *(*param)(const void *context, const char *key);
    const void *context;
    /* Called every so often; false to stop. NULL: never. */
    bool (*progress)(void *progress_context, uint32_t done);
    void *progress_context;
    const char *answer_path;
};

/*
 * Writes the answer, under a temporary name and then renamed, mode 0640.
 * Errors: ERROR_NOT_FOUND, ERROR_INVALID (the text says what and what to do), ERROR_CANCELLED,
 * ERROR_FULL, ERROR_CORRUPT. No answer is left behind then.
 */
int search_query_run(struct searcher *searcher, const struct search_query *query,
                     struct error *err);

#endif
