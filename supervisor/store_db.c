/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * state.db: opening, schema, transactions, statements.
 *
 * WAL with an exclusive lock: one process uses the file, so there is no shared-memory file, no
 * lock to be taken for each transaction, and no reader outside that could keep the WAL from being
 * reset. synchronous is set before each transaction to what its changes need; in WAL mode FULL
 * syncs the log at the commit and NORMAL does not, and neither can tear a transaction.
 *
 * Memory is bounded: a page cache of 256 KiB, no mmap; statements are prepared once.
 *
 * Everything blocks on the disk. Logs nothing but (warning) a checkpoint that failed at the end.
 */
#include "supervisor/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "supervisor/store_sql.h"

#define APPLICATION_ID 0x65626273 /* "ebbs" */
/* A file up to this size is checked whole when it is opened; that takes some milliseconds. */
#define CHECK_MAX_BYTES (4 << 20)

/* Each row brings a file of the version before (its index) to its own; never change one that was
 * released. */
static const char *const migrations[] = {
    /* 1 */
    "CREATE TABLE jobs (id BLOB PRIMARY KEY NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,"
    " priority INTEGER NOT NULL, rank INTEGER NOT NULL, params BLOB, size INTEGER NOT NULL,"
    " uid INTEGER NOT NULL, created_ms INTEGER NOT NULL, started_ms INTEGER, finished_ms INTEGER,"
    " stage TEXT, progress REAL NOT NULL DEFAULT 0, document TEXT, pages INTEGER,"
    " failures INTEGER NOT NULL DEFAULT 0, error_code TEXT, error_text TEXT,"
    " restarts INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX jobs_waiting ON jobs (rank, id) WHERE " WAITING ";"
    "CREATE INDEX jobs_status ON jobs (status, id);"
    "CREATE INDEX jobs_ended ON jobs (finished_ms) WHERE finished_ms > 0;"
    "CREATE TABLE units (job BLOB NOT NULL, number INTEGER NOT NULL, stage TEXT NOT NULL,"
    " state TEXT NOT NULL, step TEXT NOT NULL, alone INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL, verdict TEXT NOT NULL,"
    " PRIMARY KEY (job, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE stages (job BLOB NOT NULL, stage TEXT NOT NULL, started_ms INTEGER,"
    " finished_ms INTEGER, PRIMARY KEY (job, stage)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE counts (job BLOB NOT NULL, key TEXT NOT NULL, value INTEGER NOT NULL,"
    " PRIMARY KEY (job, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE warnings (job BLOB NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY (job, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE failures (job BLOB NOT NULL, stage TEXT NOT NULL, item INTEGER NOT NULL,"
    " verdict TEXT NOT NULL, code TEXT, text TEXT,"
    " PRIMARY KEY (job, stage, item)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE receipts (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, class TEXT NOT NULL,"
    " stage TEXT NOT NULL, job BLOB, verdict TEXT NOT NULL, exit_code INTEGER NOT NULL,"
    " signal INTEGER NOT NULL, started_ms INTEGER NOT NULL, wall_us INTEGER NOT NULL,"
    " user_us INTEGER NOT NULL, system_us INTEGER NOT NULL, peak_rss INTEGER NOT NULL,"
    " peak_source TEXT NOT NULL, minor_faults INTEGER NOT NULL, major_faults INTEGER NOT NULL,"
    " blocks_read INTEGER NOT NULL, blocks_written INTEGER NOT NULL,"
    " voluntary_switches INTEGER NOT NULL, involuntary_switches INTEGER NOT NULL,"
    " units INTEGER NOT NULL, bucket INTEGER NOT NULL) STRICT;"
    "CREATE INDEX receipts_job ON receipts (job) WHERE job IS NOT NULL;"
    "CREATE INDEX receipts_started ON receipts (started_ms);"
    "CREATE TABLE processes (pid INTEGER NOT NULL, started_ms INTEGER NOT NULL,"
    " class TEXT NOT NULL, stage TEXT NOT NULL, job BLOB, bucket INTEGER NOT NULL,"
    " PRIMARY KEY (pid, started_ms)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE samples (time_ms INTEGER NOT NULL, pid INTEGER NOT NULL, class TEXT NOT NULL,"
    " rss INTEGER NOT NULL, pss INTEGER NOT NULL,"
    " PRIMARY KEY (time_ms, pid)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE minutes (time_ms INTEGER NOT NULL, class TEXT NOT NULL, pid INTEGER NOT NULL,"
    " rss INTEGER NOT NULL, pss INTEGER NOT NULL,"
    " PRIMARY KEY (time_ms, class)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE events (sequence INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL,"
    " kind TEXT NOT NULL, job BLOB, text TEXT, data BLOB) STRICT;"
    "CREATE INDEX events_job ON events (job, sequence) WHERE job IS NOT NULL;",
    /* 2 */
    "ALTER TABLE units ADD COLUMN size INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE units ADD COLUMN peak_kib INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE receipts ADD COLUMN units_peak BLOB;",
    /* 3 */
    ("ALTER TABLE jobs ADD COLUMN kind TEXT NOT NULL DEFAULT 'document';"
     "CREATE INDEX jobs_reembed ON jobs (status, id) WHERE kind = 'reembed';"),
};
#define SCHEMA_VERSION ((int)ARRAY_LEN(migrations))

