/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's life: hello, lease, sandbox, units, goodbye.
 *
 * The life is a table, message by handler; which message is legal in which phase stands in
 * MESSAGE_LIST. A handler that ends the life sets ended and exit_code; whatever the end, a BYE
 * with the receipt goes before it as long as the channel stands.
 *
 * Invariants: nothing is allocated or opened before the first frame has arrived. The class's own
 * code runs with the channel guarded (worker_io.h), so that a supervisor that goes takes the
 * worker with it. No unit runs before the sandbox is closed. SHUTDOWN or SIGTERM while a unit
 * runs cancels it; the worker says how the unit ended and goes.
 *
 * Blocks: waiting for the supervisor, for ever; sending, for CHANNEL_SEND_WAIT_MS.
 *
 * Diagnostics: LOG frames at error, one for each end that is not a goodbye; standard error where
 * there is no channel.
 */
#include "workers/runtime/worker.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/verdict.h"
#include "workers/runtime/limits.h"
#include "workers/runtime/worker_private.h"

/* A frame rarely is longer; what is above is given back with the next. */
#define FRAME_KEPT_BYTES 65536U

static void end(struct worker *worker, int exit_code)
{
    worker->ended = true;
    worker->exit_code = exit_code;
}

/* The supervisor gets the error as a log line, and the exit code. */
void worker_end_with(struct worker *worker, int exit_code, const struct error *err)
{
    worker_log(worker, LOG_LEVEL_ERROR, "%s", err->msg);
    end(worker, err->code == ERROR_MEMORY ? WORKER_EXIT_MEMORY : exit_code);
}

/* A fresh worker's sandbox closes around the one job that it will see. */
static int enter_job(struct worker *worker, struct error *err)
{
    if (worker->settings.shared) {
        return 0;
    }
    if (sandbox_closed(worker->sandbox)) {
        return error_set(err, ERROR_PROTOCOL, "a fresh worker is leased once");
    }
    return sandbox_close(worker->sandbox, worker->folder, err);
}

static void on_lease(struct worker *worker, const struct message *message)
{
    struct error err = ERROR_INIT;
    int status = 0;

    message_str(message, FIELD_JOB, worker->job, sizeof(worker->job));
    if (!message_str(message, FIELD_FOLDER, worker->folder, sizeof(worker->folder)) ||
        worker->folder[0] != '/') {
        error_set(&err, ERROR_PROTOCOL, "LEASE names no absolute folder");
        worker_end_with(worker, WORKER_EXIT_PROTOCOL, &err);
        return;
    }
    if (enter_job(worker, &err) < 0) {
        worker_end_with(
            worker, err.code == ERROR_PROTOCOL ? WORKER_EXIT_PROTOCOL : WORKER_EXIT_SANDBOX, &err);
        return;
    }
    if (worker->ops->lease) {
        channel_guard(&worker->channel, true);
        status = worker->ops->lease(worker, worker->user, &err);
        channel_guard(&worker->channel, false);
    }
    if (status < 0) {
        worker_end_with(worker, WORKER_EXIT_INIT, &err);
        return;
    }
    worker->phase = PHASE_LEASED;
}

/* What FAILED says of an error that the class gave no code of its own. */
static const char *code_of(const struct error *err)
{
    return err->code == ERROR_MEMORY ? "memory_exceeded"
           : err->code == ERROR_FULL ? "disk_full"
                                     : "internal";
}

/* Says how the unit ended. */
static void answer(struct worker *worker, int status, struct error *err)
{
    const char *code;
    const char *text;
    bool retryable;

    if (worker->told_cancelled) {
        worker_send_failed(worker, "cancelled", true, "the supervisor asked for it");
        return;
    }
    if (status < 0 && worker_result_failed(worker->result, &code, &retryable, &text)) {
        worker_send_failed(worker, code, retryable, text);
        return;
    }
    if (status == 0 && worker_result_incomplete(worker->result)) {
        status = error_set(err, ERROR_MEMORY, "no memory for the unit's result");
    }
    if (status == 0) {
        status = worker_send_done(worker, err);
    }
    if (status < 0) {
        worker_send_failed(worker, code_of(err), true, err->msg);
    }
}

