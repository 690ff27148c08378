/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The writer of msgpack (proto/value.h, second half): every number and count in its shortest
 * form, every text valid UTF-8, appended to the caller's buffer with nothing in between.
 *
 * Invariants: once an append has failed, nothing is appended any more. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Types".
 */
#include "proto/value.h"

#include <string.h>

#include <msgpack.h>

#include "proto/pack_bytes.h"
#include "proto/utf8.h"

void pack_init(struct pack *pack, struct buf *out)
{
    pack->out = out;
    pack->failed = false;
    pack->err = (struct error)ERROR_INIT;
}

int pack_finish(const struct pack *pack, struct error *err)
{
    if (!pack->failed) {
        return 0;
    }
    return error_set(err, pack->err.code, "%s", pack->err.msg);
}

static void append(struct pack *pack, const void *data, size_t size_bytes)
{
    if (!pack->failed && buf_append(pack->out, data, size_bytes, &pack->err) < 0) {
        pack->failed = true;
    }
}

/* Counts have four bytes at most. */
static bool countable(struct pack *pack, size_t count)
{
    if (count > UINT32_MAX && !pack->failed) {
        error_set(&pack->err, ERROR_LIMIT, "%zu elements or bytes are more than msgpack counts",
                  count);
        pack->failed = true;
    }
    return !pack->failed;
}

void pack_map(struct pack *pack, size_t entries)
{
    uint8_t head[PACK_NUMBER_BYTES];

    if (countable(pack, entries)) {
        append(pack, head, (size_t)(pack_bytes_map(head, (uint32_t)entries) - head));
    }
}

void pack_array(struct pack *pack, size_t elements)
{
    uint8_t head[PACK_NUMBER_BYTES];

    if (countable(pack, elements)) {
        append(pack, head, (size_t)(pack_bytes_array(head, (uint32_t)elements) - head));
    }
}

void pack_nil(struct pack *pack)
{
    append(pack, "\xc0", 1);
}

void pack_bool(struct pack *pack, bool value)
{
    append(pack, value ? "\xc3" : "\xc2", 1);
}

void pack_uint(struct pack *pack, uint64_t value)
{
    uint8_t number[PACK_NUMBER_BYTES];

    append(pack, number, (size_t)(pack_bytes_uint(number, value) - number));
}

void pack_int(struct pack *pack, int64_t value)
{
    uint8_t number[PACK_NUMBER_BYTES];

    append(pack, number, (size_t)(pack_bytes_int(number, value) - number));
}

void pack_float(struct pack *pack, float value)
{
    uint8_t number[PACK_NUMBER_BYTES];

    append(pack, number, (size_t)(pack_bytes_float(number, value) - number));
}

void pack_double(struct pack *pack, double value)
{
    uint8_t number[PACK_NUMBER_BYTES];

    append(pack, number, (size_t)(pack_bytes_double(number, value) - number));
}

static void pack_str_head(struct pack *pack, size_t size_bytes)
{
    uint8_t head[PACK_NUMBER_BYTES];

    if (countable(pack, size_bytes)) {
        append(pack, head, (size_t)(pack_bytes_str(head, (uint32_t)size_bytes) - head));
    }
}

static void pack_clean(struct pack *pack, const char *text, size_t size_bytes, size_t max_bytes)
{
    size_t clean_bytes = utf8_clean(text, size_bytes, NULL, max_bytes);

    pack_str_head(pack, clean_bytes);
    if (pack->failed || clean_bytes == 0) {
        return;
    }
    if (buf_reserve(pack->out, clean_bytes, &pack->err) < 0) {
        pack->failed = true;
        return;
    }
    utf8_clean(text, size_bytes, pack->out->data + pack->out->size, max_bytes);
    pack->out->size += clean_bytes;
}

void pack_str_n(struct pack *pack, const char *text, size_t size_bytes)
{
    if (!utf8_valid(text, size_bytes)) {
        pack_clean(pack, text, size_bytes, SIZE_MAX);
        return;
    }
    pack_str_head(pack, size_bytes);
    append(pack, text, size_bytes);
}

void pack_str(struct pack *pack, const char *text)
{
    pack_str_n(pack, text, strlen(text));
}

void pack_str_cut(struct pack *pack, const char *text, size_t max_bytes)
{
    pack_clean(pack, text, strlen(text), max_bytes);
}

void pack_bin(struct pack *pack, const void *data, size_t size_bytes)
{
    uint8_t head[PACK_NUMBER_BYTES];

    if (countable(pack, size_bytes)) {
        append(pack, head, (size_t)(pack_bytes_bin(head, (uint32_t)size_bytes) - head));
        append(pack, data, size_bytes);
    }
}

static int append_for_msgpack(void *user, const char *data, size_t size_bytes)
{
    struct pack *pack = user;

    append(pack, data, size_bytes);
    return pack->failed ? -1 : 0;
}

void pack_value(struct pack *pack, struct value value)
{
    const msgpack_object *object = value.object;
    msgpack_packer packer;

    if (!object) {
        pack_nil(pack);
        return;
    }
    msgpack_packer_init(&packer, pack, append_for_msgpack);
    /* It recurses, no deeper than value_decode lets values nest. It fails when append has, which
     * pack remembers. */
    (void)msgpack_pack_object(&packer, *object);
}

void pack_raw(struct pack *pack, const void *data, size_t size_bytes)
{
    append(pack, data, size_bytes);
}

void pack_key_uint(struct pack *pack, const char *key, uint64_t value)
{
    pack_str(pack, key);
    pack_uint(pack, value);
}

void pack_key_str(struct pack *pack, const char *key, const char *text)
{
    pack_str(pack, key);
    if (text) {
        pack_str(pack, text);
    } else {
        pack_nil(pack);
    }
}

void pack_key_bool(struct pack *pack, const char *key, bool value)
{
    pack_str(pack, key);
    pack_bool(pack, value);
}

void pack_key_double(struct pack *pack, const char *key, double value)
{
    pack_str(pack, key);
    pack_double(pack, value);
}
