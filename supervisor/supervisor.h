/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The one object that owns everything, and its life: start, run, reload, drain, stop.
 *
 * Who does what: store.c remembers, job.c keeps the books of the jobs in work, unit.c decides what
 * becomes of a unit whose try ended, schedule.c starts what fits, intake.c takes jobs into work and
 * out of it, lease.c hands a worker's events to the unit or query that it works for, class.c and
 * worker.c have the processes, control.c has the clients. supervisor.c wires them.
 */
#ifndef EBB_SUPERVISOR_SUPERVISOR_H
#define EBB_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "common/error.h"
#include "supervisor/alerts.h"
#include "supervisor/cgroup.h"
#include "supervisor/class.h"
#include "supervisor/events.h"
#include "supervisor/intake.h"
#include "supervisor/job.h"
#include "supervisor/lease.h"
#include "supervisor/memory.h"
#include "supervisor/owed.h"
#include "supervisor/query.h"
#include "supervisor/settings.h"
#include "supervisor/store.h"

struct control;

struct supervisor {
    uv_loop_t *loop;
    struct settings settings;
    int (*load_settings)(struct settings *ret_settings, struct error *err); /* for a reload */
    int lock_fd;
    struct store *store;
    struct events *events;
    struct memory *memory;
    struct control *control;
    struct cgroup_root *cgroups; /* NULL where none is delegated */
    struct class_context class_context;
    struct class classes[SETTINGS_CLASSES_MAX];
    size_t class_count;
    struct job_queue jobs;
    unsigned active_jobs;
    struct query_queue queries;
    unsigned query_count;
    uint64_t query_sequence;
    LIST_HEAD(, job_waiter) waiters;
    bool taking; /* store_jobs_take is under way */
    bool scheduling, schedule_again;
    bool draining, stopped;
    bool disk_full;
    LIST_HEAD(, removal) removals; /* under way */
    uv_timer_t disk_timer;         /* looks again whether there is room */
    uv_timer_t sample_timer;
    uv_timer_t housekeeping;
    uv_timer_t drain_timer;
    uv_timer_t retry_timer; /* a unit's not_before */
    uv_signal_t signals[3];
    uint64_t pss_due_ms;
    uint64_t started_wall_ms, started_us, ready_us;
    uint64_t landlock_abi, seccomp; /* as workers reported; 0 until one did */
    bool sandbox_known;
    struct owed owed;
    struct alert alerts[ALERTS_MAX];
};

/* Opens the state folder and everything else. settings are taken over. ERROR_EXISTS when another
 * ebbd has the state folder. */
int supervisor_start(struct supervisor *supervisor, uv_loop_t *loop, struct error *err);
/* Units in flight may end (drain_timeout); then all processes go and the loop becomes empty. */
void supervisor_drain(struct supervisor *supervisor);
/* Reads the configuration again. What cannot change while running (paths) is kept, with a warning.
 * changed: called for each key that differs; may be NULL. */
int supervisor_reload(struct supervisor *supervisor, void (*changed)(void *user, const char *key),
                      void *user, struct error *err);
/* After the loop has ended. */
void supervisor_stop(struct supervisor *supervisor);

struct class *supervisor_class(struct supervisor *supervisor, const char *name);
/* <state>/jobs/<id> */
int supervisor_job_folder(const struct supervisor *supervisor, const char *id_text, char *ret_path,
                          size_t size_bytes, struct error *err);
/* Something changed: schedules, and goes on with a drain. */
void supervisor_changed(struct supervisor *supervisor);
/* Runs the scheduler again after a while. */
void supervisor_schedule_in(struct supervisor *supervisor, uint64_t after_ms);

#endif
