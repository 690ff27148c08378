/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The reads of state.db but JOB's and the sums: one function an operation, in a table by kind.
 * What they pack is described in PROTOCOL.md "Control".
 *
 * Everything blocks on the disk, for a bounded number of rows. Logs nothing.
 */
#include "supervisor/store_db.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "supervisor/store_read_job.h"
#include "supervisor/store_reply.h"
#include "supervisor/store_sql.h"
#include "supervisor/store_summary.h"

#define ROWS_MAX 1000U
#define EXPIRED_MAX 64

static uint32_t rows_wanted(uint32_t limit)
{
    return limit == 0 || limit > ROWS_MAX ? ROWS_MAX : limit;
}

/* --- JOBS --- */

static void pack_short_job(struct pack *pack, sqlite3_stmt *stmt, const struct uuid *id)
{
    pack_map(pack, 12);
    pack_key_uuid(pack, "job_id", id);
    pack_key_str(pack, "kind", sql_column_text(stmt, 11));
    pack_key_text(pack, "document_id", sql_column_text(stmt, 1));
    pack_key_str(pack, "name", sql_column_text(stmt, 2));
    pack_key_str(pack, "status", sql_column_text(stmt, 3));
    pack_key_double(pack, "progress", sqlite3_column_double(stmt, 4));
    pack_key_text(pack, "stage", sql_column_text(stmt, 5));
    pack_key_positive(pack, "pages", sql_column_number(stmt, 6));
    pack_key_uint(pack, "pages_failed_count", sql_column_number(stmt, 7));
    pack_key_text(pack, "error_code", sql_column_text(stmt, 8));
    pack_key_time(pack, "created_at", sql_column_number(stmt, 9));
    pack_key_time(pack, "finished_at", sql_column_number(stmt, 10));
}

static uint64_t total_of(const struct store_counts *counts, int status)
{
    uint64_t total = 0;

    for (int i = 0; i < JOB_STATUS_COUNT; i++) {
        total += status < 0 || status == i ? counts->jobs[i] : 0;
    }
    return total;
}

