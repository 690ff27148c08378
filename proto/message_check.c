/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The check of a message's body against the tables: a handler for each type of field, one loop
 * over the payload. The reader runs it over what it received, the writer over what it wrote.
 *
 * Invariants: nothing is allocated, however much a body claims to hold; a layout is returned only
 * for a body that is legal in every byte. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Messages" and "Fields".
 */
#include "proto/message_table.h"

#include <inttypes.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/scan.h"

#define MAP_KEY_MAX_BYTES 64
#define MAP_TEXT_MAX_BYTES 65535
#define MAP_ENTRIES_MAX 64 /* the most that any map field may hold */
#define LIST_TEXT_MAX_BYTES 512

#define FIELD_ASSERT(symbol, key, type, min, max)                                                  \
    _Static_assert(                                                                                \
        (FIELD_TYPE_##type != FIELD_TYPE_STRMAP && FIELD_TYPE_##type != FIELD_TYPE_COUNTS) ||      \
            (max) <= MAP_ENTRIES_MAX,                                                              \
        key ": entries");
FIELD_LIST(FIELD_ASSERT)
#undef FIELD_ASSERT

/* The head of a map of at most max entries. */
static uint32_t scan_map(struct scan *scan, uint64_t max)
{
    struct scan_item item;

    if (!scan_next(scan, &item)) {
        return 0;
    }
    if (item.type != VALUE_MAP || item.count > max) {
        scan_fail(scan, item.type != VALUE_MAP ? "no map" : "a map with too many entries");
        return 0;
    }
    return item.count;
}

static void check_uint(struct scan *scan, const struct field_spec *field)
{
    scan_uint(scan, field->min, field->max);
}

static void check_bool(struct scan *scan, const struct field_spec *field)
{
    (void)field;
    scan_bool(scan);
}

static void check_str(struct scan *scan, const struct field_spec *field)
{
    size_t size_bytes;

    scan_str(scan, field->min, field->max, &size_bytes);
}

/* STRMAP and COUNTS: keys are texts, and none comes twice. */
static void check_map(struct scan *scan, const struct field_spec *field)
{
    struct {
        const char *text;
        size_t size_bytes;
    } keys[MAP_ENTRIES_MAX];
    uint32_t count = scan_map(scan, field->max);

    for (uint32_t i = 0; i < count; i++) {
        size_t size_bytes;

        keys[i].text = scan_str(scan, 1, MAP_KEY_MAX_BYTES, &keys[i].size_bytes);
        for (uint32_t j = 0; j < i && !scan->fault; j++) {
            if (keys[j].size_bytes == keys[i].size_bytes &&
                memcmp(keys[j].text, keys[i].text, keys[i].size_bytes) == 0) {
                scan_fail(scan, "a key that comes twice");
            }
        }
        if (field->type == FIELD_TYPE_COUNTS) {
            scan_uint(scan, 0, UINT64_MAX);
        } else {
            scan_str(scan, 0, MAP_TEXT_MAX_BYTES, &size_bytes);
        }
        if (scan->fault) {
            return;
        }
    }
}

static void check_strlist(struct scan *scan, const struct field_spec *field)
{
    uint32_t count = scan_array(scan, (uint32_t)field->max);
    size_t size_bytes;

    for (uint32_t i = 0; i < count && !scan->fault; i++) {
        scan_str(scan, 0, LIST_TEXT_MAX_BYTES, &size_bytes);
    }
}

static void check_units(struct scan *scan, const struct field_spec *field)
{
    uint32_t count = scan_array(scan, (uint32_t)field->max);

    for (uint32_t i = 0; i < count && !scan->fault; i++) {
        size_t size_bytes;
        uint64_t first;

        scan_array_of(scan, 4);
        scan_str(scan, 1, MESSAGE_STAGE_BYTES - 1, &size_bytes);
        first = scan_uint(scan, 1, UINT32_MAX);
        scan_uint(scan, first, UINT32_MAX);
        scan_uint(scan, 0, UINT32_MAX);
    }
}

static void check_failures(struct scan *scan, const struct field_spec *field)
{
    uint32_t count = scan_array(scan, (uint32_t)field->max);

    for (uint32_t i = 0; i < count && !scan->fault; i++) {
        size_t size_bytes;

        scan_array_of(scan, 3);
        scan_uint(scan, 1, UINT32_MAX);
        scan_str(scan, 1, MESSAGE_CODE_BYTES - 1, &size_bytes);
        scan_str(scan, 0, MESSAGE_DETAIL_BYTES - 1, &size_bytes);
    }
}

static void check_any(struct scan *scan, const struct field_spec *field)
{
    (void)field;
    scan_skip(scan, 2, NULL); /* within the frame's array and its payload */
}

static void (*const CHECKS[FIELD_TYPE_COUNT])(struct scan *scan, const struct field_spec *field) = {
    [FIELD_TYPE_UINT] = check_uint,   [FIELD_TYPE_BOOL] = check_bool,
    [FIELD_TYPE_STR] = check_str,     [FIELD_TYPE_STRMAP] = check_map,
    [FIELD_TYPE_COUNTS] = check_map,  [FIELD_TYPE_STRLIST] = check_strlist,
    [FIELD_TYPE_UNITS] = check_units, [FIELD_TYPE_FAILURES] = check_failures,
    [FIELD_TYPE_ANY] = check_any,
};

/* The field of set that has this key; FIELD_COUNT when none has. */
static enum field find_field(uint64_t set, const char *key, size_t key_bytes)
{
    for (uint64_t left = set; left; left &= left - 1) {
        enum field field = (enum field)__builtin_ctzll(left);
        const struct field_spec *spec = field_spec(field);

        if (spec->key_bytes == key_bytes && memcmp(spec->key, key, key_bytes) == 0) {
            return field;
        }
    }
    return FIELD_COUNT;
}

/* One entry of the payload. */
static int check_entry(struct scan *scan, const struct message_spec *spec, enum error_code code,
                       struct message_layout *layout, struct error *err)
{
    size_t key_bytes;
    const char *key = scan_str(scan, 1, MAP_KEY_MAX_BYTES, &key_bytes);
    enum field field;

    if (!key) {
        scan_error(scan, code, err);
        return error_wrap(err, "%s: a key", spec->name);
    }
    field = find_field(spec->required | spec->optional, key, key_bytes);
    if (field == FIELD_COUNT) {
        return error_set(err, code, "%s has no field \"%.*s\"", spec->name, (int)key_bytes, key);
    }
    if (layout->fields & FIELD_BIT(field)) {
        return error_set(err, code, "%s: field %s comes twice", spec->name, field_key(field));
    }
    CHECKS[field_spec(field)->type](scan, field_spec(field));
    if (scan->fault) {
        scan_error(scan, code, err);
        return error_wrap(err, "%s: field %s", spec->name, field_key(field));
    }
    layout->fields |= FIELD_BIT(field);
    layout->order[layout->count++] = (uint8_t)field;
    return 0;
}

static int check_payload(struct scan *scan, const struct message_spec *spec, enum error_code code,
                         struct message_layout *layout, struct error *err)
{
    uint32_t entries = scan_map(scan, FIELD_COUNT);
    uint64_t missing;

    for (uint32_t i = 0; i < entries; i++) {
        if (check_entry(scan, spec, code, layout, err) < 0) {
            return -1;
        }
    }
    if (!scan_finish(scan)) {
        scan_error(scan, code, err);
        return error_wrap(err, "%s", spec->name);
    }
    missing = spec->required & ~layout->fields;
    if (missing) {
        return error_set(err, code, "%s: field %s is missing", spec->name,
                         field_key((enum field)__builtin_ctzll(missing)));
    }
    return 0;
}

int message_check(const uint8_t *body, size_t size_bytes, enum error_code code,
                  struct message_layout *ret_layout, struct error *err)
{
    struct message_layout layout = {.fields = 0};
    const struct message_spec *spec;
    struct scan scan;
    uint64_t type;

    scan_init(&scan, body, size_bytes, false);
    scan_array_of(&scan, 3);
    type = scan_uint(&scan, 0, UINT64_MAX);
    layout.id = (uint32_t)scan_uint(&scan, 0, UINT32_MAX);
    if (scan.fault) {
        scan_error(&scan, code, err);
        return error_wrap(err, "a frame's head");
    }
    spec = message_spec(type);
    if (!spec) {
        return error_set(err, code, "no message has the number %" PRIu64, type);
    }
    if (size_bytes > spec->max_bytes) {
        return error_set(err, code, "%s of %zu bytes; at most %zu are allowed", spec->name,
                         size_bytes, spec->max_bytes);
    }
    layout.type = (enum message_type)type;
    if (check_payload(&scan, spec, code, &layout, err) < 0) {
        return -1;
    }
    *ret_layout = layout;
    return 0;
}
