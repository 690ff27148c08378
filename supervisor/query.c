/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Queries to the library.
 *
 * Invariants: done is called once at most; an answer file whose asker is gone is removed; at most
 * settings.queries wait.
 *
 * Blocks: one stat and one unlink of a fresh file. Diagnostics: none.
 */
#include "supervisor/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "supervisor/supervisor.h"
#include "supervisor/worker.h"

#define PARAMS_MAX_BYTES 131072

static void query_free(struct query *query)
{
    struct supervisor *supervisor = query->supervisor;
    TAILQ_REMOVE(&supervisor->queries, query, link);
    supervisor->query_count--;
    free(query->kind);
    free(query->params);
    free(query);
}

static int copy_params(struct query *query, const struct buf *packed, struct error *err)
{
    query->params = malloc(packed->size);
    if (!query->params) {
        return error_set(err, ERROR_MEMORY, "no memory for a query");
    }
    memcpy(query->params, packed->data, packed->size);
    query->params_bytes = packed->size;
    return 0;
}

static struct query *enqueue(struct supervisor *supervisor, const char *kind,
                             const struct buf *params, query_done_cb done, void *user,
                             struct error *err)
{
    struct query *query = calloc(1, sizeof(*query));
    if (!query || !(query->kind = strdup(kind)) || copy_params(query, params, err) < 0) {
        if (query) {
            free(query->kind);
        }
        free(query);
        error_set(err, ERROR_MEMORY, "no memory for a query");
        return NULL;
    }
    query->supervisor = supervisor;
    query->class_name = "library";
    query->prepared = true;
    query->done = done;
    query->user = user;
    query->deadline_ms = uv_now(supervisor->loop) + supervisor->settings.query_deadline_ms;
    snprintf(query->path, sizeof(query->path), "%s/answers/%d-%" PRIu64,
             supervisor->settings.state_dir, (int)getpid(), ++supervisor->query_sequence);
    TAILQ_INSERT_TAIL(&supervisor->queries, query, link);
    supervisor->query_count++;
    return query;
}

static int room_for_one(const struct supervisor *supervisor, struct error *err)
{
    if (supervisor->draining) {
        return error_set(err, ERROR_CANCELLED, "ebbd is stopping");
    }
    if (supervisor->query_count >= supervisor->settings.queries) {
        return error_set(err, ERROR_LIMIT, "%u questions are waiting already; try again",
                         supervisor->query_count);
    }
    return 0;
}

struct query *query_ask(struct supervisor *supervisor, const char *kind, struct value params,
                        query_done_cb done, void *user, struct error *err)
{
    if (room_for_one(supervisor, err) < 0) {
        return NULL;
    }
    struct buf packed;
    struct pack pack;
    size_t entries = value_count(params);
    buf_init(&packed, PARAMS_MAX_BYTES + 1024);
    pack_init(&pack, &packed);
    struct value given = value_get(params, "kind");
    pack_map(&pack, entries + (value_present(given) ? 0 : 1));
    pack_key_str(&pack, "kind", kind);
    for (size_t i = 0; i < entries; i++) {
        struct value key;
        struct value value;
        if (value_entry(params, i, &key, &value) && !value_str_equal(key, "kind")) {
            pack_value(&pack, key);
            pack_value(&pack, value);
        }
    }
    struct query *query = NULL;
    if (pack_finish(&pack, err) == 0) {
        query = enqueue(supervisor, kind, &packed, done, user, err);
    }
    buf_deinit(&packed);
    return query;
}

struct query *query_ask_about(struct supervisor *supervisor, const char *kind, const char *key,
                              const char *value, query_done_cb done, void *user, struct error *err)
{
    struct buf packed;
    struct pack pack;
    struct query *query = NULL;
    if (supervisor->draining) {
        error_set(err, ERROR_CANCELLED, "ebbd is stopping");
        return NULL;
    }
    buf_init(&packed, PARAMS_MAX_BYTES);
    pack_init(&pack, &packed);
    pack_map(&pack, 2);
    pack_key_str(&pack, "kind", kind);
    pack_key_str(&pack, key, value);
    if (pack_finish(&pack, err) == 0) {
        query = enqueue(supervisor, kind, &packed, done, user, err);
    }
    buf_deinit(&packed);
    return query;
}

void query_abandon(struct query *query)
{
    query->done = NULL;
    if (query->worker) {
        worker_cancel(query->worker); /* the lease ends with its holder */
    } else {
        query_free(query);
    }
}

int query_run(struct query *query, struct worker *worker, struct error *err)
{
    const struct worker_task task = {.stage = query->kind,
                                     .step = "query",
                                     .first = 1,
                                     .last = 1,
                                     .attempt = 1,
                                     .run_id = class_next_run(worker->owner),
                                     .item_deadline_ms =
                                         query->supervisor->settings.query_deadline_ms,
                                     .answer = query->path,
                                     .params = query->params,
                                     .params_bytes = query->params_bytes};
    if (worker_run(worker, &task, err) < 0) {
        return -1;
    }
    query->worker = worker;
    return 0;
}

void query_answered(struct query *query, const struct message *done)
{
    (void)done;
    struct stat status;
    struct error err = ERROR_INIT;
    bool answered = stat(query->path, &status) == 0;
    if (!query->done) {
        unlink(query->path);
    } else if (answered) {
        query->done(query->user, NULL, "", query->path, (uint64_t)status.st_size);
    } else {
        error_set(&err, ERROR_NOT_FOUND, "the library's answer is missing");
        query->done(query->user, &err, "internal", NULL, 0);
    }
    query_free(query);
}

static struct query *first_waiting(struct supervisor *supervisor, uint64_t deadline_ms)
{
    struct query *query;
    TAILQ_FOREACH(query, &supervisor->queries, link)
    {
        if (!query->worker && query->deadline_ms <= deadline_ms) {
            return query;
        }
    }
    return NULL;
}

/* One at a time: telling one asker can take others out of the queue. */
void query_fail_waiting(struct supervisor *supervisor, const char *code, const char *text)
{
    struct query *query;
    while ((query = first_waiting(supervisor, UINT64_MAX))) {
        query_failed(query, ERROR_CANCELLED, code, text);
    }
}

void query_expire_waiting(struct supervisor *supervisor)
{
    struct query *query;
    while ((query = first_waiting(supervisor, uv_now(supervisor->loop)))) {
        query_failed(query, ERROR_SYSTEM, "failed", "no worker of the library was free in time");
    }
}

void query_failed(struct query *query, enum error_code error, const char *code, const char *text)
{
    unlink(query->path);
    if (query->done) {
        struct error err = ERROR_INIT;
        error_set(&err, error, "%s", text);
        query->done(query->user, &err, code, NULL, 0);
    }
    query_free(query);
}
