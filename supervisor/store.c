/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The store, as the loop sees it: operations (store_calls.c makes them) are collected and handed
 * to the thread once an iteration, answers come back as callbacks.
 *
 * Invariants: what the callbacks of one iteration ask for is handed over together, before the
 * loop polls again, and so lands in one transaction. Every answer's callback is called exactly
 * once, at the latest in store_close. The loop is kept alive by what is not answered yet and by
 * nothing else of the store's.
 *
 * Nothing blocks but store_open and store_close. Logs nothing.
 */
#include "supervisor/store.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/store_calls.h"
#include "supervisor/store_op.h"
#include "supervisor/store_thread.h"

struct store {
    struct store_options options;
    char *state_dir; /* options.state_dir */
    struct store_thread *thread;
    uv_prepare_t prepare;
    uv_async_t async;
    unsigned open_handles;
    struct store_op_list collected;
    uint64_t collected_metrics;
    uint64_t waiting; /* operations to be answered */
    uint64_t dropped;
    struct store_health health;
};

static const char *const status_names[] = {
#define STATUS_NAME(symbol, name) [JOB_STATUS_##symbol] = name,
    JOB_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
};

const char *job_status_name(enum job_status status)
{
    return status_names[status];
}

bool job_status_parse(const char *name, enum job_status *ret_status)
{
    for (unsigned i = 0; i < JOB_STATUS_COUNT; i++) {
        if (!strcmp(status_names[i], name)) {
            *ret_status = (enum job_status)i;
            return true;
        }
    }
    return false;
}

/* --- answers --- */

static void answer(struct store_op *op)
{
    struct store_answer *ans = op->answer;
    const struct error *err = ans->err.code == ERROR_NONE ? NULL : &ans->err;

    switch (op->kind) {
    case STORE_OP_ACCEPT:
    case STORE_OP_RESUME:
    case STORE_OP_CANCEL:
    case STORE_OP_DELETE:
        ans->cb.done(ans->user, err);
        break;
    case STORE_OP_TAKE:
        ans->cb.jobs(ans->user, err, err ? NULL : ans->jobs, err ? 0 : ans->job_count);
        break;
    case STORE_OP_READ_JOB:
    case STORE_OP_READ_JOBS:
    case STORE_OP_READ_MEMORY:
    case STORE_OP_READ_EVENTS:
        ans->cb.reply(ans->user, err, err ? NULL : &ans->reply);
        break;
    case STORE_OP_READ_EXPIRED:
        ans->cb.ids(ans->user, err, err ? NULL : ans->ids, err ? 0 : ans->id_count);
        break;
    case STORE_OP_READ_HISTORY: /* its caller waited for it */
    case STORE_OP_CHANGE:
    case STORE_OP_COUNT:
    case STORE_OP_WARNING:
    case STORE_OP_TIMES:
    case STORE_OP_UNIT_PUT:
    case STORE_OP_UNIT_REMOVE:
    case STORE_OP_FAILURE:
    case STORE_OP_PROCESS:
    case STORE_OP_RECEIPT:
    case STORE_OP_SAMPLE:
    case STORE_OP_EVENT:
    case STORE_OP_COUNT_OF:
        break;
    }
}

static void fetch(struct store *store)
{
    struct store_op_list done;
    struct store_health health;
    struct store_op *op;

    store_thread_fetch(store->thread, &done, &health);
    if (health.changes != store->health.changes) {
        store->health = health;
        if (store->options.health_cb) {
            store->options.health_cb(store->options.user, health.healthy, health.text);
        }
    }
    while ((op = store_op_list_shift(&done))) {
        answer(op);
        store_op_destroy(op);
        store->waiting--;
    }
    if (store->waiting == 0 && !uv_is_closing((uv_handle_t *)&store->async)) {
        uv_unref((uv_handle_t *)&store->async);
    }
}

static void on_async(uv_async_t *handle)
{
    fetch(handle->data);
}

static void wake(void *user)
{
    struct store *store = user;

    uv_async_send(&store->async);
}

/* --- handing over --- */

void store_flush(struct store *store)
{
    if (store->collected.first) {
        store->collected_metrics = 0;
        store_thread_submit(store->thread, &store->collected);
    }
}

static void on_prepare(uv_prepare_t *handle)
{
    store_flush(handle->data);
}

void store_collect(struct store *store, struct store_op *op)
{
    if (op->answer) {
        store->waiting++;
        uv_ref((uv_handle_t *)&store->async);
    }
    store_op_list_append(&store->collected, op);
}

struct store_op *store_make_metric(struct store *store, enum store_op_kind kind, size_t texts_bytes)
{
    struct store_op *op = NULL;
    uint64_t all, metrics;

    store_thread_queued(store->thread, &all, &metrics);
    if (metrics + store->collected_metrics < store->options.metrics_queue) {
        op = store_op_create(kind, texts_bytes, false);
    }
    if (op) {
        store->collected_metrics++;
    } else {
        store->dropped++;
    }
    return op;
}

/* --- life --- */

static void on_closed(uv_handle_t *handle)
{
    struct store *store = handle->data;

    if (--store->open_handles == 0) {
        free(store);
    }
}

/* Handles hold the store's memory until the loop has let go of them. */
static void close_handles(struct store *store)
{
    uv_close((uv_handle_t *)&store->prepare, on_closed);
    uv_close((uv_handle_t *)&store->async, on_closed);
}

static int open_handles(struct store *store, uv_loop_t *loop, struct error *err)
{
    int rc = uv_async_init(loop, &store->async, on_async);

    if (rc < 0) {
        return error_set(err, ERROR_SYSTEM, "the store's wake-up: %s", uv_strerror(rc));
    }
    uv_prepare_init(loop, &store->prepare);
    uv_prepare_start(&store->prepare, on_prepare);
    store->async.data = store->prepare.data = store;
    store->open_handles = 2;
    uv_unref((uv_handle_t *)&store->async);
    uv_unref((uv_handle_t *)&store->prepare);
    return 0;
}

int store_open(uv_loop_t *loop, const struct store_options *options, struct store **ret_store,
               struct error *err)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store) {
        store->state_dir = strdup(options->state_dir);
    }
    if (!store || !store->state_dir) {
        free(store);
        return error_set(err, ERROR_MEMORY, "no memory for the store");
    }
    store->options = *options;
    store->options.state_dir = store->state_dir;
    store->health.healthy = true;
    if (open_handles(store, loop, err) < 0) {
        free(store->state_dir);
        free(store);
        return -1;
    }
    if (store_thread_start(&store->options, wake, store, &store->thread, err) < 0) {
        free(store->state_dir);
        close_handles(store);
        return -1;
    }
    *ret_store = store;
    return 0;
}

void store_close(struct store *store)
{
    if (!store) {
        return;
    }
    store_flush(store);
    store_thread_stop(store->thread);
    fetch(store);
    store_thread_destroy(store->thread);
    free(store->state_dir);
    close_handles(store);
}

void store_job_counts(const struct store *store, struct store_counts *ret_counts)
{
    store_thread_counts(store->thread, ret_counts);
}

uint64_t store_queued(const struct store *store)
{
    uint64_t all, metrics;

    store_thread_queued(store->thread, &all, &metrics);
    return all + store->collected.count;
}

uint64_t store_dropped_metrics(const struct store *store)
{
    return store->dropped;
}

bool store_healthy(const struct store *store)
{
    return store->health.healthy;
}

uint64_t store_last_sequence(const struct store *store)
{
    return store_thread_last_sequence(store->thread);
}
