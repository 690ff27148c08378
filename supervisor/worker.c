/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's life as a table: state by event, with small actions.
 *
 * Invariants:
 *  - what a worker says is checked by the codec (message_decode), by its phase and by the run's id
 *    before anything acts upon it; the first thing that is wrong ends the worker, never us;
 *  - a unit in flight ends exactly once: done, failed, or lost;
 *  - gone is called once, after exit and end of channel, and frees the worker;
 *  - one timer serves all phases: start deadline, unit deadline, answer to PING, grace.
 *
 * Blocks: never.
 *
 * Diagnostics: what a worker logs, at its level; the reason of a kill is told by the owner.
 */
#include "supervisor/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/proc.h"
#include "supervisor/channel.h"
#include "supervisor/logpipe.h"
#include "supervisor/worker_frames.h"
#include "supervisor/worker_life.h"
#include "supervisor/worker_log.h"
#include "supervisor/worker_receipt.h"

/* A worker's exit follows its channel's end within this, or the other way round. */
#define PARTING_MS 1000

/* X(SYMBOL): what can happen to a worker */
#define WORKER_EVENT_LIST(X)                                                                       \
    X(READY)                                                                                       \
    X(PROGRESS)                                                                                    \
    X(DONE)                                                                                        \
    X(FAILED)                                                                                      \
    X(PONG)                                                                                        \
    X(BYE)                                                                                         \
    X(SHUTDOWN)                                                                                    \
    X(TIMEOUT)                                                                                     \
    X(CHANNEL_END)                                                                                 \
    X(EXIT)

enum worker_event {
#define WORKER_EVENT_ENUM(symbol) EVENT_##symbol,
    WORKER_EVENT_LIST(WORKER_EVENT_ENUM)
#undef WORKER_EVENT_ENUM
        WORKER_EVENT_COUNT
};

typedef void worker_action(struct worker *worker, const struct message *message);

static const struct {
    const char *name;
    unsigned phase;
} STATES[WORKER_STATE_COUNT] = {
#define WORKER_STATE_ROW(symbol, name, phase) [WORKER_##symbol] = {name, phase},
    WORKER_STATE_LIST(WORKER_STATE_ROW)
#undef WORKER_STATE_ROW
};

const char *worker_state_name(enum worker_state state)
{
    return STATES[state].name;
}

/* --- timer, ends --- */

static void handle_event(struct worker *worker, enum worker_event event,
                         const struct message *message);

static void on_timer(uv_timer_t *timer)
{
    handle_event(timer->data, EVENT_TIMEOUT, NULL);
}

void worker_arm(struct worker *worker, uint64_t after_ms)
{
    uv_timer_start(&worker->timer, on_timer, after_ms, 0);
}

static void doom(struct worker *worker, enum verdict verdict, const char *detail)
{
    if (worker->doom == VERDICT_NONE) {
        worker->doom = verdict;
        snprintf(worker->doom_detail, sizeof(worker->doom_detail), "%s", detail);
    }
}

static void told_to_go(struct worker *worker)
{
    if (worker->told_to_go_us == 0) {
        worker->told_to_go_us = clock_monotonic_us();
    }
}

static void strike(struct worker *worker)
{
    told_to_go(worker);
    worker->killed = true;
    worker->state = WORKER_DRAINING;
    process_signal(worker->process, SIGKILL);
    worker_arm(worker, PARTING_MS);
}

