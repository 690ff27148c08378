/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Replies as JSON.
 *
 * Invariants: the output is valid JSON whatever a peer put into a value; the order of keys is that
 * of the reply. DEL and the C1 characters, which JSON allows, are escaped too: some terminals obey
 * them. Blocks only as the file does.
 */
#include "ctl/json.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/hash.h"
#include "ctl/output.h"

/* The decoder lets nothing but UTF-8 through. */
static json_t *from_text(struct value value)
{
    size_t size_bytes;
    const char *text = value_str(value, &size_bytes);

    return json_stringn(text ? text : "", size_bytes);
}

static json_t *from_binary(struct value value)
{
    size_t size_bytes;
    const char *data = value_str(value, &size_bytes);
    AUTO_FREE char *hex = malloc(2 * size_bytes + 1);

    if (!hex) {
        return NULL;
    }
    hash_hex((const uint8_t *)data, size_bytes, hex);
    return json_stringn(hex, 2 * size_bytes);
}

static json_t *from_array(struct value value)
{
    json_t *array = json_array();
    size_t count = value_count(value);

    for (size_t i = 0; array && i < count; i++) {
        if (json_array_append_new(array, json_from_value(value_at(value, i))) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *from_map(struct value value)
{
    json_t *object = json_object();
    size_t count = value_count(value);

    for (size_t i = 0; object && i < count; i++) {
        struct value key;
        struct value member;
        char name[256];

        /* A key that is no text has no place in JSON; no reply has one. */
        if (!value_entry(value, i, &key, &member) || !value_str_copy(key, name, sizeof(name))) {
            continue;
        }
        if (json_set_value(object, name, member) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *json_from_value(struct value value)
{
    uint64_t number;

    switch (value_type(value)) {
    case VALUE_ABSENT:
    case VALUE_NIL:
        return json_pack("n");
    case VALUE_BOOL:
        return json_boolean(value_bool(value, false));
    case VALUE_UINT:
        number = value_uint(value, 0);
        return number <= INT64_MAX ? json_integer((json_int_t)number) : json_real((double)number);
    case VALUE_INT:
        return json_integer(value_int(value, 0));
    case VALUE_FLOAT: {
        /* Not a number and the infinities are not JSON. */
        json_t *real = json_real(value_float(value, 0.0));

        return real ? real : json_pack("n");
    }
    case VALUE_STR:
        return from_text(value);
    case VALUE_BIN:
        return from_binary(value);
    case VALUE_ARRAY:
        return from_array(value);
    case VALUE_MAP:
        return from_map(value);
    }
    return NULL;
}

int json_set_value(json_t *object, const char *key, struct value value)
{
    return json_object_set_new(object, key, json_from_value(value));
}

struct escape {
    FILE *file;
    int held; /* 0xC2, when it came last: what follows decides */
};

static void escape_byte(struct escape *escape, unsigned char byte)
{
    if (escape->held) {
        escape->held = 0;
        if (byte >= 0x80 && byte <= 0x9F) {
            fprintf(escape->file, "\\u00%02X", byte);
            return;
        }
        putc(0xC2, escape->file);
    }
    if (byte == 0xC2) {
        escape->held = 1;
    } else if (byte == 0x7F) {
        fputs("\\u007F", escape->file);
    } else {
        putc(byte, escape->file);
    }
}

static int escape_piece(const char *data, size_t size_bytes, void *user)
{
    struct escape *escape = user;

    for (size_t i = 0; i < size_bytes; i++) {
        escape_byte(escape, (unsigned char)data[i]);
    }
    return ferror(escape->file) ? -1 : 0;
}

static int write_with(const json_t *json, FILE *file, size_t flags)
{
    struct escape escape = {file, 0};

    return json ? json_dump_callback(json, escape_piece, &escape,
                                     flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
                : -1;
}

int json_write(const json_t *json, FILE *file)
{
    return write_with(json, file, JSON_COMPACT);
}

int json_write_value(struct value value, FILE *file)
{
    json_t *json = json_from_value(value);
    int status = json_write(json, file);

    json_decref(json);
    return status;
}

int json_print(const json_t *json, FILE *file)
{
    if (write_with(json, file, output_is_terminal(file) ? JSON_INDENT(2) : JSON_COMPACT) < 0) {
        return -1;
    }
    return putc('\n', file) == EOF ? -1 : 0;
}

int json_print_value(struct value value, FILE *file)
{
    json_t *json = json_from_value(value);
    int status = json_print(json, file);

    json_decref(json);
    return status;
}
