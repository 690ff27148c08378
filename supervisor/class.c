/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lifetimes as policy over worker.c's mechanism.
 *
 * Invariants: live workers never exceed max, but for fresh spares and for a pool's successor while
 * its predecessor finishes; a throttled class starts nothing; a worker is in exactly one class's
 * list until gone.
 *
 * Diagnostics: a warning when workers die young (with the delay that follows).
 */
#include "supervisor/class.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/lease.h"
#include "supervisor/pool.h"

/* Twice may be an upgrade in between two files. */
#define MISSING_AFTER 3

/* A worker that lives so long without a unit is a healthy one. */
#define PROVEN_MS UINT64_C(5000)

static void free_options(struct settings_class *settings)
{
    for (size_t i = 0; i < settings->option_count; i++) {
        free(settings->options[i].key);
        free(settings->options[i].value);
    }
    settings->option_count = 0;
}

static int copy_settings(struct settings_class *copy, const struct settings_class *settings,
                         struct error *err)
{
    *copy = *settings;
    copy->option_count = 0;
    for (size_t i = 0; i < settings->option_count; i++) {
        struct settings_option *option = &copy->options[copy->option_count++];
        option->key = strdup(settings->options[i].key);
        option->value = strdup(settings->options[i].value);
        if (!option->key || !option->value) {
            free_options(copy);
            return error_set(err, ERROR_MEMORY, "no memory for class %s", settings->name);
        }
    }
    return 0;
}

int class_init(struct class *class, const struct settings_class *settings,
               const struct class_context *context, struct error *err)
{
    memset(class, 0, sizeof(*class));
    if (copy_settings(&class->settings, settings, err) < 0) {
        return -1;
    }
    class->context = context;
    LIST_INIT(&class->workers);
    backoff_init(&class->backoff, context->settings->backoff_first_ms,
                 context->settings->backoff_max_ms);
    uv_timer_init(context->loop, &class->retry);
    class->retry.data = class;
    return 0;
}

void class_deinit(struct class *class)
{
    uv_close((uv_handle_t *)&class->retry, NULL);
    free_options(&class->settings);
}

static bool same_options(const struct settings_class *a, const struct settings_class *b)
{
    bool same = a->option_count == b->option_count;
    for (size_t i = 0; same && i < a->option_count; i++) {
        same = strcmp(a->options[i].key, b->options[i].key) == 0 &&
               strcmp(a->options[i].value, b->options[i].value) == 0;
    }
    return same;
}

/* What a worker is and is told at its start. */
static bool same_for_workers(const struct settings_class *a, const struct settings_class *b)
{
    return strcmp(a->executable, b->executable) == 0 && strcmp(a->profile, b->profile) == 0 &&
           a->memory_max_bytes == b->memory_max_bytes && a->file_max_bytes == b->file_max_bytes &&
           same_options(a, b);
}

int class_reconfigure(struct class *class, const struct settings_class *settings, struct error *err)
{
    struct settings_class old = class->settings;
    if (copy_settings(&class->settings, settings, err) < 0) {
        class->settings = old;
        return -1;
    }
    class->generation += !same_for_workers(&old, settings);
    free_options(&old);
    return 0;
}

unsigned class_count(const struct class *class, enum worker_state state)
{
    unsigned count = 0;
    struct worker *worker;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        count += worker->state == state;
    }
    return count;
}

unsigned class_live(const struct class *class)
{
    unsigned count = 0;
    struct worker *worker;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        count += worker->state != WORKER_DRAINING && worker->state != WORKER_DEAD;
    }
    return count;
}

bool class_can_start(const struct class *class)
{
    const struct settings_class *settings = &class->settings;
    uint64_t spare = settings->lifetime == LIFETIME_FRESH ? settings->spare : 0;
    unsigned live = settings->lifetime == LIFETIME_POOL ? pool_size(class) : class_live(class);
    return !class->draining && live < settings->max + spare &&
           !backoff_waiting(&class->backoff, uv_now(class->context->loop));
}

static void on_retry(uv_timer_t *timer)
{
    struct class *class = timer->data;
    class->context->wake(class->context->user);
}