void worker_kill(struct worker *worker, enum verdict verdict, const char *fmt, ...)
{
    if (worker->state == WORKER_DEAD || worker->killed) {
        return;
    }
    char detail[ERROR_MESSAGE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof(detail), fmt, ap);
    va_end(ap);
    doom(worker, verdict, detail);
    strike(worker);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* Both its exit and its channel's end are here: tells its unit's end, its receipt, and frees it. */
static void finish(struct worker *worker)
{
    struct worker_receipt receipt = {0};
    receipt.verdict = worker_exit_verdict(worker, receipt.detail, sizeof(receipt.detail));
    if (worker->doom != VERDICT_NONE) {
        receipt.verdict = worker->doom;
        snprintf(receipt.detail, sizeof(receipt.detail), "%s", worker->doom_detail);
    }
    worker_receipt_fill(worker, &receipt);
    worker->state = WORKER_DEAD;
    uv_timer_stop(&worker->timer);
    if (worker->in_flight) {
        worker->in_flight = false;
        worker->ops->lost(worker, receipt.verdict, receipt.detail);
    }
    worker->ops->gone(worker, &receipt);
    logpipe_close(worker->log);
    buf_deinit(&worker->lease_frame);
    process_destroy(worker->process);
    cgroup_remove(worker->cgroup);
    uv_close((uv_handle_t *)&worker->timer, on_timer_closed);
}

/* --- actions --- */

static void act_nothing(struct worker *worker, const struct message *message)
{
    (void)worker;
    (void)message;
}

static void act_ready(struct worker *worker, const struct message *message)
{
    if (message_uint(message, FIELD_VERSION, 0) != PROTOCOL_VERSION) {
        worker_kill(worker, VERDICT_PROTOCOL_ERROR, "it speaks version %u of the protocol, not %u",
                    (unsigned)message_uint(message, FIELD_VERSION, 0), PROTOCOL_VERSION);
        return;
    }
    struct value sandbox = message->fields[FIELD_SANDBOX];
    worker->landlock_abi = value_uint(value_get(sandbox, "landlock"), 0);
    worker->seccomp = value_uint(value_get(sandbox, "seccomp"), 0);
    uv_timer_stop(&worker->timer);
    worker->state = WORKER_READY;
    worker->ready_us = clock_monotonic_us();
    worker->idle_since_ms = uv_now(worker->loop);
    worker->ops->ready(worker);
}

/* The deadline moves with each item, so a page may take its time and a hung one is found soon;
 * a worker that claims progress without end meets the unit's own deadline. */
static void arm_unit(struct worker *worker)
{
    uint64_t now_ms = uv_now(worker->loop);
    uint64_t left_ms = worker->unit_deadline_ms > now_ms ? worker->unit_deadline_ms - now_ms : 1;
    worker_arm(worker, left_ms < worker->item_deadline_ms ? left_ms : worker->item_deadline_ms);
}

static void act_progress(struct worker *worker, const struct message *message)
{
    uint32_t item = (uint32_t)message_uint(message, FIELD_ITEM, 0);
    uint32_t items_done = (uint32_t)message_uint(message, FIELD_ITEMS_DONE, 0);
    if (item != worker->item || items_done > worker->items_done) {
        worker->item = item;
        worker->items_done = items_done;
        if (worker->state == WORKER_BUSY && !worker->cancelling) {
            arm_unit(worker);
        }
        worker->ops->progress(worker);
    }
}

static void unit_over(struct worker *worker)
{
    worker->in_flight = false;
    worker->cancelling = false;
    worker->units++;
    worker->item = 0;
    worker->items_done = 0;
    worker->idle_since_ms = uv_now(worker->loop);
    if (worker->state == WORKER_BUSY) {
        worker->state = WORKER_LEASED;
        uv_timer_stop(&worker->timer);
        if (worker->pinged) { /* it owes two answers, and this was one */
            worker_arm(worker, worker->ping_timeout_ms);
        }
    }
}

/* A reset of VmHWM for the next unit takes it from what the kernel tells at the end. */
static void keep_unit_peak(struct worker *worker, const struct message *message)
{
    uint64_t peak_bytes = message_uint(message, FIELD_PEAK_RSS, 0);
    if (peak_bytes > worker->peak_unit_bytes) {
        worker->peak_unit_bytes = peak_bytes;
    }
}

static void act_done(struct worker *worker, const struct message *message)
{
    if (worker->in_flight) {
        keep_unit_peak(worker, message);
        unit_over(worker);
        worker->ops->done(worker, message);
    }
}

static void act_failed(struct worker *worker, const struct message *message)
{
    if (!worker->in_flight) {
        return;
    }
    char code[MESSAGE_CODE_BYTES];
    char text[1024];
    const struct worker_failure failure = {
        .code = code,
        .text = text,
        .retryable = message_bool(message, FIELD_RETRYABLE, false),
        .item = worker->item,
        .peak_rss_bytes = message_uint(message, FIELD_PEAK_RSS, 0)};
    message_str(message, FIELD_CODE, code, sizeof(code));
    message_str(message, FIELD_TEXT, text, sizeof(text));
    keep_unit_peak(worker, message);
    bool asked = worker->cancelling;
    unit_over(worker);
    if (!asked && strcmp(code, verdict_name(VERDICT_CANCELLED)) == 0) {
        worker_shutdown(worker); /* somebody told it to go: nothing more for it */
    }
    worker->ops->failed(worker, &failure);
}

static void act_pong(struct worker *worker, const struct message *message)
{
    char why[ERROR_MESSAGE_BYTES];
    worker->pinged = false;
    if (worker->state == WORKER_READY || worker->state == WORKER_LEASED) {
        uv_timer_stop(&worker->timer);
    }
    message_str(message, FIELD_TEXT, why, sizeof(why));
    worker->ops->checked(worker, message_bool(message, FIELD_HEALTHY, false), why);
}

static void act_bye(struct worker *worker, const struct message *message)
{
    worker->said_bye = true;
    worker->bye_peak_bytes = message_uint(message, FIELD_PEAK_RSS, 0);
    if (worker->state != WORKER_DRAINING) {
        worker->unasked = true;
        worker->state = WORKER_DRAINING;
        worker_arm(worker, worker->grace_ms);
    }
}

static void act_start_timeout(struct worker *worker, const struct message *message)
{
    (void)message;
    worker_kill(worker, VERDICT_DEADLINE_EXCEEDED, "not ready within %llu ms",
                (unsigned long long)worker->settings->start_deadline_ms);
}

static void act_check_timeout(struct worker *worker, const struct message *message)
{
    (void)message;
    worker_kill(worker, VERDICT_DEADLINE_EXCEEDED, "did not say within %llu ms whether it is well",
                (unsigned long long)worker->ping_timeout_ms);
}

static void act_unit_timeout(struct worker *worker, const struct message *message)
{
    (void)message;
    if (worker->cancelling) {
        worker_kill(worker, VERDICT_CANCELLED, "cancelled, and did not stop within %llu ms",
                    (unsigned long long)worker->grace_ms);
        return;
    }
    worker_kill(worker, VERDICT_DEADLINE_EXCEEDED, "no sign of life within %llu ms",
                (unsigned long long)worker->item_deadline_ms);
}

/* DRAINING: it had its time to go; or it is dead, and something that it forked holds the channel.
 */
static void act_grace_timeout(struct worker *worker, const struct message *message)
{
    (void)message;
    if (!worker->exited) {
        if (worker->unasked) {
            doom(worker, VERDICT_PROTOCOL_ERROR,
                 worker->said_bye ? "said BYE and stayed" : "closed its channel and stayed");
        } else {
            doom(worker, VERDICT_DEADLINE_EXCEEDED, "did not go when told to");
        }
        strike(worker);
        return;
    }
    worker->channel_ended = true;
    channel_close(worker->channel);
    finish(worker);
}

static void depart(struct worker *worker)
{
    worker->unasked |= worker->state != WORKER_DRAINING;
    if (worker->exited && worker->channel_ended) {
        finish(worker);
    } else if (!worker->killed && worker->state != WORKER_DRAINING) {
        worker->state = WORKER_DRAINING;
        worker_arm(worker, PARTING_MS);
    }
}

static void act_channel_end(struct worker *worker, const struct message *message)
{
    (void)message;
    worker->channel_ended = true;
    channel_close(worker->channel);
    depart(worker);
}

static void act_exit(struct worker *worker, const struct message *message)
{
    (void)message;
    worker->exited = true;
    depart(worker);
}

static void act_shutdown(struct worker *worker, const struct message *message)
{
    (void)message;
    told_to_go(worker);
    worker->state = WORKER_DRAINING;
    worker_arm(worker, worker->grace_ms);
    worker_frames_bare(worker, MESSAGE_SHUTDOWN, 0);
}

/* clang-format off */
static worker_action *const ACTIONS[WORKER_STATE_COUNT][WORKER_EVENT_COUNT] = {
    /*                    READY        PROGRESS      DONE         FAILED       PONG         BYE          SHUTDOWN      TIMEOUT            CHANNEL_END      EXIT     */
    [WORKER_STARTING] = { act_ready,   act_nothing,  act_nothing, act_nothing, act_nothing, act_bye,     act_shutdown, act_start_timeout, act_channel_end, act_exit },
    [WORKER_READY]    = { act_nothing, act_nothing,  act_nothing, act_nothing, act_pong,    act_bye,     act_shutdown, act_check_timeout, act_channel_end, act_exit },
    [WORKER_LEASED]   = { act_nothing, act_nothing,  act_nothing, act_nothing, act_pong,    act_bye,     act_shutdown, act_check_timeout, act_channel_end, act_exit },
    [WORKER_BUSY]     = { act_nothing, act_progress, act_done,    act_failed,  act_pong,    act_bye,     act_shutdown, act_unit_timeout,  act_channel_end, act_exit },
    [WORKER_DRAINING] = { act_nothing, act_progress, act_done,    act_failed,  act_nothing, act_bye,     act_nothing,  act_grace_timeout, act_channel_end, act_exit },
    [WORKER_DEAD]     = { act_nothing, act_nothing,  act_nothing, act_nothing, act_nothing, act_nothing, act_nothing,  act_nothing,       act_nothing,     act_nothing },
};
/* clang-format on */

static void handle_event(struct worker *worker, enum worker_event event,
                         const struct message *message)
{
    ACTIONS[worker->state][event](worker, message);
}

/* --- what it says --- */

/* Whether it may say this now: by the phase, and by the id of the unit that it answers. */
static bool legal_now(const struct worker *worker, const struct message *message, struct error *err)
{
    if (!(message_type_phases(message->type) & STATES[worker->state].phase)) {
        error_set(err, ERROR_PROTOCOL, "%s while %s", message_type_name(message->type),
                  worker_state_name(worker->state));
        return false;
    }
    bool answers = message->type == MESSAGE_PROGRESS || message->type == MESSAGE_DONE ||
                   message->type == MESSAGE_FAILED;
    if (answers && !worker->in_flight) {
        error_set(err, ERROR_PROTOCOL, "%s, but no unit is in work",
                  message_type_name(message->type));
        return false;
    }
    if (message->type == MESSAGE_PONG && !(worker->pinged && message->id == worker->ping_id)) {
        error_set(err, ERROR_PROTOCOL, "PONG %u, for which nobody asked", message->id);
        return false;
    }
    if (answers && message->id != worker->run_id) {
        error_set(err, ERROR_PROTOCOL, "%s for run %u, but run %u is in work",
                  message_type_name(message->type), message->id, worker->run_id);
        return false;
    }
    return true;
}

static void dispatch(struct worker *worker, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_READY:
        handle_event(worker, EVENT_READY, message);
        return;
    case MESSAGE_PROGRESS:
        handle_event(worker, EVENT_PROGRESS, message);
        return;
    case MESSAGE_DONE:
        handle_event(worker, EVENT_DONE, message);
        return;
    case MESSAGE_FAILED:
        handle_event(worker, EVENT_FAILED, message);
        return;
    case MESSAGE_PONG:
        handle_event(worker, EVENT_PONG, message);
        return;
    case MESSAGE_BYE:
        handle_event(worker, EVENT_BYE, message);
        return;
    case MESSAGE_LOG:
        worker_log_frame(worker, message);
        return;
    default: /* the codec lets nothing else through in this direction */
        return;
    }
}

