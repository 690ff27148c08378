/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Answers as JSON (RFC 8259), written value by value onto a buffer. Commas are its own business; a
 * failed append is remembered and told by json_finish, so that the calls between need no checks.
 */
#ifndef EBB_WORKERS_INDEX_JSON_H
#define EBB_WORKERS_INDEX_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"

struct json {
    struct buf *out; /* borrowed */
    bool comma;      /* the next value of this level wants one before it */
    bool failed;
    struct error err;
};

void json_init(struct json *json, struct buf *out);
int json_finish(const struct json *json, struct error *err);

/* bracket: '{' or '[', and '}' or ']'. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
/* key: ASCII without quotes or backslashes. */
void json_key(struct json *json, const char *key);
/* NULL is null. Bytes that are no UTF-8 become U+FFFD. */
void json_str(struct json *json, const char *text);
void json_str_n(struct json *json, const char *text, size_t size_bytes);
void json_uint(struct json *json, uint64_t value);
/* Rounded to so many digits behind the point; null when it is no finite number. */
void json_real(struct json *json, double value, int digits);
void json_null(struct json *json);
/* Text that already is one JSON value. */
void json_raw(struct json *json, const char *text);

#endif
