/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What every worker shares: the contract between a worker's own code (struct worker_ops) and the
 * harness that speaks with the supervisor. The harness says hello, takes the lease, closes the
 * sandbox, runs units one after the other, answers CANCEL and SHUTDOWN, sends the receipt and
 * exits. A worker's main.c is its ops and a call of worker_main.
 *
 * Order of calls: init (after INIT) -> READY -> warm -> lease -> run, run, ... -> [lease -> run
 * ...] -> deinit. Fresh workers get one lease, pool workers one for each unit. Before INIT a
 * worker allocates and opens nothing. The sandbox closes behind init in a pool or service worker,
 * before lease in a fresh one; no thread may have been started until then.
 *
 * Source: proto/PROTOCOL.md, "A worker's life".
 */
#ifndef EBB_WORKERS_RUNTIME_WORKER_H
#define EBB_WORKERS_RUNTIME_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "proto/message.h"

struct worker; /* the harness's own */

/* The unit to run. Strings live until run returns. */
struct worker_unit {
    char stage[MESSAGE_STAGE_BYTES];
    char step[17]; /* "work", "persist", "query" */
    uint32_t first, last;
    uint32_t attempt; /* 1 for the first */
    uint32_t deadline_ms;
    const char *folder;            /* the leased job's, absolute; "" for a query */
    const char *job;               /* the leased job's id */
    const char *artifact_path;     /* absolute, inside folder; NULL where the unit has none */
    const char *answer_path;       /* absolute: where a query's answer goes; else NULL */
    struct arena *arena;           /* reset after the unit */
    const struct message *message; /* RUN itself: params and failures */
};

/* The text of a parameter of the job or query; fallback where it was not given. Owns: the unit's
 * arena. */
const char *worker_unit_param(const struct worker_unit *unit, const char *key,
                              const char *fallback);

/* What a unit found, collected for DONE; each call copies what it is given. Past the bounds of
 * PROTOCOL.md further entries are counted and a warning says how many were left out. */
struct worker_result;
void worker_result_count(struct worker_result *result, const char *key, uint64_t value); /* adds */
void worker_result_unit(struct worker_result *result, const char *stage, uint32_t first,
                        uint32_t last);
/* size: how much there is to work on, so that its memory can be foreseen; for "ocr" thousands of
 * pixels to be recognised. 0: unknown, as above. */
void worker_result_sized_unit(struct worker_result *result, const char *stage, uint32_t first,
                              uint32_t last, uint32_t size);
/* An item (page) that could not be done and costs only itself. */
void worker_result_failure(struct worker_result *result, uint32_t item, const char *code,
                           const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void worker_result_warning(struct worker_result *result, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void worker_result_document(struct worker_result *result, const char *document_id);
/* The whole unit failed: code is PIPELINE.md's ("not_a_document"), retryable when another try
 * may go better. Returns -1, so that run can `return worker_result_fail(...)`. */
int worker_result_fail(struct worker_result *result, const char *code, bool retryable,
                       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

struct worker_ops {
    const char *class_name; /* "pdf": the executable is ebb-pdf */
    /* Each may be NULL. user: from init. A failing init or lease ends the worker. */
    int (*init)(struct worker *worker, void **ret_user, struct error *err);
    /* Once, after READY was sent: what the first unit will need and READY need not wait for. */
    void (*warm)(struct worker *worker, void *user);
    int (*lease)(struct worker *worker, void *user, struct error *err);
    /* 0 and result filled: DONE. -1: FAILED, with what worker_result_fail said; where it was not
     * called, err as "memory_exceeded" (ERROR_MEMORY), "disk_full" (ERROR_FULL: it runs again when
     * there is room, and that is no try) or "internal", all retryable. A unit that was told of
     * its cancellation is FAILED "cancelled", whatever run returns. */
    int (*run)(struct worker *worker, void *user, const struct worker_unit *unit,
               struct worker_result *result, struct error *err);
    /* Between units, when the supervisor asks: is what the next unit needs as it should be? -1: err
     * says why not; the worker is replaced. Quick: a silent worker is killed. */
    int (*check)(struct worker *worker, void *user, struct error *err);
    void (*deinit)(void *user);
};

/* The whole program. Returns the exit code (proto/verdict.h). */
int worker_main(const struct worker_ops *ops, int argc, char **argv);

/* The class that INIT named; an executable may serve several. */
const char *worker_class_name(const struct worker *worker);
/* A setting of the class (section [class.NAME] options, handed over in INIT); fallback where it
 * is not set. Owns: the worker. */
const char *worker_setting(const struct worker *worker, const char *key, const char *fallback);
/* A secret of the class; fallback where it was not given. Only in init: it is overwritten when
 * init has returned. */
const char *worker_secret(const struct worker *worker, const char *key, const char *fallback);
const char *worker_state_folder(const struct worker *worker);
uint64_t worker_memory_max_bytes(const struct worker *worker);

/* Says that item is now being worked on and items_done of the unit are finished: it moves the
 * deadline and tells whom to blame for a crash. False when the unit was cancelled: run should
 * return soon, any way it likes. Sends at once; it is cheap (one small write). */
bool worker_progress(struct worker *worker, uint32_t item, uint32_t items_done);
bool worker_cancelled(struct worker *worker);

/* Sends LOG; level as in common/log.h. At most 100 a second; the rest is counted. */
void worker_log(struct worker *worker, int level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