static void on_run(struct worker *worker, const struct message *message)
{
    struct error err = ERROR_INIT;
    struct worker_unit unit;
    int status = worker_unit_read(worker, message, &unit, &err);

    if (status < 0 && err.code != ERROR_MEMORY) {
        worker_end_with(worker, WORKER_EXIT_PROTOCOL, &err);
        return;
    }
    worker->run_id = message->id;
    worker->cancelled = false;
    worker->told_cancelled = false;
    worker->phase = PHASE_BUSY;
    worker_result_reset(worker->result);
    worker_measure_begin(worker);
    if (status == 0) {
        channel_guard(&worker->channel, true);
        status = worker->ops->run(worker, worker->user, &unit, worker->result, &err);
        channel_guard(&worker->channel, false);
    }
    answer(worker, status, &err);
    worker->phase = PHASE_LEASED;
    arena_reset(worker->arena);
}

/* One that belongs to a unit that has ended meanwhile: too late, and no fault. */
static void on_cancel(struct worker *worker, const struct message *message)
{
    (void)worker;
    (void)message;
}

static void on_ping(struct worker *worker, const struct message *message)
{
    struct error err = ERROR_INIT;
    int status = 0;

    if (worker->ops->check) {
        channel_guard(&worker->channel, true);
        status = worker->ops->check(worker, worker->user, &err);
        channel_guard(&worker->channel, false);
    }
    worker_send_pong(worker, message->id, status < 0 ? err.msg : NULL);
}

static void on_shutdown(struct worker *worker, const struct message *message)
{
    (void)message;
    worker->phase = PHASE_DRAINING;
    end(worker, WORKER_EXIT_OK);
}

static const struct {
    enum message_type type;
    void (*handle)(struct worker *worker, const struct message *message);
} handlers[] = {
    {MESSAGE_INIT, worker_on_init}, {MESSAGE_LEASE, on_lease},       {MESSAGE_RUN, on_run},
    {MESSAGE_CANCEL, on_cancel},    {MESSAGE_SHUTDOWN, on_shutdown}, {MESSAGE_PING, on_ping},
};

static void handle_message(struct worker *worker, const struct message *message)
{
    struct error err = ERROR_INIT;

    if (!(message_type_phases(message->type) & worker->phase)) {
        error_set(&err, ERROR_PROTOCOL, "%s is out of phase", message_type_name(message->type));
        worker_end_with(worker, WORKER_EXIT_PROTOCOL, &err);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
        if (handlers[i].type == message->type) {
            handlers[i].handle(worker, message);
        }
    }
}

/* The frame is copied first: while a unit runs, others arrive where it was. */
static void handle_frame(struct worker *worker, const uint8_t *body, size_t size_bytes)
{
    struct error err = ERROR_INIT;
    struct message message;

    buf_reset(&worker->frame, FRAME_KEPT_BYTES);
    if (buf_append(&worker->frame, body, size_bytes, &err) < 0 ||
        message_decode(worker->frame.data, worker->frame.size, DIRECTION_TO_WORKER, &message,
                       &err) < 0) {
        worker_end_with(worker, WORKER_EXIT_PROTOCOL, &err);
        return;
    }
    handle_message(worker, &message);
    message_deinit(&message);
}

/* While a unit runs: takes what is there without waiting. */
static void take_commands(struct worker *worker)
{
    struct error err = ERROR_INIT;
    const uint8_t *body;
    size_t size_bytes;
    enum channel_event event;

    while ((event = channel_receive(&worker->channel, false, &body, &size_bytes, &err)) !=
           CHANNEL_NOTHING) {
        struct message message;

        if (event == CHANNEL_TERM) {
            worker->shutdown = true;
            worker->cancelled = true;
            continue;
        }
        if (event == CHANNEL_END) {
            _exit(WORKER_EXIT_ORPHANED);
        }
        if (event == CHANNEL_BROKEN ||
            message_decode(body, size_bytes, DIRECTION_TO_WORKER, &message, &err) < 0) {
            worker_log(worker, LOG_LEVEL_ERROR, "%s", err.msg);
            worker_send_bye(worker);
            _exit(err.code == ERROR_MEMORY ? WORKER_EXIT_MEMORY : WORKER_EXIT_PROTOCOL);
        }
        if (message.type == MESSAGE_SHUTDOWN) {
            worker->shutdown = true;
            worker->cancelled = true;
        } else if (message.type == MESSAGE_CANCEL) {
            worker->cancelled = worker->cancelled || message.id == worker->run_id;
        } else {
            worker_log(worker, LOG_LEVEL_ERROR, "%s is out of phase",
                       message_type_name(message.type));
            worker_send_bye(worker);
            _exit(WORKER_EXIT_PROTOCOL);
        }
        message_deinit(&message);
    }
}

