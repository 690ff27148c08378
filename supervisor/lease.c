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

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/intake.h"
#include "supervisor/supervisor.h"
#include "supervisor/unit.h"
#include "supervisor/worker_receipt.h"

#define PROGRESS_EVENT_MS 100
#define PEAKS_BYTES 8192

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

/* --- beginning and end --- */

static void put_process(struct supervisor *supervisor, const struct worker *worker,
                        const struct lease *lease)
{
    const struct class *class = worker->owner;
    const struct store_receipt process = {.pid = worker->pid,
                                          .class_name = class->settings.name,
                                          .stage = stage_row((enum stage_id)lease->stage)->name,
                                          .has_job = true,
                                          .job = lease->job->id,
                                          .started_ms = worker->started_wall_ms,
                                          .bucket = lease->bucket};
    store_process_put(supervisor->store, &process);
    lease->job->workers++;
}

/* The folder that it will work in: its job's, or where answers are. */
static int tell_worker(const struct supervisor *supervisor, struct worker *worker,
                       const struct job *job, struct error *err)
{
    char folder[2 * SETTINGS_PATH_BYTES];
    const struct uuid nobody = {{0}};
    if (!job) {
        snprintf(folder, sizeof(folder), "%s/answers", supervisor->settings.state_dir);
        return worker_lease(worker, &nobody, folder, err);
    }
    if (supervisor_job_folder(supervisor, job->id_text, folder, sizeof(folder), err) < 0) {
        return -1;
    }
    return worker_lease(worker, &job->id, folder, err);
}

struct lease *lease_begin(struct supervisor *supervisor, struct worker *worker,
                          const struct lease_plan *plan)
{
    struct class *class = worker->owner;
    struct error err = ERROR_INIT;
    assert(!worker->lease);
    struct lease *lease = calloc(1, sizeof(*lease));
    if (!lease) {
        return NULL;
    }
    if (tell_worker(supervisor, worker, plan->job, &err) < 0) {
        free(lease);
        worker_kill(worker, VERDICT_FAILED, "%s", err.msg);
        return NULL;
    }
    lease->began_us = clock_monotonic_us();
    lease->job = plan->job;
    lease->stage = plan->stage;
    lease->unit = -1;
    lease->bucket = plan->bucket;
    worker->lease = lease;
    if (plan->job && class->settings.lifetime == LIFETIME_FRESH) {
        put_process(supervisor, worker, lease);
    }
    class_statistics_leased(&class->statistics, plan->waited_us, worker->units > 0);
    class->handed_out_us = lease->began_us;
    class->units_next = !plan->job;
    return lease;
}

void lease_end(struct worker *worker)
{
    struct class *class = worker->owner;
    struct lease *lease = worker->lease;
    if (!lease) {
        return;
    }
    worker->lease = NULL;
    class->statistics.releases++;
    class->statistics.busy_us += clock_monotonic_us() - lease->began_us;
    free(lease);
}

/* --- events --- */

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
        lease_end(worker);
    } else {
        lease->unit = -1;
    }
    return copy;
}

/* What a unit of a fresh worker took, for its receipt; one of known size teaches by itself what
 * others of its size will take. */
static void note_unit_peak(struct supervisor *supervisor, const struct class *class,
                           struct lease *lease, uint64_t peak_bytes, bool well)
{
    struct store_unit *unit = &lease->job->units[lease->unit].stored;
    uint64_t peak_kib = peak_bytes / 1024;
    unit->peak_kib = peak_kib < UINT32_MAX ? (uint32_t)peak_kib : UINT32_MAX;
    if (peak_bytes == 0) {
        return;
    }
    peaks_add(&lease->peaks, unit->first, unit->last, peak_bytes);
    if (well && unit->size > 0) {
        memory_learn(supervisor->memory, class->settings.name,
                     stage_row((enum stage_id)lease->stage)->name,
                     job_unit_bucket(lease->job, unit), peak_bytes);
        lease->learned = true;
    }
}

/* A pool's worker may live for long: what it takes is learned before it goes. */
static void note_peak(struct worker *worker, uint64_t peak_bytes, bool well)
{
    struct supervisor *supervisor = supervisor_of(worker);
    const struct class *class = worker->owner;
    struct lease *lease = worker->lease;
    if (class->settings.lifetime == LIFETIME_FRESH && lease->job) {
        note_unit_peak(supervisor, class, lease, peak_bytes, well);
    } else if (class->settings.lifetime == LIFETIME_POOL && well && peak_bytes > 0) {
        memory_learn(supervisor->memory, class->settings.name, "", 0, peak_bytes);
    }
}

static void on_worker_done(struct worker *worker, const struct message *done)
{
    struct supervisor *supervisor = supervisor_of(worker);
    note_peak(worker, message_uint(done, FIELD_PEAK_RSS, 0), true);
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

static void on_worker_failed(struct worker *worker, const struct worker_failure *failure)
{
    struct supervisor *supervisor = supervisor_of(worker);
    note_peak(worker, failure->peak_rss_bytes, false);
    struct lease lease = end_of_unit(worker);
    if (lease.query) {
        query_failed(lease.query, error_of_code(failure->code), failure->code, failure->text);
    } else {
        unit_failed(supervisor, lease.job, (size_t)lease.unit, failure);
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
    const struct unit_loss loss = {.verdict = verdict,
                                   .detail = detail,
                                   .culprit = worker->item,
                                   .outside = worker_killed_from_outside(worker)};
    unit_lost(supervisor, job, (size_t)index, &loss);
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
                                    .bucket = fresh ? lease->bucket : 0};
    struct buf peaks;
    buf_init(&peaks, PEAKS_BYTES);
    if (fresh) {
        receipt.job = lease->job->id;
    }
    if (fresh && peaks_encode(&lease->peaks, receipt.stage, &peaks) == 0) {
        receipt.units_peak = peaks.data;
        receipt.units_peak_bytes = peaks.size;
    }
    store_receipt_put(supervisor->store, &receipt);
    buf_deinit(&peaks);
    bool learns = fresh ? !lease->learned : class->settings.lifetime == LIFETIME_POOL;
    if (end->verdict == VERDICT_DONE && learns) {
        memory_learn(supervisor->memory, receipt.class_name, receipt.stage, receipt.bucket,
                     receipt.peak_rss_bytes);
    }
}

static void on_worker_checked(struct worker *worker, bool healthy, const char *why)
{
    class_worker_checked(worker->owner, worker, healthy, why);
    supervisor_changed(supervisor_of(worker));
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
    struct job *job = lease && class->settings.lifetime == LIFETIME_FRESH ? lease->job : NULL;
    lease_end(worker);
    class_worker_gone(class, worker, receipt);
    if (job) {
        job->workers--;
        intake_settle(supervisor, job);
    }
    if (class_is_missing(class)) {
        intake_end_without(supervisor, class);
    }
    supervisor_changed(supervisor);
}

const struct worker_ops LEASE_WORKER_OPS = {.ready = on_worker_ready,
                                            .progress = on_worker_progress,
                                            .done = on_worker_done,
                                            .failed = on_worker_failed,
                                            .checked = on_worker_checked,
                                            .lost = on_worker_lost,
                                            .gone = on_worker_gone};