static void on_frame(void *user, const uint8_t *body, size_t size_bytes)
{
    struct worker *worker = user;
    struct error err = ERROR_INIT;
    struct message message;
    if (worker->doom == VERDICT_PROTOCOL_ERROR) {
        return; /* whatever else it had written by then */
    }
    if (message_decode(body, size_bytes, DIRECTION_FROM_WORKER, &message, &err) < 0) {
        worker_kill(worker, VERDICT_PROTOCOL_ERROR, "%s", err.msg);
        return;
    }
    if (legal_now(worker, &message, &err)) {
        dispatch(worker, &message);
    } else {
        worker_kill(worker, VERDICT_PROTOCOL_ERROR, "%s", err.msg);
    }
    message_deinit(&message);
}

static void on_channel_ended(void *user, const struct error *err)
{
    struct worker *worker = user;
    if (err && err->code == ERROR_PROTOCOL && !worker->exited) {
        worker_kill(worker, VERDICT_PROTOCOL_ERROR, "%s", err->msg);
    } else if (err && err->code == ERROR_PROTOCOL) {
        doom(worker, VERDICT_PROTOCOL_ERROR, err->msg);
    }
    handle_event(worker, EVENT_CHANNEL_END, NULL);
}

const struct channel_ops WORKER_CHANNEL_OPS = {.frame = on_frame, .ended = on_channel_ended};