/* Fills rows; ret_last is the last job packed. 1 when there are more. */
static int collect_jobs(struct store_db *db, const struct store_args_read_jobs *args,
                        struct reply_rows *rows, struct uuid *ret_last, struct error *err)
{
    static const struct uuid after_all = {
        {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
    sqlite3_stmt *stmt = sql_use(db, args->status < 0 ? SQL_JOBS_READ : SQL_JOBS_READ_STATUS, err);
    uint32_t limit = rows_wanted(args->limit);
    struct uuid id;
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, args->has_cursor ? &args->cursor : &after_all);
    sql_bind_number(stmt, 2, (uint64_t)limit + 1);
    if (args->status >= 0) {
        sql_bind_text(stmt, 3, job_status_name((enum job_status)args->status));
    }
    while ((rc = sql_step(db, stmt, err)) > 0) {
        if (rows->count == limit || !reply_rows_add(rows)) {
            sql_done(stmt);
            return 1;
        }
        sql_column_uuid(stmt, 0, &id);
        pack_short_job(&rows->pack, stmt, &id);
        *ret_last = id;
    }
    return rc;
}

static int read_jobs(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err)
{
    const struct store_args_read_jobs *args = STORE_ARGS(op, read_jobs);
    struct reply_rows rows;
    struct uuid last = {{0}};
    struct pack pack;
    int rc;

    *ret_more = false;
    reply_rows_init(&rows, REPLY_ROWS_MAX_BYTES);
    rc = collect_jobs(db, args, &rows, &last, err);
    if (rc >= 0) {
        pack_init(&pack, &op->answer->reply);
        pack_map(&pack, 3);
        reply_rows_pack(&pack, "jobs", &rows);
        pack_key_uuid(&pack, "next_cursor", rc > 0 ? &last : NULL);
        pack_key_uint(&pack, "total", total_of(&db->counts, args->status));
        rc = pack_finish(&pack, err);
    }
    reply_rows_deinit(&rows);
    return rc;
}

/* --- MEMORY: receipts and samples --- */

/* Columns as in RECEIPT_COLUMNS. */
static void pack_receipt(struct pack *pack, sqlite3_stmt *stmt)
{
    static const struct {
        const char *key;
        int column;
    } numbers[] = {{"minor_faults", 14},   {"major_faults", 15},       {"blocks_read", 16},
                   {"blocks_written", 17}, {"voluntary_switches", 18}, {"involuntary_switches", 19},
                   {"units", 20}};
    uint64_t user_us = sql_column_number(stmt, 10);
    uint64_t system_us = sql_column_number(stmt, 11);
    const void *units_peak = sqlite3_column_blob(stmt, 22);
    struct uuid job;

    pack_map(pack, 15 + ARRAY_LEN(numbers));
    pack_key_uint(pack, "pid", sql_column_number(stmt, 1));
    pack_key_str(pack, "class", sql_column_text(stmt, 2));
    pack_key_text(pack, "stage", sql_column_text(stmt, 3));
    pack_key_uuid(pack, "job_id", sql_column_uuid(stmt, 4, &job) ? &job : NULL);
    pack_key_str(pack, "verdict", sql_column_text(stmt, 5));
    pack_str(pack, "exit_code");
    pack_int(pack, sqlite3_column_int64(stmt, 6));
    pack_key_uint(pack, "signal", sql_column_number(stmt, 7));
    pack_key_time(pack, "started_at", sql_column_number(stmt, 8));
    pack_key_uint(pack, "wall_ms", sql_column_number(stmt, 9) / 1000);
    pack_key_uint(pack, "user_ms", user_us / 1000);
    pack_key_uint(pack, "system_ms", system_us / 1000);
    pack_key_uint(pack, "cpu_ms", (user_us + system_us) / 1000);
    pack_key_uint(pack, "peak_rss_bytes", sql_column_number(stmt, 12));
    pack_key_str(pack, "peak_source", sql_column_text(stmt, 13));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        pack_key_uint(pack, numbers[i].key, sql_column_number(stmt, numbers[i].column));
    }
    if (units_peak) {
        pack_str(pack, "units_peak");
        pack_raw(pack, units_peak, (size_t)sqlite3_column_bytes(stmt, 22));
    } else {
        pack_key_nil(pack, "units_peak");
    }
}

static int count_receipts(struct store_db *db, const struct store_args_read_memory *args,
                          uint64_t *ret_total, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db,
                                 args->has_job        ? SQL_RECEIPTS_OF_JOB
                                 : args->since_ms > 0 ? SQL_RECEIPTS_SINCE
                                                      : SQL_RECEIPTS_ALL,
                                 err);

    if (!stmt) {
        return -1;
    }
    if (args->has_job) {
        sql_bind_uuid(stmt, 1, &args->job);
        sql_bind_number(stmt, 2, args->since_ms);
    } else if (args->since_ms > 0) {
        sql_bind_number(stmt, 1, args->since_ms);
    }
    return sql_number(db, stmt, 0, ret_total, err);
}

static int read_receipts(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_read_memory *args = STORE_ARGS(op, read_memory);
    sqlite3_stmt *stmt;
    struct reply_rows rows;
    struct pack pack;
    uint64_t total;
    int rc;

    if (count_receipts(db, args, &total, err) < 0) {
        return -1;
    }
    stmt = sql_use(db, args->has_job ? SQL_RECEIPTS_READ_JOB : SQL_RECEIPTS_READ, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_number(stmt, 1, args->since_ms);
    sql_bind_number(stmt, 2, rows_wanted(args->limit));
    sql_bind_number(stmt, 3, args->offset);
    if (args->has_job) {
        sql_bind_uuid(stmt, 4, &args->job);
    }
    reply_rows_init(&rows, REPLY_ROWS_MAX_BYTES);
    while ((rc = sql_step(db, stmt, err)) > 0 && reply_rows_add(&rows)) {
        pack_receipt(&rows.pack, stmt);
    }
    if (rc > 0) {
        sql_done(stmt);
    }
    if (rc >= 0) {
        pack_init(&pack, &op->answer->reply);
        pack_map(&pack, 2);
        reply_rows_pack(&pack, "receipts", &rows);
        pack_key_uint(&pack, "total", total);
        rc = pack_finish(&pack, err);
    }
    reply_rows_deinit(&rows);
    return rc;
}

/* When the job was in work: the samples of that time are shown for it. */
static int job_window(struct store_db *db, const struct uuid *job, uint64_t *ret_from_ms,
                      uint64_t *ret_to_ms, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_JOB_TIMES, err);
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, job);
    rc = sql_step(db, stmt, err);
    if (rc <= 0) {
        return rc < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "there is no such job");
    }
    *ret_from_ms =
        sqlite3_column_type(stmt, 0) == SQLITE_NULL ? UINT64_MAX : sql_column_number(stmt, 0);
    *ret_to_ms =
        sqlite3_column_type(stmt, 1) == SQLITE_NULL ? UINT64_MAX : sql_column_number(stmt, 1);
    sql_done(stmt);
    return 0;
}

