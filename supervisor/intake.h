/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which jobs are in work: taking them from the store's queue, ending them, waiting for their end.
 */
#ifndef EBB_SUPERVISOR_INTAKE_H
#define EBB_SUPERVISOR_INTAKE_H

#include <sys/queue.h>

#include "common/error.h"
#include "common/uuid.h"
#include "supervisor/store.h"

struct supervisor;
struct job;
struct class;

/* Somebody waits for a job in work to end. */
struct job_waiter {
    LIST_ENTRY(job_waiter) link;
    struct uuid job;
    void (*settled)(void *user);
    void *user;
};

/* The job when it is in work, else NULL. */
struct job *intake_find(struct supervisor *supervisor, const struct uuid *id);
/* Takes waiting jobs from the store while there is room for them. */
void intake_take(struct supervisor *supervisor);
/* Ends a job in work: its workers are told to go; it settles when they have gone. */
void intake_end(struct supervisor *supervisor, struct job *job, enum job_status status,
                const char *code, const char *text);
/* When the job is over or ending and its last worker has gone: writes its end and frees it. */
void intake_settle(struct supervisor *supervisor, struct job *job);
/* Calls settled when the job in work has ended. */
int intake_wait(struct supervisor *supervisor, const struct uuid *job, void (*settled)(void *user),
                void *user, struct error *err);
/* The class is missing (class_is_missing): jobs in work that need it end with that as the reason,
 * and with what they have got; once it is there they can be resumed. A stage that a job can do
 * without is given up, with a warning; queries to the class fail. */
void intake_end_without(struct supervisor *supervisor, const struct class *class);
/* At the end of a drain: what is in work goes on at the next start. */
void intake_interrupt_all(struct supervisor *supervisor);

#endif
