/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Jobs into work and out of it: taken from the store while there is room, ended, settled when
 * their last worker has gone.
 *
 * Invariants: at most settings.active_jobs jobs are in memory; a job is settled once, after its
 * last unit and its last worker, so that its receipts are written before its end is told.
 *
 * Blocks: never. Diagnostics: events job.started and the job's end.
 */
#include "supervisor/intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/owed.h"
#include "supervisor/supervisor.h"
#include "supervisor/unit.h"
#include "supervisor/worker.h"

#define RANK_MS_PER_PRIORITY 600000

struct job *intake_find(struct supervisor *supervisor, const struct uuid *id)
{
    struct job *job;
    TAILQ_FOREACH(job, &supervisor->jobs, in_queue)
    {
        if (uuid_equal(&job->id, id)) {
            return job;
        }
    }
    return NULL;
}

static int64_t job_rank(const struct job *job)
{
    return (int64_t)job->created_ms - (int64_t)job->priority * RANK_MS_PER_PRIORITY;
}

static void enqueue_job(struct supervisor *supervisor, struct job *job)
{
    struct job *before;
    TAILQ_FOREACH(before, &supervisor->jobs, in_queue)
    {
        if (job_rank(before) > job_rank(job)) {
            TAILQ_INSERT_BEFORE(before, job, in_queue);
            return;
        }
    }
    TAILQ_INSERT_TAIL(&supervisor->jobs, job, in_queue);
}

static void admit_job(struct supervisor *supervisor, struct store_job *stored)
{
    struct job *job = job_create(supervisor->store, stored);
    if (!job) {
        struct store_job_change change = {
            .id = stored->id, .set_status = true, .status = JOB_STATUS_PENDING, .progress = -1};
        store_job_change(supervisor->store, &change);
        log_error("no memory to take a job up; it waits");
        return;
    }
    if (job->started_ms == 0) {
        job->started_ms = clock_wall_ms();
        struct store_job_change change = {
            .id = job->id, .progress = -1, .started_ms = job->started_ms};
        store_job_change(supervisor->store, &change);
    }
    enqueue_job(supervisor, job);
    supervisor->active_jobs++;
    events_emit(supervisor->events, "job.started", &job->id, NULL, "%s%s", job->name,
                stored->restarts > 0 ? ", going on after an interruption" : "");
    unit_job_admitted(supervisor, job);
}

static void on_jobs_taken(void *user, const struct error *err, struct store_job *jobs, size_t count)
{
    struct supervisor *supervisor = user;
    supervisor->taking = false;
    if (err) {
        log_warning("taking waiting jobs: %s; trying again within a minute", err->msg);
        supervisor_changed(supervisor);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        admit_job(supervisor, &jobs[i]);
    }
    if (count > 0) {
        intake_take(supervisor);
    }
    supervisor_changed(supervisor); /* a drain may have waited for this */
}

void intake_take(struct supervisor *supervisor)
{
    struct store_counts counts;
    if (supervisor->taking || supervisor->draining ||
        supervisor->active_jobs >= supervisor->settings.active_jobs) {
        return;
    }
    store_job_counts(supervisor->store, &counts);
    if (counts.jobs[JOB_STATUS_PENDING] + counts.jobs[JOB_STATUS_INTERRUPTED] == 0) {
        return;
    }
    supervisor->taking = true;
    store_jobs_take(supervisor->store, supervisor->settings.active_jobs - supervisor->active_jobs,
                    on_jobs_taken, supervisor);
}

int intake_wait(struct supervisor *supervisor, const struct uuid *job, void (*settled)(void *user),
                void *user, struct error *err)
{
    struct job_waiter *waiter = calloc(1, sizeof(*waiter));
    if (!waiter) {
        return error_set(err, ERROR_MEMORY, "no memory to wait for a job");
    }
    waiter->job = *job;
    waiter->settled = settled;
    waiter->user = user;
    LIST_INSERT_HEAD(&supervisor->waiters, waiter, link);
    return 0;
}

static void tell_waiters(struct supervisor *supervisor, const struct uuid *job)
{
    struct job_waiter *waiter;
    struct job_waiter *next;
    for (waiter = LIST_FIRST(&supervisor->waiters); waiter; waiter = next) {
        next = LIST_NEXT(waiter, link);
        if (uuid_equal(&waiter->job, job)) {
            LIST_REMOVE(waiter, link);
            waiter->settled(waiter->user);
            free(waiter);
        }
    }
}

static const char *end_kind(enum job_status status)
{
    switch (status) {
    case JOB_STATUS_COMPLETED:
        return "job.completed";
    case JOB_STATUS_FAILED:
        return "job.failed";
    case JOB_STATUS_CANCELLED:
        return "job.cancelled";
    case JOB_STATUS_INTERRUPTED:
        return "job.interrupted";
    case JOB_STATUS_PENDING:
    case JOB_STATUS_PROCESSING:
    case JOB_STATUS_COUNT:
        break;
    }
    return "job.interrupted";
}

static bool lost_nothing(const struct job *job)
{
    uint64_t lost = job->failure_count;
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        lost += job->stages[stage].units_failed;
    }
    return lost == 0;
}

