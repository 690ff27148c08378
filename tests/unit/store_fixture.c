/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* See store_fixture.h. */
#include "store_fixture.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"

static void on_health(void *user, bool healthy, const char *text)
{
    struct fixture *fixture = user;

    (void)text;
    fixture->health_calls++;
    fixture->healthy = healthy;
}

void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    strcpy(fixture->folder, "/tmp/ebb-store-XXXXXX");
    cr_assert(mkdtemp(fixture->folder));
    cr_assert_eq(uv_loop_init(&fixture->loop), 0);
    fixture->healthy = true;
    fixture->options = (struct store_options){
        .state_dir = fixture->folder,
        .metrics_queue = 4096,
        .receipts_ms = UINT64_C(90) * 86400000,
        .samples_raw_ms = 3600000,
        .samples_ms = UINT64_C(48) * 3600000,
        .events = 10000,
        .health_cb = on_health,
        .user = fixture,
    };
}

void fixture_deinit(struct fixture *fixture)
{
    struct error err = ERROR_INIT;

    fixture_close(fixture);
    cr_assert_eq(uv_loop_close(&fixture->loop), 0, "a handle was left open");
    cr_assert_eq(file_remove_tree(fixture->folder, &err), 0, "%s", err.msg);
}

void fixture_open(struct fixture *fixture)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(store_open(&fixture->loop, &fixture->options, &fixture->store, &err), 0, "%s",
                 err.msg);
}

