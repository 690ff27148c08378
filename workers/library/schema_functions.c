/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL functions of the migrations. Nothing blocks or logs.
 */
#include "workers/library/schema_functions.h"

#include "common/buf.h"
#include "common/hash.h"
#include "common/uuid.h"
#include "workers/library/statement.h"

#define FOLDED_MAX_BYTES ((size_t)1 << 30)

static void chunk_id(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *sha256 = (const char *)sqlite3_value_text(values[0]);
    char id[UUID_TEXT_BYTES];
    struct uuid uuid;

    (void)count;
    if (!sha256) {
        sqlite3_result_null(context);
        return;
    }
    uuid_library(sha256, "chunk", (uint64_t)sqlite3_value_int64(values[1]), &uuid);
    uuid_format(&uuid, id);
    sqlite3_result_text(context, id, -1, SQLITE_TRANSIENT);
}

static int fold(const char *text, size_t size_bytes, struct buf *out, struct error *err)
{
    size_t at = 0;

    while (at < size_bytes) {
        size_t start = at;

        while (at < size_bytes && (uint8_t)text[at] > 0x20) {
            at++;
        }
        if (buf_append(out, text + start, at - start, err) < 0 ||
            (at < size_bytes && buf_append(out, " ", 1, err) < 0)) {
            return -1;
        }
        while (at < size_bytes && (uint8_t)text[at] <= 0x20) {
            at++;
        }
    }
    return 0;
}

static void text_sha256(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    uint8_t digest[HASH_SHA256_BYTES];
    char hex[HASH_SHA256_HEX_BYTES];
    struct buf folded;

    (void)count;
    buf_init(&folded, FOLDED_MAX_BYTES);
    if (text && fold(text, (size_t)sqlite3_value_bytes(values[0]), &folded, NULL) == 0) {
        hash_sha256_of(folded.data, folded.size, digest);
        hash_hex(digest, sizeof digest, hex);
        sqlite3_result_text(context, hex, -1, SQLITE_TRANSIENT);
    } else {
        sqlite3_result_error_nomem(context);
    }
    buf_deinit(&folded);
}

int schema_functions_add(sqlite3 *db, struct error *err)
{
    int rc = sqlite3_create_function_v2(db, "ebb_chunk_id", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                        NULL, chunk_id, NULL, NULL, NULL);

    if (rc == SQLITE_OK) {
        rc =
            sqlite3_create_function_v2(db, "ebb_text_sha256", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                       NULL, text_sha256, NULL, NULL, NULL);
    }
    return rc == SQLITE_OK ? 0 : statement_sqlite_error(db, rc, err);
}
