/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's start: pipes, fork, cgroup, INIT.
 *
 * Invariants: up to the fork a failure leaves nothing behind; past it the failure is the worker's,
 * whose end says why.
 *
 * Blocks: for a fork. Diagnostics: none; the receipt has the reason.
 */
#include "supervisor/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "proto/frame.h"
#include "supervisor/logpipe.h"
#include "supervisor/worker_frames.h"
#include "supervisor/worker_life.h"

#define CHANNEL_QUEUE_BYTES (4U << 20)

/* Both pairs: the channel and the log. */
static int make_pipes(int ret_channel[2], int ret_log[2], struct error *err)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_channel) < 0) {
        return error_set_errno(err, errno, "a channel for a worker");
    }
    if (pipe2(ret_log, O_CLOEXEC) < 0) {
        error_set_errno(err, errno, "a log pipe for a worker");
        close(ret_channel[0]);
        close(ret_channel[1]);
        return -1;
    }
    return 0;
}

static int connect_worker(struct worker *worker, const struct worker_start *start,
                          struct error *err)
{
    int channel[2] = {-1, -1};
    int log_pipe[2] = {-1, -1};
    if (make_pipes(channel, log_pipe, err) < 0) {
        return -1;
    }
    AUTO_CLOSE int child_channel = channel[1];
    AUTO_CLOSE int child_log = log_pipe[1];
    AUTO_CLOSE int our_channel = channel[0];
    AUTO_CLOSE int our_log = log_pipe[0];
    struct process_spec spec = {
        .executable = start->executable, .channel_fd = child_channel, .log_fd = child_log};
    if (process_start(start->loop, &spec, worker_on_exit, worker, &worker->process, err) < 0) {
        return -1;
    }
    worker->pid = process_pid(worker->process);
    const struct channel_limits limits = {.body_max_bytes = FRAME_BODY_MAX_BYTES,
                                          .queue_max_bytes = CHANNEL_QUEUE_BYTES,
                                          .frame_timeout_ms = start->frame_timeout_ms};
    char name[48];
    snprintf(name, sizeof(name), "%s[%d]", start->settings->name, (int)worker->pid);
    if (channel_open(start->loop, TAKE_FD(our_channel), &limits, &WORKER_CHANNEL_OPS, worker,
                     &worker->channel, err) < 0) {
        return -1;
    }
    return logpipe_open(start->loop, TAKE_FD(our_log), name, &worker->log, err);
}

/* Past the fork a failure is the worker's: it dies and its receipt says why. */
static void begin_life(struct worker *worker, const struct worker_start *start,
                       const struct error *connect_error)
{
    struct error err = ERROR_INIT;
    worker_arm(worker, start->settings->start_deadline_ms);
    if (connect_error) {
        worker->channel_ended = worker->channel == NULL;
        worker_kill(worker, VERDICT_FAILED, "%s", connect_error->msg);
    } else if (cgroup_place(start->cgroups, worker->pid, start->settings->memory_max_bytes,
                            &worker->cgroup, &err) < 0) {
        worker_kill(worker, VERDICT_FAILED, "%s", err.msg);
    } else if (worker_frames_init(worker, start, &err) < 0) {
        worker_kill(worker, VERDICT_FAILED, "INIT: %s", err.msg);
    }
}

int worker_start(const struct worker_start *start, struct worker **ret_worker, struct error *err)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker) {
        return error_set(err, ERROR_MEMORY, "no memory for a worker");
    }
    worker->ops = start->ops;
    worker->owner = start->owner;
    worker->settings = start->settings;
    worker->loop = start->loop;
    worker->grace_ms = start->grace_ms;
    worker->started_us = clock_monotonic_us();
    worker->started_wall_ms = clock_wall_ms();
    worker->state = WORKER_STARTING;
    worker->recycling = -1;
    buf_init(&worker->lease_frame, FRAME_BODY_MAX_BYTES);
    struct error connect_error = ERROR_INIT;
    int failed = connect_worker(worker, start, &connect_error);
    if (failed < 0 && !worker->process) {
        free(worker);
        if (err) {
            *err = connect_error;
        }
        return -1;
    }
    uv_timer_init(start->loop, &worker->timer);
    worker->timer.data = worker;
    begin_life(worker, start, failed < 0 ? &connect_error : NULL);
    *ret_worker = worker;
    return 0;
}
