/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker at work: what it works for, and what becomes of its events.
 *
 * A lease begins in lease_begin and ends in lease_end, and nowhere else: what is handed out and
 * what comes back are counted there. It ends with the unit or query of a pool's worker, or with the
 * worker; whoever it is for can go before (a client, a job): the worker is then told to stop.
 */
#ifndef EBB_SUPERVISOR_LEASE_H
#define EBB_SUPERVISOR_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/peaks.h"
#include "supervisor/worker.h"

struct class;
struct job;
struct query;
struct supervisor;

/* Hangs on worker->lease. */
struct lease {
    uint64_t began_us; /* monotonic */
    struct job *job;   /* NULL for a query */
    int stage;
    long unit; /* index into job->units; -1 between two units */
    struct query *query;
    bool pressed;       /* killed because memory was short, through no fault of its own */
    uint32_t bucket;    /* of the largest that it was given, for predictions */
    bool learned;       /* what its units took has been learned one by one */
    struct peaks peaks; /* of the units of a fresh worker */
};

/* What a worker is leased for. */
struct lease_plan {
    struct job *job; /* NULL for a query */
    int stage;
    uint32_t bucket;
    uint64_t waited_us; /* for a worker; 0 when one was there */
};

/* worker: READY, or an idle one of a pool. NULL when it could not be told (it is killed then) or
 * there is no memory. */
struct lease *lease_begin(struct supervisor *supervisor, struct worker *worker,
                          const struct lease_plan *plan);
/* The worker serves anybody next, or has gone. Without a lease: nothing. */
void lease_end(struct worker *worker);

/* For every class's workers; the class's context's user is the supervisor. */
extern const struct worker_ops LEASE_WORKER_OPS;

#endif