void fixture_close(struct fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

enum error_code fixture_open_fails(struct fixture *fixture, struct error *err)
{
    *err = (struct error)ERROR_INIT;
    cr_assert_eq(store_open(&fixture->loop, &fixture->options, &fixture->store, err), -1);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    return err->code;
}

const char *fixture_path(const struct fixture *fixture, const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
    return path;
}

void fixture_write_file(const struct fixture *fixture, const char *name, const void *data,
                        size_t size_bytes)
{
    FILE *file = fopen(fixture_path(fixture, name), "w");

    cr_assert(file, "cannot write %s", name);
    cr_assert_eq(fwrite(data, 1, size_bytes, file), size_bytes);
    fclose(file);
}

bool fixture_exists(const struct fixture *fixture, const char *name)
{
    struct stat st;

    return lstat(fixture_path(fixture, name), &st) == 0;
}

struct store_job_new fixture_job(const char *file)
{
    struct store_job_new job = {
        .name = file,
        .file = file,
        .created_ms = clock_wall_ms(),
        .max_bytes = 1 << 20,
        .max_queued = 1000000,
    };

    cr_assert_eq(uuid_v7(&job.id, NULL), 0);
    return job;
}

struct answer {
    unsigned calls;
    enum error_code code;
};

static void on_done(void *user, const struct error *err)
{
    struct answer *answer = user;

    answer->calls++;
    answer->code = err ? err->code : ERROR_NONE;
}

static enum error_code await(struct fixture *fixture, const struct answer *answer)
{
    while (answer->calls == 0) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    cr_assert_eq(answer->calls, 1, "answered %u times", answer->calls);
    return answer->code;
}

enum error_code fixture_accept_job(struct fixture *fixture, const struct store_job_new *job)
{
    struct answer answer = {0};

    store_job_accept(fixture->store, job, on_done, &answer);
    return await(fixture, &answer);
}

struct uuid fixture_accept(struct fixture *fixture, const char *file)
{
    struct store_job_new job = fixture_job(file);
    char name[300];

    snprintf(name, sizeof(name), "incoming/%s", file);
    fixture_write_file(fixture, name, "%PDF-", 5);
    cr_assert_eq(fixture_accept_job(fixture, &job), ERROR_NONE);
    return job.id;
}

enum error_code fixture_resume(struct fixture *fixture, const struct uuid *job)
{
    struct answer answer = {0};

    store_job_resume(fixture->store, job, on_done, &answer);
    return await(fixture, &answer);
}

enum error_code fixture_cancel(struct fixture *fixture, const struct uuid *job)
{
    struct answer answer = {0};

    store_job_cancel_waiting(fixture->store, job, on_done, &answer);
    return await(fixture, &answer);
}

enum error_code fixture_delete(struct fixture *fixture, const struct uuid *job)
{
    struct answer answer = {0};

    store_job_delete(fixture->store, job, on_done, &answer);
    return await(fixture, &answer);
}

static void on_taken(void *user, const struct error *err, struct store_job *jobs, size_t count)
{
    struct fixture_taken *taken = user;

    if (err) {
        taken->err = *err;
        taken->count = 0;
        return;
    }
    cr_assert_leq(count, FIXTURE_TAKEN_MAX);
    taken->count = count;
    for (size_t i = 0; i < count; i++) {
        taken->jobs[i] = jobs[i];
        taken->jobs[i].name = strdup(jobs[i].name);
        jobs[i].params = NULL;
        jobs[i].units = NULL;
        jobs[i].failures = NULL;
    }
}

void fixture_take(struct fixture *fixture, size_t max_jobs, struct fixture_taken *ret_taken)
{
    memset(ret_taken, 0, sizeof(*ret_taken));
    ret_taken->count = SIZE_MAX;
    store_jobs_take(fixture->store, max_jobs, on_taken, ret_taken);
    while (ret_taken->count == SIZE_MAX) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    cr_assert_eq(ret_taken->err.code, ERROR_NONE, "%s", ret_taken->err.msg);
}

void fixture_taken_free(struct fixture_taken *taken)
{
    for (size_t i = 0; i < taken->count; i++) {
        free(taken->jobs[i].name);
        free(taken->jobs[i].params);
        free(taken->jobs[i].units);
        for (size_t j = 0; j < taken->jobs[i].failures_loaded; j++) {
            free(taken->jobs[i].failures[j].code);
            free(taken->jobs[i].failures[j].text);
        }
        free(taken->jobs[i].failures);
    }
}

void fixture_reply_cb(void *user, const struct error *err, const struct buf *reply)
{
    struct fixture_reply *target = user;

    target->calls++;
    if (err) {
        target->err = *err;
        return;
    }
    target->bytes = malloc(reply->size);
    cr_assert(target->bytes);
    memcpy(target->bytes, reply->data, reply->size);
    target->size_bytes = reply->size;
    target->tree = value_decode(target->bytes, target->size_bytes, &target->err);
    cr_assert(target->tree, "the reply is no msgpack: %s", target->err.msg);
    target->data = value_root(target->tree);
}

void fixture_reply_free(struct fixture_reply *reply)
{
    value_tree_destroy(reply->tree);
    free(reply->bytes);
    memset(reply, 0, sizeof(*reply));
}

void fixture_await(struct fixture *fixture, struct fixture_reply *reply)
{
    while (reply->calls == 0) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    cr_assert_eq(reply->calls, 1);
}

void fixture_read_job(struct fixture *fixture, const struct uuid *job, struct fixture_reply *reply)
{
    fixture_reply_free(reply);
    store_read_job(fixture->store, job, NULL, fixture_reply_cb, reply);
    fixture_await(fixture, reply);
    cr_assert_eq(reply->err.code, ERROR_NONE, "%s", reply->err.msg);
}

/* A read is answered behind the writes that were asked for before it. */
void fixture_settle(struct fixture *fixture)
{
    struct fixture_reply reply = {0};

    store_read_jobs(fixture->store, 1, NULL, -1, fixture_reply_cb, &reply);
    fixture_await(fixture, &reply);
    fixture_reply_free(&reply);
}

int64_t fixture_sql(const struct fixture *fixture, const char *sql)
{
    sqlite3 *handle;
    sqlite3_stmt *stmt;
    int64_t number = 0;

    cr_assert_null(fixture->store);
    cr_assert_eq(sqlite3_open(fixture_path(fixture, "state.db"), &handle), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL), SQLITE_OK, "%s: %s", sql,
                 sqlite3_errmsg(handle));
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        number = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(handle);
    return number;
}
