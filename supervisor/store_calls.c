/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Each call of store.h as an operation with copies of all that it was given.
 *
 * Nothing blocks but store_read_history. Logs (error) that there was no memory for a change of
 * state, before it ends the process: the state on the disk is whole, and the next start goes on
 * from there, whereas going on here would part from it.
 */
#include "supervisor/store.h"

#include <stdlib.h>

#include "common/log.h"
#include "supervisor/store_calls.h"
#include "supervisor/store_op.h"

/* An operation that must not be lost. */
static struct store_op *make(enum store_op_kind kind, size_t texts_bytes, bool answered)
{
    struct store_op *op = store_op_create(kind, texts_bytes, answered);

    if (!op) {
        log_error("no memory for a change of state: ending, to go on at the next start from what "
                  "is stored");
        abort();
    }
    return op;
}

/* --- state changes --- */

void store_job_accept(struct store *store, const struct store_job_new *job, store_done_cb done,
                      void *user)
{
    struct store_op *op = make(
        STORE_OP_ACCEPT,
        store_op_text_bytes(job->name) + store_op_text_bytes(job->file) + job->params_bytes, true);
    struct store_job_new *copy = &STORE_ARGS(op, accept)->job;

    *copy = *job;
    copy->name = store_op_text(op, job->name);
    copy->file = store_op_text(op, job->file);
    copy->params = store_op_data(op, job->params, job->params_bytes);
    op->durable = true;
    op->answer->cb.done = done;
    op->answer->user = user;
    store_collect(store, op);
}

void store_jobs_take(struct store *store, size_t max_jobs, store_jobs_cb taken, void *user)
{
    struct store_op *op = make(STORE_OP_TAKE, 0, true);

    STORE_ARGS(op, take)->max_jobs = max_jobs;
    op->answer->cb.jobs = taken;
    op->answer->user = user;
    store_collect(store, op);
}

void store_job_change(struct store *store, const struct store_job_change *change)
{
    struct store_op *op =
        make(STORE_OP_CHANGE,
             store_op_text_bytes(change->stage) + store_op_text_bytes(change->document) +
                 store_op_text_bytes(change->error_code) + store_op_text_bytes(change->error_text),
             false);
    struct store_job_change *copy = &STORE_ARGS(op, change)->change;

    *copy = *change;
    copy->stage = store_op_text(op, change->stage);
    copy->document = store_op_text(op, change->document);
    copy->error_code = store_op_text(op, change->error_code);
    copy->error_text = store_op_text(op, change->error_text);
    op->durable = change->durable;
    store_collect(store, op);
}

void store_job_count(struct store *store, const struct uuid *job, const char *key, uint64_t value,
                     bool set)
{
    struct store_op *op = make(STORE_OP_COUNT, store_op_text_bytes(key), false);

    *STORE_ARGS(op, count) = (struct store_args_count){*job, store_op_text(op, key), value, set};
    store_collect(store, op);
}

void store_job_warning(struct store *store, const struct uuid *job, const char *text)
{
    struct store_op *op = make(STORE_OP_WARNING, store_op_text_bytes(text), false);

    *STORE_ARGS(op, warning) = (struct store_args_warning){*job, store_op_text(op, text)};
    store_collect(store, op);
}

void store_stage_times(struct store *store, const struct uuid *job, uint8_t stage,
                       uint64_t started_ms, uint64_t finished_ms)
{
    struct store_op *op = make(STORE_OP_TIMES, 0, false);

    *STORE_ARGS(op, times) = (struct store_args_times){*job, started_ms, finished_ms, stage};
    store_collect(store, op);
}

void store_unit_put(struct store *store, const struct uuid *job, const struct store_unit *unit)
{
    struct store_op *op = make(STORE_OP_UNIT_PUT, 0, false);

    *STORE_ARGS(op, unit) = (struct store_args_unit){*job, *unit};
    store_collect(store, op);
}

void store_unit_remove(struct store *store, const struct uuid *job, uint32_t number)
{
    struct store_op *op = make(STORE_OP_UNIT_REMOVE, 0, false);

    STORE_ARGS(op, unit)->job = *job;
    STORE_ARGS(op, unit)->unit.number = number;
    store_collect(store, op);
}

void store_failure_put(struct store *store, const struct uuid *job, uint8_t stage, uint32_t item,
                       enum verdict verdict, const char *code, const char *text)
{
    struct store_op *op =
        make(STORE_OP_FAILURE, store_op_text_bytes(code) + store_op_text_bytes(text), false);
    struct store_args_failure *args = STORE_ARGS(op, failure);

    *args = (struct store_args_failure){.job = *job,
                                        .code = store_op_text(op, code),
                                        .text = store_op_text(op, text),
                                        .item = item,
                                        .verdict = verdict,
                                        .stage = stage};
    store_collect(store, op);
}

static void collect_receipt(struct store *store, enum store_op_kind kind,
                            const struct store_receipt *receipt)
{
    struct store_op *op =
        make(kind,
             store_op_text_bytes(receipt->class_name) + store_op_text_bytes(receipt->stage) +
                 store_op_text_bytes(receipt->peak_source) + receipt->units_peak_bytes,
             false);
    struct store_receipt *copy = &STORE_ARGS(op, receipt)->receipt;

    *copy = *receipt;
    copy->class_name = store_op_text(op, receipt->class_name);
    copy->stage = store_op_text(op, receipt->stage);
    copy->peak_source = store_op_text(op, receipt->peak_source);
    copy->units_peak = store_op_data(op, receipt->units_peak, receipt->units_peak_bytes);
    store_collect(store, op);
}

void store_process_put(struct store *store, const struct store_receipt *process)
{
    collect_receipt(store, STORE_OP_PROCESS, process);
}

