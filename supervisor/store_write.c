/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The writes of state.db: one function an operation, in a table by kind. (Those that somebody
 * waits for are in store_jobs.c.)
 *
 * Invariants: an operation that somebody waits for runs in a savepoint, so that a refused one
 * leaves nothing behind. A change of a job that is gone (deleted while the change waited) changes
 * nothing and is no error.
 *
 * Everything blocks on the disk. Logs (error) a change that SQLite refused.
 */
#include "supervisor/store_db.h"

#include "common/cleanup.h"
#include "common/log.h"
#include "supervisor/stage.h"
#include "supervisor/store_jobs.h"

#define COUNT_KEYS_MAX 64
#define WARNINGS_MAX 100

static int write_change(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_job_change *change = &STORE_ARGS(op, change)->change;
    enum job_status before;
    sqlite3_stmt *stmt;
    int rc = store_status_read(db, &change->id, &before, NULL, err);

    if (rc <= 0) {
        return rc;
    }
    if ((change->set_status || change->started_ms || change->finished_ms) &&
        store_status_set(db, &change->id, before, change->set_status ? change->status : before,
                         change->started_ms, change->finished_ms, err) < 0) {
        return -1;
    }
    if (change->forget_params &&
        store_run_for_job(db, SQL_JOB_FORGET, &change->id, NULL, err) < 0) {
        return -1;
    }
    if (!change->stage && change->progress < 0 && !change->document && !change->pages &&
        !change->error_code && !change->error_text) {
        return 0;
    }
    stmt = sql_use(db, SQL_JOB_FIELDS, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &change->id);
    sql_bind_text(stmt, 2, change->stage);
    if (change->progress >= 0) {
        sqlite3_bind_double(stmt, 3, change->progress);
    }
    sql_bind_text(stmt, 4, change->document);
    sql_bind_positive(stmt, 5, change->pages);
    sql_bind_text(stmt, 6, change->error_code);
    sql_bind_text(stmt, 7, change->error_text);
    return sql_run(db, stmt, NULL, err);
}

/* Whether the job's row is there: what belongs to it is not written without. */
static int with_job(struct store_db *db, const struct uuid *job, struct error *err)
{
    enum job_status status;

    return store_status_read(db, job, &status, NULL, err);
}

static int write_count(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_count *args = STORE_ARGS(op, count);
    int rc = with_job(db, &args->job, err);
    sqlite3_stmt *stmt;

    if (rc <= 0) {
        return rc;
    }
    stmt = sql_use(db, args->set ? SQL_COUNT_SET : SQL_COUNT_ADD, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &args->job);
    sql_bind_text(stmt, 2, args->key);
    sql_bind_number(stmt, 3, args->value);
    sql_bind_number(stmt, 4, COUNT_KEYS_MAX);
    return sql_run(db, stmt, NULL, err);
}

static int write_warning(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_warning *args = STORE_ARGS(op, warning);
    int rc = with_job(db, &args->job, err);
    sqlite3_stmt *stmt;

    if (rc <= 0) {
        return rc;
    }
    stmt = sql_use(db, SQL_WARNING_PUT, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &args->job);
    sql_bind_text(stmt, 2, args->text);
    sql_bind_number(stmt, 3, WARNINGS_MAX);
    return sql_run(db, stmt, NULL, err);
}

static int write_times(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_times *args = STORE_ARGS(op, times);
    int rc = with_job(db, &args->job, err);
    sqlite3_stmt *stmt;

    if (rc <= 0) {
        return rc;
    }
    stmt = sql_use(db, SQL_STAGE_TIMES, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &args->job);
    sql_bind_text(stmt, 2, stage_row(args->stage)->name);
    sql_bind_positive(stmt, 3, args->started_ms);
    sql_bind_positive(stmt, 4, args->finished_ms);
    return sql_run(db, stmt, NULL, err);
}

