/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Wiring and life of the supervisor.
 *
 * Invariants: after READY nothing that a child, a client or a document does may end it: every
 * error from them is an outcome of a unit, of a query or of a request. Only start-up errors end it.
 *
 * Blocks: at start and at the very end only.
 *
 * Diagnostics: notice at start, drain and stop; alerts as warnings, once each.
 */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "supervisor/control.h"
#include "supervisor/notify.h"
#include "supervisor/removal.h"
#include "supervisor/sampling.h"
#include "supervisor/schedule.h"
#include "supervisor/stage.h"
#include "supervisor/unit.h"
#include "supervisor/worker.h"

#define HOUSEKEEPING_MS 60000
#define DISK_RETRY_MS 2000
#define PROGRESS_EVENT_MS 100
#define RANK_MS_PER_PRIORITY 600000

/* --- finding things --- */

struct class *supervisor_class(struct supervisor *supervisor, const char *name)
{
    for (size_t i = 0; i < supervisor->class_count; i++) {
        if (strcmp(supervisor->classes[i].settings.name, name) == 0) {
            return &supervisor->classes[i];
        }
    }
    return NULL;
}

struct job *supervisor_find_job(struct supervisor *supervisor, const struct uuid *id)
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

int supervisor_job_folder(const struct supervisor *supervisor, const char *id_text, char *ret_path,
                          size_t size_bytes, struct error *err)
{
    int length = snprintf(ret_path, size_bytes, "%s/jobs/%s", supervisor->settings.state_dir, id_text);
    if (length < 0 || (size_t)length >= size_bytes) {
        return error_set(err, ERROR_LIMIT, "the state folder's path is too long");
    }
    return 0;
}

/* --- alerts --- */

void supervisor_alert(struct supervisor *supervisor, const char *kind, const char *fmt, ...)
{
    struct supervisor_alert *alert = NULL;
    for (size_t i = 0; i < SUPERVISOR_ALERTS; i++) {
        struct supervisor_alert *row = &supervisor->alerts[i];
        if (row->kind && strcmp(row->kind, kind) == 0) {
            return; /* said already */
        }
        alert = row->kind || alert ? alert : row;
    }
    char text[ERROR_MESSAGE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    log_warning("%s: %s", kind, text);
    events_emit(supervisor->events, kind, NULL, NULL, "%s", text);
    if (alert) {
        alert->kind = kind;
        alert->since_ms = clock_wall_ms();
        snprintf(alert->text, sizeof(alert->text), "%s", text);
    }
}

void supervisor_alert_clear(struct supervisor *supervisor, const char *kind)
{
    for (size_t i = 0; i < SUPERVISOR_ALERTS; i++) {
        struct supervisor_alert *alert = &supervisor->alerts[i];
        if (alert->kind && strcmp(alert->kind, kind) == 0) {
            alert->kind = NULL;
        }
    }
}

static void on_disk_timer(uv_timer_t *timer)
{
    struct supervisor *supervisor = timer->data;
    supervisor->disk_full = false; /* if it still is, the next unit will say so */
    supervisor_alert_clear(supervisor, "store.full");
    events_emit(supervisor->events, "store.recovered", NULL, NULL, "trying again after a full disk");
    schedule_run(supervisor);
}

void supervisor_disk_full(struct supervisor *supervisor, const char *text)
{
    supervisor_alert(supervisor, "store.full", "no room on the disk (%s): jobs pause until there is",
                     text);
    supervisor->disk_full = true;
    uv_timer_start(&supervisor->disk_timer, on_disk_timer, DISK_RETRY_MS, 0);
}

static void on_store_health(void *user, bool healthy, const char *text)
{
    struct supervisor *supervisor = user;
    if (!supervisor->events) {
        return; /* still starting: store_open's own error says it */
    }
    if (healthy) {
        supervisor_alert_clear(supervisor, "store.full");
        events_emit(supervisor->events, "store.recovered", NULL, NULL, "state.db can be written again");
        schedule_run(supervisor);
    } else {
        supervisor_alert(supervisor, "store.full", "state.db: %s: no new work until it can be written",
                         text);
    }
}

/* --- jobs in and out of work --- */

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
        struct store_job_change change = {.id = stored->id,
                                          .set_status = true,
                                          .status = JOB_STATUS_PENDING,
                                          .progress = -1};
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
    job->over = job_advance(job);
    if (job->over) {
        supervisor_settle_job(supervisor, job);
    }
}

