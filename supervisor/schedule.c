/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The scheduler.
 *
 * Invariants: schedule_run frees no job and no worker, so its callers may hold both; what it
 * starts is accounted for before it looks at the next unit, so no pass can overbook; when nothing
 * at all runs, the first unit in order is admitted whatever was predicted, so that a prediction
 * can delay work but never stop it.
 *
 * Blocks: never (a fork at most). Diagnostics: none; a worker that cannot be told its unit is
 * killed, with the reason in its receipt.
 */
#include "supervisor/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/artifact.h"
#include "supervisor/supervisor.h"
#include "supervisor/worker.h"

/* What an unused worker is taken to need until it has a unit. */
#define IDLE_WORKER_BYTES (16U << 20)

enum outcome {
    OUTCOME_STARTED,  /* the unit runs */
    OUTCOME_EXPECTED, /* a worker for it is starting */
    OUTCOME_NO_ROOM,  /* not now */
};

/* One pass over everything. */
struct pass {
    struct supervisor *supervisor;
    uint64_t cpu_percent; /* in use */
    uint64_t promised_bytes;
    unsigned busy;                          /* workers with a unit, services not counted */
    bool alone_running;                     /* a unit runs that must be alone */
    bool alone_waiting;                     /* one waits for the others to end */
    unsigned claimed[SETTINGS_CLASSES_MAX]; /* starting workers that a unit waits for */
};

static bool uses_cpu(const struct worker *worker)
{
    return worker->state == WORKER_STARTING || worker->state == WORKER_BUSY;
}

static uint64_t worker_promised(const struct worker *worker)
{
    if (worker->state == WORKER_DRAINING || worker->state == WORKER_DEAD) {
        return worker->rss_bytes;
    }
    return worker->predicted_bytes > worker->rss_bytes ? worker->predicted_bytes
                                                       : worker->rss_bytes;
}

static void survey_workers(struct pass *pass)
{
    struct supervisor *supervisor = pass->supervisor;
    for (size_t i = 0; i < supervisor->class_count; i++) {
        const struct class *class = &supervisor->classes[i];
        const struct worker *worker;
        LIST_FOREACH(worker, &class->workers, in_class)
        {
            pass->promised_bytes += worker_promised(worker);
            if (class->settings.lifetime == LIFETIME_SERVICE) {
                continue;
            }
            pass->cpu_percent += uses_cpu(worker) ? class->settings.cpu_percent : 0;
            if (worker->state == WORKER_BUSY || worker->in_flight) {
                const struct lease *lease = worker->lease;
                pass->busy++;
                pass->alone_running |= lease && lease->job && lease->unit >= 0 &&
                                       lease->job->units[lease->unit].stored.alone;
            }
        }
    }
}

uint64_t schedule_promised_bytes(const struct supervisor *supervisor)
{
    struct pass pass = {.supervisor = (struct supervisor *)(uintptr_t)supervisor};
    survey_workers(&pass);
    return pass.promised_bytes;
}

uint64_t schedule_cpu_percent(const struct supervisor *supervisor)
{
    struct pass pass = {.supervisor = (struct supervisor *)(uintptr_t)supervisor};
    survey_workers(&pass);
    return pass.cpu_percent;
}

/* --- admission --- */

static bool cpu_free(const struct pass *pass, const struct class *class)
{
    return pass->cpu_percent + class->settings.cpu_percent <=
           pass->supervisor->settings.cpu_slots * 100;
}

/* need_bytes more on top of what is promised; instead_bytes is promised already for the same. */
static bool memory_free(const struct pass *pass, uint64_t need_bytes, uint64_t instead_bytes)
{
    const struct supervisor *supervisor = pass->supervisor;
    if (pass->busy == 0) {
        return true;
    }
    if (memory_level(supervisor->memory) >= MEMORY_LEVEL_CRITICAL) {
        return false;
    }
    return pass->promised_bytes - instead_bytes + need_bytes <=
           supervisor->settings.memory_budget_bytes;
}

static size_t class_index(const struct pass *pass, const struct class *class)
{
    return (size_t)(class - pass->supervisor->classes);
}

