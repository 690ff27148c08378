/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Jobs as rows: their status, and the operations that somebody waits for: accept, take, resume,
 * cancel, delete.
 *
 * Invariant: db->counts follows every change of a job's status in the same transaction.
 * Everything blocks on the disk. Logs (warning) a unit of a stage that this ebbd does not know.
 */
#include "supervisor/store_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "supervisor/stage.h"

#define PRIORITY_HEAD_START_MS UINT64_C(600000)
/* More units than any document has pages: a row count that is no damage stays below. */
#define UNITS_MAX 4194304

/* --- a job's status --- */

int store_status_read(struct store_db *db, const struct uuid *job, enum job_status *ret_status,
                      uint64_t *ret_failures, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_JOB_STATUS, err);
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, job);
    rc = sql_step(db, stmt, err);
    if (rc > 0) {
        bool known = job_status_parse(sql_column_text(stmt, 0), ret_status);

        if (ret_failures) {
            *ret_failures = sql_column_number(stmt, 1);
        }
        sql_done(stmt);
        if (!known) {
            return error_set(err, ERROR_CORRUPT, "state.db: a job with a status of no name");
        }
    }
    return rc;
}

/* As read_status, with ERROR_NOT_FOUND for 0. */
static int need_status(struct store_db *db, const struct uuid *job, enum job_status *ret_status,
                       uint64_t *ret_failures, struct error *err)
{
    int rc = store_status_read(db, job, ret_status, ret_failures, err);

    return rc == 0 ? error_set(err, ERROR_NOT_FOUND, "there is no such job") : rc;
}

static void count_move(struct store_db *db, enum job_status from, enum job_status to)
{
    db->counts.jobs[from]--;
    db->counts.jobs[to]++;
}

int store_status_set(struct store_db *db, const struct uuid *job, enum job_status from,
                     enum job_status to, uint64_t started_ms, uint64_t finished_ms,
                     struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_JOB_STATE, err);

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, job);
    sql_bind_text(stmt, 2, job_status_name(to));
    sql_bind_positive(stmt, 3, started_ms);
    sql_bind_positive(stmt, 4, finished_ms);
    if (sql_run(db, stmt, NULL, err) < 0) {
        return -1;
    }
    count_move(db, from, to);
    return 0;
}

int store_run_for_job(struct store_db *db, enum sql which, const struct uuid *job, int *ret_changes,
                      struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, which, err);

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, job);
    return sql_run(db, stmt, ret_changes, err);
}

/* --- operations that somebody waits for --- */

/* Two that embed the same library again would do the same work twice. Their name says what they
 * embed: everything, or what is owed. */
static int refuse_second(struct store_db *db, const char *name, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_JOB_REEMBED, err);
    char text[UUID_TEXT_BYTES];
    struct uuid first;
    int rc = -1;

    if (stmt) {
        sql_bind_text(stmt, 1, name);
        rc = sql_step(db, stmt, err);
    }
    if (rc > 0) {
        bool known = sql_column_uuid(stmt, 0, &first);

        sql_done(stmt);
        if (!known) {
            return error_set(err, ERROR_CORRUPT, "state.db: a job with an id of no length");
        }
        uuid_format(&first, text);
        return error_set(err, ERROR_EXISTS, "%s embeds the library again already", text);
    }
    return rc;
}