static void throttle(struct class *class, const char *reason)
{
    uint64_t now_ms = uv_now(class->context->loop);
    backoff_failed(&class->backoff, now_ms);
    class->statistics.young_deaths++;
    class->statistics.throttled_ms += class->backoff.delay_ms;
    log_warning("class %s: a worker could not start (%s): %u in a row, next try in %llu ms",
                class->settings.name, reason, class->backoff.failures,
                (unsigned long long)class->backoff.delay_ms);
    uv_timer_start(&class->retry, on_retry, class->backoff.delay_ms + 1, 0);
    class->context->throttled(class->context->user, class->settings.name, class->backoff.delay_ms,
                              class->backoff.failures, reason);
}

/* A worker did something, or has lived: whatever was wrong is over. */
static void recover(struct class *class)
{
    if (class->backoff.failures > 0) {
        backoff_succeeded(&class->backoff);
        log_notice("class %s: workers start again", class->settings.name);
        class->context->throttled(class->context->user, class->settings.name, 0, 0, "");
    }
}

const char *class_executable(const struct class *class, char *path, size_t size_bytes)
{
    const char *name = class->settings.executable;
    if (strchr(name, '/')) {
        return name;
    }
    snprintf(path, size_bytes, "%s/%s", class->context->settings->libexec_dir, name);
    return path;
}

struct worker *class_start(struct class *class)
{
    char path[2 * SETTINGS_PATH_BYTES];
    struct error err = ERROR_INIT;
    struct worker *worker;
    const struct settings *settings = class->context->settings;
    struct worker_start start = {.loop = class->context->loop,
                                 .settings = &class->settings,
                                 .executable = class_executable(class, path, sizeof(path)),
                                 .state_folder = settings->state_dir,
                                 .frame_timeout_ms = settings->frame_timeout_ms,
                                 .grace_ms = settings->shutdown_grace_ms,
                                 .cgroups = class->context->cgroups,
                                 .ops = class->context->worker_ops,
                                 .owner = class};
    if (worker_start(&start, &worker, &err) < 0) {
        throttle(class, err.msg);
        return NULL;
    }
    LIST_INSERT_HEAD(&class->workers, worker, in_class);
    worker->generation = class->generation;
    class->statistics.created++;
    class->context->started(class->context->user, worker);
    return worker;
}

bool class_is_missing(const struct class *class)
{
    return class->not_executed >= MISSING_AFTER;
}

void class_try_now(struct class *class)
{
    if (class_is_missing(class)) {
        class->backoff.until_ms = 0;
    }
}

/* Spares may wait beside max workers, but not work beside them. */
static bool all_at_work(const struct class *class)
{
    uint64_t leased = 0;
    const struct worker *worker;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        leased += worker->lease && worker->state != WORKER_DRAINING;
    }
    return leased >= class->settings.max;
}

struct worker *class_idle_worker(struct class *class)
{
    struct worker *worker;
    if (class->settings.lifetime == LIFETIME_POOL) {
        return pool_idle_worker(class);
    }
    if (class->settings.lifetime == LIFETIME_FRESH && all_at_work(class)) {
        return NULL;
    }
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        if (worker->state == WORKER_READY && !worker->lease) {
            return worker;
        }
    }
    return NULL;
}

void class_waited(struct class *class)
{
    class->statistics.waits++;
    class->needed = true;
}

uint32_t class_next_run(struct class *class)
{
    class->last_run += class->last_run == UINT32_MAX ? 2 : 1; /* 0 is no run */
    return class->last_run;
}

void class_worker_ready(struct class *class, struct worker *worker)
{
    class->not_executed = 0;
    recent_times_add(&class->statistics.start, worker->ready_us - worker->started_us);
    if (class->settings.lifetime == LIFETIME_POOL) {
        pool_worker_ready(class, worker);
    }
}

void class_worker_idle(struct class *class, struct worker *worker)
{
    recover(class);
    if (class->settings.lifetime == LIFETIME_POOL) {
        pool_worker_idle(class, worker);
    }
}

void class_worker_checked(struct class *class, struct worker *worker, bool healthy, const char *why)
{
    if (class->settings.lifetime == LIFETIME_POOL) {
        pool_worker_checked(class, worker, healthy, why);
    }
}

/* It ended before READY, or soon after it without a unit, though nobody had told it to. */
static bool died_young(const struct worker *worker, const struct worker_receipt *receipt)
{
    bool useless = worker->units == 0 && !worker->lease && receipt->wall_us < PROVEN_MS * 1000;
    return receipt->young || useless;
}

