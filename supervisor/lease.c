/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's events, handed to the unit or the query that it works for; its receipt, to the store.
 *
 * Invariants: a fresh worker keeps its lease until it has gone, a pool's for one unit or query; a
 * job is not freed while a lease of a fresh worker points to it.
 *
 * Blocks: never. Diagnostics: event worker.died; one warning for what the kernel does not offer.
 */
#include "supervisor/lease.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "supervisor/intake.h"
#include "supervisor/supervisor.h"
#include "supervisor/unit.h"

#define PROGRESS_EVENT_MS 100

static void tell_progress(struct supervisor *supervisor, struct job *job)
{
    uint64_t now_ms = uv_now(supervisor->loop);
    if (!events_heard(supervisor->events) || now_ms - job->last_event_ms < PROGRESS_EVENT_MS) {
        return;
    }
    job->last_event_ms = now_ms;
    uint64_t rss_bytes = 0;
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct worker *worker;
        LIST_FOREACH(worker, &supervisor->classes[i].workers, in_class)
        {
            const struct lease *lease = worker->lease;
            if (lease && lease->job == job) {
                worker_sample(worker);
                rss_bytes += worker->rss_bytes;
            }
        }
    }
    struct buf data;
    struct pack pack;
    buf_init(&data, 16384);
    pack_init(&pack, &data);
    job_pack_progress(job, &pack, rss_bytes, supervisor->settings.memory_budget_bytes);
    if (pack_finish(&pack, NULL) == 0) {
        events_emit_live(supervisor->events, "job.progress", &job->id, &data);
    }
    buf_deinit(&data);
}

static struct supervisor *supervisor_of(const struct worker *worker)
{
    const struct class *class = worker->owner;
    return class->context->user;
}

static void on_worker_ready(struct worker *worker)
{
    struct supervisor *supervisor = supervisor_of(worker);
    if (!supervisor->sandbox_known) {
        supervisor->sandbox_known = true;
        supervisor->landlock_abi = worker->landlock_abi;
        supervisor->seccomp = worker->seccomp;
        if (worker->landlock_abi == 0 || worker->seccomp == 0) {
            log_warning(
                "sandbox: this kernel offers Landlock: %s, seccomp: %s; workers run without "
                "what is missing",
                worker->landlock_abi > 0 ? "yes" : "no", worker->seccomp > 0 ? "yes" : "no");
        }
    }
    class_worker_ready(worker->owner, worker);
    supervisor_changed(supervisor);
}

static void on_worker_progress(struct worker *worker)
{
    const struct lease *lease = worker->lease;
    if (lease && lease->job) {
        tell_progress(supervisor_of(worker), lease->job);
    }
}

/* What the worker was doing, with the lease taken off a pool's worker: it serves anybody next. */
static struct lease end_of_unit(struct worker *worker)
{
    struct lease *lease = worker->lease;
    struct lease copy = *lease;
    const struct class *class = worker->owner;
    if (class->settings.lifetime != LIFETIME_FRESH) {
        free(lease);
        worker->lease = NULL;
    } else {
        lease->unit = -1;
    }
    return copy;
}

static void on_worker_done(struct worker *worker, const struct message *done)
{
    struct supervisor *supervisor = supervisor_of(worker);
    struct lease lease = end_of_unit(worker);
    if (lease.query) {
        query_answered(lease.query, done);
    } else {
        tell_progress(supervisor, lease.job);
        unit_done(supervisor, lease.job, (size_t)lease.unit, done);
    }
    class_worker_idle(worker->owner, worker);
    supervisor_changed(supervisor);
}

static enum error_code error_of_code(const char *code)
{
    if (strcmp(code, "not_found") == 0) {
        return ERROR_NOT_FOUND;
    }
    return strcmp(code, "invalid") == 0 ? ERROR_INVALID : ERROR_SYSTEM;
}

static void on_worker_failed(struct worker *worker, const char *code, bool retryable,
                             const char *text)
{
    struct supervisor *supervisor = supervisor_of(worker);
    struct lease lease = end_of_unit(worker);
    if (lease.query) {
        query_failed(lease.query, error_of_code(code), code, text);
    } else {
        unit_failed(supervisor, lease.job, (size_t)lease.unit, code, retryable, text);
    }
    class_worker_idle(worker->owner, worker);
    supervisor_changed(supervisor);
}

