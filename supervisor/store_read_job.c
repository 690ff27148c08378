/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One job with all that it has, as PROTOCOL.md "Control" describes it.
 *
 * A page counts as done when it is in a unit that has ended and is not recorded as failed, so
 * that done and failed pages add up to all of them at the end. Blocks on the disk, for a bounded
 * number of rows but the job's own units. Logs nothing.
 */
#include "supervisor/store_read_job.h"

#include <string.h>

#include "common/clock.h"
#include "supervisor/stage.h"
#include "supervisor/store_reply.h"
#include "supervisor/store_sql.h"

#define FAILURES_MAX_BYTES ((size_t)700 * 1024)
#define WARNINGS_MAX_BYTES ((size_t)64 * 1024)

struct stage_sum {
    uint64_t units, units_done, units_failed;
    uint64_t items, items_done, items_failed;
    uint64_t started_ms, finished_ms;
    uint64_t workers, cpu_us, peak_rss_bytes;
};

typedef void (*add_cb)(struct stage_sum *sum, sqlite3_stmt *stmt);

static void add_units(struct stage_sum *sum, sqlite3_stmt *stmt)
{
    sum->units = sql_column_number(stmt, 1);
    sum->units_done = sql_column_number(stmt, 2);
    sum->units_failed = sql_column_number(stmt, 3);
    sum->items = sql_column_number(stmt, 4);
    sum->items_done = sql_column_number(stmt, 5);
    sum->items_failed = sql_column_number(stmt, 6);
}

static void add_times(struct stage_sum *sum, sqlite3_stmt *stmt)
{
    sum->started_ms = sql_column_number(stmt, 1);
    sum->finished_ms = sql_column_number(stmt, 2);
}

static void add_receipts(struct stage_sum *sum, sqlite3_stmt *stmt)
{
    sum->workers = sql_column_number(stmt, 1);
    sum->cpu_us = sql_column_number(stmt, 2);
    sum->peak_rss_bytes = sql_column_number(stmt, 3);
}

/* A statement with a row a stage, the stage's name in column 0. */
static int sum_stages(struct store_db *db, enum sql which, const struct uuid *job, add_cb add,
                      struct stage_sum *sums, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, which, err);
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, job);
    while ((rc = sql_step(db, stmt, err)) > 0) {
        int stage = stage_find(sql_column_text(stmt, 0));

        if (stage >= 0) {
            add(&sums[stage], stmt);
        }
    }
    return rc;
}

static const char *stage_status(const struct stage_sum *sum, const char *job_status)
{
    bool ended = strcmp(job_status, "completed") == 0;

    if (sum->finished_ms > 0 && sum->units == 0) {
        return "skipped";
    }
    if (sum->finished_ms > 0) {
        return sum->units > 0 && sum->units_failed == sum->units ? "failed" : "completed";
    }
    if (sum->started_ms > 0) {
        return job_status;
    }
    return ended ? "skipped" : "pending";
}

/* job_end_ms: or now, while it has not ended. */
static void pack_stages(struct pack *pack, const struct stage_sum *sums, enum job_kind kind,
                        const char *job_status, uint64_t job_end_ms)
{
    pack_str(pack, "stages");
    pack_array(pack, stage_count(kind));
    for (int i = 0; i < STAGE_COUNT; i++) {
        const struct stage_sum *sum = &sums[i];
        uint64_t end_ms = sum->finished_ms > 0 ? sum->finished_ms : job_end_ms;

        if (!stage_is_of((enum stage_id)i, kind)) {
            continue;
        }
        pack_map(pack, 11);
        pack_key_str(pack, "stage", stage_row((enum stage_id)i)->name);
        pack_key_str(pack, "status", stage_status(sum, job_status));
        pack_key_uint(pack, "units", sum->units);
        pack_key_uint(pack, "units_done", sum->units_done);
        pack_key_uint(pack, "units_failed", sum->units_failed);
        pack_key_uint(pack, "items", sum->items);
        pack_key_uint(pack, "items_done", sum->items_done);
        if (sum->started_ms > 0 && end_ms >= sum->started_ms) {
            pack_key_uint(pack, "wall_ms", end_ms - sum->started_ms);
        } else {
            pack_key_nil(pack, "wall_ms");
        }
        pack_key_uint(pack, "cpu_ms", sum->cpu_us / 1000);
        pack_key_uint(pack, "workers", sum->workers);
        pack_key_positive(pack, "peak_rss_bytes", sum->peak_rss_bytes);
    }
}

