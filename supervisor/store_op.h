/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the loop asks of the store's thread: one struct an operation, made by store.c, carried by
 * store_thread.c, done by store_write.c and store_read.c. For store*.c only.
 *
 * An operation is one allocation: the header, the arguments of its kind, the texts that they
 * point to. Survey of a long document makes tens of thousands of them at once, so they are small.
 */
#ifndef EBB_SUPERVISOR_STORE_OP_H
#define EBB_SUPERVISOR_STORE_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "supervisor/store.h"

/* X(SYMBOL, arguments, class): writes go into the transaction, metrics too but may be dropped,
 * reads are answered behind it. */
#define STORE_OP_LIST(X)                                                                           \
    X(ACCEPT, struct store_args_accept, WRITE)                                                     \
    X(TAKE, struct store_args_take, WRITE)                                                         \
    X(CHANGE, struct store_args_change, WRITE)                                                     \
    X(COUNT, struct store_args_count, WRITE)                                                       \
    X(WARNING, struct store_args_warning, WRITE)                                                   \
    X(TIMES, struct store_args_times, WRITE)                                                       \
    X(UNIT_PUT, struct store_args_unit, WRITE)                                                     \
    X(UNIT_REMOVE, struct store_args_unit, WRITE)                                                  \
    X(FAILURE, struct store_args_failure, WRITE)                                                   \
    X(PROCESS, struct store_args_receipt, WRITE)                                                   \
    X(RECEIPT, struct store_args_receipt, WRITE)                                                   \
    X(RESUME, struct store_args_job, WRITE)                                                        \
    X(CANCEL, struct store_args_job, WRITE)                                                        \
    X(DELETE, struct store_args_job, WRITE)                                                        \
    X(SAMPLE, struct store_args_sample, METRIC)                                                    \
    X(EVENT, struct store_args_event, METRIC)                                                      \
    X(READ_JOB, struct store_args_read_job, READ)                                                  \
    X(READ_JOBS, struct store_args_read_jobs, READ)                                                \
    X(READ_MEMORY, struct store_args_read_memory, READ)                                            \
    X(READ_EVENTS, struct store_args_read_events, READ)                                            \
    X(READ_EXPIRED, struct store_args_read_expired, READ)                                          \
    X(READ_HISTORY, struct store_args_read_history, READ)

enum store_op_kind {
#define STORE_OP_ENUM(symbol, args, class) STORE_OP_##symbol,
    STORE_OP_LIST(STORE_OP_ENUM)
#undef STORE_OP_ENUM
        STORE_OP_COUNT_OF
};

enum store_op_class { STORE_OP_CLASS_WRITE, STORE_OP_CLASS_METRIC, STORE_OP_CLASS_READ };
enum store_op_class store_op_class(enum store_op_kind kind);

/* How far the files of an accepted job are; see store_accept.h. */
enum store_accept_state { ACCEPT_NONE, ACCEPT_FOLDER, ACCEPT_LINKED, ACCEPT_RENAMED };

struct store_args_accept {
    struct store_job_new job; /* its strings are the operation's */
    uint64_t size_bytes;      /* of the source, once it was seen */
    enum store_accept_state state;
};
struct store_args_take {
    size_t max_jobs;
};
struct store_args_change {
    struct store_job_change change;
};
struct store_args_count {
    struct uuid job;
    const char *key;
    uint64_t value;
    bool set;
};
struct store_args_warning {
    struct uuid job;
    const char *text;
};
struct store_args_times {
    struct uuid job;
    uint64_t started_ms, finished_ms;
    uint8_t stage;
};
struct store_args_unit {
    struct uuid job;
    struct store_unit unit;
};
struct store_args_failure {
    struct uuid job;
    const char *code, *text;
    uint32_t item;
    enum verdict verdict;
    uint8_t stage;
};
struct store_args_receipt {
    struct store_receipt receipt;
};
struct store_args_job {
    struct uuid job;
};
struct store_args_sample {
    struct store_sample sample;
};
struct store_args_event {
    uint64_t sequence, time_ms;
    const char *kind, *text;
    const uint8_t *data;
    size_t data_bytes;
    struct uuid job;
    bool has_job;
};
struct store_args_read_job {
    struct uuid job;
    struct store_job_live live;
};
struct store_args_read_jobs {
    uint32_t limit;
    int status;
    struct uuid cursor;
    bool has_cursor;
};
struct store_summary;
struct store_args_read_memory {
    enum store_memory_view view;
    struct uuid job;
    bool has_job;
    uint64_t since_ms;
    uint32_t limit, offset;
    struct store_summary *summary; /* of the receipts read so far; store_summary.c's */
};
struct store_args_read_events {
    struct uuid job;
    bool has_job;
    uint64_t sequence;
    uint32_t limit;
};
struct store_args_read_expired {
    uint64_t before_ms;
};
struct store_args_read_history {
    size_t max_receipts;
    void (*seen)(void *user, const char *class_name, const char *stage, uint32_t bucket,
                 uint64_t peak_rss_bytes);
    void *user;
    uv_sem_t *finished; /* posted once it is answered: the loop's thread waits for it */
};

/* Who waits for an operation, and what he will be told. */
struct store_answer {
    union {
        store_done_cb done;
        store_reply_cb reply;
        store_jobs_cb jobs;
        store_ids_cb ids;
    } cb;
    void *user;
    struct error err; /* ERROR_NONE when it went well */
    struct buf reply;
    struct store_job *jobs;
    size_t job_count;
    struct uuid *ids;
    size_t id_count;
};

struct store_op {
    struct store_op *next;
    struct store_answer *answer; /* NULL when nobody waits */
    enum store_op_kind kind;
    uint32_t used_bytes; /* of the room for texts */
    bool durable;
    bool settled; /* the outcome is known: no part of the transaction (any more) */
    _Alignas(16) unsigned char args[];
};

struct store_op_list {
    struct store_op *first, *last;
    size_t count;
};

/* Arguments of kind SYMBOL: STORE_ARGS(op, unit). */
#define STORE_ARGS(op, name) ((struct store_args_##name *)(void *)(op)->args)

/* With room for texts_bytes of copies; with an answer when answered. NULL when out of memory. */
struct store_op *store_op_create(enum store_op_kind kind, size_t texts_bytes, bool answered);
void store_op_destroy(struct store_op *op);
/* Copies into the operation's room. NULL stays NULL. */
const char *store_op_text(struct store_op *op, const char *text);
const uint8_t *store_op_data(struct store_op *op, const void *data, size_t size_bytes);
/* What the copy of text takes. */
size_t store_op_text_bytes(const char *text);

/* Zeroed memory, and copies, that an answer will own: they are made in store_op.c, where what
 * hangs on an answer is freed as well. NULL when out of memory. */
void *store_answer_memory(size_t count, size_t size_bytes);
char *store_answer_text(const char *text);
uint8_t *store_answer_data(const void *data, size_t size_bytes);
/* Forgets results (of a transaction that was rolled back). */
void store_answer_reset(struct store_answer *answer);
void store_jobs_free(struct store_job *jobs, size_t count);

void store_op_list_append(struct store_op_list *list, struct store_op *op);
/* Moves all of from behind to. */
void store_op_list_join(struct store_op_list *to, struct store_op_list *from);
/* NULL when empty. */
struct store_op *store_op_list_shift(struct store_op_list *list);

#endif
