/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Waiters without hope.
 *
 * Invariant: one is given up at a time and all are looked at anew, as its end can take others with
 * it. Blocks: never. Diagnostics: those of a failed unit or query.
 */
#include "supervisor/waiters.h"

#include <stdio.h>

#include "supervisor/pool.h"
#include "supervisor/supervisor.h"
#include "supervisor/unit.h"

#define CODE "no_worker"

static bool hopeless(const struct class *class, uint64_t since_us)
{
    return class && class->settings.lifetime == LIFETIME_POOL && since_us > 0 &&
           pool_stands_still(class, since_us);
}

static void describe(const struct class *class, char *ret_text, size_t size_bytes)
{
    snprintf(ret_text, size_bytes, "class %s gave nobody a worker for %llu ms",
             class->settings.name, (unsigned long long)class->settings.wait_timeout_ms);
}

static bool expire_query(struct supervisor *supervisor)
{
    struct query *query;
    char text[ERROR_MESSAGE_BYTES];
    TAILQ_FOREACH(query, &supervisor->queries, link)
    {
        const struct class *class = supervisor_class(supervisor, query->class_name);
        if (!query->worker && hopeless(class, query->waiting_since_us)) {
            describe(class, text, sizeof(text));
            query_failed(query, ERROR_SYSTEM, CODE, text);
            return true;
        }
    }
    return false;
}

static const struct class *class_of_unit(struct supervisor *supervisor,
                                         const struct store_unit *stored)
{
    return supervisor_class(supervisor, stored->step == UNIT_PERSIST
                                            ? "library"
                                            : stage_row(stored->stage)->class_name);
}

static bool expire_unit_of(struct supervisor *supervisor, struct job *job)
{
    char text[ERROR_MESSAGE_BYTES];
    for (size_t i = 0; i < job->unit_count; i++) {
        const struct unit *unit = &job->units[i];
        if (unit->waiting_since_us == 0 || unit->stored.state != UNIT_PENDING) {
            continue;
        }
        const struct class *class = class_of_unit(supervisor, &unit->stored);
        if (hopeless(class, unit->waiting_since_us)) {
            describe(class, text, sizeof(text));
            const struct worker_failure failure = {.code = CODE, .text = text, .retryable = true};
            unit_failed(supervisor, job, i, &failure);
            return true;
        }
    }
    return false;
}

static bool expire_unit(struct supervisor *supervisor)
{
    struct job *job;
    TAILQ_FOREACH(job, &supervisor->jobs, in_queue)
    {
        if (!job->ending && expire_unit_of(supervisor, job)) {
            return true;
        }
    }
    return false;
}

void waiters_expire(struct supervisor *supervisor)
{
    while (expire_query(supervisor)) {
    }
    while (expire_unit(supervisor)) {
    }
}
