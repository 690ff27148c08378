/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Jobs that a command waits for, from their events to their ends. What is known of them is here for
 * the live view (progress.h) to draw; their last word is the daemon's answer to JOB, not an event.
 */
#ifndef EBB_CTL_WATCH_H
#define EBB_CTL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/uuid.h"
#include "ctl/session.h"

#define WATCH_STAGES_MAX 16
/* Ends that are told at a time; more are found by asking for all. */
#define WATCH_ENDING_MAX 256

struct watch_stage {
    char name[33];
    char status[16]; /* pending, processing, completed, skipped */
    uint64_t items, items_done;
    uint64_t first_ms, last_ms; /* monotonic: when it was first seen at work, and last */
    uint64_t peak_rss_bytes;    /* of the job's workers together, as seen while it was at work */
    bool told;                  /* its end was shown */
};

/* Only of a job that is at work. */
struct watch_live {
    double progress;
    char stage[33];
    uint64_t rss_bytes, budget_bytes;
    struct watch_stage stages[WATCH_STAGES_MAX];
    size_t stage_count;
};

enum watch_state { WATCH_WAITING, WATCH_ACTIVE, WATCH_ENDING, WATCH_ENDED };

struct watch_job {
    char id[UUID_TEXT_BYTES];
    enum watch_state state;
    enum ctl_exit exit; /* once ENDED */
    const char *name;   /* lives as long as the watch */
    uint64_t pages, pages_failed;
    uint64_t wall_ms;               /* once ENDED */
    uint64_t chunks;                /* once ENDED: those that are searched */
    char document[UUID_TEXT_BYTES]; /* once ENDED; "" where it made none */
    char outcome[96];               /* once ENDED: status and error code */
    struct watch_live *live;        /* owned; NULL unless ACTIVE or ENDING */
};

struct watch {
    struct session *session;
    struct watch_job *jobs; /* in the order of watch_add; owned */
    struct arena *names;
    size_t count, capacity;
    size_t ended, failed, active;
    char hindrance[ERROR_MESSAGE_BYTES]; /* the last one told; "" for none */
    uint64_t pages_ended, chunks_ended;  /* of jobs that ended */
    uint64_t started_ms;                 /* monotonic */
    /* Shows what there is to show: something changed, or a tenth of a second went by. May be NULL.
     */
    void (*show)(void *user, struct watch *watch);
    /* A job ended; job is the reply to JOB. May be NULL. */
    void (*job_ended)(void *user, struct watch *watch, const struct watch_job *ended,
                      struct value job);
    void *user;
    uint32_t *slots; /* index of jobs by id, plus one; owned */
    size_t slot_count;
    uint32_t ending[WATCH_ENDING_MAX]; /* of jobs: an event told of their end */
    size_t ending_count;
    bool ask_all; /* events were lost */
};

void watch_init(struct watch *watch, struct session *session);
void watch_deinit(struct watch *watch);

/* From here on events are taken; call it before the first watch_add. */
enum ctl_exit watch_subscribe(struct watch *watch);
/* A job that was accepted. name is copied. -1 when out of memory. */
int watch_add(struct watch *watch, const char *job_id, const char *name);
/* The worst of how they ended: failed before page failures before well. */
enum ctl_exit watch_outcome(const struct watch *watch);

/* Until all have ended: CTL_EXIT_OK. timeout_ms 0: no bound; past it CTL_EXIT_FAILED and a line
 * that says so. CTL_EXIT_NO_DAEMON and 128 + signal (no line) as in session.h. */
enum ctl_exit watch_run(struct watch *watch, uint64_t timeout_ms);

#endif