/* Rows of a statement that belongs to the job. */
static int pack_rows(struct store_db *db, enum sql which, const struct uuid *job,
                     void (*row)(struct pack *pack, sqlite3_stmt *stmt), struct reply_rows *rows,
                     struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, which, err);
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, job);
    while ((rc = sql_step(db, stmt, err)) > 0) {
        if (!reply_rows_add(rows)) {
            sql_done(stmt);
            return 0;
        }
        row(&rows->pack, stmt);
    }
    return rc;
}

static void pack_failure(struct pack *pack, sqlite3_stmt *stmt)
{
    const char *text = sql_column_text(stmt, 4);

    pack_map(pack, 4);
    pack_key_uint(pack, "page", sql_column_number(stmt, 0));
    pack_key_str(pack, "stage", sql_column_text(stmt, 1));
    pack_key_str(pack, "verdict", sql_column_text(stmt, 2));
    pack_key_text(pack, "detail", text[0] ? text : sql_column_text(stmt, 3));
}

static void pack_warning(struct pack *pack, sqlite3_stmt *stmt)
{
    pack_str(pack, sql_column_text(stmt, 0));
}

static int pack_failures(struct store_db *db, const struct uuid *job, uint64_t count,
                         struct pack *pack, struct error *err)
{
    struct reply_rows rows;
    int rc;

    reply_rows_init(&rows, FAILURES_MAX_BYTES);
    rc = pack_rows(db, SQL_FAILURES_READ, job, pack_failure, &rows, err);
    reply_rows_pack(pack, "pages_failed", &rows);
    pack_key_uint(pack, "pages_failed_count", count);
    reply_rows_deinit(&rows);
    return rc;
}

static int pack_warnings(struct store_db *db, const struct uuid *job, struct pack *pack,
                         struct error *err)
{
    struct reply_rows rows;
    int rc;

    reply_rows_init(&rows, WARNINGS_MAX_BYTES);
    rc = pack_rows(db, SQL_WARNINGS_READ, job, pack_warning, &rows, err);
    reply_rows_pack(pack, "warnings", &rows);
    reply_rows_deinit(&rows);
    return rc;
}

static void pack_count(struct pack *pack, sqlite3_stmt *stmt)
{
    pack_key_uint(pack, sql_column_text(stmt, 0), sql_column_number(stmt, 1));
}

static int pack_counts(struct store_db *db, const struct uuid *job, struct pack *pack,
                       struct error *err)
{
    struct reply_rows rows;
    int rc;

    reply_rows_init(&rows, WARNINGS_MAX_BYTES);
    rc = pack_rows(db, SQL_COUNTS_READ, job, pack_count, &rows, err);
    pack_str(pack, "counts");
    pack_map(pack, rows.count);
    if (rows.count > 0) {
        pack_raw(pack, rows.body.data, rows.body.size);
    }
    reply_rows_deinit(&rows);
    return rc;
}

static void pack_peak(struct pack *pack, sqlite3_stmt *stmt)
{
    pack_unit_peak(pack, sql_column_text(stmt, 0), sql_column_number(stmt, 1),
                   sql_column_number(stmt, 2), sql_column_number(stmt, 3) * 1024);
}

static int pack_peaks(struct store_db *db, const struct uuid *job, struct pack *pack,
                      struct error *err)
{
    struct reply_rows rows;
    int rc;

    reply_rows_init(&rows, WARNINGS_MAX_BYTES);
    rc = pack_rows(db, SQL_UNITS_PEAK, job, pack_peak, &rows, err);
    reply_rows_pack(pack, "units_peak", &rows);
    reply_rows_deinit(&rows);
    return rc;
}

static void pack_error(struct pack *pack, const char *code, const char *text)
{
    if (!code[0] && !text[0]) {
        pack_key_nil(pack, "error");
        return;
    }
    pack_str(pack, "error");
    pack_map(pack, 2);
    pack_key_str(pack, "code", code[0] ? code : "internal");
    pack_key_str(pack, "text", text);
}

/* Sums of all stages, with what is in work laid over them, and the pages that are done. */
static int sum_up(struct store_db *db, const struct store_args_read_job *args,
                  struct stage_sum *sums, uint64_t *ret_pages_done, struct error *err)
{
    sqlite3_stmt *stmt;
    uint64_t failed = 0, ended;
    int current = args->live.active ? stage_find(args->live.stage) : -1;