/* A worker for this class is starting or gets started: true when one can be waited for. at_once:
 * whether or not a CPU is free. */
static bool expect_worker(struct pass *pass, struct class *class, uint64_t need_bytes, bool at_once)
{
    unsigned *claimed = &pass->claimed[class_index(pass, class)];
    if (*claimed < class_count(class, WORKER_STARTING)) {
        (*claimed)++;
        return true;
    }
    if (!class_can_start(class) || !(at_once || cpu_free(pass, class)) ||
        !memory_free(pass, need_bytes, 0)) {
        return false;
    }
    struct worker *worker = class_start(class);
    if (!worker) {
        return false;
    }
    worker->predicted_bytes = IDLE_WORKER_BYTES;
    pass->cpu_percent += class->settings.cpu_percent;
    pass->promised_bytes += IDLE_WORKER_BYTES;
    (*claimed)++;
    return true;
}

/* --- handing out --- */

static struct lease *lease_worker(struct pass *pass, struct class *class, struct worker *worker,
                                  struct job *job, int stage, uint64_t waited_us)
{
    struct lease *lease = calloc(1, sizeof(*lease));
    struct supervisor *supervisor = pass->supervisor;
    char folder[2 * SETTINGS_PATH_BYTES];
    struct error err = ERROR_INIT;
    struct uuid nobody = {{0}};
    if (!lease) {
        return NULL;
    }
    if (job) {
        if (supervisor_job_folder(supervisor, job->id_text, folder, sizeof(folder), &err) < 0) {
            free(lease);
            return NULL;
        }
    } else {
        snprintf(folder, sizeof(folder), "%s/answers", supervisor->settings.state_dir);
    }
    if (worker_lease(worker, job ? &job->id : &nobody, folder, &err) < 0) {
        free(lease);
        worker_kill(worker, VERDICT_FAILED, "%s", err.msg);
        return NULL;
    }
    lease->job = job;
    lease->stage = stage;
    lease->unit = -1;
    worker->lease = lease;
    if (job && class->settings.lifetime == LIFETIME_FRESH) {
        const struct store_receipt process = {.pid = worker->pid,
                                              .class_name = class->settings.name,
                                              .stage = stage_row((enum stage_id)stage)->name,
                                              .has_job = true,
                                              .job = job->id,
                                              .started_ms = worker->started_wall_ms,
                                              .bucket = job->bucket};
        store_process_put(supervisor->store, &process);
        job->workers++;
    }
    class_leased(class, worker, waited_us);
    return lease;
}

static void drop_lease(struct worker *worker)
{
    free(worker->lease);
    worker->lease = NULL;
}

static int tell_unit(struct supervisor *supervisor, struct class *class, struct worker *worker,
                     struct job *job, const struct unit *unit, struct error *err)
{
    const struct store_unit *stored = &unit->stored;
    const struct stage_row *row = stage_row(stored->stage);
    char artifact[ARTIFACT_NAME_BYTES];
    (void)supervisor;
    artifact_name(row->name, stored->first, stored->last, artifact);
    struct worker_task task = {.stage = row->name,
                               .step = stored->step == UNIT_PERSIST ? "persist" : "work",
                               .first = stored->first,
                               .last = stored->last,
                               .attempt = (uint32_t)stored->attempts + 1,
                               .item_deadline_ms = class->settings.item_deadline_ms,
                               .artifact = row->persists ? artifact : NULL,
                               .params = job->params,
                               .params_bytes = job->params_bytes};
    if (stored->stage == STAGE_FINISH) {
        task.failures = job->failures;
        task.failure_count = job->failures_kept;
    }
    return worker_run(worker, &task, err);
}

