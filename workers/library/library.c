/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Opening and closing library.db, its settings, its transactions.
 *
 * Invariants: nothing is written to a file before schema_check has found it to be ours; at most
 * one transaction is open, and no statement is left in the middle when it ends. SQLite removes
 * the -wal file when the last user closes, so a -wal with bytes in it at open says that the last
 * one did not. Everything here blocks on the disk. Logs nothing: main.c tells the note.
 */
#include "workers/library/library.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "workers/library/schema.h"
#include "workers/library/vector_upkeep.h"

#define LIBRARY_PAGE_BYTES 4096
#define LIBRARY_CHECK_MAX_BYTES (UINT64_C(256) << 20)
/* Frames in the WAL past which it is copied back after a commit: 8 MiB of pages. */
#define LIBRARY_CHECKPOINT_FRAMES 2048
#define LIBRARY_NOTE_BYTES 512

struct library {
    sqlite3 *db;
    struct statement statements[STATEMENT_COUNT];
    struct arena *scratch;
    struct vector_upkeep *vectors;
    char folder[PATH_MAX];
    int wal_frames; /* after the last commit */
    bool durable;   /* of the open transaction */
    char note[LIBRARY_NOTE_BYTES];
};

static const char settings_sql[] = "PRAGMA busy_timeout=10000;"
                                   "PRAGMA trusted_schema=OFF;"
                                   "PRAGMA cell_size_check=ON;"
                                   "PRAGMA temp_store=MEMORY;"
                                   "PRAGMA mmap_size=0;"
                                   "PRAGMA cache_size=-4096;"
                                   "PRAGMA secure_delete=ON;";

/* Of a file with nothing in it yet. */
static const char creation_sql[] = "PRAGMA page_size=4096;"
                                   "PRAGMA auto_vacuum=INCREMENTAL;";

/* The journal's mode is written to the file, so only after schema_check. */
static const char journal_sql[] = "PRAGMA journal_mode=WAL;"
                                  "PRAGMA synchronous=NORMAL;"
                                  "PRAGMA wal_autocheckpoint=0;"
                                  "PRAGMA journal_size_limit=16777216;";

static int execute(struct library *library, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(library->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : statement_sqlite_error(library->db, rc, err);
}

static int remember_frames(void *user, sqlite3 *db, const char *name, int frames)
{
    struct library *library = user;

    (void)db;
    (void)name;
    library->wal_frames = frames;
    return SQLITE_OK;
}

/* Makes the file with our mode, which SQLite's others beside it then inherit. */
static int make_file(const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s", path);
    }
    close(fd);
    return 0;
}

static uint64_t file_bytes(const char *path, const char *suffix)
{
    char full[PATH_MAX];
    struct stat status;
    int length = snprintf(full, sizeof full, "%s%s", path, suffix);

    if (length < 0 || (size_t)length >= sizeof full || stat(full, &status) < 0) {
        return 0;
    }
    return (uint64_t)status.st_size;
}

/* quick_check's first finding, if any. */
static int check_content(struct library *library, struct error *err)
{
    sqlite3_stmt *handle = NULL;
    int rc = sqlite3_prepare_v2(library->db, "PRAGMA quick_check(1)", -1, &handle, NULL);
    int result = 0;

    if (rc == SQLITE_OK && (rc = sqlite3_step(handle)) == SQLITE_ROW) {
        const char *finding = (const char *)sqlite3_column_text(handle, 0);

        if (!finding || strcmp(finding, "ok") != 0) {
            result = error_set(err, ERROR_CORRUPT, "%s", finding ? finding : "quick_check failed");
        }
    } else {
        result = statement_sqlite_error(library->db, rc, err);
    }
    sqlite3_finalize(handle);
    return result;
}

static int check_after_crash(struct library *library, const char *path, struct error *err)
{
    uint64_t bytes = file_bytes(path, "");

    if (bytes > LIBRARY_CHECK_MAX_BYTES) {
        library_add_note(
            library,
            "library.db was not closed properly and is too large to be checked at once "
            "(%llu MiB): to check it, run: sqlite3 library.db 'PRAGMA quick_check'",
            (unsigned long long)(bytes >> 20));
        return 0;
    }
    if (check_content(library, err) < 0) {
        return -1;
    }
    library_add_note(library, "library.db was not closed properly; it was checked and is sound");
    return 0;
}

static int limit_size(struct library *library, uint64_t max_bytes, struct error *err)
{
    char sql[64];
    uint64_t pages = max_bytes / LIBRARY_PAGE_BYTES;

    if (max_bytes == 0) {
        return 0;
    }
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%llu",
             (unsigned long long)(pages > 0 ? pages : 1));
    return execute(library, sql, err);
}

