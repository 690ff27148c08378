/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * library.db: the results of every document (docs/library.md). One process writes it, this one.
 */
#ifndef EBB_WORKERS_LIBRARY_LIBRARY_H
#define EBB_WORKERS_LIBRARY_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "common/hash.h"
#include "common/uuid.h"
#include "workers/library/statement.h"

#define LIBRARY_FOLDER "library"
#define LIBRARY_FILE "library.db"

struct library;

/*
 * Opens <state_folder>/library/library.db, makes it when there is none, brings its schema up to
 * date, and checks it (PRAGMA quick_check, up to 256 MiB) when the last process that had it open
 * did not close it. max_bytes: the most it may take on disk, 0 for no bound; past it writes fail
 * with ERROR_FULL.
 * Errors: ERROR_CORRUPT for a damaged file, ERROR_INVALID for another program's, ERROR_UNSUPPORTED
 * for a newer schema: the text says what to do, the file stays as it is. ERROR_EXISTS when
 * another process holds it for over 10 s.
 */
struct library *library_open(const char *state_folder, uint64_t max_bytes, struct error *err);
/* Checkpoints and closes. NULL is a no-op. */
void library_close(struct library *library);

/* What happened at open that an operator should know, "" where nothing did. Owns: the library. */
const char *library_note(const struct library *library);

/*
 * One transaction at a time. A durable one is on the disk when library_commit returns (and with
 * it all before); the others are atomic, and may be lost together in a power cut, never in a
 * crash. A commit that fails has rolled back.
 */
int library_begin(struct library *library, bool durable, struct error *err);
/* One view of the database over several statements, and no lock against the writer. */
int library_begin_read(struct library *library, struct error *err);
int library_commit(struct library *library, struct error *err);
/* No-op outside a transaction. */
void library_rollback(struct library *library);

/* Gives up to 16 MiB of what was deleted back to the file system, when the next checkpoint comes.
 * Outside a transaction. */
int library_shrink(struct library *library, struct error *err);

/* A statement ready for binds. Owns: the library; a name has one statement, so it cannot run
 * inside itself. */
struct statement *library_statement(struct library *library, enum statement_name name);

/* Memory for one page's work, emptied by each call. Owns: the library. */
struct arena *library_scratch(struct library *library);

/* A statement that library_statement made ready, to be stepped further. */
struct statement *library_running(struct library *library, enum statement_name name);
/* <state_folder>/library. Owns: the library. */
const char *library_folder(const struct library *library);
/* The connection, for what no statement of ours can do. Owns: the library. */
sqlite3 *library_connection(struct library *library);
/* The vector files' state (vector_upkeep.h). Owns: the library. */
struct vector_upkeep;
struct vector_upkeep *library_vectors(struct library *library);
/* Adds to what library_note tells; past its end what does not fit is left out. */
void library_add_note(struct library *library, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Row numbers: see schema.c. */
static inline int64_t library_page_row(int64_t document_row, uint32_t number)
{
    return (int64_t)((uint64_t)document_row << 32 | number);
}

#endif