static void pack_sample(struct pack *pack, sqlite3_stmt *stmt)
{
    pack_map(pack, 6);
    pack_key_time(pack, "time", sql_column_number(stmt, 0));
    pack_key_uint(pack, "pid", sql_column_number(stmt, 1));
    pack_key_str(pack, "class", sql_column_text(stmt, 2));
    pack_key_uint(pack, "rss_bytes", sql_column_number(stmt, 3));
    pack_key_positive(pack, "pss_bytes", sql_column_number(stmt, 4));
    pack_key_uint(pack, "resolution_ms", sql_column_number(stmt, 5));
}

static int read_samples(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_read_memory *args = STORE_ARGS(op, read_memory);
    uint64_t from_ms = args->since_ms, to_ms = UINT64_MAX;
    sqlite3_stmt *stmt = sql_use(db, SQL_SAMPLES_READ, err);
    struct reply_rows rows;
    struct pack pack;
    int rc;

    if (!stmt || (args->has_job && job_window(db, &args->job, &from_ms, &to_ms, err) < 0)) {
        return -1;
    }
    sql_bind_number(stmt, 1, from_ms > args->since_ms ? from_ms : args->since_ms);
    sql_bind_number(stmt, 2, to_ms);
    sql_bind_number(stmt, 3, rows_wanted(args->limit));
    sql_bind_number(stmt, 4, args->offset);
    reply_rows_init(&rows, REPLY_ROWS_MAX_BYTES);
    while ((rc = sql_step(db, stmt, err)) > 0 && reply_rows_add(&rows)) {
        pack_sample(&rows.pack, stmt);
    }
    if (rc > 0) {
        sql_done(stmt);
    }
    if (rc >= 0) {
        pack_init(&pack, &op->answer->reply);
        pack_map(&pack, 1);
        reply_rows_pack(&pack, "samples", &rows);
        rc = pack_finish(&pack, err);
    }
    reply_rows_deinit(&rows);
    return rc;
}

static int read_memory(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err)
{
    switch (STORE_ARGS(op, read_memory)->view) {
    case STORE_MEMORY_STAGES:
    case STORE_MEMORY_CLASSES:
        return store_summary_read(db, op, ret_more, err);
    case STORE_MEMORY_RECEIPTS:
        return read_receipts(db, op, err);
    case STORE_MEMORY_SAMPLES:
        return read_samples(db, op, err);
    }
    return error_set(err, ERROR_INVALID, "there is no such view");
}

/* --- EVENTS --- */

static void pack_event(struct pack *pack, sqlite3_stmt *stmt)
{
    const void *data = sqlite3_column_blob(stmt, 5);
    struct uuid job;

    pack_map(pack, 6);
    pack_key_uint(pack, "sequence", sql_column_number(stmt, 0));
    pack_key_time(pack, "time", sql_column_number(stmt, 1));
    pack_key_str(pack, "kind", sql_column_text(stmt, 2));
    pack_key_uuid(pack, "job_id", sql_column_uuid(stmt, 3, &job) ? &job : NULL);
    pack_key_text(pack, "text", sql_column_text(stmt, 4));
    pack_str(pack, "data");
    if (data) {
        pack_raw(pack, data, (size_t)sqlite3_column_bytes(stmt, 5));
    } else {
        pack_nil(pack);
    }
}

