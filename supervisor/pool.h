/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The policy of a pool: how many of its workers there are, who gets the next work, who goes.
 *
 * A worker is recycled after its units, at its age, when it has grown, or when its settings have
 * changed: its successor is started first, it works on until that one is READY, and goes with the
 * end of its unit; one successor at a time, so that a pool of many does not start over all at once.
 * One that says that it is not well gets no more work and goes at once. Who waits for a worker is
 * given up only when the pool itself stands still: nobody got one for the setting wait_timeout.
 */
#ifndef EBB_SUPERVISOR_POOL_H
#define EBB_SUPERVISOR_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct class;
struct worker;

/* Workers that count against max. Those that go do not; of one and its successor, one does. */
unsigned pool_size(const struct class *class);
/* The worker for the next work: one that stays, else one whose successor is not ready. NULL. */
struct worker *pool_idle_worker(const struct class *class);

/* A worker's events. */
void pool_worker_ready(struct class *class, struct worker *worker);
void pool_worker_idle(struct class *class, struct worker *worker);
void pool_worker_checked(struct class *class, struct worker *worker, bool healthy, const char *why);
void pool_worker_gone(struct class *class, const struct worker *worker);

/* Called again and again: starts up to min, retires who idles (all above min when memory is short:
 * press), recycles who is due without having work, asks who idles whether it is well. */
void pool_maintain(struct class *class, bool press);

/* Somebody waits, and not for want of a worker: for a CPU, for memory, for the disk. */
void pool_hindered(struct class *class);
/* Has who waits since then (monotonic) waited too long, while nobody was given a worker and nothing
 * else hindered it? */
bool pool_stands_still(const struct class *class, uint64_t since_us);

#endif