void worker_on_exit(void *user, const struct process_exit *end)
{
    struct worker *worker = user;
    worker->end = *end;
    handle_event(worker, EVENT_EXIT, NULL);
}

/* --- what it is told --- */

int worker_lease(struct worker *worker, const struct uuid *job, const char *folder,
                 struct error *err)
{
    if (worker_frames_lease(worker, job, folder, err) < 0) {
        return error_wrap(err, "LEASE");
    }
    worker->state = WORKER_LEASED;
    return 0;
}

int worker_run(struct worker *worker, const struct worker_task *task, struct error *err)
{
    uint64_t items = (uint64_t)task->last - task->first + 1;
    uint64_t unit_ms = task->item_deadline_ms * (items + 1);
    if (worker_frames_run(worker, task, unit_ms, err) < 0) {
        return error_wrap(err, "RUN");
    }
    worker->run_id = task->run_id;
    worker->state = WORKER_BUSY;
    worker->in_flight = true;
    worker->item = 0;
    worker->items_done = 0;
    worker->item_deadline_ms = task->item_deadline_ms;
    worker->unit_deadline_ms = uv_now(worker->loop) + unit_ms;
    arm_unit(worker);
    return 0;
}

void worker_cancel(struct worker *worker)
{
    if (worker->state == WORKER_BUSY && worker->settings->lifetime == LIFETIME_POOL) {
        if (!worker->cancelling) {
            worker->cancelling = true;
            worker_frames_bare(worker, MESSAGE_CANCEL, worker->run_id);
            worker_arm(worker, worker->grace_ms);
        }
    } else if (worker->state == WORKER_BUSY) {
        doom(worker, VERDICT_CANCELLED, "cancelled");
        worker_frames_bare(worker, MESSAGE_CANCEL, worker->run_id);
        /* What it still says of the unit counts; it goes in any case. */
        handle_event(worker, EVENT_SHUTDOWN, NULL);
    }
}

void worker_shutdown(struct worker *worker)
{
    handle_event(worker, EVENT_SHUTDOWN, NULL);
}

void worker_check(struct worker *worker, uint64_t timeout_ms)
{
    worker->pinged = true;
    worker->ping_timeout_ms = timeout_ms;
    worker_frames_bare(worker, MESSAGE_PING, ++worker->ping_id);
    worker_arm(worker, timeout_ms);
}

void worker_sample(struct worker *worker)
{
    uint64_t rss_bytes;
    if (worker->exited || proc_rss_read(worker->pid, &rss_bytes, NULL) < 0) {
        return;
    }
    worker->rss_bytes = rss_bytes;
    if (rss_bytes > worker->peak_sample_bytes) {
        worker->peak_sample_bytes = rss_bytes;
    }
}
