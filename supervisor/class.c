/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lifetimes as policy over worker.c's mechanism.
 *
 * Invariants: live workers never exceed max, but for fresh spares and for a pool's successor while
 * its predecessor finishes; a throttled class starts nothing; a worker is in exactly one class's
 * list until gone.
 *
 * Diagnostics: a warning when workers die young (with the delay that follows), info on recycling.
 */
#include "supervisor/class.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"

/* Twice may be an upgrade in between two files. */
#define MISSING_AFTER 3

/* A worker that lives so long without a unit is a healthy one. */
#define PROVEN_MS UINT64_C(5000)

static const char *const RECYCLE_NAMES[RECYCLE_COUNT] = {
#define RECYCLE_NAME(symbol, name) [RECYCLE_##symbol] = name,
    RECYCLE_LIST(RECYCLE_NAME)
#undef RECYCLE_NAME
};

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

int class_reconfigure(struct class *class, const struct settings_class *settings, struct error *err)
{
    struct settings_class old = class->settings;
    if (copy_settings(&class->settings, settings, err) < 0) {
        class->settings = old;
        return -1;
    }
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
    return !class->draining && class_live(class) < settings->max + spare &&
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
    struct worker *retiring = NULL;
    if (class->settings.lifetime == LIFETIME_FRESH && all_at_work(class)) {
        return NULL;
    }
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        bool idle = worker->state == WORKER_READY ||
                    (class->settings.lifetime == LIFETIME_POOL && worker->state == WORKER_LEASED);
        if (!idle || worker->lease) {
            continue;
        }
        if (!worker->retiring) {
            return worker;
        }
        retiring = worker; /* still good until its successor is ready */
    }
    return retiring;
}

void class_leased(struct class *class, struct worker *worker, uint64_t waited_us)
{
    class->statistics.leases++;
    class->statistics.reuses += worker->units > 0;
    class->statistics.wait_us += waited_us;
}

void class_waited(struct class *class)
{
    class->statistics.waits++;
}

void class_worker_ready(struct class *class, struct worker *worker)
{
    struct class_statistics *statistics = &class->statistics;
    class->not_executed = 0;
    uint64_t start_us = worker->ready_us - worker->started_us;
    statistics->start_us[statistics->starts_timed++ % CLASS_START_TIMES] = (uint32_t)start_us;
    struct worker *old;
    LIST_FOREACH(old, &class->workers, in_class)
    {
        if (old->retiring && !old->lease) {
            worker_shutdown(old);
            return;
        }
    }
}

/* -1 when the worker may stay. */
static int due_for_recycling(const struct class *class, const struct worker *worker)
{
    const struct settings_class *settings = &class->settings;
    uint64_t age_ms = (clock_monotonic_us() - worker->started_us) / 1000;
    if (settings->max_units > 0 && worker->units >= settings->max_units) {
        return RECYCLE_UNITS;
    }
    if (settings->max_age_ms > 0 && age_ms >= settings->max_age_ms) {
        return RECYCLE_AGE;
    }
    if (settings->max_rss_bytes > 0 && worker->rss_bytes > settings->max_rss_bytes) {
        return RECYCLE_RSS;
    }
    return -1;
}