/* --- opening --- */

/* A pragma that answers with a number. */
static int pragma_number(struct store_db *db, const char *text, int *ret_number, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, text, -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
            *ret_number = sqlite3_column_int(stmt, 0);
            rc = SQLITE_OK;
        }
    }
    if (rc != SQLITE_OK) {
        sql_error(db, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, err);
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_OK ? 0 : -1;
}

static int migrate(struct store_db *db, struct error *err)
{
    int version = 0, application_id = 0, tables = 0;
    char mark[128];

    if (pragma_number(db, "PRAGMA user_version", &version, err) < 0 ||
        pragma_number(db, "PRAGMA application_id", &application_id, err) < 0 ||
        pragma_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err) < 0) {
        return -1;
    }
    if (application_id != APPLICATION_ID && tables > 0) {
        return error_set(err, ERROR_CORRUPT, "state.db is a database, but not ebbd's");
    }
    if (version > SCHEMA_VERSION || version < 0) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "state.db has schema %d and this ebbd knows %d at most: a newer ebbd "
                         "wrote it",
                         version, SCHEMA_VERSION);
    }
    for (; version < SCHEMA_VERSION; version++) {
        snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                 APPLICATION_ID, version + 1);
        if (sql_exec(db, "BEGIN IMMEDIATE", err) < 0) {
            return -1;
        }
        if (sql_exec(db, migrations[version], err) < 0 || sql_exec(db, mark, err) < 0 ||
            sql_exec(db, "COMMIT", err) < 0) {
            sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
            return error_wrap(err, "bringing it to schema %d", version + 1);
        }
    }
    return 0;
}

