/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A JSON writer (RFC 8259) onto a buffer: a document goes out page by page, so that no tree of
 * it is ever in memory. Commas are its own business. A failed append is remembered and told by
 * json_finish, so that the calls between need no checks.
 */
#ifndef EBB_WORKERS_LIBRARY_JSON_H
#define EBB_WORKERS_LIBRARY_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"

struct json {
    struct buf *out; /* borrowed; it may be emptied between calls */
    bool comma;      /* the next value of this level wants one before it */
    bool failed;
    struct error err;
};

void json_init(struct json *json, struct buf *out);
int json_finish(const struct json *json, struct error *err);

/* bracket: '{' or '[', and '}' or ']'. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
/* key: ASCII without quotes or backslashes, as our own field names are. */
void json_key(struct json *json, const char *key);
/* As json_key, for names that come from outside. */
void json_key_text(struct json *json, const char *key);

/* NULL is null. Bytes that are not UTF-8 become U+FFFD. */
void json_str(struct json *json, const char *text);
void json_str_n(struct json *json, const char *text, size_t size_bytes);
void json_uint(struct json *json, uint64_t value);
void json_int(struct json *json, int64_t value);
/* Rounded to 1/100, no trailing zeros; null when it is no finite number. */
void json_hundredths(struct json *json, double value);
void json_double(struct json *json, double value);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* Text that already is one JSON value. */
void json_raw(struct json *json, const char *text);

/* Key and value in one call. */
void json_key_str(struct json *json, const char *key, const char *text);
void json_key_uint(struct json *json, const char *key, uint64_t value);
void json_key_bool(struct json *json, const char *key, bool value);
void json_key_hundredths(struct json *json, const char *key, double value);

/* An array of strings as a column holds it. Empties scratch and writes into it; ret_json: its
 * text, NULL when count is 0. Owns: scratch. */
int json_encode_strings(const char *const *texts, uint32_t count, struct buf *scratch,
                        const char **ret_json, struct error *err);

#endif