static enum outcome run_on(struct pass *pass, struct class *class, struct worker *worker,
                           struct job *job, long index, uint64_t need_bytes)
{
    struct lease *lease = worker->lease;
    struct unit *unit = &job->units[index];
    struct error err = ERROR_INIT;
    if (tell_unit(pass->supervisor, class, worker, job, unit, &err) < 0) {
        worker_kill(worker, VERDICT_FAILED, "%s", err.msg);
        return OUTCOME_NO_ROOM;
    }
    pass->promised_bytes +=
        need_bytes > worker->predicted_bytes ? need_bytes - worker->predicted_bytes : 0;
    worker->predicted_bytes = need_bytes;
    pass->cpu_percent += class->settings.cpu_percent;
    pass->busy++;
    pass->alone_running |= unit->stored.alone;
    lease->unit = index;
    unit->waiting_since_us = 0;
    job_unit_started(job, unit, worker);
    return OUTCOME_STARTED;
}

/* The gang's own worker that is free for its next unit; else NULL. */
static struct worker *gang_member(struct class *class, const struct job *job, int stage)
{
    struct worker *worker;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        const struct lease *lease = worker->lease;
        if (worker->state == WORKER_LEASED && lease && lease->job == job && lease->stage == stage &&
            lease->unit < 0) {
            return worker;
        }
    }
    return NULL;
}

static uint64_t waited_us(const struct unit *unit)
{
    return unit->waiting_since_us == 0 ? 0 : clock_monotonic_us() - unit->waiting_since_us;
}

static enum outcome wait_for_worker(struct pass *pass, struct class *class, struct unit *unit,
                                    uint64_t need_bytes)
{
    if (unit->waiting_since_us == 0) {
        unit->waiting_since_us = clock_monotonic_us();
        class_waited(class);
    }
    return expect_worker(pass, class, need_bytes, false) ? OUTCOME_EXPECTED : OUTCOME_NO_ROOM;
}

static enum outcome start_unit(struct pass *pass, struct job *job, long index, enum unit_step step)
{
    struct supervisor *supervisor = pass->supervisor;
    struct unit *unit = &job->units[index];
    int stage = unit->stored.stage;
    const char *class_name =
        step == UNIT_PERSIST ? "library" : stage_row((enum stage_id)stage)->class_name;
    struct class *class = supervisor_class(supervisor, class_name);
    if (!class || pass->alone_running) {
        return OUTCOME_NO_ROOM;
    }
    if (unit->stored.alone && pass->busy > 0) {
        pass->alone_waiting = true;
        return OUTCOME_NO_ROOM;
    }
    bool fresh = class->settings.lifetime == LIFETIME_FRESH;
    struct worker *worker = fresh ? gang_member(class, job, stage) : NULL;
    uint64_t need_bytes = memory_predict(supervisor->memory, class->settings.name,
                                         fresh ? stage_row((enum stage_id)stage)->name : "",
                                         fresh ? job->bucket : 0, class->settings.memory_max_bytes);
    if (worker) {
        return cpu_free(pass, class)
                   ? run_on(pass, class, worker, job, index, worker->predicted_bytes)
                   : OUTCOME_NO_ROOM;
    }
    worker = class_idle_worker(class);
    if (!worker) {
        return wait_for_worker(pass, class, unit, need_bytes);
    }
    if (!cpu_free(pass, class) || !memory_free(pass, need_bytes, worker_promised(worker)) ||
        !lease_worker(pass, class, worker, job, stage, waited_us(unit))) {
        return OUTCOME_NO_ROOM;
    }
    return run_on(pass, class, worker, job, index, need_bytes);
}

/* --- the pass --- */

static uint64_t pending_units(const struct job *job, int stage, enum unit_step step, uint64_t most)
{
    uint64_t count = 0;
    for (size_t i = job->stages[stage].first_open; i < job->unit_count && count < most; i++) {
        const struct store_unit *stored = &job->units[i].stored;
        count += stored->stage == stage && stored->state == UNIT_PENDING && stored->step == step;
    }
    return count;
}

static void run_step(struct pass *pass, struct job *job, int stage, enum unit_step step)
{
    uint64_t now_ms = uv_now(pass->supervisor->loop);
    uint64_t most = pass->supervisor->settings.cpu_slots;
    uint64_t expected = 0;
    long index;
    while ((index = job_next_unit(job, stage, step, now_ms)) >= 0) {
        enum outcome outcome = start_unit(pass, job, index, step);
        if (outcome == OUTCOME_NO_ROOM) {
            return;
        }
        if (outcome == OUTCOME_EXPECTED && ++expected >= pending_units(job, stage, step, most)) {
            return;
        }
    }
}

