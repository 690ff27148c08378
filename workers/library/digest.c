/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The digest: SHA-256 over what the library says of its documents, so that two libraries with the
 * same results have the same digest, however often and in whatever order they were written.
 *
 * Left out: times of writing, row numbers, the slots of vectors, jobs and their names for
 * documents; and what depends on the process that met a page rather than on the page: warnings (a
 * parser tells of a shared object once) and the text of a failure (its code is in).
 *
 * Each value goes in as a byte for its type and then its bytes, texts and blobs with their length
 * before them, so that no two different rows look alike. Blocks on the disk. Logs nothing.
 */
#include "workers/library/query.h"

#include <string.h>

#include "proto/page.h"
#include "workers/library/document.h"

#define DIGEST_PROGRESS_PAGES 64
#define DIGEST_RECORD_MAX_BYTES ((size_t)256 << 20)

struct digest {
    struct hash_sha256 *hash;
    struct buf record; /* scratch */
    const struct library_query *query;
    uint64_t documents, pages;
};

static void add_number(struct digest *digest, char type, uint64_t value)
{
    uint8_t bytes[9] = {(uint8_t)type};

    for (int i = 0; i < 8; i++) {
        bytes[8 - i] = (uint8_t)(value >> (8 * i));
    }
    hash_sha256_update(digest->hash, bytes, sizeof bytes);
}

static void add_bytes(struct digest *digest, char type, const void *data, size_t size_bytes)
{
    add_number(digest, type, size_bytes);
    if (size_bytes > 0) {
        hash_sha256_update(digest->hash, data, size_bytes);
    }
}

static void add_column(struct digest *digest, struct statement *row, int column)
{
    double real;
    uint64_t bits;

    switch (sqlite3_column_type(row->handle, column)) {
    case SQLITE_INTEGER:
        add_number(digest, 'i', (uint64_t)statement_column_int(row, column));
        break;
    case SQLITE_FLOAT:
        real = statement_column_real(row, column);
        memcpy(&bits, &real, sizeof bits);
        add_number(digest, 'r', bits);
        break;
    case SQLITE_NULL:
        hash_sha256_update(digest->hash, "n", 1);
        break;
    case SQLITE_BLOB:
        add_bytes(digest, 'b', sqlite3_column_blob(row->handle, column),
                  (size_t)sqlite3_column_bytes(row->handle, column));
        break;
    default:
        add_bytes(digest, 't', statement_column_text(row, column),
                  (size_t)sqlite3_column_bytes(row->handle, column));
        break;
    }
}

static void add_columns(struct digest *digest, struct statement *row, int first, int end)
{
    hash_sha256_update(digest->hash, "(", 1);
    for (int column = first; column < end; column++) {
        add_column(digest, row, column);
    }
}

/* All rows that a statement has for the document. */
static int add_rows(struct digest *digest, struct library *library, enum statement_name name,
                    int64_t document_row, struct error *err)
{
    struct statement *rows = library_statement(library, name);
    int got;

    hash_sha256_update(digest->hash, "[", 1);
    statement_int(rows, 1, document_row);
    while ((got = statement_step(rows, err)) > 0) {
        add_columns(digest, rows, 0, sqlite3_column_count(rows->handle));
    }
    statement_end(rows);
    return got;
}

/* The record without its warnings. */
static int add_record(struct digest *digest, struct library *library, const void *data,
                      size_t size_bytes, struct error *err)
{
    struct page_record record;

    if (!data) {
        hash_sha256_update(digest->hash, "n", 1);
        return 0;
    }
    digest->record.size = 0;
    if (page_record_decode(data, size_bytes, library_scratch(library), &record, err) < 0) {
        return error_wrap(err, "a page's record in the library");
    }
    record.warning_count = 0;
    record.failure_text = NULL;
    if (page_record_encode(&record, &digest->record, err) < 0) {
        return -1;
    }
    add_bytes(digest, 'b', digest->record.data, digest->record.size);
    return 0;
}

