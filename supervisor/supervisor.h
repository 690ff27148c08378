/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The one object that owns everything, and its life: start, run, reload, drain, stop.
 *
 * Who does what: store.c remembers, job.c keeps the books of the jobs in work, unit.c decides what
 * becomes of a unit whose try ended, schedule.c starts what fits, class.c and worker.c have the
 * processes, control.c has the clients. supervisor.c wires them: it hands a worker's events to
 * the unit or query that it works for.
 */
#ifndef EBB_SUPERVISOR_SUPERVISOR_H
#define EBB_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "common/error.h"
#include "supervisor/cgroup.h"
#include "supervisor/class.h"
#include "supervisor/events.h"
#include "supervisor/job.h"
#include "supervisor/memory.h"
#include "supervisor/query.h"
#include "supervisor/settings.h"
#include "supervisor/store.h"

struct control;

struct supervisor_alert {
    const char *kind; /* static; NULL for an unused one */
    char text[ERROR_MESSAGE_BYTES];
    uint64_t since_ms; /* wall clock */
};

#define SUPERVISOR_ALERTS 8

/* A worker at work for a unit of a job or for a query; hangs on worker->lease. */
struct lease {
    struct job *job; /* NULL for a query */
    int stage;
    long unit; /* index into job->units; -1 between two units */
    struct query *query;
    bool pressed; /* killed because memory was short, through no fault of its own */
};

/* Somebody waits for a job in work to end. */
struct job_waiter {
    LIST_ENTRY(job_waiter) link;
    struct uuid job;
    void (*settled)(void *user);
    void *user;
};

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
    bool taking;      /* store_jobs_take is under way */
    bool scheduling, schedule_again;
    bool draining, stopped;
    bool disk_full;
    unsigned removals; /* under way */
    uv_timer_t disk_timer;   /* looks again whether there is room */
    uv_timer_t sample_timer;
    uv_timer_t housekeeping;
    uv_timer_t drain_timer;
    uv_timer_t retry_timer;  /* a unit's not_before */
    uv_signal_t signals[3];
    uint64_t pss_due_ms;
    uint64_t started_wall_ms, started_us, ready_us;
    uint64_t landlock_abi, seccomp; /* as workers reported; 0 until one did */
    bool sandbox_known;
    struct supervisor_alert alerts[SUPERVISOR_ALERTS];
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
/* Edge-triggered: a line in the log and STATUS until it is cleared. */
void supervisor_alert(struct supervisor *supervisor, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void supervisor_alert_clear(struct supervisor *supervisor, const char *kind);
/* Everything pauses until there is room on the disk. */
void supervisor_disk_full(struct supervisor *supervisor, const char *text);
/* <state>/jobs/<id> */
int supervisor_job_folder(const struct supervisor *supervisor, const char *id_text, char *ret_path,
                          size_t size_bytes, struct error *err);
struct job *supervisor_find_job(struct supervisor *supervisor, const struct uuid *id);
/* Something changed: schedules, and goes on with a drain. */
void supervisor_changed(struct supervisor *supervisor);
/* Runs the scheduler again after a while. */
void supervisor_schedule_in(struct supervisor *supervisor, uint64_t after_ms);
/* Takes waiting jobs from the store while there is room for them. */
void supervisor_take_jobs(struct supervisor *supervisor);
/* Calls settled when the job in work has ended. */
int supervisor_wait_job(struct supervisor *supervisor, const struct uuid *job,
                        void (*settled)(void *user), void *user, struct error *err);
/* The job's last worker has gone and its last word is said: writes its end, forgets it. */
void supervisor_settle_job(struct supervisor *supervisor, struct job *job);
/* Ends a job in work: its workers are told to go; it settles when they have gone. */
void supervisor_end_job(struct supervisor *supervisor, struct job *job, enum job_status status,
                        const char *code, const char *text);

#endif
