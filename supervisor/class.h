/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A class of workers: an executable, a lifetime, and the policy that follows from it.
 *
 * fresh    a worker is leased once, to a stage of a job, and goes with it; `spare` unused ones
 *          are kept ready while there is CPU to start them.
 * pool     a worker is leased for a unit at a time; between min and max live by demand; those
 *          above min go after idling; each is recycled, the new one first (pool.h).
 * service  exactly one, restarted with backoff.
 *
 * A class whose workers die young is throttled (Postfix's way): doubling delays, one line in the
 * log at each, the units wait. It is well again when a worker did a unit, or lived for a while. The
 * class decides about processes; which unit runs where is schedule.c's business.
 */
#ifndef EBB_SUPERVISOR_CLASS_H
#define EBB_SUPERVISOR_CLASS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "common/error.h"
#include "proto/value.h"
#include "supervisor/backoff.h"
#include "supervisor/cgroup.h"
#include "supervisor/class_statistics.h"
#include "supervisor/settings.h"
#include "supervisor/worker.h"

/* What every class gets from its surroundings; outlives the classes. */
struct class_context {
    uv_loop_t *loop;
    const struct settings *settings;
    struct cgroup_root *cgroups; /* NULL where there are none */
    const struct worker_ops *worker_ops;
    /* A process of the class lives now; the worker's pid and started_wall_ms are set. */
    void (*started)(void *user, const struct worker *worker);
    /* A throttled class may start workers again. */
    void (*wake)(void *user);
    /* A class was throttled (delay_ms > 0) or is well again (0). */
    void (*throttled)(void *user, const char *class_name, uint64_t delay_ms, unsigned failures,
                      const char *reason);
    void *user;
};

struct class
{
    struct settings_class settings; /* a copy: changes with a reload */
    const struct class_context *context;
    LIST_HEAD(class_workers, worker) workers;
    struct backoff backoff;
    uv_timer_t retry;
    struct class_statistics statistics;
    unsigned not_executed; /* starts in a row whose executable could not be run */
    uint32_t last_run;     /* the number of its last RUN */
    /* the pool's (pool.c); times are monotonic, 0 never */
    uint64_t generation;    /* of what its workers are told at their start */
    uint64_t handed_out_us; /* a worker to anybody */
    uint64_t hindered_us;   /* who waits was kept waiting by something else than the pool */
    bool needed;            /* somebody has wanted a worker */
    bool units_next;        /* the last lease was a query's, and units wait */
    bool draining;
};

/* settings is copied, options included. */
int class_init(struct class *class, const struct settings_class *settings,
               const struct class_context *context, struct error *err);
/* All workers must be gone. */
void class_deinit(struct class *class);
/* Takes over changed settings. Workers that live keep their limits; those of a pool are replaced
 * when what they were told at their start has changed. */
int class_reconfigure(struct class *class, const struct settings_class *settings,
                      struct error *err);

/* Workers in state; those that go (DRAINING) count nowhere else. */
unsigned class_count(const struct class *class, enum worker_state state);
/* Not draining. */
unsigned class_live(const struct class *class);
bool class_can_start(const struct class *class);
/* The path of its executable; path is room for it. */
const char *class_executable(const struct class *class, char *path, size_t size_bytes);
/* Starts one. NULL when that failed (the class is throttled then). */
struct worker *class_start(struct class *class);
/* Its executable cannot be run: tried often enough to be sure. Tries go on, throttled. */
bool class_is_missing(const struct class *class);
/* Somebody new wants a worker of a class that is missing: the next try need not wait. */
void class_try_now(struct class *class);
/* A worker that can be leased now: READY, or an idle one of a pool. NULL when there is none. */
struct worker *class_idle_worker(struct class *class);
/* Somebody found no worker and begins to wait. */
void class_waited(struct class *class);
/* The number for a RUN: no other of the class has it. */
uint32_t class_next_run(struct class *class);

/* Called by the worker's owner on its events. */
void class_worker_ready(struct class *class, struct worker *worker);
/* A unit ended: recycles a pool's worker when it is due. */
void class_worker_idle(struct class *class, struct worker *worker);
void class_worker_checked(struct class *class, struct worker *worker, bool healthy,
                          const char *why);
void class_worker_gone(struct class *class, struct worker *worker,
                       const struct worker_receipt *receipt);

/* Brings the number of processes to what the lifetime wants: spares (while may_start), the pool's
 * min, the service's one; retires what idles too long or all idle ones above min when press is
 * set (memory is short). Idempotent. */
void class_maintain(struct class *class, bool may_start, bool press);
/* Tells every idle worker to go; busy ones go when their unit ends. */
void class_drain(struct class *class);

/* The map of POOLS (PROTOCOL.md, "Control"). */
void class_pack(const struct class *class, struct pack *pack);

#endif
