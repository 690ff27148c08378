/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What runs, what it may take, and whether more fits: the scheduler's books of one pass.
 *
 * Invariant: what is started is in the books before the next question is answered.
 *
 * Blocks: never (a fork at most). Diagnostics: none.
 */
#include "supervisor/schedule_pass.h"

#include "supervisor/schedule.h"

static bool uses_cpu(const struct worker *worker)
{
    return worker->state == WORKER_STARTING || worker->state == WORKER_BUSY;
}

uint64_t pass_worker_promised(const struct worker *worker)
{
    if (worker->state == WORKER_DRAINING || worker->state == WORKER_DEAD) {
        return worker->rss_bytes;
    }
    return worker->predicted_bytes > worker->rss_bytes ? worker->predicted_bytes
                                                       : worker->rss_bytes;
}

void pass_survey(struct pass *pass)
{
    struct supervisor *supervisor = pass->supervisor;
    for (size_t i = 0; i < supervisor->class_count; i++) {
        const struct class *class = &supervisor->classes[i];
        const struct worker *worker;
        LIST_FOREACH(worker, &class->workers, in_class)
        {
            pass->promised_bytes += pass_worker_promised(worker);
            if (class->settings.lifetime == LIFETIME_SERVICE) {
                continue;
            }
            pass->cpu_percent += uses_cpu(worker) ? class->settings.cpu_percent : 0;
            pass->starting += worker->state == WORKER_STARTING;
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
    pass_survey(&pass);
    return pass.promised_bytes;
}

uint64_t schedule_cpu_percent(const struct supervisor *supervisor)
{
    struct pass pass = {.supervisor = (struct supervisor *)(uintptr_t)supervisor};
    pass_survey(&pass);
    return pass.cpu_percent;
}

/* --- admission --- */

bool pass_cpu_free(const struct pass *pass, const struct class *class)
{
    return pass->cpu_percent + class->settings.cpu_percent <=
           pass->supervisor->settings.cpu_slots * 100;
}

/* need_bytes more on top of what is promised; instead_bytes is promised already for the same. */
static bool within_budget(const struct pass *pass, uint64_t need_bytes, uint64_t instead_bytes)
{
    const struct supervisor *supervisor = pass->supervisor;
    return memory_level(supervisor->memory) < MEMORY_LEVEL_CRITICAL &&
           pass->promised_bytes - instead_bytes + need_bytes <=
               supervisor->settings.memory_budget_bytes;
}

bool pass_memory_free(const struct pass *pass, uint64_t need_bytes, uint64_t instead_bytes)
{
    return pass->busy == 0 || within_budget(pass, need_bytes, instead_bytes);
}

static size_t class_index(const struct pass *pass, const struct class *class)
{
    return (size_t)(class - pass->supervisor->classes);
}

bool pass_expect_worker(struct pass *pass, struct class *class, uint64_t need_bytes, bool at_once)
{
    unsigned *claimed = &pass->claimed[class_index(pass, class)];
    if (*claimed < class_count(class, WORKER_STARTING)) {
        (*claimed)++;
        return true;
    }
    /* While others come nothing needs to be forced. */
    bool fits = pass->starting > 0 ? within_budget(pass, need_bytes, 0)
                                   : pass_memory_free(pass, need_bytes, 0);
    if (!class_can_start(class) || !(at_once || pass_cpu_free(pass, class)) || !fits) {
        return false;
    }
    struct worker *worker = class_start(class);
    if (!worker) {
        return false;
    }
    worker->predicted_bytes = need_bytes; /* so that no second one starts where one fits */
    pass->cpu_percent += class->settings.cpu_percent;
    pass->promised_bytes += need_bytes;
    pass->starting++;
    (*claimed)++;
    return true;
}
