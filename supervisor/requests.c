/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What each request of the control socket does: a row a request, a handler a row. Every handler
 * answers exactly once, at once or from a callback.
 *
 * Source: PROTOCOL.md, "Control".
 */
#include "supervisor/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/frame.h"
#include "supervisor/query.h"
#include "supervisor/removal.h"
#include "supervisor/report.h"
#include "supervisor/schedule.h"
#include "supervisor/submit.h"
#include "supervisor/supervisor.h"

#define LISTED_MAX 200
#define REPLY_MAX_BYTES (FRAME_BODY_MAX_BYTES - 1024)

/* --- answering --- */

static void reply_packed(struct request *request, struct buf *data, const struct pack *pack)
{
    struct error err = ERROR_INIT;
    if (pack_finish(pack, &err) < 0) {
        request_fail(request, &err);
    } else {
        request_reply(request, data->data, data->size);
    }
    buf_deinit(data);
}

void request_job_status(struct request *request, const char *status)
{
    struct buf data;
    struct pack pack;
    char id[UUID_TEXT_BYTES];
    uuid_format(&request->job, id);
    buf_init(&data, 1024);
    pack_init(&pack, &data);
    pack_map(&pack, 2);
    pack_key_str(&pack, "job_id", id);
    pack_key_str(&pack, "status", status);
    reply_packed(request, &data, &pack);
}

static void on_read(void *user, const struct error *err, const struct buf *reply)
{
    if (err) {
        request_fail(user, err);
    } else {
        request_reply(user, reply->data, reply->size);
    }
}

/* Puts FIELD_JOB into request->job; answers and says false when it is none. */
static bool take_job_id(struct request *request, const struct message *message)
{
    char text[UUID_TEXT_BYTES];
    struct error err = ERROR_INIT;
    message_str(message, FIELD_JOB, text, sizeof(text));
    if (uuid_parse(text, &request->job, &err) < 0) {
        request_error(request, "invalid", err.msg);
        return false;
    }
    return true;
}

/* --- one job --- */

static void handle_job(struct request *request, const struct message *message)
{
    if (!take_job_id(request, message)) {
        return;
    }
    struct store_job_live live = {.active = false};
    const struct job *job = intake_find(request->supervisor, &request->job);
    if (job) {
        live.active = true;
        live.progress = job_progress(job);
        live.items_running = job->running;
        snprintf(live.stage, sizeof(live.stage), "%s",
                 stage_row((enum stage_id)job_current_stage(job))->name);
    }
    store_read_job(request->supervisor->store, &request->job, &live, on_read, request);
}

static void handle_jobs(struct request *request, const struct message *message)
{
    char text[UUID_TEXT_BYTES];
    struct uuid cursor;
    struct error err = ERROR_INIT;
    enum job_status status = JOB_STATUS_COUNT;
    bool from = message_has(message, FIELD_CURSOR);
    message_str(message, FIELD_CURSOR, text, sizeof(text));
    if (from && uuid_parse(text, &cursor, &err) < 0) {
        request_error(request, "invalid", err.msg);
        return;
    }
    if (message_has(message, FIELD_STATUS)) {
        message_str(message, FIELD_STATUS, text, sizeof(text));
        if (!job_status_parse(text, &status)) {
            request_error(
                request, "invalid",
                "status: pending, processing, completed, failed, cancelled or interrupted");
            return;
        }
    }
    uint32_t limit = (uint32_t)message_uint(message, FIELD_LIMIT, 50);
    store_read_jobs(request->supervisor->store, limit < LISTED_MAX ? limit : LISTED_MAX,
                    from ? &cursor : NULL, status == JOB_STATUS_COUNT ? -1 : (int)status, on_read,
                    request);
}

static void on_cancel_settled(void *user)
{
    request_job_status(user, "cancelled");
}

static void cancel_active(struct request *request, struct job *job)
{
    struct supervisor *supervisor = request->supervisor;
    struct error err = ERROR_INIT;
    if (intake_wait(supervisor, &request->job, on_cancel_settled, request, &err) < 0) {
        request_fail(request, &err);
        return;
    }
    intake_end(supervisor, job, JOB_STATUS_CANCELLED, "cancelled", "cancelled on request");
    intake_settle(supervisor, job);
    supervisor_changed(supervisor);
}

static void on_waiting_cancelled(void *user, const struct error *err)
{
    struct request *request = user;
    struct job *job = err ? intake_find(request->supervisor, &request->job) : NULL;
    if (job) {
        cancel_active(request, job); /* it was on its way into work */
        return;
    }
    if (err) {
        request_fail(request, err);
        return;
    }
    events_emit(request->supervisor->events, "job.cancelled", &request->job, NULL,
                "before its work began");
    request_job_status(request, "cancelled");
}