static int add_pages(struct digest *digest, struct library *library, int64_t document_row,
                     struct error *err)
{
    struct statement *pages = library_statement(library, STATEMENT_DIGEST_PAGES);
    int got;

    statement_int(pages, 1, document_row);
    while ((got = statement_step(pages, err)) > 0) {
        size_t size_bytes;
        const void *data = statement_column_blob(pages, 0, &size_bytes);

        if (add_record(digest, library, data, size_bytes, err) < 0 ||
            (++digest->pages % DIGEST_PROGRESS_PAGES == 0 &&
             library_query_progress(digest->query, (uint32_t)digest->pages, err) < 0)) {
            got = -1;
            break;
        }
        add_columns(digest, pages, 1, sqlite3_column_count(pages->handle));
    }
    statement_end(pages);
    return got;
}

static int add_document(struct digest *digest, struct library *library, int64_t document_row,
                        struct error *err)
{
    static const enum statement_name parts[] = {
        STATEMENT_METADATA_LIST,  STATEMENT_OUTLINE_LIST,  STATEMENT_STYLES_LIST,
        STATEMENT_FURNITURE_LIST, STATEMENT_IMAGES_LIST,   STATEMENT_PLACEMENTS_LIST,
        STATEMENT_TABLES_LIST,    STATEMENT_PARTS_DIGEST,  STATEMENT_TAGS_LIST,
        STATEMENT_CHUNKS_DIGEST,  STATEMENT_VECTORS_DIGEST};
    struct statement *get = library_statement(library, STATEMENT_DOCUMENT_GET);

    statement_int(get, 1, document_row);
    if (statement_step(get, err) < 1) {
        return -1;
    }
    add_columns(digest, get, 0, 11); /* up to and without warnings and name */
    statement_end(get);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (add_rows(digest, library, parts[i], document_row, err) < 0) {
            return -1;
        }
    }
    digest->documents++;
    return add_pages(digest, library, document_row, err);
}

static int add_library(struct digest *digest, struct library *library, struct error *err)
{
    struct statement *rows = library_statement(library, STATEMENT_DOCUMENT_ROWS);
    int got;

    while ((got = statement_step(rows, err)) > 0) {
        if (add_document(digest, library, statement_column_int(rows, 0), err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(rows);
    return got;
}

static int add_wanted(struct digest *digest, struct library *library, const char *name,
                      struct error *err)
{
    struct document document;

    if (!name) {
        return add_library(digest, library, err);
    }
    if (document_find(library, name, &document, err) < 0) {
        return -1;
    }
    return add_document(digest, library, document.row, err);
}

static void put_digest(const struct digest *digest, const uint8_t sha256[HASH_SHA256_BYTES],
                       struct emit *emit)
{
    char hex[HASH_SHA256_HEX_BYTES];

    hash_hex(sha256, HASH_SHA256_BYTES, hex);
    emit_open(emit, '{');
    emit_key_str(emit, "sha256", hex);
    emit_key_uint(emit, "documents", digest->documents);
    emit_key_uint(emit, "pages", digest->pages);
    emit_close(emit, '}');
}

int answer_digest(struct library *library, const struct library_query *query, struct answer *answer,
                  struct error *err)
{
    struct digest digest = {.hash = hash_sha256_create(), .query = query};
    uint8_t sha256[HASH_SHA256_BYTES];
    int result;

    if (!digest.hash) {
        return error_set(err, ERROR_MEMORY, "no memory for a digest");
    }
    buf_init(&digest.record, DIGEST_RECORD_MAX_BYTES);
    result = add_wanted(&digest, library, library_query_param(query, "document", NULL), err);
    hash_sha256_finish(digest.hash, sha256);
    if (result == 0) {
        put_digest(&digest, sha256, &answer->emit);
    }
    buf_deinit(&digest.record);
    return result;
}
