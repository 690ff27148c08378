/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The SQL of the library: each statement once, in lists, prepared at its first use and kept.
 * A failed bind is remembered and told by the next step, so that binds need no checks.
 */
#ifndef EBB_WORKERS_LIBRARY_STATEMENT_H
#define EBB_WORKERS_LIBRARY_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "common/error.h"
#include "workers/library/sql_care.h"
#include "workers/library/sql_chunks.h"
#include "workers/library/sql_documents.h"
#include "workers/library/sql_pages.h"
#include "workers/library/sql_parts.h"
#include "workers/library/sql_vectors.h"

/* X(SYMBOL, "sql"): each noun's in a file of its own. */
#define STATEMENT_LIST(X)                                                                          \
    SQL_DOCUMENTS(X)                                                                               \
    SQL_PAGES(X)                                                                                   \
    SQL_PARTS(X)                                                                                   \
    SQL_CHUNKS(X)                                                                                  \
    SQL_VECTORS(X)                                                                                 \
    SQL_CARE(X)

enum statement_name {
#define STATEMENT_ENUM(symbol, sql) STATEMENT_##symbol,
    STATEMENT_LIST(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        STATEMENT_COUNT
};

struct statement {
    sqlite3_stmt *handle; /* NULL while it was never used */
    sqlite3 *db;          /* borrowed */
    int rc;               /* of the first call since begin that failed */
};

/* Sets err from what SQLite answered: ERROR_FULL for a full disk or a library at its limit,
 * ERROR_CORRUPT, ERROR_EXISTS when another process holds the lock, ERROR_MEMORY, else
 * ERROR_SYSTEM. Returns -1. */
int statement_sqlite_error(sqlite3 *db, int rc, struct error *err);

/* Makes it ready for binds and steps; prepares it when it is new. */
void statement_begin(struct statement *statement, enum statement_name name, sqlite3 *db);

/* index: 1 for ?1. Texts and blobs are borrowed until the statement ends; NULL binds NULL. */
void statement_int(struct statement *statement, int index, int64_t value);
void statement_real(struct statement *statement, int index, double value);
void statement_text(struct statement *statement, int index, const char *text);
void statement_text_n(struct statement *statement, int index, const char *text, size_t size_bytes);
void statement_blob(struct statement *statement, int index, const void *data, size_t size_bytes);

/* 1: a row is there, its columns until the next call; 0: no more; -1. */
int statement_step(struct statement *statement, struct error *err);
/* Steps to the end and lets go of what it held. */
int statement_run(struct statement *statement, struct error *err);
/* Lets go of a statement whose rows are not all wanted. */
void statement_end(struct statement *statement);
void statement_finalize(struct statement *statement);

/* Columns of the current row, from 0. Texts live until the next step; NULL for NULL. */
int64_t statement_column_int(struct statement *statement, int column);
double statement_column_real(struct statement *statement, int column);
const char *statement_column_text(struct statement *statement, int column);
const void *statement_column_blob(struct statement *statement, int column, size_t *ret_size_bytes);

#endif
