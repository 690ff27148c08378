/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Every statement on state.db, and how it is bound, run and read. The schema is in store_db.c.
 * For the store*.c that speak SQL.
 */
#ifndef EBB_SUPERVISOR_STORE_SQL_H
#define EBB_SUPERVISOR_STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/uuid.h"
#include "supervisor/store_db.h"

#define WAITING "status IN ('pending', 'interrupted')"
#define RECEIPT_COLUMNS                                                                            \
    "id, pid, class, stage, job, verdict, exit_code, signal, started_ms, wall_us, user_us, "       \
    "system_us, peak_rss, peak_source, minor_faults, major_faults, blocks_read, blocks_written, "  \
    "voluntary_switches, involuntary_switches, units, bucket, units_peak"
#define SHORT_JOB_COLUMNS                                                                          \
    "id, document, name, status, progress, stage, pages, failures, error_code, created_ms, "       \
    "finished_ms, kind"

/* X(SYMBOL, "sql"): prepared when first used, kept until the end. */
#define SQL_LIST(X)                                                                                \
    /* jobs */                                                                                     \
    X(JOB_INSERT,                                                                                  \
      "INSERT INTO jobs (id, name, status, priority, rank, params, size, uid, created_ms, kind) "  \
      "VALUES (?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                                    \
    X(JOB_REEMBED, "SELECT id FROM jobs INDEXED BY jobs_reembed WHERE kind = 'reembed' AND "       \
                   "status IN ('pending', 'interrupted', 'processing') AND name = ?1 LIMIT 1")     \
    X(JOB_STATUS, "SELECT status, failures FROM jobs WHERE id = ?1")                               \
    X(JOB_STATE, "UPDATE jobs SET status = ?2, started_ms = coalesce(?3, started_ms), "            \
                 "finished_ms = coalesce(?4, finished_ms) WHERE id = ?1")                          \
    X(JOB_FIELDS,                                                                                  \
      "UPDATE jobs SET stage = coalesce(?2, stage), progress = coalesce(?3, progress), "           \
      "document = coalesce(?4, document), pages = coalesce(?5, pages), "                           \
      "error_code = nullif(coalesce(?6, error_code), ''), "                                        \
      "error_text = nullif(coalesce(?7, error_text), '') WHERE id = ?1")                           \
    X(JOB_FORGET, "UPDATE jobs SET params = NULL WHERE id = ?1")                                   \
    X(JOB_FAILURES, "UPDATE jobs SET failures = failures + 1 WHERE id = ?1")                       \
    X(JOB_RESUME,                                                                                  \
      "UPDATE jobs SET status = 'pending', finished_ms = NULL, failures = 0, error_code = NULL, "  \
      "error_text = NULL WHERE id = ?1")                                                           \
    X(JOB_DELETE, "DELETE FROM jobs WHERE id = ?1")                                                \
    X(JOBS_WAITING, "SELECT id, status FROM jobs INDEXED BY jobs_waiting WHERE " WAITING           \
                    " ORDER BY rank, id LIMIT ?1")                                                 \
    X(JOBS_INTERRUPT, "UPDATE jobs SET status = 'interrupted', restarts = restarts + 1 "           \
                      "WHERE status = 'processing'")                                               \
    X(JOBS_COUNT, "SELECT status, count(*) FROM jobs GROUP BY status")                             \
    X(JOB_LOAD,                                                                                    \
      "SELECT name, params, size, created_ms, started_ms, priority, pages, failures, restarts, "   \
      "kind FROM jobs WHERE id = ?1")                                                              \
    X(JOB_READ, "SELECT " SHORT_JOB_COLUMNS ", error_text, priority, started_ms, size "            \
                "FROM jobs WHERE id = ?1")                                                         \
    X(JOBS_READ, "SELECT " SHORT_JOB_COLUMNS " FROM jobs WHERE id < ?1 ORDER BY id DESC LIMIT ?2") \
    X(JOBS_READ_STATUS, "SELECT " SHORT_JOB_COLUMNS " FROM jobs INDEXED BY jobs_status "           \
                        "WHERE status = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2")                 \
    X(JOBS_EXPIRED,                                                                                \
      "SELECT id FROM jobs INDEXED BY jobs_ended WHERE finished_ms > 0 AND finished_ms < ?1 "      \
      "ORDER BY finished_ms LIMIT ?2")                                                             \
    X(JOB_TIMES, "SELECT started_ms, finished_ms FROM jobs WHERE id = ?1")                         \
    /* what a job has */                                                                           \
    X(UNIT_PUT, "INSERT OR REPLACE INTO units "                                                    \
                "(job, number, stage, state, step, alone, attempts, first, last, verdict, size, "  \
                "peak_kib) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")            \
    X(UNIT_REMOVE, "DELETE FROM units WHERE job = ?1 AND number = ?2")                             \
    X(UNITS_LOAD, "SELECT number, stage, state, step, alone, attempts, first, last, verdict, "     \
                  "size, peak_kib FROM units WHERE job = ?1 ORDER BY number")                      \
    X(UNITS_PEAK, "SELECT stage, first, last, peak_kib FROM units WHERE job = ?1 AND "             \
                  "peak_kib > 0 ORDER BY peak_kib DESC, number LIMIT 64")                          \
    X(UNITS_COUNT, "SELECT count(*) FROM units WHERE job = ?1")                                    \
    X(UNITS_LOST, "SELECT count(*) FROM units WHERE job = ?1 AND state = 'failed'")                \
    X(UNITS_RESUME, "UPDATE units SET state = 'pending', step = 'work', alone = 0, attempts = 0, " \
                    "verdict = 'none' WHERE job = ?1 AND state = 'failed'")                        \
    X(UNITS_SUM, "SELECT stage, count(*), sum(state = 'done'), sum(state = 'failed'), "            \
                 "sum(last - first + 1), sum(iif(state = 'done', last - first + 1, 0)), "          \
                 "sum(iif(state = 'failed', last - first + 1, 0)) "                                \
                 "FROM units WHERE job = ?1 GROUP BY stage")                                       \
    X(STAGE_TIMES,                                                                                 \
      "INSERT INTO stages (job, stage, started_ms, finished_ms) VALUES (?1, ?2, ?3, ?4) "          \
      "ON CONFLICT DO UPDATE SET started_ms = coalesce(?3, started_ms), "                          \
      "finished_ms = coalesce(?4, finished_ms)")                                                   \
    X(STAGES_READ, "SELECT stage, started_ms, finished_ms FROM stages WHERE job = ?1")             \
    X(COUNT_SET, "INSERT INTO counts (job, key, value) SELECT ?1, ?2, ?3 "                         \
                 "WHERE (SELECT count(*) FROM counts WHERE job = ?1 AND key <> ?2) < ?4 "          \
                 "ON CONFLICT DO UPDATE SET value = ?3")                                           \
    X(COUNT_ADD, "INSERT INTO counts (job, key, value) SELECT ?1, ?2, ?3 "                         \
                 "WHERE (SELECT count(*) FROM counts WHERE job = ?1 AND key <> ?2) < ?4 "          \
                 "ON CONFLICT DO UPDATE SET value = min(value, 9223372036854775807 - ?3) + ?3")    \
    X(COUNTS_READ, "SELECT key, value FROM counts WHERE job = ?1 ORDER BY key")                    \
    X(WARNING_PUT, "INSERT INTO warnings (job, number, text) SELECT ?1, n, ?2 FROM "               \
                   "(SELECT coalesce(max(number), 0) + 1 AS n FROM warnings WHERE job = ?1) "      \
                   "WHERE n <= ?3")                                                                \
    X(WARNINGS_READ, "SELECT text FROM warnings WHERE job = ?1 ORDER BY number")                   \
    X(FAILURE_NEW, "INSERT OR IGNORE INTO failures (job, stage, item, verdict, code, text) "       \
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                              \
    X(FAILURE_CHANGE, "UPDATE failures SET verdict = ?4, code = ?5, text = ?6 "                    \
                      "WHERE job = ?1 AND stage = ?2 AND item = ?3")                               \
    X(FAILURES_READ, "SELECT item, stage, verdict, code, text FROM failures WHERE job = ?1 "       \
                     "ORDER BY item, stage LIMIT 1000")                                            \
    X(FAILURES_LOAD, "SELECT item, stage, verdict, code, text FROM failures WHERE job = ?1 "       \
                     "ORDER BY item, stage LIMIT ?2")                                              \
    X(FAILURES_OF, "SELECT count(*) FROM failures WHERE job = ?1 AND stage = ?2")                  \
    X(UNITS_DELETE, "DELETE FROM units WHERE job = ?1")                                            \
    X(STAGES_DELETE, "DELETE FROM stages WHERE job = ?1")                                          \
    X(COUNTS_DELETE, "DELETE FROM counts WHERE job = ?1")                                          \
    X(WARNINGS_DELETE, "DELETE FROM warnings WHERE job = ?1")                                      \
    X(FAILURES_DELETE, "DELETE FROM failures WHERE job = ?1")                                      \
    X(EVENTS_DELETE, "DELETE FROM events WHERE job = ?1")                                          \
    /* receipts */                                                                                 \
    X(PROCESS_PUT, "INSERT OR REPLACE INTO processes VALUES (?1, ?2, ?3, ?4, ?5, ?6)")             \
    X(PROCESS_DELETE, "DELETE FROM processes WHERE pid = ?1 AND started_ms = ?2")                  \
    X(PROCESSES_END,                                                                               \
      "INSERT INTO receipts (" RECEIPT_COLUMNS ") SELECT NULL, pid, class, stage, job, "           \
      "'crashed', -1, 9, started_ms, coalesce((SELECT max(time_ms) FROM samples "                  \
      "WHERE pid = processes.pid AND time_ms >= processes.started_ms) - started_ms, 0) * 1000, "   \
      "0, 0, coalesce((SELECT max(rss) FROM samples WHERE pid = processes.pid AND "                \
      "time_ms >= processes.started_ms), 0), 'sample', 0, 0, 0, 0, 0, 0, 0, bucket, NULL FROM "    \
      "processes")                                                                                 \
    X(PROCESSES_DELETE, "DELETE FROM processes")                                                   \
    X(RECEIPT_PUT,                                                                                 \
      "INSERT INTO receipts (" RECEIPT_COLUMNS ") VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "  \
      "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)")                      \
    X(RECEIPTS_BY_STAGE,                                                                           \
      "SELECT stage, count(*), sum(user_us + system_us), max(peak_rss) FROM receipts "             \
      "WHERE job = ?1 GROUP BY stage")                                                             \
    X(RECEIPTS_SUM,                                                                                \
      "SELECT id, class, stage, verdict, wall_us, user_us + system_us, peak_rss, started_ms "      \
      "FROM receipts WHERE id > ?1 ORDER BY id LIMIT ?2")                                          \
    X(RECEIPTS_SUM_JOB,                                                                            \
      "SELECT id, class, stage, verdict, wall_us, user_us + system_us, peak_rss, started_ms "      \
      "FROM receipts INDEXED BY receipts_job WHERE job = ?3 AND id > ?1 ORDER BY id LIMIT ?2")     \
    X(RECEIPTS_READ,                                                                               \
      "SELECT " RECEIPT_COLUMNS " FROM receipts INDEXED BY receipts_started "                      \
      "WHERE started_ms >= ?1 ORDER BY started_ms DESC, id DESC LIMIT ?2 OFFSET ?3")               \
    X(RECEIPTS_READ_JOB,                                                                           \
      "SELECT " RECEIPT_COLUMNS " FROM receipts INDEXED BY receipts_job "                          \
      "WHERE job = ?4 AND started_ms >= ?1 ORDER BY started_ms DESC, id DESC LIMIT ?2 OFFSET ?3")  \
    X(RECEIPTS_ALL, "SELECT (SELECT max(id) FROM receipts) - (SELECT min(id) FROM receipts) + 1")  \
    X(RECEIPTS_SINCE,                                                                              \
      "SELECT count(*) FROM receipts INDEXED BY receipts_started WHERE started_ms >= ?1")          \
    X(RECEIPTS_OF_JOB, "SELECT count(*) FROM receipts INDEXED BY receipts_job "                    \
                       "WHERE job = ?1 AND started_ms >= ?2")                                      \
    X(HISTORY_FROM,                                                                                \
      "SELECT id FROM receipts WHERE verdict = 'done' ORDER BY id DESC LIMIT 1 OFFSET ?1")         \
    X(HISTORY_READ, "SELECT class, stage, bucket, peak_rss FROM receipts "                         \
                    "WHERE id >= ?1 AND verdict = 'done' ORDER BY id")                             \
    X(RECEIPTS_AGED,                                                                               \
      "DELETE FROM receipts WHERE id IN (SELECT id FROM receipts ORDER BY id LIMIT ?2) "           \
      "AND started_ms < ?1")                                                                       \
    X(RECEIPTS_SURPLUS, "DELETE FROM receipts WHERE id IN (SELECT id FROM receipts "               \
                        "WHERE id <= (SELECT max(id) FROM receipts) - ?1 ORDER BY id LIMIT ?2)")   \
    /* samples */                                                                                  \
    X(SAMPLE_PUT, "INSERT OR REPLACE INTO samples (time_ms, pid, class, rss, pss) "                \
                  "VALUES (?1, ?2, ?3, ?4, ?5)")                                                   \
    X(SAMPLES_READ,                                                                                \
      "SELECT time_ms, pid, class, rss, pss, 60000 FROM minutes WHERE time_ms BETWEEN ?1 AND ?2 "  \
      "UNION ALL SELECT time_ms, pid, class, rss, pss, 0 FROM samples "                            \
      "WHERE time_ms BETWEEN ?1 AND ?2 ORDER BY time_ms LIMIT ?3 OFFSET ?4")                       \
    X(SAMPLES_OLDEST, "SELECT min(time_ms) FROM samples")                                          \
    X(SAMPLES_SUM, "INSERT OR REPLACE INTO minutes (time_ms, class, pid, rss, pss) "               \
                   "SELECT ?1, class, pid, max(rss), max(pss) FROM samples "                       \
                   "WHERE time_ms >= ?1 AND time_ms < ?2 GROUP BY class")                          \
    X(SAMPLES_SUMMED, "DELETE FROM samples WHERE time_ms >= ?1 AND time_ms < ?2")                  \
    X(SAMPLES_COUNT, "SELECT count(*) FROM samples")                                               \
    X(MINUTES_AGED,                                                                                \
      "DELETE FROM minutes WHERE (time_ms, class) IN "                                             \
      "(SELECT time_ms, class FROM minutes WHERE time_ms < ?1 ORDER BY time_ms LIMIT ?2)")         \
    /* events */                                                                                   \
    X(EVENT_PUT, "INSERT OR REPLACE INTO events (sequence, time_ms, kind, job, text, data) "       \
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                                \
    X(EVENTS_READ,                                                                                 \
      "SELECT sequence, time_ms, kind, job, text, data FROM events WHERE sequence > ?1 "           \
      "ORDER BY sequence LIMIT ?2")                                                                \
    X(EVENTS_READ_JOB,                                                                             \
      "SELECT sequence, time_ms, kind, job, text, data FROM events INDEXED BY events_job "         \
      "WHERE job = ?3 AND sequence > ?1 ORDER BY sequence LIMIT ?2")                               \
    X(EVENTS_LAST, "SELECT max(sequence) FROM events")                                             \
    X(EVENTS_SURPLUS,                                                                              \
      "DELETE FROM events WHERE sequence IN (SELECT sequence FROM events "                         \
      "WHERE sequence <= (SELECT max(sequence) FROM events) - ?1 ORDER BY sequence LIMIT ?2)")

