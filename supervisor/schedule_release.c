/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Who need not stay: members of gangs without work, workers that nobody took, and whatever holds
 * memory while a unit must be alone.
 *
 * Blocks: never. Diagnostics: none.
 */
#include "supervisor/schedule_pass.h"

#include <string.h>

bool pass_is_alone(struct pass *pass)
{
    bool alone = pass->busy == 0;
    for (size_t i = 0; alone && i < pass->supervisor->class_count; i++) {
        struct class *class = &pass->supervisor->classes[i];
        struct worker *worker;
        LIST_FOREACH(worker, &class->workers, in_class)
        {
            if (worker->lease && class->settings.lifetime == LIFETIME_FRESH) {
                worker_shutdown(worker);
                alone = false;
            }
        }
    }
    return alone;
}

static bool is_idle_member(const struct class *class, const struct worker *worker)
{
    const struct lease *lease = worker->lease;
    return worker->state == WORKER_LEASED && lease && lease->job && lease->unit < 0 &&
           class->settings.lifetime == LIFETIME_FRESH;
}

void pass_release_waiting(const struct pass *pass)
{
    for (size_t i = 0; pass->busy > 0 && i < pass->supervisor->class_count; i++) {
        struct class *class = &pass->supervisor->classes[i];
        struct worker *worker;
        LIST_FOREACH(worker, &class->workers, in_class)
        {
            if (is_idle_member(class, worker)) {
                worker_shutdown(worker);
            }
        }
    }
}

void pass_release_gangs(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct class *class = &supervisor->classes[i];
        struct worker *worker;
        struct worker *next;
        for (worker = LIST_FIRST(&class->workers); worker; worker = next) {
            next = LIST_NEXT(worker, in_class);
            const struct lease *lease = worker->lease;
            if (is_idle_member(class, worker) && (lease->job->ending || supervisor->draining ||
                                                  !job_has_work(lease->job, lease->stage))) {
                worker_shutdown(worker);
            }
        }
    }
}

static bool is_wanted(struct supervisor *supervisor, const struct class *class)
{
    struct job *job;
    TAILQ_FOREACH(job, &supervisor->jobs, in_queue)
    {
        for (int stage = 0; stage < STAGE_COUNT && !job->ending; stage++) {
            const char *name = stage_row((enum stage_id)stage)->class_name;
            if (strcmp(name, class->settings.name) == 0 && job_has_work(job, stage)) {
                return true;
            }
        }
    }
    return false;
}

void pass_release_unused(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->class_count; i++) {
        struct class *class = &supervisor->classes[i];
        uint64_t unused = class_count(class, WORKER_READY);
        struct worker *worker;
        if (class->settings.lifetime != LIFETIME_FRESH || unused <= class->settings.spare ||
            is_wanted(supervisor, class)) {
            continue;
        }
        LIST_FOREACH(worker, &class->workers, in_class)
        {
            if (worker->state == WORKER_READY && unused > class->settings.spare) {
                worker_shutdown(worker);
                unused--;
            }
        }
    }
}
