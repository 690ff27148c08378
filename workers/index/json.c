/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Writing JSON: json.h says how.
 *
 * Invariants: what is appended is UTF-8; after the first failure nothing more is appended. Nothing
 * blocks, nothing is logged.
 */
#include "workers/index/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/utf8.h"

void json_init(struct json *json, struct buf *out)
{
    *json = (struct json){.out = out, .err = ERROR_INIT};
}

int json_finish(const struct json *json, struct error *err)
{
    if (!json->failed) {
        return 0;
    }
    if (err) {
        *err = json->err;
    }
    return -1;
}

static void put(struct json *json, const char *text, size_t size_bytes)
{
    if (!json->failed && buf_append(json->out, text, size_bytes, &json->err) < 0) {
        json->failed = true;
    }
}

static void begin_value(struct json *json)
{
    if (json->comma) {
        put(json, ",", 1);
    }
    json->comma = true;
}

void json_open(struct json *json, char bracket)
{
    begin_value(json);
    put(json, &bracket, 1);
    json->comma = false;
}

void json_close(struct json *json, char bracket)
{
    put(json, &bracket, 1);
    json->comma = true;
}

void json_key(struct json *json, const char *key)
{
    begin_value(json);
    put(json, "\"", 1);
    put(json, key, strlen(key));
    put(json, "\":", 2);
    json->comma = false;
}

static void put_escaped(struct json *json, char byte)
{
    char escaped[8];
    int length = byte == '"' || byte == '\\'
                     ? snprintf(escaped, sizeof escaped, "\\%c", byte)
                     : snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(unsigned char)byte);

    put(json, escaped, (size_t)length);
}

/* Escapes what JSON wants escaped; text is UTF-8. */
static void put_string(struct json *json, const char *text, size_t size_bytes)
{
    size_t plain = 0;

    put(json, "\"", 1);
    for (size_t i = 0; i < size_bytes; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == '"' || text[i] == '\\' || text[i] == 0x7F) {
            put(json, text + plain, i - plain);
            put_escaped(json, text[i]);
            plain = i + 1;
        }
    }
    put(json, text + plain, size_bytes - plain);
    put(json, "\"", 1);
}

void json_str_n(struct json *json, const char *text, size_t size_bytes)
{
    struct buf clean;
    size_t clean_bytes;

    begin_value(json);
    if (utf8_valid(text, size_bytes)) {
        put_string(json, text, size_bytes);
        return;
    }
    clean_bytes = utf8_clean(text, size_bytes, NULL, SIZE_MAX);
    buf_init(&clean, clean_bytes + 1);
    if (json->failed || buf_reserve(&clean, clean_bytes, &json->err) < 0) {
        json->failed = true;
    } else {
        utf8_clean(text, size_bytes, clean.data, clean_bytes);
        put_string(json, (const char *)clean.data, clean_bytes);
    }
    buf_deinit(&clean);
}

void json_str(struct json *json, const char *text)
{
    if (text) {
        json_str_n(json, text, strlen(text));
    } else {
        json_null(json);
    }
}

void json_uint(struct json *json, uint64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRIu64, value);

    begin_value(json);
    put(json, text, (size_t)length);
}

void json_real(struct json *json, double value, int digits)
{
    char text[64];
    int length;

    if (!isfinite(value) || fabs(value) > 1e15) {
        json_null(json);
        return;
    }
    length = snprintf(text, sizeof text, "%.*f", digits, value);
    if (strchr(text, '.')) {
        while (text[length - 1] == '0') {
            length--;
        }
        length -= text[length - 1] == '.';
    }
    begin_value(json);
    put(json, text, (size_t)length);
}

void json_null(struct json *json)
{
    json_raw(json, "null");
}

void json_raw(struct json *json, const char *text)
{
    begin_value(json);
    put(json, text, strlen(text));
}
