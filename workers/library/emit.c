/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A JSON writer onto a buffer: emit.h says why.
 *
 * Invariants: what is appended is UTF-8; after the first failure nothing more is appended.
 * Nothing blocks or logs.
 */
#include "workers/library/emit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/chars.h"

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

/* One character that is not plain; returns the bytes it took. */
static size_t put_character(struct emit *emit, const char *text, size_t size_bytes)
{
    size_t used;
    uint32_t character = chars_decode(text, size_bytes, &used);

    if (character < 0x80) {
        put_ascii_escaped(emit, (uint8_t)character);
    } else if (character == CHARS_REPLACEMENT) {
        put(emit, "\xEF\xBF\xBD", 3);
    } else {
        put(emit, text, used);
    }
    return used;
}

void emit_str_n(struct emit *emit, const char *text, size_t size_bytes)
{
    begin_value(emit);
    put(emit, "\"", 1);
    while (size_bytes > 0) {
        size_t plain = plain_bytes(text, size_bytes);

        put(emit, text, plain);
        text += plain;
        size_bytes -= plain;
        if (size_bytes > 0) {
            size_t used = put_character(emit, text, size_bytes);

            text += used;
            size_bytes -= used;
        }
    }
    put(emit, "\"", 1);
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