enum sql {
#define SQL_ENUM(symbol, text) SQL_##symbol,
    SQL_LIST(SQL_ENUM)
#undef SQL_ENUM
        SQL_COUNT
};

struct store_db {
    sqlite3 *handle;
    const struct store_options *options; /* borrowed */
    sqlite3_stmt *statements[SQL_COUNT];
    struct store_counts counts;    /* the open transaction's included */
    struct store_counts committed; /* what a rollback goes back to */
    uint64_t last_sequence;
    bool failing;   /* the last error was the disk's */
    bool full_sync; /* PRAGMA synchronous as it stands */
    bool in_transaction;
    unsigned keep_step;
};

/* A statement, ready to be bound. NULL (and err) when it cannot be prepared. */
sqlite3_stmt *sql_use(struct store_db *db, enum sql which, struct error *err);
/* One row: 1 and it can be read; 0 there is none (any more) and the statement is reset; -1. */
int sql_step(struct store_db *db, sqlite3_stmt *stmt, struct error *err);
/* To the end. ret_changes may be NULL. */
int sql_run(struct store_db *db, sqlite3_stmt *stmt, int *ret_changes, struct error *err);
/* Gives a statement back before its end. */
void sql_done(sqlite3_stmt *stmt);
/* First column of the first row, as a number; fallback when there is none or it is NULL. */
int sql_number(struct store_db *db, sqlite3_stmt *stmt, uint64_t fallback, uint64_t *ret_number,
               struct error *err);
/* Statements without parameters and rows, as one text. */
int sql_exec(struct store_db *db, const char *text, struct error *err);
/* Sets err to what SQLite says, and db->failing. Returns -1. */
int sql_error(struct store_db *db, int rc, struct error *err);

void sql_bind_uuid(sqlite3_stmt *stmt, int place, const struct uuid *uuid); /* NULL binds NULL */
void sql_bind_text(sqlite3_stmt *stmt, int place, const char *text);        /* borrowed; NULL too */
void sql_bind_data(sqlite3_stmt *stmt, int place, const void *data, size_t size_bytes);
/* Numbers above INT64_MAX are kept as that. */
void sql_bind_number(sqlite3_stmt *stmt, int place, uint64_t number);
/* 0 binds NULL: "leave it". */
void sql_bind_positive(sqlite3_stmt *stmt, int place, uint64_t number);

/* Columns; NULL reads as 0, "" or false. */
uint64_t sql_column_number(sqlite3_stmt *stmt, int column);
const char *sql_column_text(sqlite3_stmt *stmt, int column);
bool sql_column_uuid(sqlite3_stmt *stmt, int column, struct uuid *ret_uuid);

#endif