static void run_job(struct pass *pass, struct job *job)
{
    bool earlier_complete = true;
    for (int stage = 0; stage < STAGE_COUNT && !pass->alone_waiting; stage++) {
        const struct job_stage *books = &job->stages[stage];
        if (books->status == STAGE_STATUS_COMPLETE || books->status == STAGE_STATUS_SKIPPED) {
            continue;
        }
        if (earlier_complete || !stage_row((enum stage_id)stage)->waits) {
            run_step(pass, job, stage, UNIT_WORK);
        }
        /* In the order of the stages: what a later one says of a page replaces what was there. */
        if (earlier_complete) {
            run_step(pass, job, stage, UNIT_PERSIST);
        }
        earlier_complete = false;
    }
}

static void run_queries(struct pass *pass)
{
    struct supervisor *supervisor = pass->supervisor;
    struct class *class = supervisor_class(supervisor, "library");
    struct query *query;
    struct query *next;
    struct error err = ERROR_INIT;
    for (query = TAILQ_FIRST(&supervisor->queries); query && class; query = next) {
        next = TAILQ_NEXT(query, link);
        if (query->worker) {
            continue;
        }
        struct worker *worker = class_idle_worker(class);
        if (!worker) {
            /* Somebody waits for the answer, and it is short work: not behind a page's. */
            (void)expect_worker(pass, class, IDLE_WORKER_BYTES, true);
            return;
        }
        struct lease *lease = lease_worker(pass, class, worker, NULL, -1, 0);
        if (!lease) {
            return;
        }
        if (query_run(query, worker, &err) < 0) {
            drop_lease(worker);
            query_failed(query, err.code, "invalid", err.msg); /* it did not fit into a frame */
            next = TAILQ_FIRST(&supervisor->queries);          /* others may have gone with it */
            continue;
        }
        lease->query = query;
        pass->busy++;
        pass->cpu_percent += class->settings.cpu_percent;
    }
}

/* Workers of a gang for which nothing is left to do go at once. */
static void release_gangs(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct class *class = &supervisor->classes[i];
        struct worker *worker;
        struct worker *next;
        for (worker = LIST_FIRST(&class->workers); worker; worker = next) {
            next = LIST_NEXT(worker, in_class);
            const struct lease *lease = worker->lease;
            bool idle = worker->state == WORKER_LEASED && lease && lease->job && lease->unit < 0 &&
                        class->settings.lifetime == LIFETIME_FRESH;
            if (idle && (lease->job->ending || supervisor->draining ||
                         !job_has_work(lease->job, lease->stage))) {
                worker_shutdown(worker);
            }
        }
    }
}

static bool may_work(const struct supervisor *supervisor)
{
    return !supervisor->draining && !supervisor->disk_full && store_healthy(supervisor->store);
}

static void run_pass(struct supervisor *supervisor)
{
    struct pass pass = {.supervisor = supervisor};
    release_gangs(supervisor); /* what they leave is free for others in this pass already */
    survey_workers(&pass);
    if (!supervisor->draining) {
        run_queries(&pass);
    }
    if (may_work(supervisor)) {
        struct job *job;
        TAILQ_FOREACH(job, &supervisor->jobs, in_queue)
        {
            if (pass.alone_waiting) {
                break;
            }
            if (!job->ending) {
                run_job(&pass, job);
            }
        }
    }
    release_gangs(supervisor);
    bool press = memory_level(supervisor->memory) >= MEMORY_LEVEL_CRITICAL;
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct class *class = &supervisor->classes[i];
        class_maintain(class, cpu_free(&pass, class), press);
    }
}

void schedule_run(struct supervisor *supervisor)
{
    supervisor->schedule_again = true;
    if (supervisor->scheduling || supervisor->stopped) {
        return;
    }
    supervisor->scheduling = true;
    while (supervisor->schedule_again) {
        supervisor->schedule_again = false;
        run_pass(supervisor);
    }
    supervisor->scheduling = false;
}
