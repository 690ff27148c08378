/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sampling: RSS at each tick, PSS less often (it costs the kernel a walk over the page tables).
 *
 * Above the budget the largest fresh worker is killed and its unit runs again alone: better one
 * that we choose than one that the kernel does.
 *
 * Blocks: reads of /proc, which is memory.
 *
 * Diagnostics: one warning a level, with job, stage and process of the largest worker.
 */
#include "supervisor/sampling.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/proc.h"
#include "supervisor/notify.h"
#include "supervisor/schedule.h"
#include "supervisor/supervisor.h"
#include "supervisor/waiters.h"
#include "supervisor/worker.h"

static void put_sample(struct supervisor *supervisor, pid_t pid, const char *class_name,
                       uint64_t rss_bytes, bool with_pss)
{
    struct store_sample sample = {
        .time_ms = clock_wall_ms(), .pid = pid, .class_name = class_name, .rss_bytes = rss_bytes};
    if (with_pss && proc_pss_read(pid, &sample.pss_bytes, NULL) < 0) {
        sample.pss_bytes = 0;
    }
    store_sample_put(supervisor->store, &sample);
}

/* Samples all; returns their sum. */
static uint64_t sample_all(struct supervisor *supervisor, bool with_pss,
                           struct worker **ret_largest)
{
    uint64_t total_bytes = 0;
    uint64_t own_bytes;
    *ret_largest = NULL;
    if (proc_rss_read(0, &own_bytes, NULL) == 0) {
        total_bytes += own_bytes;
        put_sample(supervisor, getpid(), "ebbd", own_bytes, with_pss);
    }
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct class *class = &supervisor->classes[i];
        struct worker *worker;
        LIST_FOREACH(worker, &class->workers, in_class)
        {
            worker_sample(worker);
            total_bytes += worker->rss_bytes;
            put_sample(supervisor, worker->pid, class->settings.name, worker->rss_bytes, with_pss);
            bool fresh_at_work = class->settings.lifetime == LIFETIME_FRESH && worker->lease &&
                                 worker->state == WORKER_BUSY;
            if (fresh_at_work && (!*ret_largest || worker->rss_bytes > (*ret_largest)->rss_bytes)) {
                *ret_largest = worker;
            }
        }
    }
    return total_bytes;
}

static void describe(const struct worker *worker, char *ret_text, size_t size_bytes)
{
    char rss[32];
    if (!worker) {
        snprintf(ret_text, size_bytes, "no fresh worker is at work");
        return;
    }
    const struct lease *lease = worker->lease;
    parse_format_bytes(worker->rss_bytes, rss, sizeof(rss));
    snprintf(ret_text, size_bytes, "largest is %s[%d] with %s, %s of job %s",
             worker->settings->name, (int)worker->pid, rss,
             stage_row((enum stage_id)lease->stage)->name, lease->job->id_text);
}

static void tell_level(struct supervisor *supervisor, const struct worker *largest)
{
    static const char *const kinds[] = {[MEMORY_LEVEL_NORMAL] = "memory.normal",
                                        [MEMORY_LEVEL_WARNING] = "memory.warning",
                                        [MEMORY_LEVEL_CRITICAL] = "memory.critical",
                                        [MEMORY_LEVEL_OVER] = "memory.over"};
    enum memory_level level = memory_level(supervisor->memory);
    char who[160];
    char live[32];
    char budget[32];
    for (int other = MEMORY_LEVEL_WARNING; other <= MEMORY_LEVEL_OVER; other++) {
        if (other != (int)level) {
            alerts_clear(supervisor, kinds[other], "");
        }
    }
    parse_format_bytes(memory_live_bytes(supervisor->memory), live, sizeof(live));
    parse_format_bytes(supervisor->settings.memory_budget_bytes, budget, sizeof(budget));
    if (level == MEMORY_LEVEL_NORMAL) {
        events_emit(supervisor->events, kinds[level], NULL, NULL, "%s of %s in use", live, budget);
        return;
    }
    describe(largest, who, sizeof(who));
    alerts_raise(supervisor, kinds[level], "", "%s of the budget of %s in use; %s", live, budget,
                 who);
}

/* What was killed a moment ago is about to give its memory back. */
static bool is_being_relieved(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->class_count; i++) {
        const struct worker *worker;
        LIST_FOREACH(worker, &supervisor->classes[i].workers, in_class)
        {
            const struct lease *lease = worker->lease;
            if (lease && lease->pressed && !worker->exited) {
                return true;
            }
        }
    }
    return false;
}

static void relieve(struct supervisor *supervisor, struct worker *largest)
{
    if (!largest || is_being_relieved(supervisor)) {
        return;
    }
    struct lease *lease = largest->lease;
    lease->pressed = true;
    worker_kill(largest, VERDICT_MEMORY_EXCEEDED,
                "the memory budget was exceeded and it was the largest");
}

static void beat(const struct supervisor *supervisor)
{
    if (notify_watchdog_interval_ms() > 0) {
        notify_watchdog_ping();
    }
    notify_status("%u jobs in work, %s", supervisor->active_jobs,
                  memory_level_name(memory_level(supervisor->memory)));
}

static void on_sample(uv_timer_t *timer)
{
    struct supervisor *supervisor = timer->data;
    struct worker *largest;
    uint64_t now_ms = uv_now(supervisor->loop);
    bool with_pss = now_ms >= supervisor->pss_due_ms;
    if (with_pss) {
        supervisor->pss_due_ms = now_ms + supervisor->settings.pss_ms;
    }
    uint64_t live_bytes = sample_all(supervisor, with_pss, &largest);
    bool changed = memory_update(supervisor->memory, live_bytes);
    if (changed) {
        tell_level(supervisor, largest);
    }
    if (memory_level(supervisor->memory) == MEMORY_LEVEL_OVER) {
        relieve(supervisor, largest);
    }
    beat(supervisor);
    waiters_expire(supervisor);
    query_expire_waiting(supervisor);
    /* Also without a change: idle pool workers go with time, a class may be due for a start. */
    schedule_run(supervisor);
}

void sampling_restart(struct supervisor *supervisor)
{
    uint64_t interval_ms = supervisor->settings.sample_ms;
    uint64_t watchdog_ms = notify_watchdog_interval_ms();
    if (watchdog_ms > 0 && interval_ms > watchdog_ms / 3) {
        interval_ms = watchdog_ms / 3;
    }
    uv_timer_start(&supervisor->sample_timer, on_sample, interval_ms, interval_ms);
}
