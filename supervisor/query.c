/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Queries: who answers what, and what waits for a worker.
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
#include "supervisor/search.h"
#include "supervisor/supervisor.h"
#include "supervisor/worker.h"

#define PARAMS_MAX_BYTES 131072
#define PARAMS_ADDED_BYTES 8192 /* by ourselves: paths of answers, why there is none */
#define LONG_FACTOR 30          /* how much longer than others what reads the whole library takes */

/* Who answers what. */
static const struct route {
    const char *kind, *class_name;
    bool ours;     /* no client asks it */
    bool lasts;    /* as long as the library is large */
    bool prepared; /* nothing has to be asked before it */
} ROUTES[] = {
    {"show", "library", false, false, true},     {"documents", "library", false, false, true},
    {"digest", "library", false, true, true},    {"export", "library", false, true, true},
    {"backup", "library", false, true, true},    {"missing", "library", false, false, true},
    {"delete", "library", true, true, true},     {"search", "index", false, false, false},
    {"text_vector", "embed", true, false, true}, {"image_vector", "visual", true, false, true},
};

static const struct route *find_route(const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++) {
        if (strcmp(ROUTES[i].kind, kind) == 0) {
            return &ROUTES[i];
        }
    }
    return NULL;
}

bool query_is_known(const char *kind)
{
    const struct route *route = find_route(kind);
    return route && !route->ours;
}

/* Before its end is told: nothing of it is there any more then. */
static void end_search(struct query *query)
{
    search_end(query->search);
    query->search = NULL;
}

static void query_free(struct query *query)
{
    struct supervisor *supervisor = query->supervisor;
    TAILQ_REMOVE(&supervisor->queries, query, link);
    supervisor->query_count -= !query->part;
    end_search(query);
    free(query->kind);
    free(query->params);
    free(query);
}

int query_set_params(struct query *query, const struct buf *packed, struct error *err)
{
    uint8_t *copy = malloc(packed->size);
    if (!copy) {
        return error_set(err, ERROR_MEMORY, "no memory for a query");
    }
    memcpy(copy, packed->data, packed->size);
    free(query->params);
    query->params = copy;
    query->params_bytes = packed->size;
    return 0;
}

/* Who asks, and what is to be told then. */
struct asker {
    query_done_cb done;
    void *user;
    bool part;
};

static struct query *enqueue(struct supervisor *supervisor, const char *kind,
                             const struct buf *params, const struct asker *asker, struct error *err)
{
    const struct route *route = find_route(kind);
    if (!route) {
        error_set(err, ERROR_INVALID, "nobody answers \"%.32s\"", kind);
        return NULL;
    }
    struct query *query = calloc(1, sizeof(*query));
    if (!query || !(query->kind = strdup(kind)) || query_set_params(query, params, err) < 0) {
        if (query) {
            free(query->kind);
        }
        free(query);
        error_set(err, ERROR_MEMORY, "no memory for a query");
        return NULL;
    }
    query->supervisor = supervisor;
    query->class_name = route->class_name;
    query->prepared = route->prepared;
    query->part = asker->part;
    query->done = asker->done;
    query->user = asker->user;
    query->item_deadline_ms =
        supervisor->settings.query_deadline_ms * (route->lasts ? LONG_FACTOR : 1);
    query->deadline_ms = uv_now(supervisor->loop) + supervisor->settings.query_deadline_ms;
    snprintf(query->path, sizeof(query->path), "%s/answers/%d-%" PRIu64,
             supervisor->settings.state_dir, (int)getpid(), ++supervisor->query_sequence);
    TAILQ_INSERT_TAIL(&supervisor->queries, query, link);
    supervisor->query_count += !query->part;
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

static bool is_ours(struct value key)
{
    return value_str_equal(key, "kind") || search_is_ours(key);
}

static int pack_given(const char *kind, struct value params, struct buf *packed, struct error *err)
{
    struct pack pack;
    struct value key;
    struct value value;
    size_t kept = 0;
    for (size_t i = 0; i < value_count(params); i++) {
        kept += value_entry(params, i, &key, &value) && !is_ours(key);
    }
    pack_init(&pack, packed);
    pack_map(&pack, kept + 1);
    pack_key_str(&pack, "kind", kind);
    for (size_t i = 0; i < value_count(params); i++) {
        if (value_entry(params, i, &key, &value) && !is_ours(key)) {
            pack_value(&pack, key);
            pack_value(&pack, value);
        }
    }
    return pack_finish(&pack, err);
}

struct query *query_ask(struct supervisor *supervisor, const char *kind, struct value params,
                        query_done_cb done, void *user, struct error *err)
{
    const struct asker asker = {.done = done, .user = user};
    struct query *query = NULL;
    struct buf packed;
    if (room_for_one(supervisor, err) < 0) {
        return NULL;
    }
    buf_init(&packed, PARAMS_MAX_BYTES + PARAMS_ADDED_BYTES);
    if (pack_given(kind, params, &packed, err) == 0) {
        query = enqueue(supervisor, kind, &packed, &asker, err);
    }
    buf_deinit(&packed);
    if (query && !query->prepared && search_begin(query, params, err) < 0) {
        query_free(query);
        return NULL;
    }
    return query;
}

static struct query *ask_about(struct supervisor *supervisor, const char *kind, const char *key,
                               const char *value, const struct asker *asker, struct error *err)
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
        query = enqueue(supervisor, kind, &packed, asker, err);
    }
    buf_deinit(&packed);
    return query;
}

