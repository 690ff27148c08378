/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The read-only view of decoded msgpack.
 *
 * msgpack-c makes room for as many elements as a head claims before it has seen one. So the bytes
 * are scanned first (proto/scan.h): what gets to msgpack-c is whole and in bounds, and its zone
 * is made to measure, in one piece.
 *
 * Invariants: no object in a tree is of an ext type; nesting is at most SCAN_DEPTH_MAX. Nothing
 * blocks or logs.
 * Source: PROTOCOL.md, "Types".
 */
#include "proto/value.h"

#include <stdlib.h>
#include <string.h>

#include <msgpack.h>

#include "proto/scan.h"

struct value_tree {
    msgpack_zone zone;
    msgpack_object root;
};

static const msgpack_object *object_of(struct value value)
{
    return value.object;
}

/* Of a STR or BIN. msgpack-c leaves the pointer of an empty one to chance. */
static const char *bytes_of(const msgpack_object *object)
{
    if (object->type == MSGPACK_OBJECT_BIN) {
        return object->via.bin.size ? object->via.bin.ptr : "";
    }
    return object->via.str.size ? object->via.str.ptr : "";
}

static bool str_is(const msgpack_object *object, const char *text, size_t size_bytes)
{
    return object->type == MSGPACK_OBJECT_STR && object->via.str.size == size_bytes &&
           memcmp(bytes_of(object), text, size_bytes) == 0;
}

enum value_type value_type(struct value value)
{
    const msgpack_object *object = object_of(value);

    if (!object) {
        return VALUE_ABSENT;
    }
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        return VALUE_NIL;
    case MSGPACK_OBJECT_BOOLEAN:
        return VALUE_BOOL;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return VALUE_UINT;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return VALUE_INT;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return VALUE_FLOAT;
    case MSGPACK_OBJECT_STR:
        return VALUE_STR;
    case MSGPACK_OBJECT_BIN:
        return VALUE_BIN;
    case MSGPACK_OBJECT_ARRAY:
        return VALUE_ARRAY;
    case MSGPACK_OBJECT_MAP:
        return VALUE_MAP;
    case MSGPACK_OBJECT_EXT:
        break;
    }
    return VALUE_ABSENT; /* the scanner lets no other type in */
}

bool value_present(struct value value)
{
    return value.object != NULL;
}

struct value value_get(struct value map, const char *key)
{
    const msgpack_object *object = object_of(map);
    size_t key_bytes = strlen(key);

    if (value_type(map) != VALUE_MAP) {
        return (struct value){NULL};
    }
    for (uint32_t i = 0; i < object->via.map.size; i++) {
        const msgpack_object_kv *entry = &object->via.map.ptr[i];

        if (str_is(&entry->key, key, key_bytes)) {
            return (struct value){&entry->val};
        }
    }
    return (struct value){NULL};
}

struct value value_at(struct value array, size_t index)
{
    const msgpack_object *object = object_of(array);

    if (value_type(array) != VALUE_ARRAY || index >= object->via.array.size) {
        return (struct value){NULL};
    }
    return (struct value){&object->via.array.ptr[index]};
}

bool value_entry(struct value map, size_t index, struct value *ret_key, struct value *ret_value)
{
    const msgpack_object *object = object_of(map);

    if (value_type(map) != VALUE_MAP || index >= object->via.map.size) {
        return false;
    }
    ret_key->object = &object->via.map.ptr[index].key;
    ret_value->object = &object->via.map.ptr[index].val;
    return true;
}

size_t value_count(struct value value)
{
    const msgpack_object *object = object_of(value);

    switch (value_type(value)) {
    case VALUE_ARRAY:
        return object->via.array.size;
    case VALUE_MAP:
        return object->via.map.size;
    case VALUE_STR:
        return object->via.str.size;
    case VALUE_BIN:
        return object->via.bin.size;
    case VALUE_ABSENT:
    case VALUE_NIL:
    case VALUE_BOOL:
    case VALUE_UINT:
    case VALUE_INT:
    case VALUE_FLOAT:
        break;
    }
    return 0;
}

uint64_t value_uint(struct value value, uint64_t fallback)
{
    return value_type(value) == VALUE_UINT ? object_of(value)->via.u64 : fallback;
}

int64_t value_int(struct value value, int64_t fallback)
{
    const msgpack_object *object = object_of(value);

    if (value_type(value) == VALUE_INT) {
        return object->via.i64;
    }
    if (value_type(value) == VALUE_UINT && object->via.u64 <= (uint64_t)INT64_MAX) {
        return (int64_t)object->via.u64;
    }
    return fallback;
}

