/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A JSON writer onto a buffer: emit.h says why.
 *
 * Invariants: what is appended is UTF-8; after the first failure nothing more is appended.
 * Nothing blocks or logs.
 */
#include "workers/answers/emit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/utf8.h"

void emit_init(struct emit *emit, struct buf *out)
{
    *emit = (struct emit){.out = out, .err = ERROR_INIT};
}

int emit_finish(const struct emit *emit, struct error *err)
{
    if (!emit->failed) {
        return 0;
    }
    if (err) {
        *err = emit->err;
    }
    return -1;
}

static void put(struct emit *emit, const char *text, size_t size_bytes)
{
    if (!emit->failed && buf_append(emit->out, text, size_bytes, &emit->err) < 0) {
        emit->failed = true;
    }
}

static void begin_value(struct emit *emit)
{
    if (emit->comma) {
        put(emit, ",", 1);
    }
    emit->comma = true;
}

void emit_open(struct emit *emit, char bracket)
{
    begin_value(emit);
    put(emit, &bracket, 1);
    emit->comma = false;
}

void emit_close(struct emit *emit, char bracket)
{
    put(emit, &bracket, 1);
    emit->comma = true;
}

void emit_key(struct emit *emit, const char *key)
{
    begin_value(emit);
    put(emit, "\"", 1);
    put(emit, key, strlen(key));
    put(emit, "\":", 2);
    emit->comma = false;
}

void emit_key_text(struct emit *emit, const char *key)
{
    emit_str(emit, key);
    put(emit, ":", 1);
    emit->comma = false;
}

static void put_ascii_escaped(struct emit *emit, uint8_t byte)
{
    static const char letters[] = "\bb\tt\nn\ff\rr\"\"\\\\";
    char escaped[8];
    int length;

    for (size_t i = 0; letters[i]; i += 2) {
        if (byte == (uint8_t)letters[i]) {
            escaped[0] = '\\';
            escaped[1] = letters[i + 1];
            put(emit, escaped, 2);
            return;
        }
    }
    length = snprintf(escaped, sizeof escaped, "\\u%04x", byte);
    put(emit, escaped, (size_t)length);
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte != 0x7F && byte != '"' && byte != '\\';
}

/* text: UTF-8. */
static void put_string(struct emit *emit, const char *text, size_t size_bytes)
{
    size_t plain = 0;

    put(emit, "\"", 1);
    for (size_t i = 0; i < size_bytes; i++) {
        if (!is_plain((uint8_t)text[i])) {
            put(emit, text + plain, i - plain);
            put_ascii_escaped(emit, (uint8_t)text[i]);
            plain = i + 1;
        }
    }
    put(emit, text + plain, size_bytes - plain);
    put(emit, "\"", 1);
}

static void put_cleaned(struct emit *emit, const char *text, size_t size_bytes)
{
    size_t clean_bytes = utf8_clean(text, size_bytes, NULL, SIZE_MAX);
    struct buf clean;

    buf_init(&clean, clean_bytes);
    if (emit->failed || buf_reserve(&clean, clean_bytes, &emit->err) < 0) {
        emit->failed = true;
    } else {
        utf8_clean(text, size_bytes, clean.data, clean_bytes);
        put_string(emit, (const char *)clean.data, clean_bytes);
    }
    buf_deinit(&clean);
}

void emit_str_n(struct emit *emit, const char *text, size_t size_bytes)
{
    begin_value(emit);
    if (size_bytes == 0) {
        put(emit, "\"\"", 2);
    } else if (utf8_valid(text, size_bytes)) {
        put_string(emit, text, size_bytes);
    } else {
        put_cleaned(emit, text, size_bytes);
    }
}

void emit_str(struct emit *emit, const char *text)
{
    if (text) {
        emit_str_n(emit, text, strlen(text));
    } else {
        emit_null(emit);
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

void emit_uint(struct emit *emit, uint64_t value)
{
    char text[24];
    char *end = text + sizeof text;
    const char *start = digits_before(end, value);

    begin_value(emit);
    put(emit, start, (size_t)(end - start));
}

void emit_int(struct emit *emit, int64_t value)
{
    char text[24];
    char *end = text + sizeof text;
    char *start = digits_before(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

    if (value < 0) {
        *--start = '-';
    }
    begin_value(emit);
    put(emit, start, (size_t)(end - start));
}

/* printf would take most of the time of writing a document's boxes. */
void emit_hundredths(struct emit *emit, double value)
{
    char text[32];
    char *end = text + sizeof text;
    char *start = end;
    uint64_t hundredths;

    if (!isfinite(value) || fabs(value) > 1e15) {
        emit_null(emit);
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
    begin_value(emit);
    put(emit, start, (size_t)(end - start));
}

void emit_double(struct emit *emit, double value)
{
    char text[32];
    int length;

    if (!isfinite(value)) {
        emit_null(emit);
        return;
    }
    length = snprintf(text, sizeof text, "%.6g", value);
    begin_value(emit);
    put(emit, text, (size_t)length);
}

void emit_bool(struct emit *emit, bool value)
{
    emit_raw(emit, value ? "true" : "false");
}

void emit_null(struct emit *emit)
{
    emit_raw(emit, "null");
}

void emit_raw(struct emit *emit, const char *text)
{
    begin_value(emit);
    put(emit, text, strlen(text));
}

void emit_key_str(struct emit *emit, const char *key, const char *text)
{
    emit_key(emit, key);
    emit_str(emit, text);
}

void emit_key_uint(struct emit *emit, const char *key, uint64_t value)
{
    emit_key(emit, key);
    emit_uint(emit, value);
}

void emit_key_bool(struct emit *emit, const char *key, bool value)
{
    emit_key(emit, key);
    emit_bool(emit, value);
}

void emit_key_hundredths(struct emit *emit, const char *key, double value)
{
    emit_key(emit, key);
    emit_hundredths(emit, value);
}

void emit_key_int(struct emit *emit, const char *key, int64_t value)
{
    emit_key(emit, key);
    emit_int(emit, value);
}

int emit_encode_strings(const char *const *texts, uint32_t count, struct buf *scratch,
                        const char **ret_json, struct error *err)
{
    struct emit emit;
    const char *text = NULL;

    if (count > 0) {
        scratch->size = 0;
        emit_init(&emit, scratch);
        emit_open(&emit, '[');
        for (uint32_t i = 0; i < count; i++) {
            emit_str(&emit, texts[i]);
        }
        emit_close(&emit, ']');
        if (emit_finish(&emit, err) < 0 || !(text = buf_cstr(scratch, err))) {
            return -1;
        }
    }
    *ret_json = text;
    return 0;
}