static int write_unit_put(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_unit *args = STORE_ARGS(op, unit);
    const struct store_unit *unit = &args->unit;
    int rc = with_job(db, &args->job, err);
    sqlite3_stmt *stmt;

    if (rc <= 0) {
        return rc;
    }
    stmt = sql_use(db, SQL_UNIT_PUT, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &args->job);
    sql_bind_number(stmt, 2, unit->number);
    sql_bind_text(stmt, 3, stage_row(unit->stage)->name);
    sql_bind_text(stmt, 4, store_unit_state_word(unit->state));
    sql_bind_text(stmt, 5, store_unit_step_word(unit->step));
    sql_bind_number(stmt, 6, unit->alone ? 1 : 0);
    sql_bind_number(stmt, 7, unit->attempts);
    sql_bind_number(stmt, 8, unit->first);
    sql_bind_number(stmt, 9, unit->last);
    sql_bind_text(stmt, 10, verdict_name((enum verdict)unit->verdict));
    sql_bind_number(stmt, 11, unit->size);
    sql_bind_number(stmt, 12, unit->peak_kib);
    return sql_run(db, stmt, NULL, err);
}

static int write_unit_remove(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_unit *args = STORE_ARGS(op, unit);
    sqlite3_stmt *stmt = sql_use(db, SQL_UNIT_REMOVE, err);

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &args->job);
    sql_bind_number(stmt, 2, args->unit.number);
    return sql_run(db, stmt, NULL, err);
}

static int write_failure_row(struct store_db *db, enum sql which,
                             const struct store_args_failure *args, int *ret_changes,
                             struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, which, err);

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &args->job);
    sql_bind_text(stmt, 2, stage_row(args->stage)->name);
    sql_bind_number(stmt, 3, args->item);
    sql_bind_text(stmt, 4, verdict_name(args->verdict));
    sql_bind_text(stmt, 5, args->code);
    sql_bind_text(stmt, 6, args->text);
    return sql_run(db, stmt, ret_changes, err);
}

static int write_failure(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_failure *args = STORE_ARGS(op, failure);
    int changes = 0;
    int rc = with_job(db, &args->job, err);

    if (rc <= 0) {
        return rc;
    }
    if (write_failure_row(db, SQL_FAILURE_NEW, args, &changes, err) < 0) {
        return -1;
    }
    return changes > 0 ? store_run_for_job(db, SQL_JOB_FAILURES, &args->job, NULL, err)
                       : write_failure_row(db, SQL_FAILURE_CHANGE, args, NULL, err);
}

static int write_process(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_receipt *receipt = &STORE_ARGS(op, receipt)->receipt;
    sqlite3_stmt *stmt = sql_use(db, SQL_PROCESS_PUT, err);

    if (!stmt) {
        return -1;
    }
    sqlite3_bind_int64(stmt, 1, receipt->pid);
    sql_bind_number(stmt, 2, receipt->started_ms);
    sql_bind_text(stmt, 3, receipt->class_name);
    sql_bind_text(stmt, 4, receipt->stage);
    sql_bind_uuid(stmt, 5, receipt->has_job ? &receipt->job : NULL);
    sql_bind_number(stmt, 6, receipt->bucket);
    return sql_run(db, stmt, NULL, err);
}

static int forget_process(struct store_db *db, const struct store_receipt *receipt,
                          struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_PROCESS_DELETE, err);

    if (!stmt) {
        return -1;
    }
    sqlite3_bind_int64(stmt, 1, receipt->pid);
    sql_bind_number(stmt, 2, receipt->started_ms);
    return sql_run(db, stmt, NULL, err);
}

static int write_receipt(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_receipt *receipt = &STORE_ARGS(op, receipt)->receipt;
    const uint64_t numbers[] = {
        receipt->started_ms, receipt->wall_us,        receipt->user_us,
        receipt->system_us,  receipt->peak_rss_bytes,
    };
    const uint64_t more_numbers[] = {
        receipt->minor_faults,
        receipt->major_faults,
        receipt->blocks_read,
        receipt->blocks_written,
        receipt->voluntary_switches,
        receipt->involuntary_switches,
        receipt->units,
        receipt->bucket,
    };
    sqlite3_stmt *stmt = sql_use(db, SQL_RECEIPT_PUT, err);
    int place = 8;

    if (!stmt) {
        return -1;
    }
    sqlite3_bind_int64(stmt, 1, receipt->pid);
    sql_bind_text(stmt, 2, receipt->class_name);
    sql_bind_text(stmt, 3, receipt->stage);
    sql_bind_uuid(stmt, 4, receipt->has_job ? &receipt->job : NULL);
    sql_bind_text(stmt, 5, verdict_name(receipt->verdict));
    sqlite3_bind_int64(stmt, 6, receipt->exit_code);
    sqlite3_bind_int64(stmt, 7, receipt->signal);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        sql_bind_number(stmt, place++, numbers[i]);
    }
    sql_bind_text(stmt, place++, receipt->peak_source);
    for (size_t i = 0; i < ARRAY_LEN(more_numbers); i++) {
        sql_bind_number(stmt, place++, more_numbers[i]);
    }
    sql_bind_data(stmt, place, receipt->units_peak, receipt->units_peak_bytes);
    return sql_run(db, stmt, NULL, err) < 0 ? -1 : forget_process(db, receipt, err);
}