int store_write_accept(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct store_args_accept *args = STORE_ARGS(op, accept);
    const struct store_job_new *job = &args->job;
    sqlite3_stmt *stmt;
    int64_t rank = (int64_t)job->created_ms - (int64_t)(job->priority * PRIORITY_HEAD_START_MS);

    if (db->counts.jobs[JOB_STATUS_PENDING] >= job->max_queued) {
        return error_set(err, ERROR_LIMIT, "%llu jobs are waiting already",
                         (unsigned long long)db->counts.jobs[JOB_STATUS_PENDING]);
    }
    if (job->kind == JOB_KIND_REEMBED && refuse_second(db, job->name, err) < 0) {
        return -1;
    }
    stmt = sql_use(db, SQL_JOB_INSERT, err);
    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &job->id);
    sql_bind_text(stmt, 2, job->name);
    sql_bind_number(stmt, 3, job->priority);
    sqlite3_bind_int64(stmt, 4, rank);
    sql_bind_data(stmt, 5, job->params, job->params_bytes);
    sql_bind_number(stmt, 6, args->size_bytes);
    sql_bind_number(stmt, 7, job->uid);
    sql_bind_number(stmt, 8, job->created_ms);
    sql_bind_text(stmt, 9, job_kind_name(job->kind));
    if (sql_run(db, stmt, NULL, err) < 0) {
        return -1;
    }
    db->counts.jobs[JOB_STATUS_PENDING]++;
    return 0;
}

/* Units of stages that lose no page: what was not chunked, what was not embedded. */
static int count_lost_units(struct store_db *db, const struct uuid *job, uint64_t *ret_count,
                            struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_UNITS_LOST, err);

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, job);
    return sql_number(db, stmt, 0, ret_count, err);
}

int store_write_resume(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct uuid *job = &STORE_ARGS(op, job)->job;
    enum job_status status = JOB_STATUS_PENDING;
    uint64_t failures = 0;

    if (need_status(db, job, &status, &failures, err) < 0) {
        return -1;
    }
    if (status == JOB_STATUS_PROCESSING) {
        return error_set(err, ERROR_EXISTS, "the job is in work");
    }
    if (status == JOB_STATUS_COMPLETED && failures == 0 &&
        count_lost_units(db, job, &failures, err) < 0) {
        return -1;
    }
    if (status == JOB_STATUS_COMPLETED && failures == 0) {
        return error_set(err, ERROR_EXISTS, "the job is completed");
    }
    if (store_run_for_job(db, SQL_UNITS_RESUME, job, NULL, err) < 0 ||
        store_run_for_job(db, SQL_FAILURES_DELETE, job, NULL, err) < 0 ||
        store_run_for_job(db, SQL_JOB_RESUME, job, NULL, err) < 0) {
        return -1;
    }
    count_move(db, status, JOB_STATUS_PENDING);
    return 0;
}

int store_write_cancel(struct store_db *db, struct store_op *op, struct error *err)
{
    const struct uuid *job = &STORE_ARGS(op, job)->job;
    enum job_status status = JOB_STATUS_PENDING;

    if (need_status(db, job, &status, NULL, err) < 0) {
        return -1;
    }
    if (status != JOB_STATUS_PENDING && status != JOB_STATUS_INTERRUPTED) {
        return error_set(err, ERROR_EXISTS, "the job is %s", job_status_name(status));
    }
    return store_status_set(db, job, status, JOB_STATUS_CANCELLED, 0, clock_wall_ms(), err);
}

