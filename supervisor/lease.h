/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker at work: what it works for, and what becomes of its events.
 */
#ifndef EBB_SUPERVISOR_LEASE_H
#define EBB_SUPERVISOR_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/peaks.h"
#include "supervisor/worker.h"

struct job;
struct query;

/* Hangs on worker->lease. */
struct lease {
    struct job *job; /* NULL for a query */
    int stage;
    long unit; /* index into job->units; -1 between two units */
    struct query *query;
    bool pressed;       /* killed because memory was short, through no fault of its own */
    uint32_t bucket;    /* of the largest that it was given, for predictions */
    bool learned;       /* what its units took has been learned one by one */
    struct peaks peaks; /* of the units of a fresh worker */
};

/* For every class's workers; the class's context's user is the supervisor. */
extern const struct worker_ops LEASE_WORKER_OPS;

#endif