static int write_sample(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_sample *sample = &STORE_ARGS(op, sample)->sample;
    sqlite3_stmt *stmt = sql_use(db, SQL_SAMPLE_PUT, err);

    if (!stmt) {
        return -1;
    }
    sql_bind_number(stmt, 1, sample->time_ms);
    sqlite3_bind_int64(stmt, 2, sample->pid);
    sql_bind_text(stmt, 3, sample->class_name);
    sql_bind_number(stmt, 4, sample->rss_bytes);
    sql_bind_number(stmt, 5, sample->pss_bytes);
    return sql_run(db, stmt, NULL, err);
}

static int write_event(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_event *args = STORE_ARGS(op, event);
    sqlite3_stmt *stmt = sql_use(db, SQL_EVENT_PUT, err);

    if (!stmt) {
        return -1;
    }
    sql_bind_number(stmt, 1, args->sequence);
    sql_bind_number(stmt, 2, args->time_ms);
    sql_bind_text(stmt, 3, args->kind);
    sql_bind_uuid(stmt, 4, args->has_job ? &args->job : NULL);
    sql_bind_text(stmt, 5, args->text);
    sql_bind_data(stmt, 6, args->data, args->data_bytes);
    return sql_run(db, stmt, NULL, err);
}

/* --- the table --- */

typedef int (*write_cb)(struct store_db *db, struct store_op *op, struct error *err);

static const write_cb writers[STORE_OP_COUNT_OF] = {
    [STORE_OP_ACCEPT] = store_write_accept, [STORE_OP_TAKE] = store_write_take,
    [STORE_OP_CHANGE] = write_change,       [STORE_OP_COUNT] = write_count,
    [STORE_OP_WARNING] = write_warning,     [STORE_OP_TIMES] = write_times,
    [STORE_OP_UNIT_PUT] = write_unit_put,   [STORE_OP_UNIT_REMOVE] = write_unit_remove,
    [STORE_OP_FAILURE] = write_failure,     [STORE_OP_PROCESS] = write_process,
    [STORE_OP_RECEIPT] = write_receipt,     [STORE_OP_RESUME] = store_write_resume,
    [STORE_OP_CANCEL] = store_write_cancel, [STORE_OP_DELETE] = store_write_delete,
    [STORE_OP_SAMPLE] = write_sample,       [STORE_OP_EVENT] = write_event,
};

/* In a savepoint: refused, it leaves the transaction as it was. */
static int write_guarded(struct store_db *db, struct store_op *op, struct error *err)
{
    struct store_counts before = db->counts;

    if (sql_exec(db, "SAVEPOINT operation", err) < 0) {
        return -1;
    }
    if (writers[op->kind](db, op, err) == 0) {
        return sql_exec(db, "RELEASE operation", err);
    }
    if (!db->failing) {
        db->counts = before;
        if (sql_exec(db, "ROLLBACK TO operation; RELEASE operation", err) < 0) {
            return -1;
        }
    }
    return -1;
}

int store_db_write(struct store_db *db, struct store_op *op, struct error *err)
{
    struct error local = ERROR_INIT;

    db->failing = false;
    if (op->answer) {
        return write_guarded(db, op, err);
    }
    if (writers[op->kind](db, op, &local) < 0) {
        if (!db->failing) {
            log_error("a change of state is lost: %s", local.msg);
        }
        if (err) {
            *err = local;
        }
        return -1;
    }
    return 0;
}