void store_receipt_put(struct store *store, const struct store_receipt *receipt)
{
    collect_receipt(store, STORE_OP_RECEIPT, receipt);
}

static void job_operation(struct store *store, enum store_op_kind kind, const struct uuid *job,
                          store_done_cb done, void *user)
{
    struct store_op *op = make(kind, 0, true);

    STORE_ARGS(op, job)->job = *job;
    op->durable = true;
    op->answer->cb.done = done;
    op->answer->user = user;
    store_collect(store, op);
}

void store_job_resume(struct store *store, const struct uuid *job, store_done_cb done, void *user)
{
    job_operation(store, STORE_OP_RESUME, job, done, user);
}

void store_job_cancel_waiting(struct store *store, const struct uuid *job, store_done_cb done,
                              void *user)
{
    job_operation(store, STORE_OP_CANCEL, job, done, user);
}

void store_job_delete(struct store *store, const struct uuid *job, store_done_cb done, void *user)
{
    job_operation(store, STORE_OP_DELETE, job, done, user);
}

/* --- metrics --- */

void store_sample_put(struct store *store, const struct store_sample *sample)
{
    struct store_op *op =
        store_make_metric(store, STORE_OP_SAMPLE, store_op_text_bytes(sample->class_name));

    if (op) {
        STORE_ARGS(op, sample)->sample = *sample;
        STORE_ARGS(op, sample)->sample.class_name = store_op_text(op, sample->class_name);
        store_collect(store, op);
    }
}

void store_event_put(struct store *store, uint64_t sequence, uint64_t time_ms, const char *kind,
                     const struct uuid *job, const char *text, const uint8_t *data,
                     size_t data_bytes)
{
    struct store_op *op = store_make_metric(
        store, STORE_OP_EVENT, store_op_text_bytes(kind) + store_op_text_bytes(text) + data_bytes);
    struct store_args_event *args;

    if (!op) {
        return;
    }
    args = STORE_ARGS(op, event);
    args->sequence = sequence;
    args->time_ms = time_ms;
    args->kind = store_op_text(op, kind);
    args->text = store_op_text(op, text);
    args->data = store_op_data(op, data, data_bytes);
    args->data_bytes = data ? data_bytes : 0;
    args->has_job = job != NULL;
    if (job) {
        args->job = *job;
    }
    store_collect(store, op);
}

/* --- reading --- */

static struct store_op *make_read(enum store_op_kind kind, store_reply_cb reply, void *user)
{
    struct store_op *op = make(kind, 0, true);

    op->answer->cb.reply = reply;
    op->answer->user = user;
    return op;
}

void store_read_job(struct store *store, const struct uuid *job, const struct store_job_live *live,
                    store_reply_cb reply, void *user)
{
    struct store_op *op = make_read(STORE_OP_READ_JOB, reply, user);

    STORE_ARGS(op, read_job)->job = *job;
    if (live) {
        STORE_ARGS(op, read_job)->live = *live;
    }
    store_collect(store, op);
}

void store_read_jobs(struct store *store, uint32_t limit, const struct uuid *cursor, int status,
                     store_reply_cb reply, void *user)
{
    struct store_op *op = make_read(STORE_OP_READ_JOBS, reply, user);
    struct store_args_read_jobs *args = STORE_ARGS(op, read_jobs);

    args->limit = limit;
    args->status = status;
    args->has_cursor = cursor != NULL;
    if (cursor) {
        args->cursor = *cursor;
    }
    store_collect(store, op);
}

void store_read_memory(struct store *store, enum store_memory_view view, const struct uuid *job,
                       uint64_t since_ms, uint32_t limit, uint32_t offset, store_reply_cb reply,
                       void *user)
{
    struct store_op *op = make_read(STORE_OP_READ_MEMORY, reply, user);
    struct store_args_read_memory *args = STORE_ARGS(op, read_memory);

    args->view = view;
    args->since_ms = since_ms;
    args->limit = limit;
    args->offset = offset;
    args->has_job = job != NULL;
    if (job) {
        args->job = *job;
    }
    store_collect(store, op);
}

void store_read_events(struct store *store, const struct uuid *job, uint64_t sequence,
                       uint32_t limit, store_reply_cb reply, void *user)
{
    struct store_op *op = make_read(STORE_OP_READ_EVENTS, reply, user);
    struct store_args_read_events *args = STORE_ARGS(op, read_events);

    args->sequence = sequence;
    args->limit = limit;
    args->has_job = job != NULL;
    if (job) {
        args->job = *job;
    }
    store_collect(store, op);
}

void store_read_expired(struct store *store, uint64_t before_ms, store_ids_cb ids, void *user)
{
    struct store_op *op = make(STORE_OP_READ_EXPIRED, 0, true);

    STORE_ARGS(op, read_expired)->before_ms = before_ms;
    op->answer->cb.ids = ids;
    op->answer->user = user;
    store_collect(store, op);
}

int store_read_history(struct store *store, size_t max_receipts,
                       void (*seen)(void *user, const char *class_name, const char *stage,
                                    uint32_t bucket, uint64_t peak_rss_bytes),
                       void *user, struct error *err)
{
    struct store_op *op = make(STORE_OP_READ_HISTORY, 0, true);
    uv_sem_t finished;
    int rc = 0;

    uv_sem_init(&finished, 0);
    *STORE_ARGS(op, read_history) =
        (struct store_args_read_history){max_receipts, seen, user, &finished};
    store_collect(store, op);
    store_flush(store);
    uv_sem_wait(&finished);
    /* It stays in the list of answers until the loop runs again. */
    if (op->answer->err.code != ERROR_NONE) {
        if (err) {
            *err = op->answer->err;
        }
        rc = -1;
    }
    uv_sem_destroy(&finished);
    return rc;
}