static void on_jobs_taken(void *user, const struct error *err, struct store_job *jobs, size_t count)
{
    struct supervisor *supervisor = user;
    supervisor->taking = false;
    if (err) {
        log_warning("taking waiting jobs: %s; trying again at the next change", err->msg);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        admit_job(supervisor, &jobs[i]);
    }
    if (count > 0) {
        supervisor_take_jobs(supervisor);
        schedule_run(supervisor);
    }
}

void supervisor_take_jobs(struct supervisor *supervisor)
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

int supervisor_wait_job(struct supervisor *supervisor, const struct uuid *job,
                        void (*settled)(void *user), void *user, struct error *err)
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

static void record_end(struct supervisor *supervisor, struct job *job)
{
    bool interrupted = job->end_status == JOB_STATUS_INTERRUPTED;
    struct store_job_change change = {
        .id = job->id,
        .set_status = true,
        .status = job->end_status,
        .durable = true,
        .progress = job->end_status == JOB_STATUS_COMPLETED ? 100 : -1,
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

void supervisor_settle_job(struct supervisor *supervisor, struct job *job)
{
    if (!(job->over || job->ending) || job->running > 0 || job->workers > 0) {
        return;
    }
    record_end(supervisor, job);
    forget_job(supervisor, job);
    supervisor_take_jobs(supervisor);
}

void supervisor_end_job(struct supervisor *supervisor, struct job *job, enum job_status status,
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
            if (!lease || lease->job != job || class->settings.lifetime != LIFETIME_FRESH) {
                continue; /* a pool's worker ends its unit, which is short and harmless */
            }
            if (worker->state == WORKER_BUSY) {
                worker_cancel(worker);
            } else {
                worker_shutdown(worker);
            }
        }
    }
}

/* --- what workers say --- */

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

static void drain_step(struct supervisor *supervisor);

void supervisor_changed(struct supervisor *supervisor)
{
    schedule_run(supervisor);
    if (supervisor->draining) {
        drain_step(supervisor);
    }
}

