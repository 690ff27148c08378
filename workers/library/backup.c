/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A copy of library.db while it is in use, by SQLite's online backup: one file, whole by itself,
 * checked before it is handed out and on the disk.
 *
 * Invariants: nothing is seen under the answer's name before that; the copy says of itself that no
 * vector file is its own, so whoever puts it in place has them made again. Blocks on the disk.
 * Logs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "workers/library/query.h"
#include "workers/library/upkeep.h"
#include "workers/library/vector_stamp.h"

#define BACKUP_STEP_PAGES 128
#define BACKUP_CHECK_OPERATIONS 200000 /* of SQLite's machine, between two questions */

struct backup {
    const struct library_query *query;
    sqlite3 *copy;
    char path[PATH_MAX]; /* while it is being made */
    uint32_t steps;
};

static int copy_error(const struct backup *backup, int rc, struct error *err)
{
    statement_sqlite_error(backup->copy, rc, err);
    return error_wrap(err, "the copy");
}

static int execute(const struct backup *backup, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(backup->copy, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : copy_error(backup, rc, err);
}

static void remove_copy(const struct backup *backup)
{
    static const char *const ends[] = {"", "-journal", "-wal", "-shm"};
    char path[PATH_MAX + 16];

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        snprintf(path, sizeof path, "%s%s", backup->path, ends[i]);
        unlink(path);
    }
}

/* Nobody else knows it yet: a copy that was not finished is made again, and needs no journal. */
static int open_copy(struct backup *backup, struct error *err)
{
    int fd = open(backup->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    int rc;

    if (fd < 0) {
        return error_set_errno(err, errno, "cannot make %s", backup->path);
    }
    close(fd);
    rc = sqlite3_open_v2(backup->path, &backup->copy,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK) {
        return copy_error(backup, rc, err);
    }
    return execute(backup,
                   "PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF;PRAGMA temp_store=MEMORY;"
                   "PRAGMA cache_size=-4096;",
                   err);
}

static int go_on(struct backup *backup, struct error *err)
{
    return library_query_progress(backup->query, ++backup->steps, err);
}

static int copy_pages(struct backup *backup, struct library *library, struct error *err)
{
    sqlite3_backup *steps =
        sqlite3_backup_init(backup->copy, "main", library_connection(library), "main");
    int asked = 0;
    int rc = SQLITE_OK;

    if (!steps) {
        return copy_error(backup, sqlite3_errcode(backup->copy), err);
    }
    while (asked == 0 && rc == SQLITE_OK) {
        rc = sqlite3_backup_step(steps, BACKUP_STEP_PAGES);
        asked = go_on(backup, err);
    }
    sqlite3_backup_finish(steps);
    if (rc != SQLITE_DONE && rc != SQLITE_OK) {
        return copy_error(backup, rc, err);
    }
    return asked;
}

static int ask_while_checking(void *context)
{
    struct backup *backup = context;
    struct error ignored = ERROR_INIT; /* SQLite is interrupted, and says so */

    return go_on(backup, &ignored) < 0;
}

/* The number that goes with vector files is one that no file has. */
static int disown_files(struct backup *backup, struct error *err)
{
    char sql[128];
    int64_t id;

    if (vector_stamp_make_id(&id, err) < 0) {
        return -1;
    }
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO upkeep VALUES('" UPKEEP_VECTORS_ID "', %lld)",
             (long long)id);
    return execute(backup, sql, err);
}

static int check_copy(struct backup *backup, struct error *err)
{
    sqlite3_stmt *check = NULL;
    int result = 0;
    int rc;

    sqlite3_progress_handler(backup->copy, BACKUP_CHECK_OPERATIONS, ask_while_checking, backup);
    rc = sqlite3_prepare_v2(backup->copy, "PRAGMA quick_check(1)", -1, &check, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(check) : rc;
    if (rc != SQLITE_ROW) {
        result = copy_error(backup, rc, err);
    } else if (strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0) {
        result = error_set(err, ERROR_CORRUPT, "the copy is damaged: %s",
                           (const char *)sqlite3_column_text(check, 0));
    }
    sqlite3_finalize(check);
    sqlite3_progress_handler(backup->copy, 0, NULL, NULL);
    return result;
}

/* Closed first: what a closing connection writes is in the file then. */
static int finish_copy(struct backup *backup, struct error *err)
{
    AUTO_CLOSE int fd = -1;

    sqlite3_close(TAKE_PTR(backup->copy));
    fd = open(backup->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        return error_set_errno(err, errno, "cannot sync the copy");
    }
    if (rename(backup->path, backup->query->answer_path) < 0) {
        return error_set_errno(err, errno, "cannot give the copy its name");
    }
    return 0;
}

int answer_backup(struct library *library, const struct library_query *query, struct error *err)
{
    struct backup backup = {.query = query};
    int length = snprintf(backup.path, sizeof backup.path, "%s.tmp-backup", query->answer_path);
    int result;

    if (length < 0 || (size_t)length >= sizeof backup.path) {
        return error_set(err, ERROR_LIMIT, "the path of the query's answer is too long");
    }
    result = open_copy(&backup, err);
    if (result == 0) {
        result = copy_pages(&backup, library, err);
    }
    /* The header came over as it was: a file with a WAL, which the copy has not. */
    if (result == 0 && (execute(&backup, "PRAGMA journal_mode=DELETE", err) < 0 ||
                        disown_files(&backup, err) < 0 || check_copy(&backup, err) < 0 ||
                        finish_copy(&backup, err) < 0)) {
        result = -1;
    }
    sqlite3_close(backup.copy);
    if (result < 0) {
        remove_copy(&backup);
    }
    return result;
}
