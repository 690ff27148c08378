/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A JSON writer onto a buffer.
 *
 * Invariants: what is appended is UTF-8; after the first failure nothing more is appended.
 * Nothing blocks or logs.
 */
#include "workers/library/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/text.h"

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

void json_key_text(struct json *json, const char *key)
{
    json_str(json, key);
    put(json, ":", 1);
    json->comma = false;
}

/* Bytes from the start of text that stand in a JSON string as they are. */
static size_t plain_bytes(const char *text, size_t size_bytes)
{
    size_t i = 0;

    while (i < size_bytes && (uint8_t)text[i] >= 0x20 && (uint8_t)text[i] < 0x7F &&
           text[i] != '"' && text[i] != '\\') {
        i++;
    }
    return i;
}

static void put_ascii_escaped(struct json *json, uint8_t byte)
{
    static const char letters[] = "\bb\tt\nn\ff\rr\"\"\\\\";
    char escaped[8];
    int length;

    for (size_t i = 0; letters[i]; i += 2) {
        if (byte == (uint8_t)letters[i]) {
            escaped[0] = '\\';
            escaped[1] = letters[i + 1];
            put(json, escaped, 2);
            return;
        }
    }
    length = snprintf(escaped, sizeof escaped, "\\u%04x", byte);
    put(json, escaped, (size_t)length);
}

/* One character that is not plain; returns the bytes it took. */
static size_t put_character(struct json *json, const char *text, size_t size_bytes)
{
    size_t used;
    uint32_t character = text_decode(text, size_bytes, &used);

    if (character < 0x80) {
        put_ascii_escaped(json, (uint8_t)character);
    } else if (character == TEXT_REPLACEMENT) {
        put(json, "\xEF\xBF\xBD", 3);
    } else {
        put(json, text, used);
    }
    return used;
}

void json_str_n(struct json *json, const char *text, size_t size_bytes)
{
    begin_value(json);
    put(json, "\"", 1);
    while (size_bytes > 0) {
        size_t plain = plain_bytes(text, size_bytes);

        put(json, text, plain);
        text += plain;
        size_bytes -= plain;
        if (size_bytes > 0) {
            size_t used = put_character(json, text, size_bytes);

            text += used;
            size_bytes -= used;
        }
    }
    put(json, "\"", 1);
}

void json_str(struct json *json, const char *text)
{
    if (text) {
        json_str_n(json, text, strlen(text));
    } else {
        json_null(json);
    }
}

/* Writes value's digits so that they end at end; returns where they start. */
static char *digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

void json_uint(struct json *json, uint64_t value)
{
    char text[24];
    char *end = text + sizeof text;
    const char *start = digits_before(end, value);

    begin_value(json);
    put(json, start, (size_t)(end - start));
}

void json_int(struct json *json, int64_t value)
{
    char text[24];
    char *end = text + sizeof text;
    char *start = digits_before(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

    if (value < 0) {
        *--start = '-';
    }
    begin_value(json);
    put(json, start, (size_t)(end - start));
}

/* printf would take most of the time of writing a document's boxes. */
void json_hundredths(struct json *json, double value)
{
    char text[32];
    char *end = text + sizeof text;
    char *start = end;
    uint64_t hundredths;

    if (!isfinite(value) || fabs(value) > 1e15) {
        json_null(json);
        return;
    }
    hundredths = (uint64_t)llround(fabs(value) * 100.0);
    if (hundredths % 10 > 0) {
        *--start = (char)('0' + hundredths % 10);
    }
    if (hundredths % 100 > 0) {
        *--start = (char)('0' + hundredths / 10 % 10);
        *--start = '.';
    }
    start = digits_before(start, hundredths / 100);
    if (value < 0 && hundredths > 0) {
        *--start = '-';
    }
    begin_value(json);
    put(json, start, (size_t)(end - start));
}

void json_double(struct json *json, double value)
{
    char text[32];
    int length;

    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    length = snprintf(text, sizeof text, "%.6g", value);
    begin_value(json);
    put(json, text, (size_t)length);
}

void json_bool(struct json *json, bool value)
{
    json_raw(json, value ? "true" : "false");
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

void json_key_str(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_str(json, text);
}

void json_key_uint(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_uint(json, value);
}

void json_key_bool(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}

void json_key_hundredths(struct json *json, const char *key, double value)
{
    json_key(json, key);
    json_hundredths(json, value);
}

int json_encode_strings(const char *const *texts, uint32_t count, struct buf *scratch,
                        const char **ret_json, struct error *err)
{
    struct json json;
    const char *text = NULL;

    if (count > 0) {
        scratch->size = 0;
        json_init(&json, scratch);
        json_open(&json, '[');
        for (uint32_t i = 0; i < count; i++) {
            json_str(&json, texts[i]);
        }
        json_close(&json, ']');
        if (json_finish(&json, err) < 0 || !(text = buf_cstr(scratch, err))) {
            return -1;
        }
    }
    *ret_json = text;
    return 0;
}
