/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One worker process as the supervisor sees it: its channel, its state, its deadline, its end.
 *
 * The life is a table, state by event (worker.c). A worker is told to do things by worker_lease,
 * worker_run, worker_cancel, worker_shutdown and worker_kill; what happens to it comes back
 * through struct worker_ops. It is gone only after both its exit and its channel's end, which
 * come in either order. Source: ARCHITECTURE.md "States", PROTOCOL.md "A worker's life".
 */
#ifndef EBB_SUPERVISOR_WORKER_H
#define EBB_SUPERVISOR_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uv.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/uuid.h"
#include "proto/message.h"
#include "proto/verdict.h"
#include "supervisor/cgroup.h"
#include "supervisor/process.h"
#include "supervisor/settings.h"

/* X(SYMBOL, "name", phase of the protocol) */
#define WORKER_STATE_LIST(X)                                                                       \
    X(STARTING, "starting", PHASE_STARTING) /* forked, INIT sent */                                \
    X(READY, "ready", PHASE_READY)                                                                 \
    X(LEASED, "leased", PHASE_LEASED)                                                              \
    X(BUSY, "busy", PHASE_BUSY)                                                                    \
    X(DRAINING, "draining", PHASE_DRAINING) /* told to go, or killed */                            \
    X(DEAD, "dead", 0)

enum worker_state {
#define WORKER_STATE_ENUM(symbol, name, phase) WORKER_##symbol,
    WORKER_STATE_LIST(WORKER_STATE_ENUM)
#undef WORKER_STATE_ENUM
        WORKER_STATE_COUNT
};

const char *worker_state_name(enum worker_state state);

struct worker;

/* What a unit needs to run. Borrowed for the call of worker_run. */
struct worker_task {
    const char *stage;
    const char *step; /* "work", "persist", "query" */
    uint32_t first, last;
    uint32_t attempt;
    uint32_t run_id;           /* of its RUN: no other of the class has it */
    uint64_t item_deadline_ms; /* between two signs of life */
    const char *artifact;      /* NULL where there is none */
    const char *answer;        /* NULL where there is none */
    const uint8_t *params;     /* msgpack STRMAP, or NULL */
    size_t params_bytes;
    const struct message_failure *failures;
    size_t failure_count;
};

struct worker_receipt {
    enum verdict verdict;
    struct process_exit end;
    uint64_t started_wall_ms, wall_us, user_us, system_us;
    uint64_t unload_us; /* from being told to go to its end; 0 when it was not told */
    uint64_t peak_rss_bytes;
    const char *peak_source;
    char detail[ERROR_MESSAGE_BYTES]; /* why, where the verdict is not done */
    bool young;                       /* it ended before READY */
};

/* FAILED, as the worker said it. Borrowed for the call. */
struct worker_failure {
    const char *code;
    const char *text;
    bool retryable;
    uint32_t item;           /* that was in work; 0 where unknown */
    uint64_t peak_rss_bytes; /* of the unit; 0 where it was not measured */
};

/* Called on the loop. In each, the worker may be told anything but is freed only after gone. */
struct worker_ops {
    void (*ready)(struct worker *worker);
    /* worker_item has moved. */
    void (*progress)(struct worker *worker);
    /* The unit ended and the worker can take another (unless it drains). */
    void (*done)(struct worker *worker, const struct message *done);
    void (*failed)(struct worker *worker, const struct worker_failure *failure);
    /* It was asked whether it is well. why: "" when it is. */
    void (*checked)(struct worker *worker, bool healthy, const char *why);
    /* The worker ended with a unit in flight; gone follows. */
    void (*lost)(struct worker *worker, enum verdict verdict, const char *detail);
    /* The last call. */
    void (*gone)(struct worker *worker, const struct worker_receipt *receipt);
};