static void on_worker_lost(struct worker *worker, enum verdict verdict, const char *detail)
{
    struct supervisor *supervisor = supervisor_of(worker);
    struct lease *lease = worker->lease;
    long index = lease->unit;
    if (lease->query) {
        query_failed(lease->query, ERROR_SYSTEM, "failed", detail);
        lease->query = NULL;
        return;
    }
    struct job *job = lease->job;
    struct unit *unit = &job->units[index];
    lease->unit = -1;
    if (lease->pressed && !unit->stored.alone && !job->ending) {
        unit->stored.alone = 1;
        job_unit_released(job, unit);
        return;
    }
    const struct class *class = worker->owner;
    if (class->settings.lifetime != LIFETIME_FRESH) {
        lease->job = NULL; /* the job may end before this worker has gone */
    }
    unit_lost(supervisor, job, (size_t)index, verdict, detail, worker->item);
}

static void put_receipt(struct supervisor *supervisor, const struct worker *worker,
                        const struct worker_receipt *end)
{
    const struct class *class = worker->owner;
    const struct lease *lease = worker->lease;
    const struct rusage *usage = &end->end.usage;
    bool fresh = lease && lease->job && class->settings.lifetime == LIFETIME_FRESH;
    struct store_receipt receipt = {.pid = worker->pid,
                                    .class_name = class->settings.name,
                                    .stage =
                                        fresh ? stage_row((enum stage_id)lease->stage)->name : "",
                                    .has_job = fresh,
                                    .verdict = end->verdict,
                                    .exit_code = end->end.code,
                                    .signal = end->end.signal,
                                    .started_ms = end->started_wall_ms,
                                    .wall_us = end->wall_us,
                                    .user_us = end->user_us,
                                    .system_us = end->system_us,
                                    .peak_rss_bytes = end->peak_rss_bytes,
                                    .peak_source = end->peak_source,
                                    .minor_faults = (uint64_t)usage->ru_minflt,
                                    .major_faults = (uint64_t)usage->ru_majflt,
                                    .blocks_read = (uint64_t)usage->ru_inblock,
                                    .blocks_written = (uint64_t)usage->ru_oublock,
                                    .voluntary_switches = (uint64_t)usage->ru_nvcsw,
                                    .involuntary_switches = (uint64_t)usage->ru_nivcsw,
                                    .units = worker->units,
                                    .bucket = fresh ? lease->job->bucket : 0};
    if (fresh) {
        receipt.job = lease->job->id;
    }
    store_receipt_put(supervisor->store, &receipt);
    if (end->verdict == VERDICT_DONE && (fresh || class->settings.lifetime == LIFETIME_POOL)) {
        memory_learn(supervisor->memory, receipt.class_name, receipt.stage, receipt.bucket,
                     receipt.peak_rss_bytes);
    }
}

static void on_worker_gone(struct worker *worker, const struct worker_receipt *receipt)
{
    struct supervisor *supervisor = supervisor_of(worker);
    struct class *class = worker->owner;
    struct lease *lease = worker->lease;
    put_receipt(supervisor, worker, receipt);
    if (receipt->verdict != VERDICT_DONE && receipt->verdict != VERDICT_CANCELLED) {
        bool of_job = lease && lease->job;
        events_emit(supervisor->events, "worker.died", of_job ? &lease->job->id : NULL, NULL,
                    "%s[%d]: %s: %s", class->settings.name, (int)worker->pid,
                    verdict_name(receipt->verdict), receipt->detail);
    }
    class_worker_gone(class, worker, receipt);
    worker->lease = NULL;
    if (lease && lease->job && class->settings.lifetime == LIFETIME_FRESH) {
        lease->job->workers--;
        intake_settle(supervisor, lease->job);
    }
    free(lease);
    supervisor_changed(supervisor);
}

const struct worker_ops LEASE_WORKER_OPS = {.ready = on_worker_ready,
                                            .progress = on_worker_progress,
                                            .done = on_worker_done,
                                            .failed = on_worker_failed,
                                            .lost = on_worker_lost,
                                            .gone = on_worker_gone};