static void handle_cancel(struct request *request, const struct message *message)
{
    struct supervisor *supervisor = request->supervisor;
    if (!take_job_id(request, message)) {
        return;
    }
    struct job *job = intake_find(supervisor, &request->job);
    if (job) {
        cancel_active(request, job);
    } else {
        store_job_cancel_waiting(supervisor->store, &request->job, on_waiting_cancelled, request);
    }
}

static void on_resumed(void *user, const struct error *err)
{
    struct request *request = user;
    struct supervisor *supervisor = request->supervisor;
    if (err) {
        request_fail(request, err);
        return;
    }
    request_job_status(request, "pending");
    intake_take(supervisor);
}

static void handle_resume(struct request *request, const struct message *message)
{
    if (!take_job_id(request, message)) {
        return;
    }
    if (intake_find(request->supervisor, &request->job)) {
        request_error(request, "exists", "the job is in work already");
        return;
    }
    if (removal_under_way(request->supervisor, &request->job)) {
        request_error(request, "exists", "the job is being deleted");
        return;
    }
    store_job_resume(request->supervisor->store, &request->job, on_resumed, request);
}

static void on_deleted(void *user, const struct error *err)
{
    if (err) {
        request_fail(user, err);
    } else {
        request_job_status(user, "deleted");
    }
}

static void handle_delete(struct request *request, const struct message *message)
{
    struct error err = ERROR_INIT;
    if (request->supervisor->draining) {
        request_error(request, "draining", "ebbd is stopping");
        return;
    }
    if (take_job_id(request, message) &&
        removal_start(request->supervisor, &request->job, false, on_deleted, request, &err) < 0) {
        request_fail(request, &err);
    }
}

/* --- reports --- */

static void handle_status(struct request *request, const struct message *message)
{
    struct buf data;
    struct pack pack;
    (void)message;
    buf_init(&data, REPLY_MAX_BYTES);
    pack_init(&pack, &data);
    report_status(request->supervisor, &pack);
    reply_packed(request, &data, &pack);
}

static void handle_workers(struct request *request, const struct message *message)
{
    struct buf data;
    struct pack pack;
    (void)message;
    buf_init(&data, REPLY_MAX_BYTES);
    pack_init(&pack, &data);
    report_workers(request->supervisor, &pack);
    reply_packed(request, &data, &pack);
}

static void handle_pools(struct request *request, const struct message *message)
{
    struct buf data;
    struct pack pack;
    (void)message;
    buf_init(&data, REPLY_MAX_BYTES);
    pack_init(&pack, &data);
    report_pools(request->supervisor, &pack);
    reply_packed(request, &data, &pack);
}

static void handle_memory(struct request *request, const struct message *message)
{
    static const char *const views[] = {[STORE_MEMORY_STAGES] = "stages",
                                        [STORE_MEMORY_CLASSES] = "classes",
                                        [STORE_MEMORY_RECEIPTS] = "receipts",
                                        [STORE_MEMORY_SAMPLES] = "samples"};
    char view[17];
    bool one_job = message_has(message, FIELD_JOB);
    message_str(message, FIELD_VIEW, view, sizeof(view));
    if (one_job && !take_job_id(request, message)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        if (strcmp(view, views[i]) == 0) {
            store_read_memory(request->supervisor->store, (enum store_memory_view)i,
                              one_job ? &request->job : NULL,
                              message_uint(message, FIELD_SINCE_MS, 0),
                              (uint32_t)message_uint(message, FIELD_LIMIT, 500),
                              (uint32_t)message_uint(message, FIELD_OFFSET, 0), on_read, request);
            return;
        }
    }
    request_error(request, "invalid", "view: stages, classes, receipts or samples");
}

/* --- events --- */

static void handle_events(struct request *request, const struct message *message)
{
    bool one_job = message_has(message, FIELD_JOB);
    if (one_job && !take_job_id(request, message)) {
        return;
    }
    store_read_events(request->supervisor->store, one_job ? &request->job : NULL,
                      message_uint(message, FIELD_SEQUENCE, 0),
                      (uint32_t)message_uint(message, FIELD_LIMIT, 200), on_read, request);
}

static void handle_subscribe(struct request *request, const struct message *message)
{
    struct client *client = request->client;
    struct buf data;
    struct pack pack;
    struct uuid job;
    bool one_job = message_has(message, FIELD_JOB);
    if (one_job && !take_job_id(request, message)) {
        return;
    }
    job = request->job;
    buf_init(&data, 256);
    pack_init(&pack, &data);
    pack_map(&pack, 1);
    pack_key_uint(&pack, "sequence", events_sequence(request->supervisor->events));
    /* Nothing is emitted between the answer and the first event that follows it. */
    struct control *control = request->supervisor->control;
    client_subscribe(client, one_job ? &job : NULL);
    reply_packed(request, &data, &pack);
    if (!one_job && control_has_client(control, client)) {
        client_tell_alerts(client);
    }
    if (control_has_client(control, client) && message_has(message, FIELD_SEQUENCE)) {
        client_replay(client, message_uint(message, FIELD_SEQUENCE, 0));
    }
}

