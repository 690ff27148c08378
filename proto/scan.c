/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A cursor over msgpack bytes that are not trusted.
 *
 * An item is one tag byte, then 0, 1, 2, 4 or 8 bytes of a number (the value, or a count), then
 * the bytes of a STR or BIN. The tags from 0xc0 to 0xdf are a table; those around them hold their
 * number themselves.
 *
 * Invariants: start <= at <= end; nothing is read behind end; once there is a fault, at stays.
 * Nothing blocks, allocates or logs.
 * Source: the MessagePack specification; PROTOCOL.md, "Types".
 */
#include "proto/scan.h"

#include <assert.h>
#include <string.h>

#include "proto/utf8.h"

enum head_kind {
    HEAD_EXT, /* the tags that the table leaves out */
    HEAD_BAD,
    HEAD_NIL,
    HEAD_BOOL,
    HEAD_FLOAT,
    HEAD_COUNT,
    HEAD_UINT,
    HEAD_INT
};

struct head {
    uint8_t kind;
    uint8_t type;  /* enum value_type */
    uint8_t width; /* bytes of the number behind the tag */
    uint8_t least; /* the smallest count that needs this form, where the width does not say */
};

#define TABLE_FIRST 0xc0U

static const struct head HEADS[32] = {
    [0xc0 - TABLE_FIRST] = {HEAD_NIL, VALUE_NIL, 0, 0},
    [0xc1 - TABLE_FIRST] = {HEAD_BAD, 0, 0, 0},
    [0xc2 - TABLE_FIRST] = {HEAD_BOOL, VALUE_BOOL, 0, 0},
    [0xc3 - TABLE_FIRST] = {HEAD_BOOL, VALUE_BOOL, 0, 0},
    [0xc4 - TABLE_FIRST] = {HEAD_COUNT, VALUE_BIN, 1, 0},
    [0xc5 - TABLE_FIRST] = {HEAD_COUNT, VALUE_BIN, 2, 0},
    [0xc6 - TABLE_FIRST] = {HEAD_COUNT, VALUE_BIN, 4, 0},
    [0xca - TABLE_FIRST] = {HEAD_FLOAT, VALUE_FLOAT, 4, 0},
    [0xcb - TABLE_FIRST] = {HEAD_FLOAT, VALUE_FLOAT, 8, 0},
    [0xcc - TABLE_FIRST] = {HEAD_UINT, VALUE_UINT, 1, 0},
    [0xcd - TABLE_FIRST] = {HEAD_UINT, VALUE_UINT, 2, 0},
    [0xce - TABLE_FIRST] = {HEAD_UINT, VALUE_UINT, 4, 0},
    [0xcf - TABLE_FIRST] = {HEAD_UINT, VALUE_UINT, 8, 0},
    [0xd0 - TABLE_FIRST] = {HEAD_INT, VALUE_INT, 1, 0},
    [0xd1 - TABLE_FIRST] = {HEAD_INT, VALUE_INT, 2, 0},
    [0xd2 - TABLE_FIRST] = {HEAD_INT, VALUE_INT, 4, 0},
    [0xd3 - TABLE_FIRST] = {HEAD_INT, VALUE_INT, 8, 0},
    [0xd9 - TABLE_FIRST] = {HEAD_COUNT, VALUE_STR, 1, 32},
    [0xda - TABLE_FIRST] = {HEAD_COUNT, VALUE_STR, 2, 0},
    [0xdb - TABLE_FIRST] = {HEAD_COUNT, VALUE_STR, 4, 0},
    [0xdc - TABLE_FIRST] = {HEAD_COUNT, VALUE_ARRAY, 2, 16},
    [0xdd - TABLE_FIRST] = {HEAD_COUNT, VALUE_ARRAY, 4, 0},
    [0xde - TABLE_FIRST] = {HEAD_COUNT, VALUE_MAP, 2, 16},
    [0xdf - TABLE_FIRST] = {HEAD_COUNT, VALUE_MAP, 4, 0},
};

void scan_init(struct scan *scan, const void *data, size_t size_bytes, bool minimal)
{
    scan->start = data;
    scan->at = data;
    scan->end = scan->start + size_bytes;
    scan->minimal = minimal;
    scan->fault = NULL;
}

size_t scan_left_bytes(const struct scan *scan)
{
    return (size_t)(scan->end - scan->at);
}

bool scan_fail(struct scan *scan, const char *fault)
{
    if (!scan->fault) {
        scan->fault = fault;
    }
    return false;
}

int scan_error(const struct scan *scan, enum error_code code, struct error *err)
{
    return error_set(err, code, "%s at byte %zu", scan->fault ? scan->fault : "no fault",
                     (size_t)(scan->at - scan->start));
}

