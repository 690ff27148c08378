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
#include "supervisor/pool.h"
#include "supervisor/schedule_pass.h"
#include "supervisor/supervisor.h"
#include "supervisor/worker.h"

/* What an unused worker is taken to need until it has a unit. */
#define IDLE_WORKER_BYTES (16U << 20)

enum outcome {
    OUTCOME_STARTED,  /* the unit runs */
    OUTCOME_EXPECTED, /* a worker for it is starting */
    OUTCOME_NO_ROOM,  /* not now */
};

/* A unit that wants to run. */
struct want {
    struct class *class;
    struct job *job;
    long index; /* of the unit */
    int stage;
    bool fresh; /* its worker is the stage's own */
    uint32_t bucket;
    uint64_t need_bytes; /* what its worker will take */
};

/* --- handing out --- */

static int tell_unit(const struct want *want, struct worker *worker, struct error *err)
{
    const struct job *job = want->job;
    const struct store_unit *stored = &job->units[want->index].stored;
    const struct stage_row *row = stage_row(stored->stage);
    char artifact[ARTIFACT_NAME_BYTES];
    artifact_name(row->name, stored->first, stored->last, artifact);
    struct worker_task task = {.stage = row->name,
                               .step = stored->step == UNIT_PERSIST ? "persist" : "work",
                               .first = stored->first,
                               .last = stored->last,
                               .attempt = (uint32_t)stored->attempts + 1,
                               .run_id = class_next_run(want->class),
                               .item_deadline_ms = want->class->settings.item_deadline_ms,
                               .artifact = row->leaves ? artifact : NULL,
                               .params = job->params,
                               .params_bytes = job->params_bytes};
    if (row->told) {
        task.failures = job->failures;
        task.failure_count = job->failures_kept;
    }
    return worker_run(worker, &task, err);
}

/* What a gang's member took for one unit it may not have given back for the next. */
static uint64_t will_take_bytes(const struct want *want, const struct worker *worker)
{
    uint64_t taken_bytes = worker->peak_unit_bytes > worker->peak_sample_bytes
                               ? worker->peak_unit_bytes
                               : worker->peak_sample_bytes;
    return want->fresh && taken_bytes > want->need_bytes ? taken_bytes : want->need_bytes;
}

