/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Queries: the table of kinds, their parameters, the answer's file.
 *
 * Invariants: a query that reads sees one state of the library from its first row to its last.
 * Blocks on the disk. Logs nothing.
 */
#include "workers/library/query.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/parse.h"

#define ANSWER_FLUSH_BYTES 65536
#define ANSWER_BUF_MAX_BYTES ((size_t)1 << 30) /* one page's part of an answer */

typedef int (*query_handler)(struct library *library, const struct library_query *query,
                             struct answer *answer, struct error *err);

static const struct {
    const char *kind;
    query_handler handler; /* NULL: it makes the answer's file itself */
    bool writes;
} query_kinds[] = {
    {"show", answer_show, false},     {"documents", answer_documents, false},
    {"digest", answer_digest, false}, {"missing", answer_missing, false},
    {"export", answer_export, false}, {"backup", NULL, false},
    {"delete", answer_delete, true},
};

const char *library_query_param(const struct library_query *query, const char *key,
                                const char *fallback)
{
    const char *value = query->param(query->context, key);

    return value ? value : fallback;
}

int library_query_param_uint(const struct library_query *query, const char *key, uint64_t min,
                             uint64_t max, uint64_t fallback, uint64_t *ret_value,
                             struct error *err)
{
    const char *text = library_query_param(query, key, NULL);

    if (!text) {
        *ret_value = fallback;
        return 0;
    }
    if (parse_u64(text, min, max, ret_value, err) < 0) {
        return error_wrap(err, "%s", key);
    }
    return 0;
}

int library_query_param_bool(const struct library_query *query, const char *key, bool *ret_value,
                             struct error *err)
{
    if (parse_bool(library_query_param(query, key, "no"), ret_value, err) < 0) {
        return error_wrap(err, "%s", key);
    }
    return 0;
}

int library_query_progress(const struct library_query *query, uint32_t done, struct error *err)
{
    if (query->progress && !query->progress(query->progress_context, done)) {
        return error_set(err, ERROR_CANCELLED, "the query was cancelled");
    }
    return 0;
}

int answer_flush(struct answer *answer, struct error *err)
{
    if (answer->buf.size < ANSWER_FLUSH_BYTES) {
        return 0;
    }
    if (file_writer_append(answer->writer, answer->buf.data, answer->buf.size, err) < 0) {
        return -1;
    }
    buf_reset(&answer->buf, (size_t)ANSWER_FLUSH_BYTES * 4);
    return 0;
}

/* A folder that is not there is no document that is not there. */
static int answer_failed(struct error *err)
{
    if (err && err->code != ERROR_FULL && err->code != ERROR_MEMORY) {
        err->code = ERROR_SYSTEM;
    }
    return error_wrap(err, "the query's answer");
}

static int answer_commit(struct answer *answer, struct error *err)
{
    struct file_writer *writer = TAKE_PTR(answer->writer);

    if (file_writer_append(writer, answer->buf.data, answer->buf.size, err) < 0) {
        file_writer_discard(writer);
        return answer_failed(err);
    }
    return file_writer_commit(writer, false, err) < 0 ? answer_failed(err) : 0;
}

static int run_reading(struct library *library, query_handler handler,
                       const struct library_query *query, struct answer *answer, struct error *err)
{
    int result;

    if (library_begin_read(library, err) < 0) {
        return -1;
    }
    result = handler(library, query, answer, err);
    library_rollback(library);
    return result;
}

static int run_kind(struct library *library, size_t kind, const struct library_query *query,
                    struct error *err)
{
    struct answer answer = {.writer = file_writer_open(query->answer_path, 0640, err)};
    int result;

    if (!answer.writer) {
        return answer_failed(err);
    }
    buf_init(&answer.buf, ANSWER_BUF_MAX_BYTES);
    emit_init(&answer.emit, &answer.buf);
    result = query_kinds[kind].writes
                 ? query_kinds[kind].handler(library, query, &answer, err)
                 : run_reading(library, query_kinds[kind].handler, query, &answer, err);
    if (result == 0 && (result = emit_finish(&answer.emit, err)) == 0) {
        result = answer_commit(&answer, err);
    }
    file_writer_discard(answer.writer);
    buf_deinit(&answer.buf);
    return result;
}

static int run_backup(struct library *library, const struct library_query *query, struct error *err)
{
    int result = answer_backup(library, query, err);

    return result < 0 && err->code == ERROR_NOT_FOUND ? answer_failed(err) : result;
}

int library_query_run(struct library *library, const struct library_query *query, struct error *err)
{
    if (!query->answer_path) {
        return error_set(err, ERROR_INVALID, "the query names no file for its answer");
    }
    for (size_t i = 0; i < ARRAY_LEN(query_kinds); i++) {
        if (strcmp(query_kinds[i].kind, query->kind) == 0) {
            return query_kinds[i].handler ? run_kind(library, i, query, err)
                                          : run_backup(library, query, err);
        }
    }
    return error_set(err, ERROR_INVALID,
                     "there is no query \"%.40s\": the library answers show, documents, "
                     "missing, export, backup, digest and delete",
                     query->kind);
}
