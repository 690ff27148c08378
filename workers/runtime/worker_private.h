/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The harness's own: one struct worker in a process, shared by worker_main.c (its life),
 * worker_send.c (what it says) and worker_unit.c (what it is told to run).
 */
#ifndef EBB_WORKERS_RUNTIME_WORKER_PRIVATE_H
#define EBB_WORKERS_RUNTIME_WORKER_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/uuid.h"
#include "proto/message.h"
#include "workers/runtime/receipt.h"
#include "workers/runtime/sandbox.h"
#include "workers/runtime/worker.h"
#include "workers/runtime/worker_io.h"
#include "workers/runtime/worker_result.h"
#include "workers/runtime/worker_settings.h"

struct worker {
    const struct worker_ops *ops;
    void *user;
    uint64_t started_us; /* clock_monotonic_us at the start of main */
    enum phase phase;
    bool ended;    /* the life is over; exit_code says how */
    int exit_code; /* enum worker_exit */

    struct channel channel;
    struct buf small; /* outgoing, all but DONE; never grows, so that a worker that is out of
                         memory can say so */
    struct buf large; /* outgoing DONE */
    struct buf frame; /* the one being handled */
    int status_fd;    /* receipt.h */
    int reset_fd;     /* receipt.h */
    bool unit_measured;
    uint64_t peak_rss_bytes; /* the largest that a reset has wiped out of the kernel's memory */

    bool has_settings;
    bool initialised; /* the class's init went well */
    struct worker_settings settings;
    struct sandbox_offer offer;
    struct sandbox *sandbox;
    struct arena *arena;
    struct worker_result *result;

    char job[UUID_TEXT_BYTES];
    char folder[PATH_MAX];
    uint32_t run_id;
    bool cancelled;      /* CANCEL, SHUTDOWN or SIGTERM came while the unit ran */
    bool told_cancelled; /* and its code has been told */
    bool shutdown;       /* SHUTDOWN or SIGTERM came: the unit's end is the worker's */

    uint64_t log_second; /* of the monotonic clock, in which log_count lines were sent */
    uint32_t log_count;
    uint64_t log_left_out;
};

/* The life is over, with err as a line of log. WORKER_EXIT_MEMORY takes exit_code's place for
 * ERROR_MEMORY. */
void worker_end_with(struct worker *worker, int exit_code, const struct error *err);
/* INIT: all up to READY and what comes behind it. */
void worker_on_init(struct worker *worker, const struct message *init);

/* Allocates nothing yet. */
void worker_send_prepare(struct worker *worker);
/* DONE and FAILED say what a unit took between the one and them. */
void worker_measure_begin(struct worker *worker);
/* Each sends one frame. A channel that fails means that the supervisor is gone or stuck: the
 * process ends in the call with WORKER_EXIT_ORPHANED. A frame that cannot be made is our own
 * mistake and ends it with WORKER_EXIT_PROTOCOL. */
void worker_send_ready(struct worker *worker);
void worker_send_progress(struct worker *worker, uint32_t item, uint32_t items_done);
/* -1 when there was no memory for it: send FAILED instead. */
int worker_send_done(struct worker *worker, struct error *err);
void worker_send_failed(struct worker *worker, const char *code, bool retryable, const char *text);
/* why: NULL for a worker that is well. */
void worker_send_pong(struct worker *worker, uint32_t id, const char *why);
void worker_send_bye(struct worker *worker);

/* Checks RUN against the lease and fills unit; strings go to the worker's arena. message is kept
 * by reference. ERROR_PROTOCOL, ERROR_MEMORY. */
int worker_unit_read(struct worker *worker, const struct message *message,
                     struct worker_unit *ret_unit, struct error *err);

#endif