void class_worker_idle(struct class *class, struct worker *worker)
{
    recover(class);
    if (class->settings.lifetime != LIFETIME_POOL || worker->state != WORKER_LEASED) {
        return;
    }
    if (class->draining) {
        worker_shutdown(worker);
        return;
    }
    if (worker->retiring) {
        /* A failed successor must not keep an over-age worker for ever: any ready one will do. */
        struct worker *other;
        LIST_FOREACH(other, &class->workers, in_class)
        {
            if (other != worker && !other->retiring && other->ready_us > 0 &&
                other->state != WORKER_DRAINING) {
                worker_shutdown(worker);
                return;
            }
        }
        if (class_count(class, WORKER_STARTING) > 0) {
            return;
        }
    }
    if (class->settings.max_rss_bytes > 0) {
        worker_sample(worker);
    }
    int reason = due_for_recycling(class, worker);
    if (reason < 0 || backoff_waiting(&class->backoff, uv_now(class->context->loop))) {
        return;
    }
    if (!worker->retiring) {
        class->statistics.recycled[reason]++;
        log_info("class %s: recycling worker %d (%s)", class->settings.name, (int)worker->pid,
                 RECYCLE_NAMES[reason]);
    }
    worker->retiring = true;
    (void)class_start(class); /* a failure throttles the class; the old one goes on meanwhile */
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
    LIST_REMOVE(worker, in_class);
    bool well = receipt->verdict == VERDICT_DONE || receipt->verdict == VERDICT_CANCELLED;
    class->not_executed += receipt->young && receipt->end.code == WORKER_EXIT_EXEC;
    if (well && !worker->unasked) {
        return;
    }
    class->statistics.recycled[RECYCLE_DIED]++;
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

static void retire_idle(struct class *class, bool press)
{
    uint64_t now_ms = uv_now(class->context->loop);
    unsigned live = class_live(class);
    struct worker *worker;
    struct worker *next;
    for (worker = LIST_FIRST(&class->workers); worker && live > class->settings.min;
         worker = next) {
        next = LIST_NEXT(worker, in_class);
        bool idle =
            !worker->lease && (worker->state == WORKER_READY || worker->state == WORKER_LEASED);
        bool long_idle = now_ms - worker->idle_since_ms >= class->settings.idle_ms;
        if (idle && (press || long_idle)) {
            class->statistics.recycled[RECYCLE_IDLE]++;
            worker_shutdown(worker);
            live--;
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
        retire_idle(class, press);
        while (!press && class_live(class) < class->settings.min && class_can_start(class)) {
            (void)class_start(class);
        }
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

static int compare_u32(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static uint32_t median_start_us(const struct class_statistics *statistics)
{
    uint32_t sorted[CLASS_START_TIMES];
    size_t count = statistics->starts_timed < CLASS_START_TIMES ? (size_t)statistics->starts_timed
                                                                : CLASS_START_TIMES;
    if (count == 0) {
        return 0;
    }
    memcpy(sorted, statistics->start_us, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_u32);
    return sorted[count / 2];
}

void class_pack(const struct class *class, struct pack *pack)
{
    const struct settings_class *settings = &class->settings;
    const struct class_statistics *statistics = &class->statistics;
    pack_map(pack, 19);
    pack_key_str(pack, "class", settings->name);
    pack_key_str(pack, "lifetime", lifetime_name(settings->lifetime));
    pack_key_str(pack, "executable", settings->executable);
    pack_key_uint(pack, "min", settings->min);
    pack_key_uint(pack, "max", settings->max);
    pack_key_uint(pack, "spare", settings->spare);
    pack_key_uint(pack, "live", class_live(class));
    pack_key_uint(pack, "starting", class_count(class, WORKER_STARTING));
    pack_key_uint(pack, "ready", class_count(class, WORKER_READY));
    pack_key_uint(pack, "busy", class_count(class, WORKER_BUSY));
    pack_key_uint(pack, "created", statistics->created);
    pack_str(pack, "recycled");
    pack_map(pack, RECYCLE_COUNT);
    for (int reason = 0; reason < RECYCLE_COUNT; reason++) {
        pack_key_uint(pack, RECYCLE_NAMES[reason], statistics->recycled[reason]);
    }
    pack_key_uint(pack, "leases", statistics->leases);
    pack_key_uint(pack, "reuses", statistics->reuses);
    pack_key_uint(pack, "waits", statistics->waits);
    pack_key_uint(pack, "wait_ms", statistics->wait_us / 1000);
    pack_key_uint(pack, "start_us_median", median_start_us(statistics));
    pack_key_uint(pack, "young_deaths", statistics->young_deaths);
    pack_key_uint(pack, "throttled_ms", statistics->throttled_ms);
}