static enum outcome run_on(struct pass *pass, const struct want *want, struct worker *worker)
{
    struct lease *lease = worker->lease;
    struct unit *unit = &want->job->units[want->index];
    struct error err = ERROR_INIT;
    if (tell_unit(want, worker, &err) < 0) {
        worker_kill(worker, VERDICT_FAILED, "%s", err.msg);
        return OUTCOME_NO_ROOM;
    }
    pass->promised_bytes -= pass_worker_promised(worker);
    worker->predicted_bytes = will_take_bytes(want, worker);
    pass->promised_bytes += pass_worker_promised(worker);
    pass->cpu_percent += want->class->settings.cpu_percent;
    pass->busy++;
    pass->alone_running |= unit->stored.alone;
    lease->unit = want->index;
    lease->bucket = want->bucket > lease->bucket ? want->bucket : lease->bucket;
    unit->waiting_since_us = 0;
    job_unit_started(want->job, unit, worker);
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

static uint64_t waited_us(uint64_t since_us)
{
    return since_us == 0 ? 0 : clock_monotonic_us() - since_us;
}

static enum outcome wait_for_worker(struct pass *pass, const struct want *want)
{
    struct unit *unit = &want->job->units[want->index];
    if (unit->waiting_since_us == 0) {
        unit->waiting_since_us = clock_monotonic_us();
        class_waited(want->class);
        class_try_now(want->class);
    }
    if (pass_expect_worker(pass, want->class, want->need_bytes, false)) {
        return OUTCOME_EXPECTED;
    }
    if (class_can_start(want->class)) {
        pool_hindered(want->class); /* it would have, had there been a CPU or memory */
    }
    return OUTCOME_NO_ROOM;
}

static bool find_want(struct pass *pass, struct job *job, long index, enum unit_step step,
                      struct want *ret_want)
{
    const struct store_unit *stored = &job->units[index].stored;
    const struct stage_row *row = stage_row(stored->stage);
    struct class *class =
        supervisor_class(pass->supervisor, step == UNIT_PERSIST ? "library" : row->class_name);
    if (!class) {
        return false;
    }
    bool fresh = class->settings.lifetime == LIFETIME_FRESH;
    uint32_t bucket = fresh ? job_unit_bucket(job, stored) : 0;
    *ret_want =
        (struct want){.class = class,
                      .job = job,
                      .index = index,
                      .stage = stored->stage,
                      .fresh = fresh,
                      .bucket = bucket,
                      .need_bytes = memory_predict(pass->supervisor->memory, class->settings.name,
                                                   fresh ? row->name : "", bucket,
                                                   class->settings.memory_max_bytes)};
    return true;
}

static enum outcome start_unit(struct pass *pass, struct job *job, long index, enum unit_step step)
{
    const struct unit *unit = &job->units[index];
    struct want want;
    if (pass->alone_running || !find_want(pass, job, index, step, &want)) {
        return OUTCOME_NO_ROOM;
    }
    if (unit->stored.alone && !pass_is_alone(pass)) {
        pass->alone_waiting = true;
        return OUTCOME_NO_ROOM;
    }
    struct worker *worker = want.fresh ? gang_member(want.class, job, want.stage) : NULL;
    if (!worker) {
        worker = class_idle_worker(want.class);
    }
    if (!worker) {
        return wait_for_worker(pass, &want);
    }
    if (!pass_cpu_free(pass, want.class) ||
        !pass_memory_free(pass, will_take_bytes(&want, worker), pass_worker_promised(worker))) {
        pool_hindered(want.class);
        return OUTCOME_NO_ROOM;
    }
    const struct lease_plan plan = {.job = job,
                                    .stage = want.stage,
                                    .bucket = want.bucket,
                                    .waited_us = waited_us(unit->waiting_since_us)};
    if (!worker->lease && !lease_begin(pass->supervisor, worker, &plan)) {
        return OUTCOME_NO_ROOM;
    }
    return run_on(pass, &want, worker);
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
    bool earlier_persisted = true;
    for (int stage = 0; stage < STAGE_COUNT && !pass->alone_waiting; stage++) {
        const struct job_stage *books = &job->stages[stage];
        const struct stage_row *row = stage_row((enum stage_id)stage);
        if (books->status == STAGE_STATUS_COMPLETE || books->status == STAGE_STATUS_SKIPPED) {
            continue;
        }
        if (earlier_complete || !row->waits) {
            run_step(pass, job, stage, UNIT_WORK);
        }
        /* In the order of the stages: what a later one says of a page replaces what was there. */
        if (earlier_persisted) {
            run_step(pass, job, stage, UNIT_PERSIST);
        }
        earlier_complete = false;
        earlier_persisted &= !row->persists;
    }
}

/* False when it ended instead, and others perhaps with it. */
static bool start_query(struct pass *pass, struct class *class, struct query *query)
{
    struct error err = ERROR_INIT;
    struct worker *worker = class_idle_worker(class);
    if (!worker) {
        if (query->waiting_since_us == 0) {
            query->waiting_since_us = clock_monotonic_us();
            class_waited(class);
        }
        /* Somebody waits for the answer, and it is short work: not behind a page's. */
        if (!pass_expect_worker(pass, class, IDLE_WORKER_BYTES, true) && class_can_start(class)) {
            pool_hindered(class);
        }
        return true;
    }
    const struct lease_plan plan = {.stage = -1, .waited_us = waited_us(query->waiting_since_us)};
    struct lease *lease = lease_begin(pass->supervisor, worker, &plan);
    if (!lease) {
        return true;
    }
    if (query_run(query, worker, &err) < 0) {
        lease_end(worker);
        query_failed(query, err.code, "invalid", err.msg); /* it did not fit into a frame */
        return false;
    }
    lease->query = query;
    pass->busy++;
    pass->cpu_percent += class->settings.cpu_percent;
    return true;
}

/* Queries come first, as somebody waits for each; but where both wait, every other lease is a
 * unit's. late: of the classes in which it is a unit's turn, when the units have had it. */
static void run_queries(struct pass *pass, bool late)
{
    struct supervisor *supervisor = pass->supervisor;
    struct query *query;
    struct query *next;
    for (query = TAILQ_FIRST(&supervisor->queries); query; query = next) {
        next = TAILQ_NEXT(query, link);
        struct class *class = supervisor_class(supervisor, query->class_name);
        if (query->worker || !query->prepared || !class ||
            pass->late[class - supervisor->classes] != late) {
            continue;
        }
        if (!start_query(pass, class, query)) {
            next = TAILQ_FIRST(&supervisor->queries);
        }
    }
}

static bool may_work(const struct supervisor *supervisor)
{
    return !supervisor->draining && !supervisor->disk_full && store_healthy(supervisor->store);
}

/* Whoever waits does not wait for a pool now. */
static void note_hindrance(const struct pass *pass)
{
    struct supervisor *supervisor = pass->supervisor;
    if (may_work(supervisor) && !pass->alone_running && !pass->alone_waiting) {
        return;
    }
    for (size_t i = 0; i < supervisor->class_count; i++) {
        pool_hindered(&supervisor->classes[i]);
    }
}

static void run_jobs(struct pass *pass)
{
    struct job *job;
    TAILQ_FOREACH(job, &pass->supervisor->jobs, in_queue)
    {
        if (pass->alone_waiting) {
            return;
        }
        if (!job->ending) {
            run_job(pass, job);
        }
    }
}

static void run_pass(struct supervisor *supervisor)
{
    struct pass pass = {.supervisor = supervisor};
    pass_release_gangs(supervisor); /* what they leave is free for others in this pass already */
    pass_survey(&pass);
    for (size_t i = 0; i < supervisor->class_count; i++) {
        pass.late[i] = supervisor->classes[i].units_next;
    }
    if (!supervisor->draining) {
        run_queries(&pass, false);
    }
    if (may_work(supervisor)) {
        run_jobs(&pass);
    }
    if (!supervisor->draining) {
        run_queries(&pass, true);
    }
    note_hindrance(&pass);
    pass_release_gangs(supervisor);
    bool press = memory_level(supervisor->memory) >= MEMORY_LEVEL_CRITICAL;
    if (press) {
        pass_release_waiting(&pass);
    }
    pass_release_unused(supervisor);
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct class *class = &supervisor->classes[i];
        class_maintain(class, pass_cpu_free(&pass, class), press);
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
