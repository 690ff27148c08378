/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Prepared statements, their binds and steps, and SQLite's errors as ours.
 *
 * Invariants: a statement whose rc is not SQLITE_OK is never stepped. Steps block on the disk.
 * Logs nothing.
 */
#include "workers/library/statement.h"

#include <errno.h>
#include <string.h>

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT_SQL(symbol, sql) sql,
    STATEMENT_LIST(STATEMENT_SQL)
#undef STATEMENT_SQL
};

static enum error_code error_code_of(int rc, int sys_errno)
{
    switch (rc & 0xFF) {
    case SQLITE_FULL:
        return ERROR_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERROR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERROR_EXISTS;
    case SQLITE_NOMEM:
        return ERROR_MEMORY;
    case SQLITE_INTERRUPT:
        return ERROR_CANCELLED;
    case SQLITE_IOERR:
        return sys_errno == ENOSPC || sys_errno == EDQUOT ? ERROR_FULL : ERROR_SYSTEM;
    case SQLITE_TOOBIG:
        return ERROR_LIMIT;
    default:
        return ERROR_SYSTEM;
    }
}

int statement_sqlite_error(sqlite3 *db, int rc, struct error *err)
{
    int sys_errno = sqlite3_system_errno(db);
    enum error_code code = error_code_of(rc, sys_errno);
    const char *text = sqlite3_errcode(db) == rc || sqlite3_extended_errcode(db) == rc
                           ? sqlite3_errmsg(db)
                           : sqlite3_errstr(rc);

    if ((rc & 0xFF) == SQLITE_IOERR && sys_errno != 0) {
        error_set(err, code, "sqlite: %s: %s", text, strerror(sys_errno));
        if (err) {
            err->sys_errno = sys_errno;
        }
        return -1;
    }
    return error_set(err, code, "sqlite: %s", text);
}

void statement_begin(struct statement *statement, enum statement_name name, sqlite3 *db)
{
    if (statement->handle) {
        sqlite3_reset(statement->handle); /* answers the last step's error, told already */
        statement->rc = SQLITE_OK;
        return;
    }
    statement->db = db;
    statement->rc = sqlite3_prepare_v3(db, statement_sql[name], -1, SQLITE_PREPARE_PERSISTENT,
                                       &statement->handle, NULL);
}

static void note(struct statement *statement, int rc)
{
    if (statement->rc == SQLITE_OK) {
        statement->rc = rc;
    }
}

void statement_int(struct statement *statement, int index, int64_t value)
{
    note(statement, sqlite3_bind_int64(statement->handle, index, value));
}

void statement_real(struct statement *statement, int index, double value)
{
    note(statement, sqlite3_bind_double(statement->handle, index, value));
}

void statement_text(struct statement *statement, int index, const char *text)
{
    statement_text_n(statement, index, text, text ? strlen(text) : 0);
}

void statement_text_n(struct statement *statement, int index, const char *text, size_t size_bytes)
{
    note(statement, sqlite3_bind_text64(statement->handle, index, text, size_bytes, SQLITE_STATIC,
                                        SQLITE_UTF8));
}

void statement_blob(struct statement *statement, int index, const void *data, size_t size_bytes)
{
    note(statement, sqlite3_bind_blob64(statement->handle, index, data, size_bytes, SQLITE_STATIC));
}

int statement_step(struct statement *statement, struct error *err)
{
    int rc = statement->rc;

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement->handle);
    }
    if (rc == SQLITE_ROW) {
        return 1;
    }
    if (rc == SQLITE_DONE) {
        return 0;
    }
    statement->rc = rc;
    statement_sqlite_error(statement->db, rc, err);
    statement_end(statement);
    return -1;
}

int statement_run(struct statement *statement, struct error *err)
{
    int got;

    do {
        got = statement_step(statement, err);
    } while (got > 0);
    statement_end(statement);
    return got;
}

void statement_end(struct statement *statement)
{
    if (statement->handle) {
        sqlite3_reset(statement->handle);
    }
}

void statement_finalize(struct statement *statement)
{
    sqlite3_finalize(statement->handle);
    statement->handle = NULL;
}

int64_t statement_column_int(struct statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

double statement_column_real(struct statement *statement, int column)
{
    return sqlite3_column_double(statement->handle, column);
}

const char *statement_column_text(struct statement *statement, int column)
{
    return (const char *)sqlite3_column_text(statement->handle, column);
}

const void *statement_column_blob(struct statement *statement, int column, size_t *ret_size_bytes)
{
    const void *data = sqlite3_column_blob(statement->handle, column);

    *ret_size_bytes = (size_t)sqlite3_column_bytes(statement->handle, column);
    return data;
}