struct query *query_ask_about(struct supervisor *supervisor, const char *kind, const char *key,
                              const char *value, query_done_cb done, void *user, struct error *err)
{
    const struct asker asker = {.done = done, .user = user};
    return ask_about(supervisor, kind, key, value, &asker, err);
}

struct query *query_ask_part(const struct query *whole, const char *kind, const char *key,
                             const char *value, query_done_cb done, void *user, struct error *err)
{
    const struct asker asker = {.done = done, .user = user, .part = true};
    return ask_about(whole->supervisor, kind, key, value, &asker, err);
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
                                     .item_deadline_ms = query->item_deadline_ms,
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
    struct stat status;
    struct error err = ERROR_INIT;
    bool answered = stat(query->path, &status) == 0;
    end_search(query);
    if (!query->done) {
        unlink(query->path);
    } else if (answered) {
        query->done(query->user, NULL, "", query->path, (uint64_t)status.st_size, done);
    } else {
        error_set(&err, ERROR_NOT_FOUND, "the answer is missing");
        query->done(query->user, &err, "internal", NULL, 0, NULL);
    }
    query_free(query);
}

/* One that may run and does not, because no worker was free. */
static struct query *first_expired(struct supervisor *supervisor)
{
    struct query *query;
    TAILQ_FOREACH(query, &supervisor->queries, link)
    {
        if (!query->worker && query->prepared && query->deadline_ms <= uv_now(supervisor->loop)) {
            return query;
        }
    }
    return NULL;
}

static struct query *first_waiting(struct supervisor *supervisor, const char *class_name)
{
    struct query *query;
    TAILQ_FOREACH(query, &supervisor->queries, link)
    {
        if (!query->worker && (!class_name || strcmp(query->class_name, class_name) == 0)) {
            return query;
        }
    }
    return NULL;
}

/* One at a time: telling one asker can take others out of the queue. */
void query_fail_waiting(struct supervisor *supervisor, const char *class_name, const char *code,
                        const char *text)
{
    struct query *query;
    while ((query = first_waiting(supervisor, class_name))) {
        query_failed(query, ERROR_CANCELLED, code, text);
    }
}

void query_expire_waiting(struct supervisor *supervisor)
{
    struct query *query;
    while ((query = first_expired(supervisor))) {
        char text[ERROR_MESSAGE_BYTES];
        snprintf(text, sizeof(text), "no worker of class %s was free in time", query->class_name);
        query_failed(query, ERROR_SYSTEM, "failed", text);
    }
}

void query_failed(struct query *query, enum error_code error, const char *code, const char *text)
{
    unlink(query->path);
    end_search(query);
    if (query->done) {
        struct error err = ERROR_INIT;
        error_set(&err, error, "%s", text);
        query->done(query->user, &err, code, NULL, 0, NULL);
    }
    query_free(query);
}