/* --- QUERY --- */

static void on_answer(void *user, const struct error *err, const char *code, const char *path,
                      uint64_t bytes, const struct message *done)
{
    struct request *request = user;
    (void)done;
    request->query = NULL;
    if (err && code[0] != '\0') {
        request_error(request, code, err->msg);
        return;
    }
    if (err) {
        request_fail(request, err);
        return;
    }
    struct buf data;
    struct pack pack;
    client_own_answer(request->client, path);
    buf_init(&data, 4096);
    pack_init(&pack, &data);
    pack_map(&pack, 2);
    pack_key_str(&pack, "answer", path);
    pack_key_uint(&pack, "bytes", bytes);
    reply_packed(request, &data, &pack);
}

static void handle_query(struct request *request, const struct message *message)
{
    char kind[33];
    struct error err = ERROR_INIT;
    message_str(message, FIELD_KIND, kind, sizeof(kind));
    if (!query_is_known(kind)) {
        request_error(request, "invalid",
                      "kind: show, search, documents, digest, export, backup or missing");
        return;
    }
    if (request->supervisor->draining) {
        request_error(request, "draining", "ebbd is stopping");
        return;
    }
    struct supervisor *supervisor = request->supervisor;
    request->query =
        query_ask(supervisor, kind, message->fields[FIELD_PARAMS], on_answer, request, &err);
    if (!request->query) {
        request_fail(request, &err);
        return;
    }
    schedule_run(supervisor);
}

/* --- RELOAD, DRAIN --- */

struct changed_keys {
    const char *keys[256];
    size_t count;
};

static void on_changed(void *user, const char *key)
{
    struct changed_keys *changed = user;
    if (changed->count < ARRAY_LEN(changed->keys)) {
        char *copy = strdup(key);
        if (copy) {
            changed->keys[changed->count++] = copy;
        }
    }
}

static void handle_reload(struct request *request, const struct message *message)
{
    struct changed_keys changed = {.count = 0};
    struct error err = ERROR_INIT;
    struct buf data;
    struct pack pack;
    (void)message;
    if (supervisor_reload(request->supervisor, on_changed, &changed, &err) < 0) {
        request_fail(request, &err);
        return;
    }
    buf_init(&data, REPLY_MAX_BYTES);
    pack_init(&pack, &data);
    pack_map(&pack, 1);
    pack_str(&pack, "changed");
    pack_array(&pack, changed.count);
    for (size_t i = 0; i < changed.count; i++) {
        pack_str(&pack, changed.keys[i]);
        free((char *)(uintptr_t)changed.keys[i]);
    }
    reply_packed(request, &data, &pack);
}

static void handle_drain(struct request *request, const struct message *message)
{
    struct supervisor *supervisor = request->supervisor;
    struct buf data;
    struct pack pack;
    (void)message;
    buf_init(&data, 256);
    pack_init(&pack, &data);
    pack_map(&pack, 1);
    pack_key_str(&pack, "state", "draining");
    reply_packed(request, &data, &pack);
    supervisor_drain(supervisor);
}

/* --- the table --- */

static const struct {
    enum message_type type;
    void (*handle)(struct request *request, const struct message *message);
} HANDLERS[] = {
    {MESSAGE_SUBMIT, submit_handle},       {MESSAGE_JOB, handle_job},
    {MESSAGE_JOBS, handle_jobs},           {MESSAGE_CANCEL_JOB, handle_cancel},
    {MESSAGE_RESUME, handle_resume},       {MESSAGE_DELETE, handle_delete},
    {MESSAGE_STATUS, handle_status},       {MESSAGE_MEMORY, handle_memory},
    {MESSAGE_POOLS, handle_pools},         {MESSAGE_WORKERS, handle_workers},
    {MESSAGE_SUBSCRIBE, handle_subscribe}, {MESSAGE_EVENTS, handle_events},
    {MESSAGE_QUERY, handle_query},         {MESSAGE_RELOAD, handle_reload},
    {MESSAGE_DRAIN, handle_drain},
};

void requests_handle(struct request *request, const struct message *message)
{
    for (size_t i = 0; i < ARRAY_LEN(HANDLERS); i++) {
        if (HANDLERS[i].type == message->type) {
            HANDLERS[i].handle(request, message);
            return;
        }
    }
    request_error(request, "unsupported", "this request is not known");
}