    if (sum_stages(db, SQL_UNITS_SUM, &args->job, add_units, sums, err) < 0 ||
        sum_stages(db, SQL_STAGES_READ, &args->job, add_times, sums, err) < 0 ||
        sum_stages(db, SQL_RECEIPTS_BY_STAGE, &args->job, add_receipts, sums, err) < 0) {
        return -1;
    }
    stmt = sql_use(db, SQL_FAILURES_OF, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &args->job);
    sql_bind_text(stmt, 2, stage_row(STAGE_EXTRACT)->name);
    if (sql_number(db, stmt, 0, &failed, err) < 0) {
        return -1;
    }
    if (current >= 0) {
        sums[current].items_done += args->live.items_running;
        if (sums[current].items_done > sums[current].items) {
            sums[current].items_done = sums[current].items;
        }
    }
    ended = sums[STAGE_EXTRACT].items_done + sums[STAGE_EXTRACT].items_failed;
    *ret_pages_done = ended > failed ? ended - failed : 0;
    return 0;
}

/* stmt stands on the job's row (JOB_READ). */
static int pack_job(struct store_db *db, const struct store_args_read_job *args, sqlite3_stmt *stmt,
                    struct pack *pack, struct error *err)
{
    struct stage_sum sums[STAGE_COUNT] = {0};
    enum job_kind kind = JOB_KIND_DOCUMENT;
    const char *status = sql_column_text(stmt, 3);
    uint64_t started_ms = sql_column_number(stmt, 14);
    uint64_t finished_ms = sql_column_number(stmt, 10);
    uint64_t end_ms = finished_ms > 0 ? finished_ms : clock_wall_ms();
    uint64_t pages_done;

    if (!job_kind_parse(sql_column_text(stmt, 11), &kind)) {
        return error_set(err, ERROR_CORRUPT, "state.db: a job of a kind of no name");
    }
    if (sum_up(db, args, sums, &pages_done, err) < 0) {
        return -1;
    }
    pack_map(pack, 22);
    pack_key_uuid(pack, "job_id", &args->job);
    pack_key_str(pack, "kind", job_kind_name(kind));
    pack_key_text(pack, "document_id", sql_column_text(stmt, 1));
    pack_key_str(pack, "name", sql_column_text(stmt, 2));
    pack_key_str(pack, "status", status);
    pack_key_uint(pack, "priority", sql_column_number(stmt, 13));
    pack_key_double(pack, "progress",
                    args->live.active ? args->live.progress : sqlite3_column_double(stmt, 4));
    pack_key_text(pack, "stage",
                  args->live.active && args->live.stage[0] ? args->live.stage
                                                           : sql_column_text(stmt, 5));
    pack_key_time(pack, "created_at", sql_column_number(stmt, 9));
    pack_key_time(pack, "started_at", started_ms);
    pack_key_time(pack, "finished_at", finished_ms);
    if (started_ms > 0 && end_ms >= started_ms) {
        pack_key_uint(pack, "wall_ms", end_ms - started_ms);
    } else {
        pack_key_nil(pack, "wall_ms");
    }
    pack_key_uint(pack, "size_bytes", sql_column_number(stmt, 15));
    pack_error(pack, sql_column_text(stmt, 8), sql_column_text(stmt, 12));
    pack_key_positive(pack, "pages", sql_column_number(stmt, 6));
    pack_key_uint(pack, "pages_done", pages_done);
    if (pack_failures(db, &args->job, sql_column_number(stmt, 7), pack, err) < 0 ||
        pack_counts(db, &args->job, pack, err) < 0 ||
        pack_warnings(db, &args->job, pack, err) < 0 || pack_peaks(db, &args->job, pack, err) < 0) {
        return -1;
    }
    pack_stages(pack, sums, kind, status, end_ms);
    return pack_finish(pack, err);
}

int store_read_job_row(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err)
{
    const struct store_args_read_job *args = STORE_ARGS(op, read_job);
    sqlite3_stmt *stmt = sql_use(db, SQL_JOB_READ, err);
    struct pack pack;
    int rc;

    *ret_more = false;
    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &args->job);
    rc = sql_step(db, stmt, err);
    if (rc <= 0) {
        return rc < 0 ? -1 : error_set(err, ERROR_NOT_FOUND, "there is no such job");
    }
    pack_init(&pack, &op->answer->reply);
    rc = pack_job(db, args, stmt, &pack, err);
    sql_done(stmt);
    return rc;
}