bool worker_cancelled(struct worker *worker)
{
    if (worker->phase == PHASE_BUSY && !worker->cancelled) {
        take_commands(worker);
    }
    worker->told_cancelled = worker->cancelled;
    return worker->cancelled;
}

bool worker_progress(struct worker *worker, uint32_t item, uint32_t items_done)
{
    assert(worker->phase == PHASE_BUSY);
    worker_send_progress(worker, item, items_done);
    return !worker_cancelled(worker);
}

/* The next thing that happens, until the life ends. */
static void live(struct worker *worker)
{
    while (!worker->ended) {
        struct error err = ERROR_INIT;
        const uint8_t *body;
        size_t size_bytes;

        if (worker->shutdown) {
            end(worker, WORKER_EXIT_OK);
            return;
        }
        switch (channel_receive(&worker->channel, true, &body, &size_bytes, &err)) {
        case CHANNEL_FRAME:
            handle_frame(worker, body, size_bytes);
            break;
        case CHANNEL_TERM:
            end(worker, WORKER_EXIT_OK);
            break;
        case CHANNEL_END:
            _exit(WORKER_EXIT_ORPHANED);
        case CHANNEL_BROKEN:
            worker_end_with(worker, WORKER_EXIT_PROTOCOL, &err);
            break;
        case CHANNEL_NOTHING:
            break;
        }
    }
}

/* Gives everything back, so that what a leak checker then finds is a leak. */
static void finish(struct worker *worker)
{
    if (worker->initialised && worker->ops->deinit) {
        channel_guard(&worker->channel, true);
        worker->ops->deinit(worker->user);
        channel_guard(&worker->channel, false);
    }
    worker_send_bye(worker);
    if (worker->has_settings) {
        worker_settings_deinit(&worker->settings);
    }
    arena_destroy(worker->arena);
    worker_result_destroy(worker->result);
    buf_deinit(&worker->small);
    buf_deinit(&worker->large);
    buf_deinit(&worker->frame);
    channel_deinit(&worker->channel);
    sandbox_destroy(worker->sandbox);
    if (worker->status_fd >= 0) {
        close(worker->status_fd);
    }
    if (worker->reset_fd >= 0) {
        close(worker->reset_fd);
    }
}

int worker_main(const struct worker_ops *ops, int argc, char **argv)
{
    static struct worker worker; /* not one byte of heap before the first frame */
    static char program[40];
    struct error err = ERROR_INIT;

    (void)argv;
    worker.started_us = clock_monotonic_us();
    worker.ops = ops;
    worker.phase = PHASE_STARTING;
    worker.status_fd = -1;
    worker.reset_fd = -1;
    snprintf(program, sizeof(program), "ebb-%s", ops->class_name);
    log_init(program, LOG_LEVEL_INFO);
    if (argc > 1 || channel_init(&worker.channel, PROTOCOL_WORKER_FD, &err) < 0) {
        log_error("this is a worker of ebbd, which starts it with a channel on descriptor %d",
                  PROTOCOL_WORKER_FD);
        return WORKER_EXIT_USAGE;
    }
    if (!limits_follow_parent()) {
        return WORKER_EXIT_ORPHANED;
    }
    worker_send_prepare(&worker);
    buf_init(&worker.frame, FRAME_BODY_MAX_BYTES);
    live(&worker);
    finish(&worker);
    return worker.exit_code;
}