void class_worker_gone(struct class *class, struct worker *worker,
                       const struct worker_receipt *receipt)
{
    struct class_statistics *statistics = &class->statistics;
    LIST_REMOVE(worker, in_class);
    pool_worker_gone(class, worker);
    bool well = receipt->verdict == VERDICT_DONE || receipt->verdict == VERDICT_CANCELLED;
    class->not_executed += receipt->young && receipt->end.code == WORKER_EXIT_EXEC;
    statistics->gone++;
    statistics->live_us += receipt->wall_us;
    if (well && !worker->unasked) {
        if (receipt->verdict == VERDICT_DONE && receipt->unload_us > 0) {
            recent_times_add(&statistics->unload, receipt->unload_us);
        }
        if (worker->recycling >= 0) {
            statistics->recycled[worker->recycling]++;
        }
        return;
    }
    statistics->recycled[RECYCLE_DIED]++;
    if (!class->draining && died_young(worker, receipt)) {
        throttle(class, well ? "it went by itself" : receipt->detail);
    }
}

/* Idle ones that stay tell as well that workers live again. */
static void look_for_recovery(struct class *class)
{
    const struct worker *worker;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        if (worker->ready_us > 0 && worker->state != WORKER_DRAINING &&
            clock_monotonic_us() - worker->ready_us >= PROVEN_MS * 1000) {
            recover(class);
            return;
        }
    }
}

void class_maintain(struct class *class, bool may_start, bool press)
{
    if (class->draining) {
        return;
    }
    if (class->backoff.failures > 0) {
        look_for_recovery(class);
    }
    switch (class->settings.lifetime) {
    case LIFETIME_FRESH: {
        unsigned unused = class_count(class, WORKER_READY) + class_count(class, WORKER_STARTING);
        if (may_start && !press && unused < class->settings.spare && class_can_start(class)) {
            (void)class_start(class);
        }
        return;
    }
    case LIFETIME_POOL:
        pool_maintain(class, press);
        return;
    case LIFETIME_SERVICE:
        if (class_live(class) == 0 && LIST_EMPTY(&class->workers) && class_can_start(class)) {
            (void)class_start(class);
        }
        return;
    }
}

void class_drain(struct class *class)
{
    class->draining = true;
    uv_timer_stop(&class->retry);
    struct worker *worker;
    struct worker *next;
    for (worker = LIST_FIRST(&class->workers); worker; worker = next) {
        next = LIST_NEXT(worker, in_class);
        if (!worker->lease) {
            worker_shutdown(worker);
        }
    }
}

/* Of leases that last, and of workers that live. */
static void count_present(const struct class *class, uint64_t *ret_busy_us, uint64_t *ret_live_us)
{
    uint64_t now_us = clock_monotonic_us();
    const struct worker *worker;
    *ret_busy_us = 0;
    *ret_live_us = 0;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        const struct lease *lease = worker->lease;
        *ret_live_us += now_us - worker->started_us;
        *ret_busy_us += lease ? now_us - lease->began_us : 0;
    }
}

void class_pack(const struct class *class, struct pack *pack)
{
    const struct settings_class *settings = &class->settings;
    uint64_t busy_us;
    uint64_t live_us;
    count_present(class, &busy_us, &live_us);
    pack_map(pack, 11 + CLASS_STATISTICS_KEYS);
    pack_key_str(pack, "class", settings->name);
    pack_key_str(pack, "lifetime", lifetime_name(settings->lifetime));
    pack_key_str(pack, "executable", settings->executable);
    pack_key_uint(pack, "min", settings->min);
    pack_key_uint(pack, "max", settings->max);
    pack_key_uint(pack, "spare", settings->spare);
    pack_key_uint(pack, "live", class_live(class));
    pack_key_uint(pack, "leaving", class_count(class, WORKER_DRAINING));
    pack_key_uint(pack, "starting", class_count(class, WORKER_STARTING));
    pack_key_uint(pack, "ready", class_count(class, WORKER_READY));
    pack_key_uint(pack, "busy", class_count(class, WORKER_BUSY));
    class_statistics_pack(&class->statistics, busy_us, live_us, pack);
}
