/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A job in work: its units, where its stages stand, what it lost. Jobs that wait are rows in
 * state.db and nothing else; only these few (settings active_jobs) are in memory.
 *
 * job.c keeps the books; it starts nothing and kills nothing. Changes go to the store as they
 * happen, those of one event in one transaction.
 */
#ifndef EBB_SUPERVISOR_JOB_H
#define EBB_SUPERVISOR_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/error.h"
#include "common/uuid.h"
#include "proto/message.h"
#include "proto/verdict.h"
#include "supervisor/stage.h"
#include "supervisor/store.h"

struct worker;

/* A unit in memory; its place in the job's array never changes. */
struct unit {
    struct store_unit stored;
    struct worker *worker;     /* NULL unless RUNNING */
    uint64_t not_before_ms;    /* loop clock; a failed try waits */
    uint64_t waiting_since_us; /* 0 until it first found no worker */
};

enum stage_status {
    STAGE_STATUS_WAITING,
    STAGE_STATUS_RUNNING,
    STAGE_STATUS_COMPLETE,
    STAGE_STATUS_SKIPPED
};

struct job_stage {
    enum stage_status status;
    uint32_t units, units_done, units_failed; /* of which done and failed have ended */
    uint64_t items, items_done;
    size_t first_open; /* no unit of the stage before this index is pending */
    uint64_t started_ms;
};

#define JOB_UNITS_MAX 131072
#define JOB_FAILURES_KEPT 1024

struct job {
    TAILQ_ENTRY(job) in_queue;
    struct store *store;
    struct uuid id;
    enum job_kind kind;
    char id_text[UUID_TEXT_BYTES];
    char document[UUID_TEXT_BYTES]; /* "" while unknown */
    char *name;
    uint8_t *params;
    size_t params_bytes;
    uint64_t size_bytes;
    uint32_t bucket; /* of the source's size, for predictions */
    uint64_t created_ms, started_ms;
    uint32_t priority;
    uint32_t pages;
    struct unit *units;
    size_t unit_count, unit_capacity;
    uint32_t next_number;
    uint32_t running;                     /* units with a worker */
    unsigned workers;                     /* leased to it */
    struct job_stage stages[STAGE_COUNT]; /* those that its kind does not have are SKIPPED */
    struct message_failure *failures;     /* at most JOB_FAILURES_KEPT, for finish */
    size_t failures_kept;
    uint64_t failure_count; /* all */
    uint8_t *failed_items;  /* a bit each, so that none counts twice */
    size_t failed_items_bytes;
    uint64_t without_vector; /* chunks that its workers could not embed */
    bool over;               /* its last stage is complete */
    bool ending;   /* cancelled or failed: no unit is started, workers are being told to go */
    bool deleting; /* everything it made goes when it has ended */
    enum job_status end_status; /* when ending or when the last stage is complete */
    char end_code[MESSAGE_CODE_BYTES];
    char end_text[ERROR_MESSAGE_BYTES];
    double stored_progress;
    uint64_t last_event_ms; /* loop clock, of job.progress */
    bool event_due;
};

TAILQ_HEAD(job_queue, job);

/* Takes what stored holds (its pointers become NULL). NULL when out of memory. */
struct job *job_create(struct store *store, struct store_job *stored);
void job_destroy(struct job *job);

/* What a unit is planned with. */
struct job_plan {
    int stage;
    uint32_t first, last;
    uint32_t size; /* as message_unit's */
};
/* The unit a stage of one unit has, planned by the supervisor; later stages' come from DONE.
 * ERROR_LIMIT over JOB_UNITS_MAX, ERROR_INVALID for a stage not after `after` (-1: any) or that its
 * kind does not have. */
int job_add_unit(struct job *job, const struct job_plan *plan, int after, struct error *err);
/* Is the very same planned already? */
bool job_has_unit(const struct job *job, const struct job_plan *plan);
/* The bucket of what a unit has to work on: its own size where that is known, else the
 * document's. */
uint32_t job_unit_bucket(const struct job *job, const struct store_unit *unit);

/* A unit got a worker, or lost it without an outcome (it is pending again). */
void job_unit_started(struct job *job, struct unit *unit, struct worker *worker);
void job_unit_released(struct job *job, struct unit *unit);
/* The next thing to do for a unit that is RUNNING: persist, or nothing more. */
void job_unit_worked(struct job *job, struct unit *unit);
void job_unit_done(struct job *job, struct unit *unit);
/* Given up: its items are lost, each recorded unless it was before. */
void job_unit_failed(struct job *job, struct unit *unit, enum verdict verdict, const char *code,
                     const char *text);
/* Pending again from its first step (its artifact is damaged) or for another try. */
void job_unit_again(struct job *job, struct unit *unit, enum verdict verdict, bool from_start);
/* How a unit of several items was lost. */
struct job_cut {
    enum verdict verdict;
    uint32_t culprit; /* the item that was in work, 0 when unknown */
    bool counts;      /* as the culprit's first try */
};
/* Cut around the culprit, or in halves. What was lost for memory goes on alone. */
int job_unit_bisect(struct job *job, struct unit *unit, const struct job_cut *cut,
                    struct error *err);
/* One lost item. */
void job_item_failed(struct job *job, int stage, uint32_t item, enum verdict verdict,
                     const char *code, const char *text);
/* Every done unit of a stage that persists is persisted again (rows were missing). */
void job_persist_again(struct job *job);

/* Completes stages whose units have all ended, plans those that the supervisor plans; true when
 * the last one is complete. */
bool job_advance(struct job *job);
/* Records how it will end, unless that was said before. */
void job_end_with(struct job *job, enum job_status status, const char *code, const char *text);

/* 0 to 100, counting what the running units' workers say. */
double job_progress(const struct job *job);
/* The stage in work: the first that is not over. */
int job_current_stage(const struct job *job);
/* Pending units of a stage's step that may run now; -1 when there is none. */
long job_next_unit(struct job *job, int stage, enum unit_step step, uint64_t now_ms);
bool job_has_work(struct job *job, int stage);

/* The data of job.progress (PROTOCOL.md, "Control"). */
struct pack;
void job_pack_progress(const struct job *job, struct pack *pack, uint64_t rss_bytes,
                       uint64_t budget_bytes);

#endif
