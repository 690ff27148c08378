/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reports: reads everything, changes nothing but the workers' last samples.
 */
#include "supervisor/report.h"

#include <unistd.h>

#include "common/clock.h"
#include "common/proc.h"
#include "proto/value.h"
#include "supervisor/control.h"
#include "supervisor/schedule.h"
#include "supervisor/supervisor.h"
#include "supervisor/worker.h"

static void pack_jobs(const struct supervisor *supervisor, struct pack *pack)
{
    struct store_counts counts;
    store_job_counts(supervisor->store, &counts);
    pack_str(pack, "jobs");
    pack_map(pack, JOB_STATUS_COUNT);
    for (int status = 0; status < JOB_STATUS_COUNT; status++) {
        pack_key_uint(pack, job_status_name((enum job_status)status), counts.jobs[status]);
    }
}

static void pack_alerts(const struct supervisor *supervisor, struct pack *pack)
{
    size_t count = 0;
    for (size_t i = 0; i < ALERTS_MAX; i++) {
        count += supervisor->alerts[i].kind != NULL;
    }
    pack_str(pack, "alerts");
    pack_array(pack, count);
    for (size_t i = 0; i < ALERTS_MAX; i++) {
        const struct alert *alert = &supervisor->alerts[i];
        char since[CLOCK_RFC3339_BYTES];
        if (!alert->kind) {
            continue;
        }
        clock_format_rfc3339(alert->since_ms, since);
        pack_map(pack, 3);
        pack_key_str(pack, "kind", alert->kind);
        pack_key_str(pack, "text", alert->text);
        pack_key_str(pack, "since", since);
    }
}

static unsigned count_workers(const struct supervisor *supervisor)
{
    unsigned count = 0;
    for (size_t i = 0; i < supervisor->class_count; i++) {
        count += class_live(&supervisor->classes[i]);
    }
    return count;
}

static void pack_memory(const struct supervisor *supervisor, struct pack *pack)
{
    pack_str(pack, "memory");
    pack_map(pack, 4);
    pack_key_uint(pack, "budget_bytes", supervisor->settings.memory_budget_bytes);
    pack_key_uint(pack, "predicted_bytes", schedule_promised_bytes(supervisor));
    pack_key_uint(pack, "live_bytes", memory_live_bytes(supervisor->memory));
    pack_key_str(pack, "level", memory_level_name(memory_level(supervisor->memory)));
}

static void pack_parts(const struct supervisor *supervisor, struct pack *pack)
{
    pack_str(pack, "cpu_slots");
    pack_map(pack, 2);
    pack_key_uint(pack, "total_percent", supervisor->settings.cpu_slots * 100);
    pack_key_uint(pack, "used_percent", schedule_cpu_percent(supervisor));
    pack_str(pack, "store");
    pack_map(pack, 3);
    pack_key_uint(pack, "queued", store_queued(supervisor->store));
    pack_key_bool(pack, "healthy", store_healthy(supervisor->store) && !supervisor->disk_full);
    pack_key_uint(pack, "dropped_metrics", store_dropped_metrics(supervisor->store));
    pack_str(pack, "sandbox");
    pack_map(pack, 2);
    pack_key_uint(pack, "landlock", supervisor->landlock_abi);
    pack_key_uint(pack, "seccomp", supervisor->seccomp);
}

void report_status(const struct supervisor *supervisor, struct pack *pack)
{
    struct proc_memory own = {0};
    char started[CLOCK_RFC3339_BYTES];
    if (proc_memory_read(0, &own, NULL) < 0) {
        own.rss_bytes = 0;
    }
    clock_format_rfc3339(supervisor->started_wall_ms, started);
    pack_map(pack, 17);
    pack_key_str(pack, "version", EBB_VERSION);
    pack_key_uint(pack, "pid", (uint64_t)getpid());
    pack_key_str(pack, "state", supervisor->draining ? "draining" : "running");
    pack_key_str(pack, "started_at", started);
    pack_key_uint(pack, "uptime_ms", (clock_monotonic_us() - supervisor->started_us) / 1000);
    pack_key_uint(pack, "ready_us", supervisor->ready_us);
    pack_key_str(pack, "state_folder", supervisor->settings.state_dir);
    pack_key_uint(pack, "rss_bytes", own.rss_bytes);
    pack_key_uint(pack, "peak_rss_bytes", own.peak_rss_bytes);
    pack_jobs(supervisor, pack);
    pack_key_uint(pack, "workers", count_workers(supervisor));
    pack_key_uint(pack, "clients", control_client_count(supervisor->control));
    pack_memory(supervisor, pack);
    pack_parts(supervisor, pack);
    pack_alerts(supervisor, pack);
}

static void pack_worker(struct worker *worker, struct pack *pack)
{
    const struct class *class = worker->owner;
    const struct lease *lease = worker->lease;
    const struct job *job = lease ? lease->job : NULL;
    const struct unit *unit = job && lease->unit >= 0 ? &job->units[lease->unit] : NULL;
    bool query = lease && lease->query;
    worker_sample(worker);
    pack_map(pack, 15);
    pack_key_uint(pack, "pid", (uint64_t)worker->pid);
    pack_key_str(pack, "class", class->settings.name);
    pack_key_str(pack, "lifetime", lifetime_name(class->settings.lifetime));
    pack_key_str(pack, "state", worker_state_name(worker->state));
    pack_key_str(pack, "job_id", job ? job->id_text : NULL);
    pack_key_str(pack, "stage", job ? stage_row((enum stage_id)lease->stage)->name : NULL);
    pack_key_str(pack, "step",
                 query   ? "query"
                 : !unit ? NULL
                         : (unit->stored.step == UNIT_PERSIST ? "persist" : "work"));
    pack_key_uint(pack, "first", unit ? unit->stored.first : 0);
    pack_key_uint(pack, "last", unit ? unit->stored.last : 0);
    pack_key_uint(pack, "item", worker->item);
    pack_key_uint(pack, "rss_bytes", worker->rss_bytes);
    pack_key_uint(pack, "peak_rss_bytes", worker->peak_sample_bytes);
    pack_key_uint(pack, "predicted_bytes", worker->predicted_bytes);
    pack_key_uint(pack, "units", worker->units);
    pack_key_uint(pack, "age_ms", (clock_monotonic_us() - worker->started_us) / 1000);
}

void report_workers(struct supervisor *supervisor, struct pack *pack)
{
    size_t count = 0;
    struct worker *worker;
    for (size_t i = 0; i < supervisor->class_count; i++) {
        LIST_FOREACH(worker, &supervisor->classes[i].workers, in_class)
        {
            count++;
        }
    }
    pack_map(pack, 1);
    pack_str(pack, "workers");
    pack_array(pack, count);
    for (size_t i = 0; i < supervisor->class_count; i++) {
        LIST_FOREACH(worker, &supervisor->classes[i].workers, in_class)
        {
            pack_worker(worker, pack);
        }
    }
}

void report_pools(const struct supervisor *supervisor, struct pack *pack)
{
    pack_map(pack, 1);
    pack_str(pack, "classes");
    pack_array(pack, supervisor->class_count);
    for (size_t i = 0; i < supervisor->class_count; i++) {
        class_pack(&supervisor->classes[i], pack);
    }
}
