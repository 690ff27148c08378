/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Opening library.db for reading, its statements, and the functions that they call.
 *
 * Invariants: nothing is ever written; between queries no transaction is open, so that the writer
 * can take its WAL back. Everything blocks on the disk. Logs nothing.
 */
#include "workers/index/search_db.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA_VERSION 3
#define SCHEMA_APPLICATION_ID 0x65626231 /* "ebb1" */

static const char *const statement_sql[SEARCH_DB_COUNT] = {
#define SEARCH_DB_SQL(symbol, sql) sql,
    SEARCH_DB_LIST(SEARCH_DB_SQL)
#undef SEARCH_DB_SQL
};

static const char settings_sql[] = "PRAGMA busy_timeout=10000;"
                                   "PRAGMA query_only=ON;"
                                   "PRAGMA cell_size_check=ON;"
                                   "PRAGMA temp_store=MEMORY;"
                                   "PRAGMA mmap_size=0;"
                                   "PRAGMA cache_size=-8192;";

static int sqlite_error(sqlite3 *db, int rc, struct error *err)
{
    enum error_code code = ERROR_SYSTEM;

    switch (rc & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        code = ERROR_CORRUPT;
        break;
    case SQLITE_BUSY:
        code = ERROR_EXISTS;
        break;
    case SQLITE_NOMEM:
        code = ERROR_MEMORY;
        break;
    case SQLITE_INTERRUPT:
        code = ERROR_CANCELLED;
        break;
    case SQLITE_CANTOPEN:
        code = ERROR_NOT_FOUND;
        break;
    default:
        break;
    }
    return error_set(err, code, "library.db: %s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

static void totals_function(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *context,
                            int count, sqlite3_value **values)
{
    struct search_db *db = api->xUserData(fts);
    sqlite3_int64 rows = 0;
    sqlite3_int64 tokens = 0;
    int rc = api->xRowCount(fts, &rows);

    (void)count;
    (void)values;
    rc = rc == SQLITE_OK ? api->xColumnTotalSize(fts, -1, &tokens) : rc;
    if (rc != SQLITE_OK) {
        sqlite3_result_error_code(context, rc);
        return;
    }
    db->rows = rows;
    db->tokens_total = tokens;
    sqlite3_result_int64(context, rows);
}

static void rank_function(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *context,
                          int count, sqlite3_value **values)
{
    const struct search_db *db = api->xUserData(fts);

    (void)count;
    (void)values;
    sqlite3_result_double(context, db->rank ? db->rank(db->ranking, api, fts) : 0.0);
}

static void accept_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct search_db *db = sqlite3_user_data(context);

    (void)count;
    sqlite3_result_int(context,
                       !db->accept || db->accept(db->ranking, sqlite3_value_int64(values[0])));
}

static int fts_api_of(sqlite3 *db, fts5_api **ret_api)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &statement, NULL);

    *ret_api = NULL;
    if (rc == SQLITE_OK) {
        sqlite3_bind_pointer(statement, 1, (void *)ret_api, "fts5_api_ptr", NULL);
        sqlite3_step(statement);
        rc = sqlite3_finalize(statement);
    }
    return rc == SQLITE_OK && !*ret_api ? SQLITE_ERROR : rc;
}

/* The same words as in `tokenize='unicode61 remove_diacritics 2'`. */
static int add_functions(struct search_db *db)
{
    static const char *arguments[] = {"remove_diacritics", "2"};
    fts5_api *api = NULL;
    void *context = NULL;
    int rc = fts_api_of(db->db, &api);

    if (rc != SQLITE_OK ||
        (rc = api->xCreateFunction(api, "ebb_rank", db, rank_function, NULL)) != SQLITE_OK ||
        (rc = api->xCreateFunction(api, "ebb_totals", db, totals_function, NULL)) != SQLITE_OK ||
        (rc = sqlite3_create_function_v2(db->db, "ebb_accept", 1, SQLITE_UTF8, db, accept_function,
                                         NULL, NULL, NULL)) != SQLITE_OK ||
        (rc = api->xFindTokenizer(api, "unicode61", &context, &db->tokenizer)) != SQLITE_OK) {
        return rc;
    }
    return db->tokenizer.xCreate(context, arguments, 2, &db->tokens);
}

static int read_pragma(struct search_db *db, const char *sql, int *ret_value, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db->db, sql, -1, &statement, NULL);

    if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        *ret_value = sqlite3_column_int(statement, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_OK ? 0 : sqlite_error(db->db, rc, err);
}

static int check_schema(struct search_db *db, struct error *err)
{
    int application = 0;
    int version = 0;

    if (read_pragma(db, "PRAGMA application_id", &application, err) < 0 ||
        read_pragma(db, "PRAGMA user_version", &version, err) < 0) {
        return -1;
    }
    if (application == 0 && version == 0) {
        return error_set(err, ERROR_NOT_FOUND, "the library is empty");
    }
    if (application != SCHEMA_APPLICATION_ID) {
        return error_set(err, ERROR_INVALID, "library.db is a database, but not one of ebb's");
    }
    if (version != SCHEMA_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "library.db has schema version %d, and this ebb-index reads version %d",
                         version, SCHEMA_VERSION);
    }
    return 0;
}

