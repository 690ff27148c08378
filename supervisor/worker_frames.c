/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The frames that a worker is sent. Each is built, checked by the codec and queued; nothing here
 * changes the worker's state.
 */
#include "supervisor/worker_frames.h"

#include <string.h>

#include "common/buf.h"
#include "common/log.h"
#include "proto/frame.h"
#include "supervisor/channel.h"
#include "supervisor/secrets.h"

static int send_frame(struct worker *worker, struct message_writer *writer, struct buf *frame,
                      struct error *err)
{
    int failed = message_end(writer, err);
    if (failed == 0) {
        failed = channel_send(worker->channel, frame->data, frame->size, err);
    }
    buf_deinit(frame);
    return failed;
}

/* Last in its frame, which has room for it: no growth leaves a copy behind. */
static int send_secret(struct worker *worker, struct message_writer *writer, struct buf *frame,
                       char secret[SECRET_BYTES], struct error *err)
{
    int failed = buf_reserve(frame, 2 * (size_t)SECRET_BYTES, err);
    if (failed == 0) {
        pack_key_str(message_put_map(writer, FIELD_SECRETS, 1), "key", secret);
        failed = message_end(writer, err);
    }
    explicit_bzero(secret, SECRET_BYTES);
    if (failed == 0) {
        failed = channel_send(worker->channel, frame->data, frame->size, err);
    }
    explicit_bzero(frame->data, frame->size);
    buf_deinit(frame);
    return failed;
}

int worker_frames_init(struct worker *worker, const struct worker_start *start, struct error *err)
{
    const struct settings_class *settings = start->settings;
    struct buf frame;
    struct message_writer writer;
    buf_init(&frame, FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES);
    message_begin(&writer, &frame, MESSAGE_INIT, 0);
    message_put_uint(&writer, FIELD_VERSION, PROTOCOL_VERSION);
    message_put_str(&writer, FIELD_CLASS, settings->name);
    message_put_str(&writer, FIELD_LIFETIME, lifetime_name(settings->lifetime));
    message_put_str(&writer, FIELD_PROFILE, settings->profile);
    message_put_str(&writer, FIELD_STATE_FOLDER, start->state_folder);
    message_put_uint(&writer, FIELD_MEMORY_MAX, settings->memory_max_bytes);
    message_put_uint(&writer, FIELD_FILE_MAX, settings->file_max_bytes);
    struct pack *options = message_put_map(&writer, FIELD_SETTINGS, settings->option_count);
    for (size_t i = 0; i < settings->option_count; i++) {
        pack_key_str(options, settings->options[i].key, settings->options[i].value);
    }
    char secret[SECRET_BYTES];
    int found = secrets_read(settings, secret, err);
    if (found < 0) {
        buf_deinit(&frame);
        return -1;
    }
    if (found > 0) {
        return send_secret(worker, &writer, &frame, secret, err);
    }
    return send_frame(worker, &writer, &frame, err);
}

int worker_frames_lease(struct worker *worker, const struct uuid *job, const char *folder,
                        struct error *err)
{
    struct message_writer writer;
    char text[UUID_TEXT_BYTES];
    uuid_format(job, text);
    worker->lease_frame.size = 0;
    message_begin(&writer, &worker->lease_frame, MESSAGE_LEASE, 0);
    message_put_str(&writer, FIELD_JOB, text);
    message_put_str(&writer, FIELD_FOLDER, folder);
    return message_end(&writer, err);
}

static void put_failures(struct message_writer *writer, const struct worker_task *task)
{
    struct pack *pack = message_put_array(writer, FIELD_FAILURES, task->failure_count);
    for (size_t i = 0; i < task->failure_count; i++) {
        pack_array(pack, 3);
        pack_uint(pack, task->failures[i].item);
        pack_str(pack, task->failures[i].code);
        pack_str(pack, task->failures[i].text);
    }
}

static void put_task(struct message_writer *writer, const struct worker_task *task,
                     uint64_t deadline_ms)
{
    message_put_str(writer, FIELD_STAGE, task->stage);
    message_put_str(writer, FIELD_STEP, task->step);
    message_put_uint(writer, FIELD_FIRST, task->first);
    message_put_uint(writer, FIELD_LAST, task->last);
    message_put_uint(writer, FIELD_ATTEMPT, task->attempt);
    message_put_uint(writer, FIELD_DEADLINE_MS,
                     deadline_ms < UINT32_MAX ? deadline_ms : UINT32_MAX);
    if (task->artifact) {
        message_put_str(writer, FIELD_ARTIFACT, task->artifact);
    }
    if (task->answer) {
        message_put_str(writer, FIELD_ANSWER, task->answer);
    }
    if (task->params) {
        message_put_raw(writer, FIELD_PARAMS, task->params, task->params_bytes);
    }
    if (task->failure_count > 0) {
        put_failures(writer, task);
    }
}

int worker_frames_run(struct worker *worker, const struct worker_task *task, uint64_t deadline_ms,
                      struct error *err)
{
    struct buf frame;
    struct message_writer writer;
    buf_init(&frame, 2 * ((size_t)FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES));
    if (buf_append(&frame, worker->lease_frame.data, worker->lease_frame.size, err) < 0) {
        return -1;
    }
    message_begin(&writer, &frame, MESSAGE_RUN, task->run_id);
    put_task(&writer, task, deadline_ms);
    if (send_frame(worker, &writer, &frame, err) < 0) {
        return -1;
    }
    worker->lease_frame.size = 0;
    return 0;
}

void worker_frames_bare(struct worker *worker, enum message_type type, uint32_t id)
{
    struct buf frame;
    struct message_writer writer;
    struct error err = ERROR_INIT;
    buf_init(&frame, 128);
    message_begin(&writer, &frame, type, id);
    if (send_frame(worker, &writer, &frame, &err) < 0) {
        log_debug("%s[%d]: %s: %s", worker->settings->name, (int)worker->pid,
                  message_type_name(type), err.msg);
    }
}