int store_write_delete(struct store_db *db, struct store_op *op, struct error *err)
{
    static const enum sql parts[] = {SQL_UNITS_DELETE,    SQL_STAGES_DELETE,   SQL_COUNTS_DELETE,
                                     SQL_WARNINGS_DELETE, SQL_FAILURES_DELETE, SQL_EVENTS_DELETE,
                                     SQL_JOB_DELETE};
    const struct uuid *job = &STORE_ARGS(op, job)->job;
    enum job_status status = JOB_STATUS_PENDING;

    if (need_status(db, job, &status, NULL, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (store_run_for_job(db, parts[i], job, NULL, err) < 0) {
            return -1;
        }
    }
    db->counts.jobs[status]--;
    return 0;
}

/* --- taking jobs --- */

/* The words in state.db; the enums may change their numbers, these stay. */
static const char *const unit_states[] = {
    [UNIT_PENDING] = "pending", [UNIT_RUNNING] = "pending", [UNIT_DONE] = "done",
    [UNIT_FAILED] = "failed",   [UNIT_SKIPPED] = "skipped",
};
static const char *const unit_steps[] = {[UNIT_WORK] = "work", [UNIT_PERSIST] = "persist"};

static uint8_t unit_state_of(const char *word)
{
    for (unsigned i = UNIT_DONE; i <= UNIT_SKIPPED; i++) {
        if (!strcmp(unit_states[i], word)) {
            return (uint8_t)i;
        }
    }
    return UNIT_PENDING;
}

const char *store_unit_state_word(uint8_t state)
{
    return unit_states[state];
}

const char *store_unit_step_word(uint8_t step)
{
    return unit_steps[step];
}

static int read_unit(sqlite3_stmt *stmt, struct store_unit *ret_unit)
{
    int stage = stage_find(sql_column_text(stmt, 1));
    enum verdict verdict = VERDICT_NONE;

    if (stage < 0) {
        log_warning("unit %llu is left out: there is no stage \"%.32s\"",
                    (unsigned long long)sql_column_number(stmt, 0), sql_column_text(stmt, 1));
        return -1;
    }
    verdict_parse(sql_column_text(stmt, 8), &verdict);
    *ret_unit = (struct store_unit){
        .number = (uint32_t)sql_column_number(stmt, 0),
        .stage = (uint8_t)stage,
        .state = unit_state_of(sql_column_text(stmt, 2)),
        .step = strcmp(sql_column_text(stmt, 3), "persist") == 0 ? UNIT_PERSIST : UNIT_WORK,
        .alone = sql_column_number(stmt, 4) > 0,
        .attempts = (uint16_t)sql_column_number(stmt, 5),
        .first = (uint32_t)sql_column_number(stmt, 6),
        .last = (uint32_t)sql_column_number(stmt, 7),
        .verdict = (uint8_t)verdict,
        .size = (uint32_t)sql_column_number(stmt, 9),
        .peak_kib = (uint32_t)sql_column_number(stmt, 10),
    };
    return 0;
}

static int load_units(struct store_db *db, struct store_job *job, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_UNITS_COUNT, err);
    uint64_t count;
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &job->id);
    if (sql_number(db, stmt, 0, &count, err) < 0) {
        return -1;
    }
    if (count == 0) {
        return 0;
    }
    if (count > UNITS_MAX) {
        return error_set(err, ERROR_CORRUPT, "state.db: a job has %llu units",
                         (unsigned long long)count);
    }
    job->units = store_answer_memory(count, sizeof(*job->units));
    stmt = sql_use(db, SQL_UNITS_LOAD, err);
    if (!stmt || !job->units) {
        return stmt ? error_set(err, ERROR_MEMORY, "no memory for a job's units") : -1;
    }
    sql_bind_uuid(stmt, 1, &job->id);
    while ((rc = sql_step(db, stmt, err)) > 0) {
        if (job->unit_count < count && read_unit(stmt, &job->units[job->unit_count]) == 0) {
            job->unit_count++;
        }
    }
    return rc;
}

static int load_failures(struct store_db *db, struct store_job *job, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_FAILURES_LOAD, err);
    uint64_t count = job->failure_count < STORE_FAILURES_LOADED_MAX ? job->failure_count
                                                                    : STORE_FAILURES_LOADED_MAX;
    int rc = 0;

    if (count == 0 || !stmt) {
        return stmt ? 0 : -1;
    }
    job->failures = store_answer_memory(count, sizeof(*job->failures));
    if (!job->failures) {
        return error_set(err, ERROR_MEMORY, "no memory for a job's failures");
    }
    sql_bind_uuid(stmt, 1, &job->id);
    sql_bind_number(stmt, 2, count);
    while ((rc = sql_step(db, stmt, err)) > 0) {
        struct store_failure *failure = &job->failures[job->failures_loaded];
        int stage = stage_find(sql_column_text(stmt, 1));

        failure->stage = (uint8_t)(stage < 0 ? STAGE_COUNT : stage);
        failure->item = (uint32_t)sql_column_number(stmt, 0);
        verdict_parse(sql_column_text(stmt, 2), &failure->verdict);
        failure->code = store_answer_text(sql_column_text(stmt, 3));
        failure->text = store_answer_text(sql_column_text(stmt, 4));
        job->failures_loaded++;
        if (!failure->code || !failure->text) {
            sql_done(stmt);
            return error_set(err, ERROR_MEMORY, "no memory for a job's failures");
        }
    }
    return rc;
}

