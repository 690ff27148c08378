/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One pass of the scheduler over everything, as its parts see it: what is in use, what is
 * promised, and what may be added. For schedule*.c only.
 */
#ifndef EBB_SUPERVISOR_SCHEDULE_PASS_H
#define EBB_SUPERVISOR_SCHEDULE_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/supervisor.h"
#include "supervisor/worker.h"

struct pass {
    struct supervisor *supervisor;
    uint64_t cpu_percent; /* in use */
    uint64_t promised_bytes;
    unsigned busy;                          /* workers with a unit, services not counted */
    unsigned starting;                      /* workers that are not ready yet */
    bool alone_running;                     /* a unit runs that must be alone */
    bool alone_waiting;                     /* one waits for the others to end */
    bool late[SETTINGS_CLASSES_MAX];        /* a unit's turn before a query's */
    unsigned claimed[SETTINGS_CLASSES_MAX]; /* starting workers that somebody waits for */
};

/* Counts what is in use. */
void pass_survey(struct pass *pass);
/* What admission reckons that a worker takes. */
uint64_t pass_worker_promised(const struct worker *worker);
bool pass_cpu_free(const struct pass *pass, const struct class *class);
/* need_bytes more on top of what is promised; instead_bytes is promised already for the same. */
bool pass_memory_free(const struct pass *pass, uint64_t need_bytes, uint64_t instead_bytes);
/* A worker for this class is starting or gets started: true when one can be waited for. at_once:
 * whether or not a CPU is free. */
bool pass_expect_worker(struct pass *pass, struct class *class, uint64_t need_bytes, bool at_once);

/* No other unit is in work, and none of the memory is held that idle members of gangs still have,
 * be they of the same gang. They are told to go; true when there are none. */
bool pass_is_alone(struct pass *pass);
/* Memory is short, others work, and what is left to idle members of gangs may not begin. */
void pass_release_waiting(const struct pass *pass);
/* Workers of a gang for which nothing is left to do go at once. */
void pass_release_gangs(struct supervisor *supervisor);
/* So do those that were started for units which others were quicker to take. */
void pass_release_unused(struct supervisor *supervisor);

#endif
