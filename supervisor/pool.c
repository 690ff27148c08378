/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The policy of a pool.
 *
 * Invariants: a retiring worker goes only when its own successor has been READY, or when it is one
 * too many; a successor replaces one worker; at most one successor starts at a time; a worker that
 * is not well, has not said so yet, or was told to go, is handed to nobody.
 *
 * Blocks: never; reads of /proc. Diagnostics: info on recycling, a warning when one is not well.
 */
#include "supervisor/pool.h"

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/class.h"

static bool is_idle(const struct worker *worker)
{
    return !worker->lease && (worker->state == WORKER_READY || worker->state == WORKER_LEASED);
}

unsigned pool_size(const struct class *class)
{
    unsigned count = 0;
    const struct worker *worker;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        bool goes = worker->state == WORKER_DRAINING || worker->state == WORKER_DEAD;
        count += !goes && !worker->replaces && !worker->replaced;
    }
    return count;
}

struct worker *pool_idle_worker(const struct class *class)
{
    struct worker *worker;
    struct worker *retiring = NULL;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        if (!is_idle(worker) || worker->pinged) { /* that one answers in a moment, or never */
            continue;
        }
        if (!worker->retiring) {
            return worker;
        }
        retiring = worker; /* still good until its successor is ready */
    }
    return retiring;
}

/* --- recycling --- */

/* -1 when the worker may stay. */
static int due_for_recycling(const struct class *class, const struct worker *worker)
{
    const struct settings_class *settings = &class->settings;
    uint64_t age_ms = (clock_monotonic_us() - worker->started_us) / 1000;
    if (worker->generation != class->generation) {
        return RECYCLE_SETTINGS;
    }
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

static bool has_successor(const struct class *class, const struct worker *old)
{
    const struct worker *worker;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        if (worker->replaces == old) {
            return true;
        }
    }
    return false;
}

/* One that is to be replaced and whose successor has not been started; NULL as well while one
 * starts. */
static struct worker *next_to_replace(const struct class *class)
{
    struct worker *worker;
    struct worker *found = NULL;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        if (worker->replaces && worker->state == WORKER_STARTING) {
            return NULL;
        }
        bool wanted = worker->retiring && !worker->replaced && worker->state != WORKER_DRAINING;
        if (wanted && !has_successor(class, worker)) {
            found = worker;
        }
    }
    return found;
}

static void start_successor(struct class *class)
{
    struct worker *old = next_to_replace(class);
    if (!old || class->draining || backoff_waiting(&class->backoff, uv_now(class->context->loop))) {
        return;
    }
    struct worker *worker = class_start(class); /* a failure throttles; the old one goes on */
    if (worker) {
        worker->replaces = old;
        worker->predicted_bytes = old->predicted_bytes;
    }
}

static void look_at(const struct class *class, struct worker *worker)
{
    if (worker->retiring || worker->state == WORKER_DRAINING) {
        return;
    }
    int reason = due_for_recycling(class, worker);
    if (reason >= 0) {
        worker->retiring = true;
        worker->recycling = reason;
        log_info("class %s: recycling worker %d (%s)", class->settings.name, (int)worker->pid,
                 recycle_name((enum recycle)reason));
    }
}

void pool_worker_ready(struct class *class, struct worker *worker)
{
    struct worker *old = worker->replaces;
    worker->checked_ms = uv_now(class->context->loop);
    if (!old) {
        return;
    }
    worker->replaces = NULL;
    old->replaced = true;
    if (!old->lease) {
        worker_shutdown(old);
    }
    start_successor(class); /* of the next that is due */
}

void pool_worker_idle(struct class *class, struct worker *worker)
{
    if (worker->state != WORKER_LEASED) {
        return;
    }
    if (class->draining || worker->replaced) {
        worker_shutdown(worker);
        return;
    }
    if (class->settings.max_rss_bytes > 0) {
        worker_sample(worker);
    }
    look_at(class, worker);
    start_successor(class);
}

void pool_worker_checked(struct class *class, struct worker *worker, bool healthy, const char *why)
{
    if (healthy) {
        return;
    }
    log_warning("class %s: worker %d is not well (%s): it is replaced", class->settings.name,
                (int)worker->pid, why);
    worker->recycling = RECYCLE_HEALTH;
    worker->retiring = true;
    worker->replaced = true; /* with its unit's end, when it was given one meanwhile */
    if (!worker->lease) {
        worker_shutdown(worker);
    }
}

void pool_worker_gone(struct class *class, const struct worker *worker)
{
    struct worker *other;
    LIST_FOREACH(other, &class->workers, in_class)
    {
        if (other->replaces == worker) {
            other->replaces = NULL;
        }
    }
}

/* --- with time --- */

/* Above max at once: after a reload, or when a successor's predecessor has died. */
static void retire_idle(struct class *class, bool press)
{
    uint64_t now_ms = uv_now(class->context->loop);
    unsigned size = pool_size(class);
    struct worker *worker;
    struct worker *next;
    for (worker = LIST_FIRST(&class->workers); worker && size > class->settings.min;
         worker = next) {
        next = LIST_NEXT(worker, in_class);
        bool long_idle = now_ms - worker->idle_since_ms >= class->settings.idle_ms;
        if (is_idle(worker) && !worker->replaces &&
            (press || long_idle || size > class->settings.max)) {
            if (worker->recycling < 0) {
                worker->recycling = RECYCLE_IDLE;
            }
            worker_shutdown(worker);
            size--;
        }
    }
}

static void check_idle(struct class *class)
{
    const struct settings_class *settings = &class->settings;
    uint64_t now_ms = uv_now(class->context->loop);
    struct worker *worker;
    LIST_FOREACH(worker, &class->workers, in_class)
    {
        if (!is_idle(worker)) {
            continue;
        }
        look_at(class, worker);
        uint64_t last_ms =
            worker->checked_ms > worker->idle_since_ms ? worker->checked_ms : worker->idle_since_ms;
        if (settings->health_interval_ms > 0 && !worker->pinged &&
            now_ms - last_ms >= settings->health_interval_ms) {
            worker->checked_ms = now_ms;
            worker_check(worker, settings->health_timeout_ms);
        }
    }
}

void pool_maintain(struct class *class, bool press)
{
    bool wanted = class->settings.prefork == PREFORK_EARLY || class->needed;
    retire_idle(class, press);
    check_idle(class);
    start_successor(class);
    while (wanted && !press && pool_size(class) < class->settings.min && class_can_start(class)) {
        if (!class_start(class)) {
            return;
        }
    }
}

/* --- waiting --- */

void pool_hindered(struct class *class)
{
    class->hindered_us = clock_monotonic_us();
}

bool pool_stands_still(const struct class *class, uint64_t since_us)
{
    uint64_t last_us = since_us;
    last_us = class->handed_out_us > last_us ? class->handed_out_us : last_us;
    last_us = class->hindered_us > last_us ? class->hindered_us : last_us;
    return clock_monotonic_us() - last_us >= class->settings.wait_timeout_ms * 1000;
}