static int load_job(struct store_db *db, struct store_job *job, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_JOB_LOAD, err);
    const void *params;
    bool whole, known;
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_uuid(stmt, 1, &job->id);
    rc = sql_step(db, stmt, err);
    if (rc <= 0) {
        return rc < 0 ? -1 : error_set(err, ERROR_CORRUPT, "state.db: a waiting job has no row");
    }
    job->name = store_answer_text(sql_column_text(stmt, 0));
    params = sqlite3_column_blob(stmt, 1);
    job->params_bytes = params ? (size_t)sqlite3_column_bytes(stmt, 1) : 0;
    if (job->params_bytes > 0) {
        job->params = store_answer_data(params, job->params_bytes);
    }
    job->size_bytes = sql_column_number(stmt, 2);
    job->created_ms = sql_column_number(stmt, 3);
    job->started_ms = sql_column_number(stmt, 4);
    job->priority = (uint32_t)sql_column_number(stmt, 5);
    job->pages = (uint32_t)sql_column_number(stmt, 6);
    job->failure_count = sql_column_number(stmt, 7);
    job->restarts = (uint32_t)sql_column_number(stmt, 8);
    whole = job->name && (job->params || job->params_bytes == 0);
    known = job_kind_parse(sql_column_text(stmt, 9), &job->kind);
    sql_done(stmt);
    if (!known) {
        return error_set(err, ERROR_CORRUPT, "state.db: a job of a kind of no name");
    }
    if (!whole) {
        return error_set(err, ERROR_MEMORY, "no memory for a job");
    }
    return load_units(db, job, err) < 0 ? -1 : load_failures(db, job, err);
}

/* The ids first: a row that gets another status leaves the index that is being walked. */
static int find_waiting(struct store_db *db, size_t max_jobs, struct store_answer *answer,
                        enum job_status *statuses, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_JOBS_WAITING, err);
    int rc;

    if (!stmt) {
        return -1;
    }
    sql_bind_number(stmt, 1, max_jobs);
    while ((rc = sql_step(db, stmt, err)) > 0 && answer->job_count < max_jobs) {
        if (sql_column_uuid(stmt, 0, &answer->jobs[answer->job_count].id) &&
            job_status_parse(sql_column_text(stmt, 1), &statuses[answer->job_count])) {
            answer->job_count++;
        }
    }
    if (rc > 0) {
        sql_done(stmt);
    }
    return rc < 0 ? -1 : 0;
}

int store_write_take(struct store_db *db, struct store_op *op, struct error *err)
{
    struct store_answer *answer = op->answer;
    uint64_t waiting =
        db->counts.jobs[JOB_STATUS_PENDING] + db->counts.jobs[JOB_STATUS_INTERRUPTED];
    size_t max_jobs = STORE_ARGS(op, take)->max_jobs;
    enum job_status *statuses;
    int rc;

    if (max_jobs > waiting) {
        max_jobs = (size_t)waiting;
    }
    if (max_jobs == 0) {
        return 0;
    }
    answer->jobs = store_answer_memory(max_jobs, sizeof(*answer->jobs));
    statuses = calloc(max_jobs, sizeof(*statuses));
    if (!answer->jobs || !statuses) {
        free(statuses);
        return error_set(err, ERROR_MEMORY, "no memory for %zu jobs", max_jobs);
    }
    rc = find_waiting(db, max_jobs, answer, statuses, err);
    for (size_t i = 0; i < answer->job_count && rc == 0; i++) {
        rc = load_job(db, &answer->jobs[i], err);
        if (rc == 0) {
            rc = store_status_set(db, &answer->jobs[i].id, statuses[i], JOB_STATUS_PROCESSING, 0, 0,
                                  err);
        }
    }
    free(statuses);
    return rc;
}
