/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Statements on state.db: prepared when first used and kept, bound, stepped, read; SQLite's
 * results as errors. Everything that steps may block on the disk. Logs nothing.
 */
#include "supervisor/store_sql.h"

#include <errno.h>
#include <string.h>

static const char *const statement_texts[] = {
#define SQL_TEXT(symbol, text) [SQL_##symbol] = text,
    SQL_LIST(SQL_TEXT)
#undef SQL_TEXT
};

/* Results that say something of the disk or the file, not of the statement. */
static bool is_failing(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return true;
    default:
        return false;
    }
}

static enum error_code code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return ERROR_FULL;
    case SQLITE_NOMEM:
        return ERROR_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERROR_CORRUPT;
    case SQLITE_BUSY:
        return ERROR_EXISTS;
    case SQLITE_CONSTRAINT:
        return (rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_UNIQUE)
                   ? ERROR_EXISTS
                   : ERROR_INVALID;
    default:
        return ERROR_SYSTEM;
    }
}

int sql_error(struct store_db *db, int rc, struct error *err)
{
    int sys_errno = sqlite3_system_errno(db->handle);

    db->failing = is_failing(rc);
    if ((rc & 0xff) == SQLITE_BUSY) {
        return error_set(err, ERROR_EXISTS, "state.db is in use by another process");
    }
    error_set(err, code_of(rc), "state.db: %s (%d)", sqlite3_errmsg(db->handle), rc);
    if (err && (rc & 0xff) == SQLITE_IOERR) {
        err->sys_errno = sys_errno;
        if (sys_errno == ENOSPC || sys_errno == EDQUOT || sys_errno == EFBIG) {
            err->code = ERROR_FULL;
        }
    }
    return -1;
}

int sql_exec(struct store_db *db, const char *text, struct error *err)
{
    int rc = sqlite3_exec(db->handle, text, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : sql_error(db, rc, err);
}

sqlite3_stmt *sql_use(struct store_db *db, enum sql which, struct error *err)
{
    if (!db->statements[which]) {
        int rc = sqlite3_prepare_v3(db->handle, statement_texts[which], -1,
                                    SQLITE_PREPARE_PERSISTENT, &db->statements[which], NULL);

        if (rc != SQLITE_OK) {
            sql_error(db, rc, err);
            return NULL;
        }
    }
    return db->statements[which];
}

void sql_done(sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

int sql_step(struct store_db *db, sqlite3_stmt *stmt, struct error *err)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        return 1;
    }
    if (rc != SQLITE_DONE) {
        sql_error(db, rc, err);
        sql_done(stmt);
        return -1;
    }
    sql_done(stmt);
    return 0;
}

int sql_run(struct store_db *db, sqlite3_stmt *stmt, int *ret_changes, struct error *err)
{
    int rc;

    do {
        rc = sql_step(db, stmt, err);
    } while (rc > 0);
    if (rc == 0 && ret_changes) {
        *ret_changes = sqlite3_changes(db->handle);
    }
    return rc;
}

int sql_number(struct store_db *db, sqlite3_stmt *stmt, uint64_t fallback, uint64_t *ret_number,
               struct error *err)
{
    int rc = sql_step(db, stmt, err);

    if (rc < 0) {
        return -1;
    }
    *ret_number = fallback;
    if (rc > 0) {
        if (sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
            *ret_number = sql_column_number(stmt, 0);
        }
        sql_done(stmt);
    }
    return 0;
}

void sql_bind_uuid(sqlite3_stmt *stmt, int place, const struct uuid *uuid)
{
    if (uuid) {
        sqlite3_bind_blob(stmt, place, uuid->bytes, sizeof(uuid->bytes), SQLITE_STATIC);
    } else {
        sqlite3_bind_null(stmt, place);
    }
}

void sql_bind_text(sqlite3_stmt *stmt, int place, const char *text)
{
    sqlite3_bind_text(stmt, place, text, -1, SQLITE_STATIC);
}

void sql_bind_data(sqlite3_stmt *stmt, int place, const void *data, size_t size_bytes)
{
    sqlite3_bind_blob64(stmt, place, data, size_bytes, SQLITE_STATIC);
}

void sql_bind_number(sqlite3_stmt *stmt, int place, uint64_t number)
{
    sqlite3_bind_int64(stmt, place, number > INT64_MAX ? INT64_MAX : (sqlite3_int64)number);
}

void sql_bind_positive(sqlite3_stmt *stmt, int place, uint64_t number)
{
    if (number == 0) {
        sqlite3_bind_null(stmt, place);
    } else {
        sql_bind_number(stmt, place, number);
    }
}

uint64_t sql_column_number(sqlite3_stmt *stmt, int column)
{
    sqlite3_int64 number = sqlite3_column_int64(stmt, column);

    return number < 0 ? 0 : (uint64_t)number;
}

const char *sql_column_text(sqlite3_stmt *stmt, int column)
{
    const unsigned char *text = sqlite3_column_text(stmt, column);

    return text ? (const char *)text : "";
}

bool sql_column_uuid(sqlite3_stmt *stmt, int column, struct uuid *ret_uuid)
{
    const void *data = sqlite3_column_blob(stmt, column);

    if (!data || sqlite3_column_bytes(stmt, column) != (int)sizeof(ret_uuid->bytes)) {
        return false;
    }
    memcpy(ret_uuid->bytes, data, sizeof(ret_uuid->bytes));
    return true;
}
