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
#include "supervisor/alerts.h"
#include "supervisor/control.h"
#include "supervisor/notify.h"
#include "supervisor/intake.h"
#include "supervisor/removal.h"
#include "supervisor/sampling.h"
#include "supervisor/schedule.h"
#include "supervisor/secrets.h"
#include "supervisor/worker.h"

#define HOUSEKEEPING_MS 60000

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

int supervisor_job_folder(const struct supervisor *supervisor, const char *id_text, char *ret_path,
                          size_t size_bytes, struct error *err)
{
    int length =
        snprintf(ret_path, size_bytes, "%s/jobs/%s", supervisor->settings.state_dir, id_text);
    if (length < 0 || (size_t)length >= size_bytes) {
        return error_set(err, ERROR_LIMIT, "the state folder's path is too long");
    }
    return 0;
}

/* --- classes --- */

static void on_class_started(void *user, const struct worker *worker)
{
    struct supervisor *supervisor = user;
    const struct store_receipt process = {.pid = worker->pid,
                                          .class_name = worker->settings->name,
                                          .stage = "",
                                          .started_ms = worker->started_wall_ms};
    store_process_put(supervisor->store, &process);
}

static void on_class_wake(void *user)
{
    schedule_run(user);
}

static void on_class_throttled(void *user, const char *class_name, uint64_t delay_ms,
                               unsigned failures, const char *reason)
{
    struct supervisor *supervisor = user;
    if (delay_ms > 0) {
        alerts_raise(supervisor, "class.throttled", class_name,
                     "class %s: workers do not start (%s); %u in a row, next try in %" PRIu64 " ms",
                     class_name, reason, failures, delay_ms);
    } else {
        alerts_clear(supervisor, "class.throttled", class_name);
        events_emit(supervisor->events, "class.recovered", NULL, NULL,
                    "class %s: workers start again", class_name);
    }
}

static void drain_step(struct supervisor *supervisor);

void supervisor_changed(struct supervisor *supervisor)
{
    schedule_run(supervisor);
    if (supervisor->draining) {
        drain_step(supervisor);
    }
}

/* --- drain --- */

static void close_timer(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
}

/* Nothing runs any more: lets go of everything that keeps the loop alive. */
static void finish_drain(struct supervisor *supervisor)
{
    supervisor->stopped = true;
    intake_interrupt_all(supervisor);
    struct query *query;
    while ((query = TAILQ_FIRST(&supervisor->queries))) {
        query_failed(query, ERROR_CANCELLED, "draining", "ebbd is stopping");
    }
    control_close(supervisor->control);
    supervisor->control = NULL;
    owed_stop(supervisor);
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
    if (!workers && !supervisor->taking && LIST_EMPTY(&supervisor->removals)) {
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
    query_fail_waiting(supervisor, NULL, "draining", "ebbd is stopping");
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
    if (supervisor->load_settings(&fresh, err) < 0 || secrets_check(&fresh, err) < 0) {
        settings_deinit(&fresh);
        return error_wrap(err, "configuration unchanged");
    }
    notify_reloading();
    settings_diff(&supervisor->settings, &fresh, on_key_changed, NULL);
    if (changed) {
        settings_diff(&supervisor->settings, &fresh, changed, user);
    }
    for (size_t i = 0; i < fresh.class_count; i++) {
        if (!supervisor_class(supervisor, fresh.classes[i].name)) {
            log_warning("class %s is new: it starts with the next start of ebbd",
                        fresh.classes[i].name);
        }
    }
    for (size_t i = 0; i < supervisor->class_count; i++) {
        const struct settings_class *settings =
            settings_class_find(&fresh, supervisor->classes[i].settings.name);
        struct error class_error = ERROR_INIT;
        if (settings && class_reconfigure(&supervisor->classes[i], settings, &class_error) < 0) {
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
    owed_look(supervisor);
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
    query_expire_waiting(supervisor);
    intake_take(supervisor);
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
    } folders[] = {{"", 0750},         {"/incoming", 0770}, {"/jobs", 0700},
                   {"/answers", 0750}, {"/library", 0700},  {"/cache", 0700}};
    char path[2 * SETTINGS_PATH_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        snprintf(path, sizeof(path), "%s%s", supervisor->settings.state_dir, folders[i].name);
        if (file_mkdirs(path, folders[i].mode, err) < 0) {
            return error_wrap(err, "state folder");
        }
        /* Whoever may use the socket may hand in documents, whatever the umask says. */
        if (strcmp(folders[i].name, "/incoming") == 0 && chmod(path, folders[i].mode) < 0) {
            return error_set_errno(err, errno, "%s", path);
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
                                    .health_cb = alerts_store_health,
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
                                                       .worker_ops = &LEASE_WORKER_OPS,
                                                       .started = on_class_started,
                                                       .wake = on_class_wake,
                                                       .throttled = on_class_throttled,
                                                       .user = supervisor};
    for (size_t i = 0; i < settings->class_count; i++) {
        if (class_init(&supervisor->classes[i], &settings->classes[i], &supervisor->class_context,
                       err) < 0) {
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
    LIST_INIT(&supervisor->removals);
    if (secrets_check(&supervisor->settings, err) < 0 ||
        file_mkdirs(supervisor->settings.state_dir, 0750, err) < 0 ||
        lock_state(supervisor, err) < 0 || make_folders(supervisor, err) < 0 ||
        open_store(supervisor, err) < 0 || open_classes(supervisor, err) < 0 ||
        start_timers(supervisor, err) < 0 || removal_prepare(loop, err) < 0 ||
        control_open(supervisor, &supervisor->control, err) < 0) {
        return -1;
    }
    supervisor->ready_us = clock_monotonic_us() - supervisor->started_us;
    events_emit(supervisor->events, "daemon.started", NULL, NULL,
                "ebbd " EBB_VERSION ", process %d", (int)getpid());
    owed_start(supervisor);
    intake_take(supervisor);
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
