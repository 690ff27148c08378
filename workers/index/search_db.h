/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * library.db as a search reads it (docs/library.md): read only, one view of it for a query, its
 * statements prepared once, and the tokenizer of its full-text index.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_DB_H
#define EBB_WORKERS_INDEX_SEARCH_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "common/error.h"

/* X(SYMBOL, "sql") */
#define SEARCH_DB_LIST(X)                                                                          \
    X(BEGIN, "BEGIN")                                                                              \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(VERSION, "PRAGMA user_version")                                                              \
    X(FTS_COUNT, "SELECT count(*), max(rowid) FROM (SELECT rowid FROM chunks_fts"                  \
                 " WHERE chunks_fts MATCH ?1 LIMIT ?2)")                                           \
    X(FTS_ROWS, "SELECT count(*) FROM (SELECT 1 FROM chunks_fts_docsize LIMIT ?1)")                \
    X(FTS_ALL, "SELECT count(*) FROM chunks_fts_docsize")                                          \
    X(DATA_VERSION, "PRAGMA data_version")                                                         \
    X(FTS_TOTALS, "SELECT ebb_totals(chunks_fts) FROM chunks_fts WHERE chunks_fts MATCH ?1"        \
                  " LIMIT 1")                                                                      \
    X(FTS_RANK, "SELECT rowid, CASE WHEN ebb_accept(rowid) THEN ebb_rank(chunks_fts) END"          \
                " FROM chunks_fts WHERE chunks_fts MATCH ?1 AND rowid BETWEEN ?2 AND ?3")          \
    X(LAST_DOCUMENT, "SELECT max(row) FROM documents")                                             \
    X(CHUNK, "SELECT id, first_page, last_page, headings, text, boxes, sha256 FROM chunks"         \
             " WHERE row=?1 AND level=0")                                                          \
    X(CHUNK_PAGES, "SELECT first_page, last_page FROM chunks WHERE row=?1 AND level=0")            \
    X(CHUNKS_COUNT, "SELECT count(*) FROM (SELECT 1 FROM chunks WHERE row BETWEEN ?1 AND ?2"       \
                    " LIMIT ?3)")                                                                  \
    X(CHUNKS_ON_PAGE, "SELECT row FROM chunks WHERE row BETWEEN ?1 AND ?2 AND level=0"             \
                      " AND first_page<=?3 AND last_page>=?3")                                     \
    X(DOCUMENT, "SELECT d.id, (SELECT name FROM job_documents WHERE document=d.row"                \
                " ORDER BY job DESC LIMIT 1) FROM documents d WHERE d.row=?1")                     \
    X(DOCUMENT_OF_JOB, "SELECT document FROM job_documents WHERE job=?1")                          \
    X(DOCUMENTS_BY_ID, "SELECT row FROM documents WHERE id>=?1 AND id<?2 ORDER BY id LIMIT 2")     \
    X(DOCUMENTS_THAT,                                                                              \
      "SELECT row FROM documents d WHERE added_ms BETWEEN ?1 AND ?2 AND (?3 IS NULL OR"            \
      " NOT EXISTS(SELECT 1 FROM json_each(?3) j WHERE NOT EXISTS(SELECT 1 FROM document_tags t"   \
      " WHERE t.document=d.row AND t.tag=j.value))) ORDER BY row")                                 \
    X(PAGE_LABEL, "SELECT label FROM pages WHERE row=?1")                                          \
    X(SET_FIND, "SELECT id, generation, slots, live FROM vector_sets"                              \
                " WHERE kind=?1 AND model=?2 AND dimensions=?3")                                   \
    X(VECTOR_AT, "SELECT target, vector FROM vectors WHERE row=?1")                                \
    X(VECTORS_OF, "SELECT target, vector FROM vectors"                                             \
                  " WHERE target BETWEEN ?1 AND ?2 AND row >> 40=?3")                              \
    X(VECTORS_OF_SET, "SELECT target, vector FROM vectors WHERE row BETWEEN ?1 AND ?2")            \
    X(IMAGE, "SELECT id, key, format, width_px, height_px, caption FROM images"                    \
             " WHERE document=?1 AND number=?2")                                                   \
    X(IMAGE_PLACES, "SELECT p.page, p.x0, p.y0, p.x1, p.y1 FROM image_placements p JOIN images i"  \
                    " ON i.document=p.document AND i.key=p.key"                                    \
                    " WHERE i.document=?1 AND i.number=?2 ORDER BY p.page, p.ordinal LIMIT 64")

enum search_db_name {
#define SEARCH_DB_ENUM(symbol, sql) SEARCH_DB_##symbol,
    SEARCH_DB_LIST(SEARCH_DB_ENUM)
#undef SEARCH_DB_ENUM
        SEARCH_DB_COUNT
};

struct search_db {
    sqlite3 *db;
    sqlite3_stmt *statements[SEARCH_DB_COUNT];
    fts5_tokenizer tokenizer;
    Fts5Tokenizer *tokens;
    /* For the functions that its SQL calls: what a query wants, NULL between queries. */
    void *ranking;
    double (*rank)(void *ranking, const Fts5ExtensionApi *api, Fts5Context *fts);
    bool (*accept)(void *ranking, int64_t row);
    int64_t rows;         /* what ebb_totals saw: chunks in the index */
    int64_t tokens_total; /* and tokens of all of them */
    int64_t chunks;       /* that are searched, as of that version of the file; 0: not counted */
    int64_t chunks_version;
};

/* ERROR_NOT_FOUND where there is no library, ERROR_UNSUPPORTED for another schema, ERROR_CORRUPT.
 */
int search_db_open(struct search_db *db, const char *path, struct error *err);
void search_db_close(struct search_db *db); /* one that was never opened is zeros */

/* One view for all that is read until it ends. */
int search_db_begin(struct search_db *db, struct error *err);
void search_db_end(struct search_db *db);

/* Ready for binds. NULL and err where it cannot be prepared. */
sqlite3_stmt *search_db_statement(struct search_db *db, enum search_db_name name,
                                  struct error *err);
/* 1: a row; 0: no more, the statement is reset; -1 likewise. */
int search_db_step(struct search_db *db, sqlite3_stmt *statement, struct error *err);
/* With up to three numbers bound; 1 a row, 0 none, -1. *ret_statement: to be reset by the caller
 * after a row. */
int search_db_get(struct search_db *db, enum search_db_name name, const int64_t *numbers, int count,
                  sqlite3_stmt **ret_statement, struct error *err);
/* Chunks that are searched; counted again when the library has changed. */
int search_db_chunks(struct search_db *db, int64_t *ret_chunks, struct error *err);
const char *search_db_text(sqlite3_stmt *statement, int column);

/* The words of a text as the full-text index has them. token: not terminated; start, end: its
 * bytes in text. Stops when each answers false. */
typedef bool (*search_token_cb)(void *user, const char *token, size_t token_bytes, size_t start,
                                size_t end);
int search_db_tokenize(struct search_db *db, const char *text, size_t size_bytes,
                       search_token_cb each, void *user, struct error *err);

#endif
