/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * state.db, the supervisor's own memory: jobs, stages' units, page failures, receipts, samples,
 * events. SQLite in WAL mode on a thread of its own, so that the loop never waits for a disk.
 *
 * Changes are collected on the loop and handed to the thread once an iteration (store_flush, by
 * a uv_prepare handle of the store's, which runs before every poll), which writes what it finds
 * in one transaction: all changes of one iteration become visible together or not at all. A
 * transaction is fsynced
 * (synchronous=FULL) when one of its changes is durable. State changes are never dropped: when
 * the disk is full they stay queued, the transaction is tried again each second, and health_cb
 * tells the supervisor to start nothing new. Samples and events are metrics: past their bound
 * they are dropped and counted.
 *
 * Every callback runs on the loop's thread, exactly once, store_close at the latest. All strings
 * and blobs passed in are copied. The store keeps the loop alive while an answer is owed, and not
 * otherwise.
 *
 * Without memory for a change of state the process is aborted: what is stored is whole, and the
 * next start goes on from there.
 */
#ifndef EBB_SUPERVISOR_STORE_H
#define EBB_SUPERVISOR_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/uuid.h"
#include "proto/message.h"
#include "proto/verdict.h"
#include "supervisor/stage.h"

struct store;

/* X(SYMBOL, "name"): a job's states, ARCHITECTURE.md "States" */
#define JOB_STATUS_LIST(X)                                                                         \
    X(PENDING, "pending")                                                                          \
    X(PROCESSING, "processing")                                                                    \
    X(COMPLETED, "completed")                                                                      \
    X(FAILED, "failed")                                                                            \
    X(CANCELLED, "cancelled")                                                                      \
    X(INTERRUPTED, "interrupted")

enum job_status {
#define JOB_STATUS_ENUM(symbol, name) JOB_STATUS_##symbol,
    JOB_STATUS_LIST(JOB_STATUS_ENUM)
#undef JOB_STATUS_ENUM
        JOB_STATUS_COUNT
};
const char *job_status_name(enum job_status status);
bool job_status_parse(const char *name, enum job_status *ret_status);

enum unit_state { UNIT_PENDING, UNIT_RUNNING, UNIT_DONE, UNIT_FAILED, UNIT_SKIPPED };
enum unit_step { UNIT_WORK, UNIT_PERSIST };

/* A unit as it is stored. number is unique within its job and never used again. */
struct store_unit {
    uint32_t number;
    uint8_t stage; /* index into the stage table; stored by name */
    uint8_t state; /* enum unit_state; RUNNING is stored as PENDING */
    uint8_t step;  /* enum unit_step */
    uint8_t alone; /* must run with nothing else running */
    uint16_t attempts;
    uint8_t verdict; /* enum verdict of its last try */
    uint32_t first, last;
    uint32_t size;     /* how much there is to work on, as message_unit's; 0 unknown */
    uint32_t peak_kib; /* what its last try took; 0 where that was not measured */
};

/* A page (or other item) that was lost, as it is stored. */
struct store_failure {
    uint8_t stage;
    uint32_t item;
    enum verdict verdict;
    char *code;
    char *text;
};

#define STORE_FAILURES_LOADED_MAX 1024

/* A job as it is loaded for work. Owned by the callback's caller until it returns, except that
 * what a pointer holds may be taken (set the pointer to NULL). */
struct store_job {
    struct uuid id;
    enum job_kind kind;
    char *name;
    uint8_t *params; /* one msgpack STRMAP; NULL when there are none */
    size_t params_bytes;
    uint64_t size_bytes; /* of the source */
    uint64_t created_ms, started_ms;
    uint32_t priority;
    uint32_t pages; /* 0 while unknown */
    uint64_t failure_count;
    uint32_t restarts;        /* times that a supervisor found it interrupted */
    struct store_unit *units; /* by number */
    size_t unit_count;
    struct store_failure *failures; /* the first STORE_FAILURES_LOADED_MAX by item */
    size_t failures_loaded;
};

struct store_receipt {
    pid_t pid;
    const char *class_name;
    const char *stage; /* "" where none */
    bool has_job;
    struct uuid job;
    enum verdict verdict;
    int exit_code;       /* -1 when a signal ended it */
    int signal;          /* 0 when it exited */
    uint64_t started_ms; /* wall clock */
    uint64_t wall_us, user_us, system_us;
    uint64_t peak_rss_bytes;
    const char *peak_source; /* "worker", "cgroup", "kernel", "sample" */
    uint64_t minor_faults, major_faults, blocks_read, blocks_written;
    uint64_t voluntary_switches, involuntary_switches;
    uint32_t units;
    uint32_t bucket; /* of the largest that it worked on, for predictions */
    /* msgpack array of PROTOCOL.md's units_peak; NULL where no unit was measured */
    const uint8_t *units_peak;
    size_t units_peak_bytes;
};

struct store_sample {
    uint64_t time_ms;
    pid_t pid;
    const char *class_name;        /* "ebbd" for the supervisor */
    uint64_t rss_bytes, pss_bytes; /* pss 0 when not taken */
};

struct store_options {
    const char *state_dir; /* exists */
    uint64_t metrics_queue;
    uint64_t receipts_ms, samples_raw_ms, samples_ms, events; /* retention; see settings.h */
    /* Told when the disk is full or failing (healthy false, text says how) and when it works
     * again. */
    void (*health_cb)(void *user, bool healthy, const char *text);
    void *user;
};

/* Opens or creates <state_dir>/state.db, migrates it, checks it, marks jobs found processing as
 * interrupted (restarts + 1), starts the thread. Blocks: for start-up only. ERROR_CORRUPT,
 * ERROR_UNSUPPORTED (newer schema), ERROR_FULL. */
int store_open(uv_loop_t *loop, const struct store_options *options, struct store **ret_store,
               struct error *err);
/* Writes everything still queued, ends the thread, closes. Blocks; gives up on a full disk after
 * 5 s. Answers still owed are given from inside it (ERROR_CANCELLED for what could not be done).
 * The loop must still be alive to close handles (they are closed with uv_close; run the loop
 * once more, and after a store_open that failed as well). NULL is a no-op. */
void store_close(struct store *store);
/* Hands collected changes to the thread now. */
void store_flush(struct store *store);

struct store_counts {
    uint64_t jobs[JOB_STATUS_COUNT];
};
/* As of the last transaction; kept in memory. */
void store_job_counts(const struct store *store, struct store_counts *ret_counts);
uint64_t store_queued(const struct store *store);
uint64_t store_dropped_metrics(const struct store *store);
bool store_healthy(const struct store *store);

/* err NULL: done and, where the change is durable, on the disk. */
typedef void (*store_done_cb)(void *user, const struct error *err);
/* reply: the msgpack of a REPLY's data, as PROTOCOL.md "Control" describes it; borrowed. */
typedef void (*store_reply_cb)(void *user, const struct error *err, const struct buf *reply);
/* jobs are now marked processing. */
typedef void (*store_jobs_cb)(void *user, const struct error *err, struct store_job *jobs,
                              size_t count);

/* --- state changes --- */

struct store_job_new {
    struct uuid id;
    enum job_kind kind;
    const char *name;
    const char *file;      /* plain name in <state_dir>/incoming; NULL for a job without a source */
    const uint8_t *params; /* msgpack STRMAP or NULL */
    size_t params_bytes;
    uint32_t priority;
    uint32_t uid; /* of the client */
    uint64_t created_ms;
    uint64_t max_bytes;  /* ERROR_LIMIT for a larger source */
    uint64_t max_queued; /* ERROR_LIMIT when so many are pending already */
};
/* Durable. Makes <state_dir>/jobs/<id>/ (0700), moves the file there as "source" (checked: a
 * regular file, opened without following links), inserts the job. On failure nothing is left but
 * the client's file. ERROR_INVALID (no plain name, no regular file), ERROR_NOT_FOUND,
 * ERROR_LIMIT, ERROR_FULL; ERROR_EXISTS, with its id at the text's beginning, where one job that
 * embeds again has not ended. */
void store_job_accept(struct store *store, const struct store_job_new *job, store_done_cb done,
                      void *user);
/* Takes up to max_jobs pending or interrupted jobs, first by rank (age plus a head start of ten
 * minutes for each step of priority, so that no job starves), marks them processing and loads
 * their units. */
void store_jobs_take(struct store *store, size_t max_jobs, store_jobs_cb taken, void *user);

struct store_job_change {
    struct uuid id;
    bool set_status;
    enum job_status status;
    bool durable;
    const char *stage;                   /* the stage it is in; NULL leaves it */
    double progress;                     /* 0 to 100; negative leaves it */
    const char *document;                /* UUID text; NULL leaves it */
    uint32_t pages;                      /* 0 leaves it */
    const char *error_code, *error_text; /* NULL leaves them; "" clears them */
    uint64_t started_ms, finished_ms;    /* 0 leaves them */
    bool forget_params; /* it will never run again, and there are secrets in them */
};
void store_job_change(struct store *store, const struct store_job_change *change);
/* Adds value to counts[key] of the job (set: replaces it). At most 64 keys a job are kept. */
void store_job_count(struct store *store, const struct uuid *job, const char *key, uint64_t value,
                     bool set);
/* At most 100 a job are kept. */
void store_job_warning(struct store *store, const struct uuid *job, const char *text);
/* When the first unit of a stage started, when its last ended; 0 leaves it. */
void store_stage_times(struct store *store, const struct uuid *job, uint8_t stage,
                       uint64_t started_ms, uint64_t finished_ms);
/* Inserts or replaces. */
void store_unit_put(struct store *store, const struct uuid *job, const struct store_unit *unit);
void store_unit_remove(struct store *store, const struct uuid *job, uint32_t number);
/* One row for each (job, stage, item); a later one replaces it. */
void store_failure_put(struct store *store, const struct uuid *job, uint8_t stage, uint32_t item,
                       enum verdict verdict, const char *code, const char *text);
/* A process lives: pid, class_name, started_ms; stage and job when it is leased to one (a second
 * call replaces the first). Should this supervisor be killed, store_open makes a receipt of it. */
void store_process_put(struct store *store, const struct store_receipt *process);
/* It ended: its receipt, in place of what store_process_put said. Kept when its job is deleted:
 * one process, one receipt. */
void store_receipt_put(struct store *store, const struct store_receipt *receipt);
/* Pending, interrupted, failed or cancelled to pending again: finished units stay, failed ones
 * become pending with attempts 0 and their failures are removed. ERROR_NOT_FOUND; ERROR_EXISTS
 * when it is processing, or completed with no unit and no item lost. Durable. */
void store_job_resume(struct store *store, const struct uuid *job, store_done_cb done, void *user);
/* A job that is not in work becomes cancelled. Durable. ERROR_NOT_FOUND, ERROR_EXISTS when it is
 * in work or has ended. */
void store_job_cancel_waiting(struct store *store, const struct uuid *job, store_done_cb done,
                              void *user);
/* Removes every row of the job, receipts excepted; its folder is the caller's to remove. Durable.
 * ERROR_NOT_FOUND. */
void store_job_delete(struct store *store, const struct uuid *job, store_done_cb done, void *user);

/* --- metrics --- */

void store_sample_put(struct store *store, const struct store_sample *sample);
/* data: msgpack of the event's data, or NULL. */
void store_event_put(struct store *store, uint64_t sequence, uint64_t time_ms, const char *kind,
                     const struct uuid *job, const char *text, const uint8_t *data,
                     size_t data_bytes);
/* The greatest stored event sequence at open. */
uint64_t store_last_sequence(const struct store *store);

/* --- reading --- */

/* What only the supervisor knows about a job in work, laid over the stored row. */
struct store_job_live {
    bool active;
    double progress;
    char stage[MESSAGE_STAGE_BYTES];
    uint32_t items_running;
};
void store_read_job(struct store *store, const struct uuid *job, const struct store_job_live *live,
                    store_reply_cb reply, void *user);
/* cursor NULL: from the newest. status -1: all. limit 0: 1,000, which is the most in every
 * reading call; a reply holds fewer rows when they would not fit into a frame. */
void store_read_jobs(struct store *store, uint32_t limit, const struct uuid *cursor, int status,
                     store_reply_cb reply, void *user);
/* since_ms: wall clock; 0 for all there is. Samples are oldest first, those of a job are all
 * samples taken while it was in work; the resolution of one that was not downsampled is 0. limit
 * and offset are of receipts and samples. */
enum store_memory_view {
    STORE_MEMORY_STAGES,
    STORE_MEMORY_CLASSES,
    STORE_MEMORY_RECEIPTS,
    STORE_MEMORY_SAMPLES
};
void store_read_memory(struct store *store, enum store_memory_view view, const struct uuid *job,
                       uint64_t since_ms, uint32_t limit, uint32_t offset, store_reply_cb reply,
                       void *user);
/* Events later than sequence; next_sequence of the reply is the sequence to ask with for the next
 * ones. job NULL: of all. */
void store_read_events(struct store *store, const struct uuid *job, uint64_t sequence,
                       uint32_t limit, store_reply_cb reply, void *user);
/* Up to 64 (job ids) that ended before before_ms: their retention is over. */
typedef void (*store_ids_cb)(void *user, const struct error *err, const struct uuid *ids,
                             size_t count);
void store_read_expired(struct store *store, uint64_t before_ms, store_ids_cb ids, void *user);
/* For start-up only, blocking: calls seen for the newest max_receipts receipts that ended done,
 * oldest first. */
int store_read_history(struct store *store, size_t max_receipts,
                       void (*seen)(void *user, const char *class_name, const char *stage,
                                    uint32_t bucket, uint64_t peak_rss_bytes),
                       void *user, struct error *err);

#endif