double value_float(struct value value, double fallback)
{
    const msgpack_object *object = object_of(value);

    switch (value_type(value)) {
    case VALUE_FLOAT:
        return object->via.f64; /* also of 32 bits */
    case VALUE_UINT:
        return (double)object->via.u64;
    case VALUE_INT:
        return (double)object->via.i64;
    case VALUE_ABSENT:
    case VALUE_NIL:
    case VALUE_BOOL:
    case VALUE_STR:
    case VALUE_BIN:
    case VALUE_ARRAY:
    case VALUE_MAP:
        break;
    }
    return fallback;
}

bool value_bool(struct value value, bool fallback)
{
    return value_type(value) == VALUE_BOOL ? object_of(value)->via.boolean : fallback;
}

const char *value_str(struct value value, size_t *ret_size_bytes)
{
    enum value_type type = value_type(value);

    if (type != VALUE_STR && type != VALUE_BIN) {
        *ret_size_bytes = 0;
        return NULL;
    }
    *ret_size_bytes = value_count(value);
    return bytes_of(object_of(value));
}

/* The longest prefix of text up to size_bytes that ends between two characters. */
static size_t whole_characters(const char *text, size_t size_bytes)
{
    while (size_bytes > 0 && ((unsigned char)text[size_bytes] & 0xc0U) == 0x80U) {
        size_bytes--;
    }
    return size_bytes;
}

bool value_str_copy(struct value value, char *ret_text, size_t size_bytes)
{
    const msgpack_object *object = object_of(value);
    const char *text;
    size_t whole_bytes;
    size_t copied_bytes;

    if (size_bytes == 0) {
        return false;
    }
    ret_text[0] = '\0';
    if (value_type(value) != VALUE_STR) {
        return false;
    }
    text = bytes_of(object);
    whole_bytes = object->via.str.size;
    copied_bytes = whole_bytes < size_bytes ? whole_bytes : whole_characters(text, size_bytes - 1);
    memcpy(ret_text, text, copied_bytes);
    ret_text[copied_bytes] = '\0';
    return copied_bytes == whole_bytes;
}

bool value_str_equal(struct value value, const char *text)
{
    return value_present(value) && str_is(object_of(value), text, strlen(text));
}

static struct value_tree *tree_create(const void *data, size_t size_bytes, size_t elements,
                                      struct error *err)
{
    struct value_tree *tree = malloc(sizeof(*tree));
    size_t zone_bytes = elements ? elements * sizeof(msgpack_object) : 1;
    msgpack_unpack_return status;
    size_t offset = 0;

    if (!tree || !msgpack_zone_init(&tree->zone, zone_bytes)) {
        free(tree);
        error_set(err, ERROR_MEMORY, "no memory for %zu elements of msgpack", elements);
        return NULL;
    }
    status = msgpack_unpack(data, size_bytes, &offset, &tree->zone, &tree->root);
    if (status != MSGPACK_UNPACK_SUCCESS || offset != size_bytes) {
        value_tree_destroy(tree);
        error_set(err, status == MSGPACK_UNPACK_NOMEM_ERROR ? ERROR_MEMORY : ERROR_PROTOCOL,
                  "msgpack of %zu bytes cannot be unpacked (%d)", size_bytes, (int)status);
        return NULL;
    }
    return tree;
}

struct value_tree *value_decode_next(const void *data, size_t size_bytes, size_t *ret_used_bytes,
                                     struct error *err)
{
    struct value_tree *tree;
    struct scan scan;
    size_t elements = 0;
    size_t used_bytes;

    scan_init(&scan, data, size_bytes, false);
    if (!scan_skip(&scan, 0, &elements)) {
        scan_error(&scan, ERROR_PROTOCOL, err);
        return NULL;
    }
    used_bytes = size_bytes - scan_left_bytes(&scan);
    tree = tree_create(data, used_bytes, elements, err);
    if (tree) {
        *ret_used_bytes = used_bytes;
    }
    return tree;
}

struct value_tree *value_decode(const void *data, size_t size_bytes, struct error *err)
{
    struct scan scan;
    size_t elements = 0;

    scan_init(&scan, data, size_bytes, false);
    scan_skip(&scan, 0, &elements);
    if (!scan_finish(&scan)) {
        scan_error(&scan, ERROR_PROTOCOL, err);
        return NULL;
    }
    return tree_create(data, size_bytes, elements, err);
}

struct value value_root(const struct value_tree *tree)
{
    return (struct value){&tree->root};
}

void value_tree_destroy(struct value_tree *tree)
{
    if (tree) {
        msgpack_zone_destroy(&tree->zone);
        free(tree);
    }
}