static int connect(struct library *library, const char *path, struct error *err)
{
    int rc =
        sqlite3_open_v2(path, &library->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (rc != SQLITE_OK) {
        return library->db ? statement_sqlite_error(library->db, rc, err)
                           : error_set(err, ERROR_MEMORY, "no memory for a database");
    }
    sqlite3_db_config(library->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return execute(library, settings_sql, err);
}

/* connect has opened it; unclean: the last user did not close it. */
static int prepare(struct library *library, const char *path, bool unclean, uint64_t max_bytes,
                   struct error *err)
{
    bool empty = false;

    if (schema_check(library->db, &empty, err) < 0 ||
        (empty && execute(library, creation_sql, err) < 0) ||
        execute(library, journal_sql, err) < 0) {
        return -1;
    }
    if (!empty && unclean && check_after_crash(library, path, err) < 0) {
        return -1;
    }
    if (schema_migrate(library->db, err) < 0 || limit_size(library, max_bytes, err) < 0) {
        return -1;
    }
    sqlite3_wal_hook(library->db, remember_frames, library);
    return 0;
}

/* What to do about it, for the errors that only an operator can end. */
static int explain(struct error *err)
{
    if (err && err->code == ERROR_CORRUPT) {
        char finding[ERROR_MESSAGE_BYTES / 2];

        snprintf(finding, sizeof finding, "%.*s", (int)sizeof finding - 1, err->msg);
        return error_set(err, ERROR_CORRUPT,
                         "library/library.db is damaged (%s): restore it from a copy, or move it "
                         "away and submit its documents again",
                         finding);
    }
    return error_wrap(err, "library/library.db");
}

static void library_destroy(struct library *library)
{
    if (!library) {
        return;
    }
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        statement_finalize(&library->statements[i]);
    }
    sqlite3_close(library->db);
    vector_upkeep_destroy(library->vectors);
    arena_destroy(library->scratch);
    free(library);
}

static struct library *make_library(const char *state_folder, struct error *err)
{
    struct library *library = calloc(1, sizeof *library);

    if (!library || !(library->scratch = arena_create(0))) {
        free(library);
        error_set(err, ERROR_MEMORY, "no memory for the library");
        return NULL;
    }
    if (file_join(library->folder, sizeof library->folder, state_folder, LIBRARY_FOLDER, err) < 0 ||
        !(library->vectors = vector_upkeep_create(library, library->folder, err))) {
        library_destroy(library);
        return NULL;
    }
    return library;
}

struct library *library_open(const char *state_folder, uint64_t max_bytes, struct error *err)
{
    struct error local = ERROR_INIT;
    struct error *told = err ? err : &local;
    struct library *library;
    char path[PATH_MAX];
    bool unclean;

    library = make_library(state_folder, told);
    if (!library || file_join(path, sizeof path, library->folder, LIBRARY_FILE, told) < 0 ||
        file_mkdirs(library->folder, 0750, told) < 0 || make_file(path, told) < 0) {
        library_destroy(library);
        return NULL;
    }
    unclean = file_bytes(path, "-wal") > 0;
    if (connect(library, path, told) < 0 || prepare(library, path, unclean, max_bytes, told) < 0 ||
        vector_upkeep_begin(library->vectors, told) < 0) {
        explain(told);
        library_destroy(library);
        return NULL;
    }
    return library;
}

void library_close(struct library *library)
{
    struct error ignored = ERROR_INIT; /* the files are looked through at the next start then */

    if (library) {
        library_rollback(library);
        vector_upkeep_end(library->vectors, &ignored);
        library_destroy(library);
    }
}

struct statement *library_running(struct library *library, enum statement_name name)
{
    return &library->statements[name];
}

const char *library_folder(const struct library *library)
{
    return library->folder;
}

sqlite3 *library_connection(struct library *library)
{
    return library->db;
}

struct vector_upkeep *library_vectors(struct library *library)
{
    return library->vectors;
}

void library_add_note(struct library *library, const char *fmt, ...)
{
    size_t used = strlen(library->note);
    va_list args;

    if (used > 0) {
        snprintf(library->note + used, sizeof library->note - used, "; ");
        used = strlen(library->note);
    }
    va_start(args, fmt);
    vsnprintf(library->note + used, sizeof library->note - used, fmt, args);
    va_end(args);
}

const char *library_note(const struct library *library)
{
    return library->note;
}

struct statement *library_statement(struct library *library, enum statement_name name)
{
    struct statement *statement = &library->statements[name];

    statement_begin(statement, name, library->db);
    return statement;
}

struct arena *library_scratch(struct library *library)
{
    arena_reset(library->scratch);
    return library->scratch;
}

/* A statement left in the middle would keep its view of the database, and the WAL with it. */
static void end_statements(struct library *library)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        statement_end(&library->statements[i]);
    }
}

/* synchronous can only change between transactions. */
static int set_durable(struct library *library, bool durable, struct error *err)
{
    if (library->durable == durable) {
        return 0;
    }
    if (execute(library, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", err) <
        0) {
        return -1;
    }
    library->durable = durable;
    return 0;
}

int library_begin(struct library *library, bool durable, struct error *err)
{
    if (set_durable(library, durable, err) < 0) {
        return -1;
    }
    return statement_run(library_statement(library, STATEMENT_BEGIN), err);
}

int library_begin_read(struct library *library, struct error *err)
{
    return statement_run(library_statement(library, STATEMENT_BEGIN_READ), err);
}

int library_commit(struct library *library, struct error *err)
{
    end_statements(library);
    if (vector_upkeep_before_commit(library->vectors, err) < 0 ||
        statement_run(library_statement(library, STATEMENT_COMMIT), err) < 0) {
        library_rollback(library);
        return -1;
    }
    vector_upkeep_after_commit(library->vectors);
    if (library->wal_frames >= LIBRARY_CHECKPOINT_FRAMES) {
        /* What was committed stays so when this fails: the WAL just goes on growing, and the
         * next commit tries again. */
        sqlite3_wal_checkpoint_v2(library->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    return 0;
}

int library_shrink(struct library *library, struct error *err)
{
    return execute(library, "PRAGMA incremental_vacuum(4096)", err);
}

void library_rollback(struct library *library)
{
    if (!library->db) {
        return;
    }
    end_statements(library);
    if (!sqlite3_get_autocommit(library->db)) {
        struct error ignored = ERROR_INIT; /* SQLite has rolled back by itself when this fails */

        statement_run(library_statement(library, STATEMENT_ROLLBACK), &ignored);
    }
    vector_upkeep_after_rollback(library->vectors);
}
