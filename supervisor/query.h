/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A question: asked by a client (or by ourselves, to delete), answered by a worker of the class
 * that its kind belongs to, into a file in <state>/answers.
 */
#ifndef EBB_SUPERVISOR_QUERY_H
#define EBB_SUPERVISOR_QUERY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/uuid.h"
#include "proto/message.h"

struct supervisor;
struct worker;
struct query;
struct search;

#define QUERY_PATH_BYTES 1200

/* err NULL: path holds the answer, which is the caller's to remove; done is what else the worker
 * said. */
typedef void (*query_done_cb)(void *user, const struct error *err, const char *code,
                              const char *path, uint64_t bytes, const struct message *done);

struct query {
    TAILQ_ENTRY(query) link;
    struct supervisor *supervisor;
    struct worker *worker;     /* NULL while it waits */
    const char *class_name;    /* whose workers answer it */
    bool prepared;             /* nothing else has to be asked before it: it may run */
    bool part;                 /* asked for the sake of another, which alone counts */
    struct search *search;     /* what is asked before it; NULL where there is nothing */
    uint64_t waiting_since_us; /* monotonic; 0 until it first found no worker */
    char *kind;
    uint8_t *params; /* msgpack STRMAP with "kind" in it */
    size_t params_bytes;
    char path[QUERY_PATH_BYTES];
    uint64_t deadline_ms;      /* loop clock, while it waits */
    uint64_t item_deadline_ms; /* once it runs */
    query_done_cb done;        /* NULL when nobody wants the answer any more */
    void *user;
};

TAILQ_HEAD(query_queue, query);

/* Whether clients may ask it. */
bool query_is_known(const char *kind);
/* Queues it; the caller then calls schedule_run.
 * params: msgpack STRMAP without "kind"; NULL for none. ERROR_LIMIT when too many wait;
 * ERROR_INVALID for what cannot be asked. */
struct query *query_ask(struct supervisor *supervisor, const char *kind, struct value params,
                        query_done_cb done, void *user, struct error *err);
/* One with a single parameter, for ourselves; whole: of no other query. */
struct query *query_ask_about(struct supervisor *supervisor, const char *kind, const char *key,
                              const char *value, query_done_cb done, void *user, struct error *err);
/* The same, for the sake of another query. */
struct query *query_ask_part(const struct query *whole, const char *kind, const char *key,
                             const char *value, query_done_cb done, void *user, struct error *err);
/* Other params than it was asked with: msgpack STRMAP with "kind" in it. */
int query_set_params(struct query *query, const struct buf *packed, struct error *err);
/* Whoever asked is gone: done is not called; the answer is removed. */
void query_abandon(struct query *query);
/* By schedule.c: runs it on a leased worker. */
int query_run(struct query *query, struct worker *worker, struct error *err);
/* By the worker's events. Frees the query. */
void query_answered(struct query *query, const struct message *done);
/* All that have no worker yet are answered with an error; class_name: of that class, or NULL. */
void query_fail_waiting(struct supervisor *supervisor, const char *class_name, const char *code,
                        const char *text);
/* So are those that waited too long. Not from within schedule_run. */
void query_expire_waiting(struct supervisor *supervisor);
void query_failed(struct query *query, enum error_code error, const char *code, const char *text);

#endif