/* A small file is read whole; damage in a large one shows when a query meets it. */
static int check(struct store_db *db, const char *path, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    struct stat st;
    int rc;

    if (stat(path, &st) < 0 || st.st_size > CHECK_MAX_BYTES) {
        return 0;
    }
    rc = sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc != SQLITE_ROW) {
        sql_error(db, rc, err);
    } else if (strcmp(sql_column_text(stmt, 0), "ok") != 0) {
        rc = SQLITE_CORRUPT;
        error_set(err, ERROR_CORRUPT, "state.db is damaged: %.160s", sql_column_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? 0 : -1;
}

/* Processes whose supervisor was killed died with it, unreaped: their receipts say what the
 * samples knew. */
static int end_processes(struct store_db *db, struct error *err)
{
    static const enum sql steps[] = {SQL_PROCESSES_END, SQL_PROCESSES_DELETE};

    if (sql_exec(db, "BEGIN IMMEDIATE", err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        sqlite3_stmt *stmt = sql_use(db, steps[i], err);
        if (!stmt || sql_run(db, stmt, NULL, err) < 0) {
            sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
            return -1;
        }
    }
    return sql_exec(db, "COMMIT", err);
}

/* What the last supervisor left, and what is kept in memory. */
static int take_stock(struct store_db *db, struct error *err)
{
    sqlite3_stmt *stmt = sql_use(db, SQL_JOBS_INTERRUPT, err);
    enum job_status status;
    int rc;

    if (!stmt || sql_run(db, stmt, NULL, err) < 0 || end_processes(db, err) < 0) {
        return -1;
    }
    stmt = sql_use(db, SQL_JOBS_COUNT, err);
    if (!stmt) {
        return -1;
    }
    while ((rc = sql_step(db, stmt, err)) > 0) {
        if (job_status_parse(sql_column_text(stmt, 0), &status)) {
            db->counts.jobs[status] = sql_column_number(stmt, 1);
        }
    }
    db->committed = db->counts;
    if (rc < 0) {
        return -1;
    }
    stmt = sql_use(db, SQL_EVENTS_LAST, err);
    return stmt ? sql_number(db, stmt, 0, &db->last_sequence, err) : -1;
}

static int open_file(struct store_db *db, const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc;

    /* Made here for its mode; SQLite gives its own files the same. */
    if (fd < 0) {
        return error_set_errno(err, errno, "state.db");
    }
    close(fd);
    rc = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        return db->handle ? sql_error(db, rc, err)
                          : error_set(err, ERROR_MEMORY, "no memory to open state.db");
    }
    sqlite3_extended_result_codes(db->handle, 1);
    if (sql_exec(db,
                 "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                 "PRAGMA synchronous = FULL; PRAGMA cache_size = -256; PRAGMA mmap_size = 0;"
                 "PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 1000;"
                 "PRAGMA journal_size_limit = 8388608; PRAGMA trusted_schema = OFF;"
                 "PRAGMA foreign_keys = OFF; PRAGMA secure_delete = FAST",
                 err) < 0) {
        return -1;
    }
    db->full_sync = true;
    return 0;
}

int store_db_open(const struct store_options *options, struct store_db **ret_db, struct error *err)
{
    char path[PATH_MAX];
    struct store_db *db;

    if (file_join(path, sizeof(path), options->state_dir, "state.db", err) < 0) {
        return -1;
    }
    db = calloc(1, sizeof(*db));
    if (!db) {
        return error_set(err, ERROR_MEMORY, "no memory to open state.db");
    }
    db->options = options;
    if (open_file(db, path, err) < 0 || migrate(db, err) < 0 || check(db, path, err) < 0 ||
        take_stock(db, err) < 0) {
        store_db_close(db);
        return error_wrap(err, "%s", options->state_dir);
    }
    *ret_db = db;
    return 0;
}

void store_db_close(struct store_db *db)
{
    if (!db) {
        return;
    }
    for (size_t i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(db->statements[i]);
    }
    if (db->handle && sqlite3_close(db->handle) != SQLITE_OK) {
        log_warning("state.db could not be closed well; its log is read at the next start");
    }
    free(db);
}

const struct store_counts *store_db_counts(const struct store_db *db)
{
    return &db->counts;
}

uint64_t store_db_last_sequence(const struct store_db *db)
{
    return db->last_sequence;
}

bool store_db_failing(const struct store_db *db)
{
    return db->failing;
}

/* --- transactions --- */

int store_db_begin(struct store_db *db, bool durable, struct error *err)
{
    db->failing = false;
    if (durable != db->full_sync) {
        if (sql_exec(db, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                     err) < 0) {
            return -1;
        }
        db->full_sync = durable;
    }
    if (sql_exec(db, "BEGIN IMMEDIATE", err) < 0) {
        return -1;
    }
    db->in_transaction = true;
    return 0;
}

int store_db_commit(struct store_db *db, struct error *err)
{
    if (sql_exec(db, "COMMIT", err) < 0) {
        return -1;
    }
    db->in_transaction = false;
    db->committed = db->counts;
    return 0;
}

void store_db_rollback(struct store_db *db)
{
    if (!db->in_transaction) {
        return;
    }
    /* A full disk makes SQLite roll back by itself, now and then. */
    if (!sqlite3_get_autocommit(db->handle)) {
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    db->in_transaction = false;
    db->counts = db->committed;
}