struct worker {
    LIST_ENTRY(worker) in_class;
    const struct worker_ops *ops;
    void *owner;                           /* the class */
    void *lease;                           /* whatever holds it; the holder's to set and clear */
    const struct settings_class *settings; /* as they were at its start; owned by the class */
    enum worker_state state;
    pid_t pid;
    uint64_t started_us, ready_us; /* monotonic; ready_us 0 before READY */
    uint64_t idle_since_ms;        /* loop clock: when it last became READY or LEASED */
    uint64_t predicted_bytes;      /* what admission reserved for it */
    uint64_t rss_bytes;            /* of the last sample */
    uint64_t peak_sample_bytes;
    uint64_t peak_unit_bytes; /* the largest that it told of a unit */
    uint32_t units;           /* that it ended */
    uint32_t item;            /* being worked on; 0 where unknown */
    uint32_t items_done;
    uint64_t landlock_abi, seccomp; /* what READY said that the kernel offers */
    /* the pool's (pool.c) */
    int recycling;           /* enum recycle: why it goes, or will; -1 while it stays */
    bool retiring;           /* goes as soon as its successor is ready */
    bool replaced;           /* its successor is: it goes when its unit ends */
    struct worker *replaces; /* whose successor it is, until that one has gone */
    uint64_t generation;     /* of the settings that it was started with */
    uint64_t checked_ms;     /* loop clock: when it was last asked whether it is well */
    /* the rest is worker.c's */
    uv_loop_t *loop;
    uv_timer_t timer;
    struct process *process;
    struct channel *channel;
    struct logpipe *log;
    struct cgroup *cgroup;
    uint64_t started_wall_ms;
    uint64_t grace_ms;
    uint64_t item_deadline_ms, unit_deadline_ms; /* loop clock for the latter */
    uint64_t told_to_go_us;                      /* monotonic; 0 while it was not */
    struct buf lease_frame;                      /* LEASE, which goes with the next RUN */
    uint32_t run_id;
    uint32_t ping_id;
    uint64_t ping_timeout_ms;
    bool pinged;     /* PONG has not come yet */
    bool cancelling; /* the unit in flight was asked to stop; the worker stays */
    bool in_flight;  /* a unit's end has not been told yet */
    bool said_bye, exited, channel_ended, killed;
    bool unasked; /* it said BYE, closed its channel or exited before it was told to go */
    uint64_t bye_peak_bytes;
    enum verdict doom; /* why we ended it; NONE when we did not */
    char doom_detail[ERROR_MESSAGE_BYTES];
    struct process_exit end;
};

struct worker_start {
    uv_loop_t *loop;
    const struct settings_class *settings;
    const char *executable; /* absolute */
    const char *state_folder;
    uint64_t frame_timeout_ms, grace_ms;
    struct cgroup_root *cgroups; /* NULL where no subtree is delegated */
    const struct worker_ops *ops;
    void *owner;
};

/* Forks and sends INIT. On failure nothing is left. */
int worker_start(const struct worker_start *start, struct worker **ret_worker, struct error *err);
/* READY, or LEASED for a pool: hands it a job, of which it hears with its next unit. folder:
 * absolute. */
int worker_lease(struct worker *worker, const struct uuid *job, const char *folder,
                 struct error *err);
/* LEASED: runs a unit. */
int worker_run(struct worker *worker, const struct worker_task *task, struct error *err);
/* Asks the running unit to stop; kills the worker when it has not within the grace time. A pool's
 * worker stays, any other goes. */
void worker_cancel(struct worker *worker);
/* READY or LEASED, and not waiting for an answer: asks whether it is well; ops->checked tells. One
 * that says nothing within timeout_ms is killed. */
void worker_check(struct worker *worker, uint64_t timeout_ms);
/* No more units: says SHUTDOWN; kills after the grace time. */
void worker_shutdown(struct worker *worker);
/* SIGKILL now; verdict and detail are what its unit and its receipt get. */
void worker_kill(struct worker *worker, enum verdict verdict, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes a memory sample. */
void worker_sample(struct worker *worker);

#endif