static void record_end(struct supervisor *supervisor, struct job *job)
{
    bool interrupted = job->end_status == JOB_STATUS_INTERRUPTED;
    bool for_good = job->end_status == JOB_STATUS_COMPLETED && lost_nothing(job);
    struct store_job_change change = {.id = job->id,
                                      .set_status = true,
                                      .status = job->end_status,
                                      .durable = true,
                                      .forget_params = for_good, /* a password among them */
                                      .progress =
                                          job->end_status == JOB_STATUS_COMPLETED ? 100 : -1,
                                      .error_code = interrupted ? NULL : job->end_code,
                                      .error_text = interrupted ? NULL : job->end_text,
                                      .finished_ms = interrupted ? 0 : clock_wall_ms()};
    store_job_change(supervisor->store, &change);
    if (job->end_code[0] != '\0') {
        events_emit(supervisor->events, end_kind(job->end_status), &job->id, NULL, "%s: %s: %s",
                    job->name, job->end_code, job->end_text);
    } else {
        events_emit(supervisor->events, end_kind(job->end_status), &job->id, NULL,
                    "%s: %u pages, %" PRIu64 " lost", job->name, job->pages, job->failure_count);
    }
}

static void forget_job(struct supervisor *supervisor, struct job *job)
{
    struct uuid id = job->id;
    TAILQ_REMOVE(&supervisor->jobs, job, in_queue);
    supervisor->active_jobs--;
    job_destroy(job);
    tell_waiters(supervisor, &id);
}

void intake_settle(struct supervisor *supervisor, struct job *job)
{
    if (!(job->over || job->ending) || job->running > 0 || job->workers > 0) {
        return;
    }
    record_end(supervisor, job);
    owed_job_ended(supervisor, job);
    forget_job(supervisor, job);
    intake_take(supervisor);
}

void intake_end(struct supervisor *supervisor, struct job *job, enum job_status status,
                const char *code, const char *text)
{
    if (status == JOB_STATUS_CANCELLED) {
        job->end_code[0] = '\0'; /* whoever cancels has the last word */
    }
    job_end_with(job, status, code, text);
    job->ending = true;
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct class *class = &supervisor->classes[i];
        struct worker *worker;
        struct worker *next;
        for (worker = LIST_FIRST(&class->workers); worker; worker = next) {
            next = LIST_NEXT(worker, in_class);
            const struct lease *lease = worker->lease;
            if (!lease || lease->job != job || strcmp(class->settings.name, "library") == 0) {
                continue; /* what is being written is short and harmless */
            }
            if (worker->state == WORKER_BUSY) {
                worker_cancel(worker);
            } else if (class->settings.lifetime == LIFETIME_FRESH) {
                worker_shutdown(worker);
            }
        }
    }
}

static bool works_for(int stage, const struct class *class)
{
    return strcmp(stage_row((enum stage_id)stage)->class_name, class->settings.name) == 0;
}

/* What a job cannot do without: pages, what it is made for, its rows. */
static bool needs(struct job *job, const struct class *class)
{
    bool persists = strcmp(class->settings.name, "library") == 0;
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        const struct stage_row *row = stage_row((enum stage_id)stage);
        bool matters = row->essential || row->pages;
        if ((matters && works_for(stage, class) && job_has_work(job, stage)) ||
            (persists && job_next_unit(job, stage, UNIT_PERSIST, UINT64_MAX) >= 0)) {
            return true;
        }
    }
    return false;
}

static void do_without(struct supervisor *supervisor, struct job *job, const struct class *class,
                       const char *text)
{
    if (job->ending || job->over) {
        return;
    }
    if (needs(job, class)) {
        intake_end(supervisor, job, JOB_STATUS_FAILED, "worker_missing", text);
        intake_settle(supervisor, job);
        return;
    }
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        if (works_for(stage, class) && job_has_work(job, stage)) {
            unit_stage_failed(supervisor, job, stage, "worker_missing", text);
            return; /* the job may be gone; another stage of the class has its turn next time */
        }
    }
}

void intake_end_without(struct supervisor *supervisor, const struct class *class)
{
    char path[2 * SETTINGS_PATH_BYTES];
    char text[ERROR_MESSAGE_BYTES];
    struct job *job;
    struct job *next;
    snprintf(text, sizeof(text), "%.160s cannot be executed: class %s has no workers",
             class_executable(class, path, sizeof(path)), class->settings.name);
    query_fail_waiting(supervisor, class->settings.name, "worker_missing", text);
    for (job = TAILQ_FIRST(&supervisor->jobs); job; job = next) {
        next = TAILQ_NEXT(job, in_queue);
        do_without(supervisor, job, class, text);
    }
}

void intake_interrupt_all(struct supervisor *supervisor)
{
    struct job *job;
    while ((job = TAILQ_FIRST(&supervisor->jobs))) {
        if (!job->ending && !job->over) {
            job->end_status = JOB_STATUS_INTERRUPTED;
            job->end_code[0] = '\0';
        }
        record_end(supervisor, job);
        forget_job(supervisor, job);
    }
}
