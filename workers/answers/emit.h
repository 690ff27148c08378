/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A JSON writer (RFC 8259) onto a buffer: a document goes out page by page, so that no tree of
 * it is ever in memory. Commas are its own business. A failed append is remembered and told by
 * emit_finish, so that the calls between need no checks.
 */
#ifndef EBB_WORKERS_ANSWERS_EMIT_H
#define EBB_WORKERS_ANSWERS_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"

struct emit {
    struct buf *out; /* borrowed; it may be emptied between calls */
    bool comma;      /* the next value of this level wants one before it */
    bool failed;
    struct error err;
};

void emit_init(struct emit *emit, struct buf *out);
int emit_finish(const struct emit *emit, struct error *err);

/* bracket: '{' or '[', and '}' or ']'. */
void emit_open(struct emit *emit, char bracket);
void emit_close(struct emit *emit, char bracket);
/* key: ASCII without quotes or backslashes, as our own field names are. */
void emit_key(struct emit *emit, const char *key);
/* As emit_key, for names that come from outside. */
void emit_key_text(struct emit *emit, const char *key);

/* NULL is null. Bytes that are not UTF-8, and NUL, become U+FFFD. */
void emit_str(struct emit *emit, const char *text);
void emit_str_n(struct emit *emit, const char *text, size_t size_bytes);
void emit_uint(struct emit *emit, uint64_t value);
void emit_int(struct emit *emit, int64_t value);
/* Rounded to 1/100, no trailing zeros; null when it is no finite number. */
void emit_hundredths(struct emit *emit, double value);
void emit_double(struct emit *emit, double value);
void emit_bool(struct emit *emit, bool value);
void emit_null(struct emit *emit);
/* Text that already is one JSON value. */
void emit_raw(struct emit *emit, const char *text);

/* Key and value in one call. */
void emit_key_str(struct emit *emit, const char *key, const char *text);
void emit_key_uint(struct emit *emit, const char *key, uint64_t value);
void emit_key_bool(struct emit *emit, const char *key, bool value);
void emit_key_hundredths(struct emit *emit, const char *key, double value);
void emit_key_int(struct emit *emit, const char *key, int64_t value);

/* An array of strings as a column holds it. Empties scratch and writes into it; ret_json: its
 * text, NULL when count is 0. Owns: scratch. */
int emit_encode_strings(const char *const *texts, uint32_t count, struct buf *scratch,
                        const char **ret_json, struct error *err);

#endif
