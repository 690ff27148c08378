/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A store in a temporary folder of its own, with a loop of its own, for the tests of
 * supervisor/store: each call runs the loop until its answer is there.
 */
#ifndef EBB_TESTS_UNIT_STORE_FIXTURE_H
#define EBB_TESTS_UNIT_STORE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/error.h"
#include "common/uuid.h"
#include "proto/value.h"
#include "supervisor/store.h"

struct fixture {
    char folder[64];
    uv_loop_t loop;
    struct store_options options;
    struct store *store;
    unsigned health_calls;
    bool healthy;
};

/* The folder, removed by fixture_deinit, and the options; nothing is open yet. */
void fixture_init(struct fixture *fixture);
void fixture_deinit(struct fixture *fixture);
/* Must work. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* Must fail; closes what it opened. */
enum error_code fixture_open_fails(struct fixture *fixture, struct error *err);

/* A path in the folder. */
const char *fixture_path(const struct fixture *fixture, const char *name);
void fixture_write_file(const struct fixture *fixture, const char *name, const void *data,
                        size_t size_bytes);
bool fixture_exists(const struct fixture *fixture, const char *name);

struct store_job_new fixture_job(const char *file);
/* Writes incoming/FILE and has it accepted. Both answers: the error's code, ERROR_NONE for none. */
enum error_code fixture_accept_job(struct fixture *fixture, const struct store_job_new *job);
/* As a job with all defaults; must work. */
struct uuid fixture_accept(struct fixture *fixture, const char *file);

enum error_code fixture_resume(struct fixture *fixture, const struct uuid *job);
enum error_code fixture_cancel(struct fixture *fixture, const struct uuid *job);
enum error_code fixture_delete(struct fixture *fixture, const struct uuid *job);

#define FIXTURE_TAKEN_MAX 128
struct fixture_taken {
    struct error err;
    size_t count;
    struct store_job jobs[FIXTURE_TAKEN_MAX]; /* units and params owned, name copied too */
};
/* Must work. Freed with fixture_taken_free. */
void fixture_take(struct fixture *fixture, size_t max_jobs, struct fixture_taken *ret_taken);
void fixture_taken_free(struct fixture_taken *taken);

/* Makes everything collected so far done. */
void fixture_settle(struct fixture *fixture);

/* The reply of a reading call, decoded. */
struct fixture_reply {
    struct error err;
    unsigned calls;
    size_t size_bytes;
    void *bytes;
    struct value_tree *tree;
    struct value data;
};
void fixture_reply_cb(void *user, const struct error *err, const struct buf *reply);
/* Runs the loop until it is there; frees what a former one held. */
void fixture_await(struct fixture *fixture, struct fixture_reply *reply);
void fixture_reply_free(struct fixture_reply *reply);
/* JOB of a job, which must be there. */
void fixture_read_job(struct fixture *fixture, const struct uuid *job, struct fixture_reply *reply);

/* SQL on state.db while no store is open; the number of its first column. */
int64_t fixture_sql(const struct fixture *fixture, const char *sql);

#endif