static int read_events(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err)
{
    const struct store_args_read_events *args = STORE_ARGS(op, read_events);
    sqlite3_stmt *stmt = sql_use(db, args->has_job ? SQL_EVENTS_READ_JOB : SQL_EVENTS_READ, err);
    uint64_t last = args->sequence;
    struct reply_rows rows;
    struct pack pack;
    int rc;

    *ret_more = false;
    if (!stmt) {
        return -1;
    }
    sql_bind_number(stmt, 1, args->sequence);
    sql_bind_number(stmt, 2, rows_wanted(args->limit));
    if (args->has_job) {
        sql_bind_uuid(stmt, 3, &args->job);
    }
    reply_rows_init(&rows, REPLY_ROWS_MAX_BYTES);
    while ((rc = sql_step(db, stmt, err)) > 0 && reply_rows_add(&rows)) {
        pack_event(&rows.pack, stmt);
        last = sql_column_number(stmt, 0);
    }
    if (rc > 0) {
        sql_done(stmt);
    }
    if (rc >= 0) {
        pack_init(&pack, &op->answer->reply);
        pack_map(&pack, 2);
        reply_rows_pack(&pack, "events", &rows);
        pack_key_uint(&pack, "next_sequence", last);
        rc = pack_finish(&pack, err);
    }
    reply_rows_deinit(&rows);
    return rc;
}

/* --- for the supervisor itself --- */

static int read_expired(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err)
{
    struct store_answer *answer = op->answer;
    sqlite3_stmt *stmt = sql_use(db, SQL_JOBS_EXPIRED, err);
    int rc;

    *ret_more = false;
    answer->ids = store_answer_memory(EXPIRED_MAX, sizeof(*answer->ids));
    if (!stmt || !answer->ids) {
        return stmt ? error_set(err, ERROR_MEMORY, "no memory for ids") : -1;
    }
    sql_bind_number(stmt, 1, STORE_ARGS(op, read_expired)->before_ms);
    sql_bind_number(stmt, 2, EXPIRED_MAX);
    while ((rc = sql_step(db, stmt, err)) > 0) {
        answer->id_count += sql_column_uuid(stmt, 0, &answer->ids[answer->id_count]);
    }
    return rc;
}

static int read_history(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err)
{
    const struct store_args_read_history *args = STORE_ARGS(op, read_history);
    sqlite3_stmt *stmt = sql_use(db, SQL_HISTORY_FROM, err);
    uint64_t from = 0;
    int rc;

    *ret_more = false;
    if (!stmt || args->max_receipts == 0) {
        return stmt ? 0 : -1;
    }
    sql_bind_number(stmt, 1, args->max_receipts - 1);
    if (sql_number(db, stmt, 0, &from, err) < 0) {
        return -1;
    }
    stmt = sql_use(db, SQL_HISTORY_READ, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_number(stmt, 1, from);
    while ((rc = sql_step(db, stmt, err)) > 0) {
        args->seen(args->user, sql_column_text(stmt, 0), sql_column_text(stmt, 1),
                   (uint32_t)sql_column_number(stmt, 2), sql_column_number(stmt, 3));
    }
    return rc;
}

/* --- the table --- */

int store_db_read(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err)
{
    typedef int (*read_cb)(struct store_db *, struct store_op *, bool *, struct error *);
    static const read_cb readers[STORE_OP_COUNT_OF] = {
        [STORE_OP_READ_JOB] = store_read_job_row, [STORE_OP_READ_JOBS] = read_jobs,
        [STORE_OP_READ_MEMORY] = read_memory,     [STORE_OP_READ_EVENTS] = read_events,
        [STORE_OP_READ_EXPIRED] = read_expired,   [STORE_OP_READ_HISTORY] = read_history,
    };

    *ret_more = false;
    return readers[op->kind](db, op, ret_more, err);
}

int store_db_has_job(struct store_db *db, const struct uuid *id, bool *ret_has, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_JOB_TIMES, err);
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, id);
    rc = sql_step(db, stmt, err);
    if (rc > 0) {
        sql_done(stmt);
    }
    if (rc >= 0) {
        *ret_has = rc > 0;
    }
    return rc < 0 ? -1 : 0;
}