static void on_worker_ready(struct worker *worker)
{
    struct supervisor *supervisor = supervisor_of(worker);
    if (!supervisor->sandbox_known) {
        supervisor->sandbox_known = true;
        supervisor->landlock_abi = worker->landlock_abi;
        supervisor->seccomp = worker->seccomp;
        if (worker->landlock_abi == 0 || worker->seccomp == 0) {
            log_warning("the kernel offers %s%s%s: workers run without what is missing",
                        worker->landlock_abi == 0 ? "no Landlock" : "Landlock",
                        worker->landlock_abi == 0 && worker->seccomp == 0 ? " and " : ", ",
                        worker->seccomp == 0 ? "no seccomp" : "seccomp");
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
    struct store_receipt receipt = {
        .pid = worker->pid,
        .class_name = class->settings.name,
        .stage = fresh ? stage_row((enum stage_id)lease->stage)->name : "",
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
        supervisor_settle_job(supervisor, lease->job);
    }
    free(lease);
    supervisor_changed(supervisor);
}

static const struct worker_ops WORKER_OPS = {.ready = on_worker_ready,
                                             .progress = on_worker_progress,
                                             .done = on_worker_done,
                                             .failed = on_worker_failed,
                                             .lost = on_worker_lost,
                                             .gone = on_worker_gone};

static void on_class_wake(void *user)
{
    schedule_run(user);
}

static void on_class_throttled(void *user, const char *class_name, uint64_t delay_ms,
                               unsigned failures, const char *reason)
{
    struct supervisor *supervisor = user;
    if (delay_ms > 0) {
        supervisor_alert(supervisor, "class.throttled",
                         "class %s: workers do not start (%s); %u in a row, next try in %" PRIu64 " ms",
                         class_name, reason, failures, delay_ms);
    } else {
        supervisor_alert_clear(supervisor, "class.throttled");
        events_emit(supervisor->events, "class.recovered", NULL, NULL, "class %s: workers start again",
                    class_name);
    }
}

/* --- drain --- */

static void interrupt_jobs(struct supervisor *supervisor)
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

static void close_timer(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
}

/* Nothing runs any more: lets go of everything that keeps the loop alive. */
static void finish_drain(struct supervisor *supervisor)
{
    supervisor->stopped = true;
    interrupt_jobs(supervisor);
    struct query *query;
    while ((query = TAILQ_FIRST(&supervisor->queries))) {
        query_failed(query, ERROR_CANCELLED, "draining", "ebbd is stopping");
    }
    control_close(supervisor->control);
    supervisor->control = NULL;
    close_timer(&supervisor->disk_timer);
    close_timer(&supervisor->sample_timer);
    close_timer(&supervisor->housekeeping);
    close_timer(&supervisor->drain_timer);
    close_timer(&supervisor->retry_timer);
    for (size_t i = 0; i < ARRAY_LEN(supervisor->signals); i++) {
        uv_close((uv_handle_t *)&supervisor->signals[i], NULL);
    }
    for (size_t i = 0; i < supervisor->class_count; i++) {
        class_deinit(&supervisor->classes[i]);
    }
    store_close(supervisor->store);
    supervisor->store = NULL;
}

static void drain_step(struct supervisor *supervisor)
{
    if (supervisor->stopped) {
        return;
    }
    bool busy = false;
    bool workers = false;
    for (size_t i = 0; i < supervisor->class_count; i++) {
        const struct worker *worker;
        LIST_FOREACH(worker, &supervisor->classes[i].workers, in_class)
        {
            workers = true;
            busy |= worker->state == WORKER_BUSY;
        }
    }
    if (!workers && !supervisor->taking && supervisor->removals == 0) {
        finish_drain(supervisor);
    } else if (!busy) {
        for (size_t i = 0; i < supervisor->class_count; i++) {
            class_drain(&supervisor->classes[i]);
        }
    }
}

static void on_drain_timeout(uv_timer_t *timer)
{
    struct supervisor *supervisor = timer->data;
    log_warning("units did not end in time; they will run again at the next start");
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct worker *worker;
        struct worker *next;
        for (worker = LIST_FIRST(&supervisor->classes[i].workers); worker; worker = next) {
            next = LIST_NEXT(worker, in_class);
            worker_kill(worker, VERDICT_CANCELLED, "ebbd is stopping");
        }
    }
}

void supervisor_drain(struct supervisor *supervisor)
{
    if (supervisor->draining) {
        return;
    }
    supervisor->draining = true;
    log_notice("draining: units in work may end, nothing new is started");
    notify_stopping();
    events_emit(supervisor->events, "daemon.draining", NULL, NULL, "%u jobs in work",
                supervisor->active_jobs);
    uv_timer_start(&supervisor->drain_timer, on_drain_timeout,
                   supervisor->settings.drain_timeout_ms, 0);
    supervisor_changed(supervisor);
}

/* --- reload --- */

static void on_key_changed(void *user, const char *key)
{
    (void)user;
    log_notice("setting %s changed", key);
}

int supervisor_reload(struct supervisor *supervisor, void (*changed)(void *user, const char *key),
                      void *user, struct error *err)
{
    struct settings fresh;
    if (supervisor->load_settings(&fresh, err) < 0) {
        settings_deinit(&fresh);
        return error_wrap(err, "configuration unchanged");
    }
    notify_reloading();
    settings_diff(&supervisor->settings, &fresh, on_key_changed, NULL);
    if (changed) {
        settings_diff(&supervisor->settings, &fresh, changed, user);
    }
    for (size_t i = 0; i < supervisor->class_count; i++) {
        const struct settings_class *settings =
            settings_class_find(&fresh, supervisor->classes[i].settings.name);
        struct error class_error = ERROR_INIT;
        if (settings && class_reconfigure(&supervisor->classes[i], settings, fresh.cpu_slots,
                                          &class_error) < 0) {
            log_error("class %s keeps its settings: %s", settings->name, class_error.msg);
        }
    }
    /* Paths belong to what is open already. */
    memcpy(fresh.state_dir, supervisor->settings.state_dir, sizeof(fresh.state_dir));
    memcpy(fresh.socket, supervisor->settings.socket, sizeof(fresh.socket));
    struct settings old = supervisor->settings;
    supervisor->settings = fresh;
    settings_deinit(&old);
    log_set_level((enum log_level)supervisor->settings.log_level);
    sampling_restart(supervisor);
    events_emit(supervisor->events, "daemon.reloaded", NULL, NULL, "configuration read again");
    notify_ready();
    schedule_run(supervisor);
    return 0;
}

/* --- start --- */

static void on_signal(uv_signal_t *signal, int number)
{
    struct supervisor *supervisor = signal->data;
    struct error err = ERROR_INIT;
    if (number == SIGHUP) {
        if (supervisor_reload(supervisor, NULL, NULL, &err) < 0) {
            log_error("reload: %s", err.msg);
        }
        return;
    }
    supervisor_drain(supervisor);
}

static void on_housekeeping(uv_timer_t *timer)
{
    struct supervisor *supervisor = timer->data;
    removal_expired(supervisor);
    supervisor_take_jobs(supervisor);
    schedule_run(supervisor);
}

static void on_retry(uv_timer_t *timer)
{
    schedule_run(timer->data);
}

void supervisor_schedule_in(struct supervisor *supervisor, uint64_t after_ms)
{
    uv_timer_start(&supervisor->retry_timer, on_retry, after_ms, 0);
}

static int make_folders(const struct supervisor *supervisor, struct error *err)
{
    static const struct {
        const char *name;
        mode_t mode;
    } folders[] = {{"", 0750},        {"/incoming", 0770}, {"/jobs", 0700},
                   {"/answers", 0750}, {"/library", 0700},  {"/cache", 0700}};
    char path[2 * SETTINGS_PATH_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        snprintf(path, sizeof(path), "%s%s", supervisor->settings.state_dir, folders[i].name);
        if (file_mkdirs(path, folders[i].mode, err) < 0) {
            return error_wrap(err, "state folder");
        }
    }
    /* Answers belong to connections; none survived. */
    snprintf(path, sizeof(path), "%s/answers", supervisor->settings.state_dir);
    if (file_remove_tree(path, err) < 0 || file_mkdirs(path, 0750, err) < 0) {
        return error_wrap(err, "state folder");
    }
    return 0;
}

static int lock_state(struct supervisor *supervisor, struct error *err)
{
    char path[2 * SETTINGS_PATH_BYTES];
    char text[32] = "";
    snprintf(path, sizeof(path), "%s/lock", supervisor->settings.state_dir);
    supervisor->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (supervisor->lock_fd < 0) {
        return error_set_errno(err, errno, "%s", path);
    }
    if (flock(supervisor->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        ssize_t size = read(supervisor->lock_fd, text, sizeof(text) - 1);
        text[size > 0 ? strcspn(text, "\n") : 0] = '\0';
        return error_set(err, ERROR_EXISTS,
                         "%s is in use by another ebbd (process %s): use that one, or another "
                         "state folder",
                         supervisor->settings.state_dir, text[0] ? text : "unknown");
    }
    int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(supervisor->lock_fd, 0) < 0 ||
        pwrite(supervisor->lock_fd, text, (size_t)length, 0) != length) {
        return error_set_errno(err, errno, "%s", path);
    }
    return 0;
}

static void on_history(void *user, const char *class_name, const char *stage, uint32_t bucket,
                       uint64_t peak_rss_bytes)
{
    struct supervisor *supervisor = user;
    memory_learn(supervisor->memory, class_name, stage, bucket, peak_rss_bytes);
}

static int open_store(struct supervisor *supervisor, struct error *err)
{
    const struct settings *settings = &supervisor->settings;
    struct store_options options = {.state_dir = settings->state_dir,
                                    .metrics_queue = settings->metrics_queue,
                                    .receipts_ms = settings->receipts_ms,
                                    .samples_raw_ms = settings->samples_raw_ms,
                                    .samples_ms = settings->samples_ms,
                                    .events = settings->events,
                                    .health_cb = on_store_health,
                                    .user = supervisor};
    if (store_open(supervisor->loop, &options, &supervisor->store, err) < 0) {
        return -1;
    }
    supervisor->events = events_create(supervisor->store);
    supervisor->memory = memory_create(settings);
    if (!supervisor->events || !supervisor->memory) {
        return error_set(err, ERROR_MEMORY, "no memory to start");
    }
    return store_read_history(supervisor->store, 1024, on_history, supervisor, err);
}

static int open_classes(struct supervisor *supervisor, struct error *err)
{
    const struct settings *settings = &supervisor->settings;
    struct error cgroup_error = ERROR_INIT;
    if (cgroup_root_open(&supervisor->cgroups, &cgroup_error) < 0) {
        log_info("memory is accounted through /proc: %s", cgroup_error.msg);
    }
    supervisor->class_context = (struct class_context){.loop = supervisor->loop,
                                                       .settings = &supervisor->settings,
                                                       .cgroups = supervisor->cgroups,
                                                       .worker_ops = &WORKER_OPS,
                                                       .wake = on_class_wake,
                                                       .throttled = on_class_throttled,
                                                       .user = supervisor};
    for (size_t i = 0; i < settings->class_count; i++) {
        if (class_init(&supervisor->classes[i], &settings->classes[i], settings->cpu_slots,
                       &supervisor->class_context, err) < 0) {
            return -1;
        }
        supervisor->class_count++;
    }
    return 0;
}

static int start_timers(struct supervisor *supervisor, struct error *err)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    uv_timer_t *timers[] = {&supervisor->disk_timer, &supervisor->sample_timer,
                            &supervisor->housekeeping, &supervisor->drain_timer,
                            &supervisor->retry_timer};
    for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
        uv_timer_init(supervisor->loop, timers[i]);
        timers[i]->data = supervisor;
    }
    uv_timer_start(&supervisor->housekeeping, on_housekeeping, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
    sampling_restart(supervisor);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        uv_signal_init(supervisor->loop, &supervisor->signals[i]);
        supervisor->signals[i].data = supervisor;
        int failed = uv_signal_start(&supervisor->signals[i], on_signal, numbers[i]);
        if (failed != 0) {
            return error_set(err, ERROR_SYSTEM, "signals: %s", uv_strerror(failed));
        }
    }
    return 0;
}

