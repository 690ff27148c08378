/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the library answers (PROTOCOL.md, "Queries that the library answers"): a kind, some
 * parameters, and a file that the answer goes to.
 */
#ifndef EBB_WORKERS_LIBRARY_QUERY_H
#define EBB_WORKERS_LIBRARY_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/file.h"
#include "workers/answers/emit.h"
#include "workers/library/library.h"
#include "workers/library/missing.h"

/* Parameters are borrowed until the query has run; NULL where it was not given. */
struct library_query {
    const char *kind;
    const char *(*param)(const void *context, const char *key);
    const void *context;
    /* Called every few pages of work; false to stop. NULL: never. */
    bool (*progress)(void *progress_context, uint32_t done);
    void *progress_context;
    /* Adds to what DONE counts. NULL: nobody counts. */
    void (*count)(void *count_context, const char *key, uint64_t value);
    void *count_context;
    const char *answer_path;
    struct missing_model model; /* as the settings have it */
};

/*
 * Writes the answer, under a temporary name and then renamed, mode 0640.
 * Errors: ERROR_NOT_FOUND, ERROR_INVALID (the text says what and what to do), ERROR_CANCELLED,
 * ERROR_FULL, ERROR_CORRUPT. No answer is left behind then.
 */
int library_query_run(struct library *library, const struct library_query *query,
                      struct error *err);

/* For the kinds: */

/* The answer on its way out: bytes go to the file whenever there are many, so that an answer may
 * be larger than memory. */
struct answer {
    struct buf buf; /* append here, then flush */
    struct emit emit;
    struct file_writer *writer;
};

/* Hands buf on to the file when it is over 64 KiB. */
int answer_flush(struct answer *answer, struct error *err);

const char *library_query_param(const struct library_query *query, const char *key,
                                const char *fallback);
/* ERROR_INVALID names the parameter and its range. */
int library_query_param_uint(const struct library_query *query, const char *key, uint64_t min,
                             uint64_t max, uint64_t fallback, uint64_t *ret_value,
                             struct error *err);
/* False where it was not given. */
int library_query_param_bool(const struct library_query *query, const char *key, bool *ret_value,
                             struct error *err);
/* ERROR_CANCELLED when the supervisor wants the query to stop. */
int library_query_progress(const struct library_query *query, uint32_t done, struct error *err);

int answer_show(struct library *library, const struct library_query *query, struct answer *answer,
                struct error *err);
int answer_documents(struct library *library, const struct library_query *query,
                     struct answer *answer, struct error *err);
int answer_digest(struct library *library, const struct library_query *query, struct answer *answer,
                  struct error *err);
/* Makes the answer's file itself. */
int answer_backup(struct library *library, const struct library_query *query, struct error *err);
int answer_export(struct library *library, const struct library_query *query, struct answer *answer,
                  struct error *err);
int answer_missing(struct library *library, const struct library_query *query,
                   struct answer *answer, struct error *err);
int answer_delete(struct library *library, const struct library_query *query, struct answer *answer,
                  struct error *err);

#endif