bool scan_finish(struct scan *scan)
{
    if (!scan->fault && scan->at != scan->end) {
        scan_fail(scan, "trailing bytes");
    }
    return !scan->fault;
}

static uint64_t load(const uint8_t *at, size_t width)
{
    uint64_t value = 0;

    for (size_t i = 0; i < width; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* The smallest unsigned number that needs width bytes; 0 where width does not tell. */
static uint64_t least_of_width(size_t width)
{
    return width < 2 ? 0 : UINT64_C(1) << (4 * width);
}

static bool take_count(struct scan *scan, enum value_type type, uint32_t count,
                       struct scan_item *ret_item)
{
    size_t left_bytes = scan_left_bytes(scan);
    size_t least_bytes = type == VALUE_MAP ? 2 * (size_t)count : count;

    ret_item->type = type;
    ret_item->count = count;
    if (least_bytes > left_bytes) {
        return scan_fail(scan, "more is announced than there is");
    }
    if (type == VALUE_STR || type == VALUE_BIN) {
        ret_item->data = scan->at;
        if (type == VALUE_STR && !utf8_valid(scan->at, count)) {
            return scan_fail(scan, "text that is not UTF-8, or has a NUL in it");
        }
        scan->at += count;
    }
    return true;
}

static bool take_float(size_t width, uint64_t bits, struct scan_item *ret_item)
{
    ret_item->type = VALUE_FLOAT;
    ret_item->count = (uint32_t)width;
    if (width == sizeof(float)) {
        uint32_t bits32 = (uint32_t)bits;
        float value;

        memcpy(&value, &bits32, sizeof(value));
        ret_item->float_value = (double)value;
    } else {
        memcpy(&ret_item->float_value, &bits, sizeof(bits));
    }
    return true;
}

/* A number in one of the signed forms; one that is not negative is a UINT like any other. */
static bool take_signed(struct scan *scan, size_t width, uint64_t bits, struct scan_item *ret_item)
{
    static const int64_t needs_width_below[9] = {
        [1] = -32, [2] = INT8_MIN, [4] = INT16_MIN, [8] = INT32_MIN};
    uint64_t sign;
    uint64_t extended;

    assert(width >= 1 && width <= 8);
    sign = UINT64_C(1) << (8 * width - 1);
    extended = bits & sign ? bits | ~(sign | (sign - 1)) : bits;
    if (!(bits & sign)) {
        ret_item->type = VALUE_UINT;
        ret_item->uint_value = bits;
        return !scan->minimal || scan_fail(scan, "a number in a form that is not its shortest");
    }
    ret_item->type = VALUE_INT;
    memcpy(&ret_item->int_value, &extended, sizeof(extended));
    if (scan->minimal && ret_item->int_value >= needs_width_below[width]) {
        return scan_fail(scan, "a number in a form that is not its shortest");
    }
    return true;
}

static bool take_tabled(struct scan *scan, uint8_t tag, struct scan_item *ret_item)
{
    const struct head *head = &HEADS[tag - TABLE_FIRST];
    uint64_t number;
    uint64_t least;

    if (head->width > scan_left_bytes(scan)) {
        return scan_fail(scan, "it ends too early");
    }
    number = load(scan->at, head->width);
    scan->at += head->width;
    switch ((enum head_kind)head->kind) {
    case HEAD_BAD:
        return scan_fail(scan, "a byte that is no msgpack");
    case HEAD_EXT:
        return scan_fail(scan, "an ext type");
    case HEAD_NIL:
        ret_item->type = VALUE_NIL;
        return true;
    case HEAD_BOOL:
        ret_item->type = VALUE_BOOL;
        ret_item->bool_value = tag & 1U;
        return true;
    case HEAD_FLOAT:
        return take_float(head->width, number, ret_item);
    case HEAD_INT:
        return take_signed(scan, head->width, number, ret_item);
    case HEAD_UINT:
    case HEAD_COUNT:
        break;
    }
    least = head->kind == HEAD_UINT && head->width == 1 ? 0x80 : least_of_width(head->width);
    if (scan->minimal && number < (head->least ? head->least : least)) {
        return scan_fail(scan, "a number in a form that is not its shortest");
    }
    if (head->kind == HEAD_COUNT) {
        return take_count(scan, head->type, (uint32_t)number, ret_item);
    }
    ret_item->type = VALUE_UINT;
    ret_item->uint_value = number;
    return true;
}

bool scan_next(struct scan *scan, struct scan_item *ret_item)
{
    uint8_t tag;

    ret_item->type = VALUE_NIL;
    ret_item->count = 0;
    ret_item->uint_value = 0;
    if (scan->fault) {
        return false;
    }
    if (scan->at == scan->end) {
        return scan_fail(scan, "it ends too early");
    }
    tag = *scan->at++;
    if (tag < 0x80) {
        ret_item->type = VALUE_UINT;
        ret_item->uint_value = tag;
        return true;
    }
    if (tag >= 0xe0) {
        ret_item->type = VALUE_INT;
        ret_item->int_value = (int64_t)tag - 0x100;
        return true;
    }
    if (tag >= TABLE_FIRST) {
        return take_tabled(scan, tag, ret_item);
    }
    if (tag >= 0xa0) {
        return take_count(scan, VALUE_STR, tag & 0x1fU, ret_item);
    }
    return take_count(scan, tag >= 0x90 ? VALUE_ARRAY : VALUE_MAP, tag & 0x0fU, ret_item);
}

bool scan_skip(struct scan *scan, unsigned outer, size_t *ret_elements)
{
    uint64_t left[SCAN_DEPTH_MAX]; /* elements to come, of each container that is open */
    size_t elements = 0;
    unsigned depth = 0;

    for (;;) {
        struct scan_item item;

        if (!scan_next(scan, &item)) {
            return false;
        }
        if (item.type == VALUE_ARRAY || item.type == VALUE_MAP) {
            if (outer + depth >= SCAN_DEPTH_MAX) {
                return scan_fail(scan, "nested over 32 levels deep");
            }
            left[depth] = item.type == VALUE_MAP ? 2 * (uint64_t)item.count : item.count;
            elements += left[depth];
            depth++;
        }
        while (depth > 0 && left[depth - 1] == 0) {
            depth--;
        }
        if (depth == 0) {
            break;
        }
        left[depth - 1]--;
    }
    if (ret_elements) {
        *ret_elements = elements;
    }
    return true;
}

uint64_t scan_uint(struct scan *scan, uint64_t min, uint64_t max)
{
    struct scan_item item;

    if (!scan_next(scan, &item)) {
        return 0;
    }
    if (item.type != VALUE_UINT) {
        scan_fail(scan, "no unsigned integer");
        return 0;
    }
    if (item.uint_value < min || item.uint_value > max) {
        scan_fail(scan, "a number out of its range");
        return 0;
    }
    return item.uint_value;
}

int64_t scan_int(struct scan *scan, int64_t min, int64_t max)
{
    struct scan_item item;
    int64_t value;

    if (!scan_next(scan, &item)) {
        return 0;
    }
    if (item.type != VALUE_UINT && item.type != VALUE_INT) {
        scan_fail(scan, "no integer");
        return 0;
    }
    value = item.type == VALUE_INT                   ? item.int_value
            : item.uint_value <= (uint64_t)INT64_MAX ? (int64_t)item.uint_value
                                                     : INT64_MAX;
    if (value < min || value > max) {
        scan_fail(scan, "a number out of its range");
        return 0;
    }
    return value;
}

bool scan_bool(struct scan *scan)
{
    struct scan_item item;

    if (!scan_next(scan, &item)) {
        return false;
    }
    return item.type == VALUE_BOOL ? item.bool_value : scan_fail(scan, "no boolean");
}

const char *scan_str(struct scan *scan, size_t min_bytes, size_t max_bytes, size_t *ret_size_bytes)
{
    struct scan_item item;

    *ret_size_bytes = 0;
    if (!scan_next(scan, &item)) {
        return NULL;
    }
    if (item.type != VALUE_STR) {
        scan_fail(scan, "no text");
        return NULL;
    }
    if (item.count < min_bytes || item.count > max_bytes) {
        scan_fail(scan, "a text of a length out of its range");
        return NULL;
    }
    *ret_size_bytes = item.count;
    return (const char *)item.data;
}

bool scan_nil(struct scan *scan)
{
    if (scan->fault || scan->at == scan->end || *scan->at != TABLE_FIRST) {
        return false;
    }
    scan->at++;
    return true;
}

uint32_t scan_array(struct scan *scan, uint32_t max)
{
    struct scan_item item;

    if (!scan_next(scan, &item)) {
        return 0;
    }
    if (item.type != VALUE_ARRAY || item.count > max) {
        scan_fail(scan, item.type != VALUE_ARRAY ? "no array" : "an array that is too long");
        return 0;
    }
    return item.count;
}

bool scan_array_of(struct scan *scan, uint32_t count)
{
    struct scan_item item;

    if (!scan_next(scan, &item)) {
        return false;
    }
    return (item.type == VALUE_ARRAY && item.count == count) ||
           scan_fail(scan, "no array of the right length");
}