int supervisor_start(struct supervisor *supervisor, uv_loop_t *loop, struct error *err)
{
    supervisor->loop = loop;
    supervisor->lock_fd = -1;
    supervisor->started_us = clock_monotonic_us();
    supervisor->started_wall_ms = clock_wall_ms();
    TAILQ_INIT(&supervisor->jobs);
    TAILQ_INIT(&supervisor->queries);
    LIST_INIT(&supervisor->waiters);
    if (file_mkdirs(supervisor->settings.state_dir, 0750, err) < 0 ||
        lock_state(supervisor, err) < 0 || make_folders(supervisor, err) < 0 ||
        open_store(supervisor, err) < 0 || open_classes(supervisor, err) < 0 ||
        start_timers(supervisor, err) < 0 ||
        control_open(supervisor, &supervisor->control, err) < 0) {
        return -1;
    }
    supervisor->ready_us = clock_monotonic_us() - supervisor->started_us;
    events_emit(supervisor->events, "daemon.started", NULL, NULL, "ebbd " EBB_VERSION ", process %d",
                (int)getpid());
    supervisor_take_jobs(supervisor);
    schedule_run(supervisor);
    return 0;
}

void supervisor_stop(struct supervisor *supervisor)
{
    events_destroy(supervisor->events);
    memory_destroy(supervisor->memory);
    cgroup_root_close(supervisor->cgroups);
    settings_deinit(&supervisor->settings);
    if (supervisor->lock_fd >= 0) {
        close(supervisor->lock_fd);
    }
}