int search_db_open(struct search_db *db, const char *path, struct error *err)
{
    int rc;

    memset(db, 0, sizeof *db);
    if (access(path, F_OK) < 0) {
        return error_set_errno(err, errno, "there is no library yet: %s", path);
    }
    rc = sqlite3_open_v2(path, &db->db,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db->db, settings_sql, NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        sqlite_error(db->db, rc, err);
        search_db_close(db);
        return -1;
    }
    if (check_schema(db, err) < 0) {
        search_db_close(db);
        return -1;
    }
    rc = add_functions(db);
    if (rc != SQLITE_OK) {
        sqlite_error(db->db, rc, err);
        search_db_close(db);
        return -1;
    }
    return 0;
}

void search_db_close(struct search_db *db)
{
    for (size_t i = 0; i < SEARCH_DB_COUNT; i++) {
        sqlite3_finalize(db->statements[i]);
    }
    if (db->tokens) {
        db->tokenizer.xDelete(db->tokens);
    }
    sqlite3_close(db->db);
    memset(db, 0, sizeof *db);
}

sqlite3_stmt *search_db_statement(struct search_db *db, enum search_db_name name, struct error *err)
{
    int rc;

    if (db->statements[name]) {
        sqlite3_reset(db->statements[name]);
        return db->statements[name];
    }
    rc = sqlite3_prepare_v3(db->db, statement_sql[name], -1, SQLITE_PREPARE_PERSISTENT,
                            &db->statements[name], NULL);
    if (rc != SQLITE_OK) {
        sqlite_error(db->db, rc, err);
        return NULL;
    }
    return db->statements[name];
}

int search_db_step(struct search_db *db, sqlite3_stmt *statement, struct error *err)
{
    int rc = sqlite3_step(statement);

    if (rc == SQLITE_ROW) {
        return 1;
    }
    if (rc != SQLITE_DONE) {
        sqlite_error(db->db, rc, err);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? 0 : -1;
}

int search_db_get(struct search_db *db, enum search_db_name name, const int64_t *numbers, int count,
                  sqlite3_stmt **ret_statement, struct error *err)
{
    sqlite3_stmt *statement = search_db_statement(db, name, err);

    if (!statement) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        sqlite3_bind_int64(statement, i + 1, numbers[i]);
    }
    *ret_statement = statement;
    return search_db_step(db, statement, err);
}

static int get_number(struct search_db *db, enum search_db_name name, int64_t *ret_number,
                      struct error *err)
{
    sqlite3_stmt *statement;
    int got = search_db_get(db, name, NULL, 0, &statement, err);

    if (got > 0) {
        *ret_number = sqlite3_column_int64(statement, 0);
        sqlite3_reset(statement);
    }
    return got < 0 ? -1 : 0;
}

int search_db_chunks(struct search_db *db, int64_t *ret_chunks, struct error *err)
{
    int64_t version = 0;

    if (get_number(db, SEARCH_DB_DATA_VERSION, &version, err) < 0) {
        return -1;
    }
    if (db->chunks == 0 || version != db->chunks_version) {
        if (get_number(db, SEARCH_DB_FTS_ALL, &db->chunks, err) < 0) {
            return -1;
        }
        db->chunks_version = version;
    }
    *ret_chunks = db->chunks;
    return 0;
}

const char *search_db_text(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

int search_db_begin(struct search_db *db, struct error *err)
{
    sqlite3_stmt *begin = search_db_statement(db, SEARCH_DB_BEGIN, err);

    return begin ? search_db_step(db, begin, err) : -1;
}

void search_db_end(struct search_db *db)
{
    for (size_t i = 0; i < SEARCH_DB_COUNT; i++) {
        sqlite3_reset(db->statements[i]);
    }
    if (!sqlite3_get_autocommit(db->db)) {
        sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

struct token_call {
    search_token_cb each;
    void *user;
    bool stopped;
};

static int take_token(void *user, int flags, const char *token, int token_bytes, int start, int end)
{
    struct token_call *call = user;

    (void)flags;
    if (!call->each(call->user, token, (size_t)token_bytes, (size_t)start, (size_t)end)) {
        call->stopped = true;
        return SQLITE_DONE;
    }
    return SQLITE_OK;
}

int search_db_tokenize(struct search_db *db, const char *text, size_t size_bytes,
                       search_token_cb each, void *user, struct error *err)
{
    struct token_call call = {.each = each, .user = user};
    int rc = db->tokenizer.xTokenize(db->tokens, &call, FTS5_TOKENIZE_AUX, text, (int)size_bytes,
                                     take_token);

    if (rc == SQLITE_OK || rc == SQLITE_DONE || call.stopped) {
        return 0;
    }
    return sqlite_error(db->db, rc, err);
}
