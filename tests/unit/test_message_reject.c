/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/message: every way in which a body can be wrong is refused, says what was wrong, and
 * allocates nothing to speak of.
 */
#include "proto/message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/proc.h"
#include "proto_samples.h"

#define BODY_MAX ((size_t)2 << 20)

static struct buf body;
static struct pack raw;

static void begin(void)
{
    buf_init(&body, BODY_MAX);
    pack_init(&raw, &body);
}

/* Empties the body and starts another: [type, id, map of entries. */
static void start(uint64_t type, size_t entries)
{
    body.size = 0;
    pack_init(&raw, &body);
    pack_array(&raw, 3);
    pack_uint(&raw, type);
    pack_uint(&raw, 0);
    pack_map(&raw, entries);
}

static void refused(enum message_direction direction, const char *part)
{
    struct error err = ERROR_INIT;
    struct message message;

    memset(&message, 0x5a, sizeof(message));
    cr_assert_eq(pack_finish(&raw, &err), 0, "%s", err.msg);
    cr_assert_eq(message_decode(body.data, body.size, direction, &message, &err), -1, "not \"%s\"",
                 part);
    cr_assert_eq(err.code, ERROR_PROTOCOL);
    cr_assert(strstr(err.msg, part), "\"%s\" is not in \"%s\"", part, err.msg);
    for (size_t i = 0; i < sizeof(message); i++) {
        cr_assert_eq(((unsigned char *)&message)[i], 0x5a, "the output was touched");
    }
}

static void accepted(enum message_direction direction)
{
    struct error err = ERROR_INIT;
    struct message message;

    cr_assert_eq(message_decode(body.data, body.size, direction, &message, &err), 0, "%s", err.msg);
    message_deinit(&message);
}

/* The body of a sample, without its frame header. */
static void load_sample(enum message_type type, enum sample_kind kind)
{
    body.size = 0;
    sample_message(&body, type, kind, 1);
    buf_consume(&body, FRAME_HEADER_BYTES);
    pack_init(&raw, &body);
}

Test(message_reject, a_body_that_is_no_array_of_three, .init = begin)
{
    static const char *const bodies[] = {
        "\x80", "\x93\x26", "\x92\x26\x00", "\x94\x26\x00\x80\xc0",
        "\x26", "\xa1x",    "\xc0",         "\x83\x26\x00\x80\x01\x01\x01"};
    static const size_t sizes[] = {1, 2, 3, 5, 1, 2, 1, 7};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        body.size = 0;
        pack_raw(&raw, bodies[i], sizes[i]);
        refused(DIRECTION_FROM_CLIENT, "a frame's head");
    }
    body.size = 0;
    pack_raw(&raw, "\x93\x26\x00\x90", 4); /* the payload is no map */
    refused(DIRECTION_FROM_CLIENT, "STATUS: no map");
    body.size = 0;
    pack_raw(&raw, "\x93\x26\x00\x80", 4);
    accepted(DIRECTION_FROM_CLIENT);
}

Test(message_reject, an_empty_body)
{
    struct error err = ERROR_INIT;
    struct message message;

    cr_assert_eq(message_decode((const uint8_t *)"", 0, DIRECTION_FROM_CLIENT, &message, &err), -1);
    cr_assert_eq(err.code, ERROR_PROTOCOL);
}

Test(message_reject, numbers_that_are_no_message, .init = begin)
{
    static const uint64_t numbers[] = {0,  7,  15,  23,    31,         47,
                                       63, 67, 255, 65536, UINT32_MAX, UINT64_MAX};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        start(numbers[i], 0);
        refused(DIRECTION_FROM_CLIENT, "no message has the number");
    }
    body.size = 0;
    pack_raw(&raw, "\x93\xff\x00\x80", 4); /* -1 */
    refused(DIRECTION_FROM_CLIENT, "no unsigned integer");
}

Test(message_reject, ids_past_32_bits, .init = begin)
{
    body.size = 0;
    pack_array(&raw, 3);
    pack_uint(&raw, MESSAGE_STATUS);
    pack_uint(&raw, (uint64_t)UINT32_MAX + 1);
    pack_map(&raw, 0);
    refused(DIRECTION_FROM_CLIENT, "a number out of its range");
}

Test(message_reject, every_message_in_every_other_direction, .init = begin)
{
    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        load_sample(SAMPLE_TYPES[i], SAMPLE_ALL);
        for (int direction = DIRECTION_TO_WORKER; direction <= DIRECTION_TO_CLIENT; direction++) {
            if ((enum message_direction)direction == message_type_direction(SAMPLE_TYPES[i])) {
                accepted((enum message_direction)direction);
            } else {
                refused((enum message_direction)direction, "does not travel in this direction");
            }
        }
    }
}

Test(message_reject, every_message_cut_short_anywhere, .init = begin)
{
    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        load_sample(SAMPLE_TYPES[i], SAMPLE_ALL);
        while (body.size > 1) {
            body.size--;
            refused(message_type_direction(SAMPLE_TYPES[i]), "");
        }
    }
}

Test(message_reject, every_message_with_trailing_bytes, .init = begin)
{
    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        load_sample(SAMPLE_TYPES[i], SAMPLE_LEAST);
        pack_nil(&raw);
        refused(message_type_direction(SAMPLE_TYPES[i]), "trailing bytes");
    }
}

Test(message_reject, every_message_past_its_maximum, .init = begin)
{
    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        load_sample(SAMPLE_TYPES[i], SAMPLE_ALL);
        while (body.size <= message_spec(SAMPLE_TYPES[i])->max_bytes) {
            pack_nil(&raw);
        }
        refused(message_type_direction(SAMPLE_TYPES[i]), "are allowed");
    }
}

/* A message with each required field in turn left out. */
Test(message_reject, every_required_field_missing, .init = begin)
{
    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        const struct message_spec *spec = message_spec(SAMPLE_TYPES[i]);

        for (uint64_t left = spec->required; left; left &= left - 1) {
            struct message_writer writer;
            struct error err = ERROR_INIT;

            body.size = 0;
            message_begin(&writer, &body, SAMPLE_TYPES[i], 0);
            for (unsigned f = 0; f < FIELD_COUNT; f++) {
                if (spec->required & FIELD_BIT(f) && f != (unsigned)__builtin_ctzll(left)) {
                    sample_put(&writer, (enum field)f, SAMPLE_LEAST);
                }
            }
            body.data[writer.map_bytes + 2] = (uint8_t)__builtin_popcountll(writer.written);
            buf_consume(&body, FRAME_HEADER_BYTES);
            refused(spec->direction, "is missing");
            cr_assert_eq(err.code, ERROR_NONE);
        }
    }
}

Test(message_reject, keys_that_are_unknown_or_come_twice, .init = begin)
{
    start(MESSAGE_STATUS, 1);
    pack_key_uint(&raw, "verbose", 1);
    refused(DIRECTION_FROM_CLIENT, "STATUS has no field \"verbose\"");

    start(MESSAGE_STATUS, 1);
    pack_key_uint(&raw, "limit", 1); /* another message's */
    refused(DIRECTION_FROM_CLIENT, "STATUS has no field \"limit\"");

    start(MESSAGE_PROGRESS, 3);
    pack_key_uint(&raw, "item", 1);
    pack_key_uint(&raw, "items_done", 1);
    pack_key_uint(&raw, "item", 1);
    refused(DIRECTION_FROM_WORKER, "field item comes twice");

    start(MESSAGE_PROGRESS, 2);
    pack_key_uint(&raw, "ite", 1);
    pack_key_uint(&raw, "items_done", 1);
    refused(DIRECTION_FROM_WORKER, "no field \"ite\"");

    start(MESSAGE_STATUS, 1);
    pack_uint(&raw, 7);
    pack_uint(&raw, 7);
    refused(DIRECTION_FROM_CLIENT, "a key: no text");

    start(MESSAGE_DONE, 1);
    pack_key_uint(&raw, sample_text(65), 7);
    refused(DIRECTION_FROM_WORKER, "a key: a text of a length");

    start(MESSAGE_STATUS, 1);
    pack_key_uint(&raw, "", 7);
    refused(DIRECTION_FROM_CLIENT, "a key: a text of a length");
}

/* --- every field, with values of every wrong type --- */

struct wrong_value {
    const char *bytes;
    size_t size;
    uint64_t right_for; /* set of enum field_type that take it */
};

#define TYPE_BIT(type) (UINT64_C(1) << FIELD_TYPE_##type)

static const struct wrong_value WRONG_VALUES[] = {
    {"\xc0", 1, 0},
    {"\xc3", 1, TYPE_BIT(BOOL)},
    {"\xff", 1, 0},                                   /* -1 */
    {"\xd3\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0},   /* -1, the long way */
    {"\xca\x3f\x80\x00\x00", 5, 0},                   /* 1.0 */
    {"\xcb\x40\x00\x00\x00\x00\x00\x00\x00", 9, 0},   /* 2.0 */
    {"\xc4\x01x", 3, 0},                              /* BIN */
    {"\xd4\x01\x00", 3, 0},                           /* ext */
    {"\xc7\x01\x01\x00", 4, 0},                       /* ext */
    {"\xc1", 1, 0},                                   /* nothing */
    {"\x80", 1, TYPE_BIT(STRMAP) | TYPE_BIT(COUNTS)}, /* {} */
    {"\x81\xa1k\xc0", 4, 0},                          /* {"k": nil} */
    {"\x81\x01\x01", 3, 0},                           /* {1: 1} */
    {"\x81\xa0\x01", 3, 0},                           /* {"": 1} */
    {"\x81\xa1k\xff", 4, 0},                          /* {"k": -1} */
    {"\x82\xa1k\x01\xa1k\x01", 7, 0},                 /* a key twice */
    {"\x82\xa1k\xa1v\xa1k\xa1v", 9, 0},               /* a key twice */
    {"\x90", 1, TYPE_BIT(STRLIST) | TYPE_BIT(UNITS) | TYPE_BIT(FAILURES)},
    {"\x91\xc0", 2, 0},                         /* [nil] */
    {"\x91\x94\xa3ocr\x02\x01\x00", 9, 0},      /* a unit that ends before it starts */
    {"\x91\x94\xa3ocr\x00\x01\x00", 9, 0},      /* a unit from page 0 */
    {"\x91\x94\xa0\x01\x01\x00", 6, 0},         /* a unit of no stage */
    {"\x91\x93\xa3ocr\x01\x01", 8, 0},          /* a unit with no size */
    {"\x91\x94\xa3ocr\x01\x01\xc0", 9, 0},      /* a unit whose size is nil */
    {"\x91\x95\xa3ocr\x01\x01\x01\x01", 10, 0}, /* one number too many */
    {"\x91\x93\x00\xa1"
     "c\xa0",
     6, 0},                         /* a failure of page 0 */
    {"\x91\x93\x01\xa0\xa0", 5, 0}, /* a failure without code */
    {"\xa2\xff\xfe", 3, 0},         /* no UTF-8 */
    {"\xa3"
     "a\0b",
     4, 0},                         /* NUL */
    {"\xdd\xff\xff\xff\xff", 5, 0}, /* 2^32 - 1 elements */
    {"\xdf\xff\xff\xff\xff", 5, 0},
    {"\xdb\xff\xff\xff\xff", 5, 0},
    {"\xc6\xff\xff\xff\xff", 5, 0},
};

/* What only ANY takes. */
static bool any_takes(const struct wrong_value *value)
{
    struct error err = ERROR_INIT;
    struct value_tree *tree = value_decode(value->bytes, value->size, &err);

    value_tree_destroy(tree);
    return tree != NULL;
}

/* A message that has this field, as its only one. */
static bool start_with(enum field field, enum message_direction *ret_direction)
{
    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        const struct message_spec *spec = message_spec(SAMPLE_TYPES[i]);

        if ((spec->required | spec->optional) & FIELD_BIT(field)) {
            start(SAMPLE_TYPES[i], 1);
            pack_str(&raw, field_key(field));
            *ret_direction = spec->direction;
            return true;
        }
    }
    return false;
}

Test(message_reject, every_field_of_every_wrong_type, .init = begin)
{
    for (unsigned f = 0; f < FIELD_COUNT; f++) {
        const struct field_spec *spec = field_spec((enum field)f);

        for (size_t i = 0; i < sizeof(WRONG_VALUES) / sizeof(WRONG_VALUES[0]); i++) {
            const struct wrong_value *value = &WRONG_VALUES[i];
            enum message_direction direction;
            char part[100];

            if (value->right_for & (UINT64_C(1) << spec->type) ||
                (spec->type == FIELD_TYPE_ANY && any_takes(value))) {
                continue;
            }
            cr_assert(start_with((enum field)f, &direction), "%s is in no message", spec->key);
            pack_raw(&raw, value->bytes, value->size);
            snprintf(part, sizeof(part), "field %s: ", spec->key);
            refused(direction, part);
        }
    }
}

Test(message_reject, every_number_out_of_its_range, .init = begin)
{
    for (unsigned f = 0; f < FIELD_COUNT; f++) {
        const struct field_spec *spec = field_spec((enum field)f);
        enum message_direction direction;

        if (spec->type != FIELD_TYPE_UINT) {
            continue;
        }
        if (spec->min > 0) {
            cr_assert(start_with((enum field)f, &direction));
            pack_uint(&raw, spec->min - 1);
            refused(direction, "a number out of its range");
        }
        if (spec->max < UINT64_MAX) {
            cr_assert(start_with((enum field)f, &direction));
            pack_uint(&raw, spec->max + 1);
            refused(direction, "a number out of its range");
        }
    }
}

Test(message_reject, every_text_too_short_or_too_long, .init = begin)
{
    for (unsigned f = 0; f < FIELD_COUNT; f++) {
        const struct field_spec *spec = field_spec((enum field)f);
        enum message_direction direction;

        if (spec->type != FIELD_TYPE_STR) {
            continue;
        }
        if (spec->min > 0) {
            cr_assert(start_with((enum field)f, &direction));
            pack_str(&raw, sample_text(spec->min - 1));
            refused(direction, "a text of a length out of its range");
        }
        cr_assert(start_with((enum field)f, &direction));
        pack_str(&raw, sample_text(spec->max + 1));
        refused(direction, body.size > 256 ? "" : "a text of a length out of its range");
    }
}

static bool is_map(const struct field_spec *spec)
{
    return spec->type == FIELD_TYPE_STRMAP || spec->type == FIELD_TYPE_COUNTS;
}

static bool has_elements(const struct field_spec *spec)
{
    return spec->type >= FIELD_TYPE_STRMAP && spec->type != FIELD_TYPE_ANY;
}

/* A message with this list or map alone, of so many legal elements. */
static enum message_direction start_elements(enum field field, uint64_t count)
{
    const struct field_spec *spec = field_spec(field);
    enum message_direction direction;
    char key[32];

    cr_assert(start_with(field, &direction));
    if (is_map(spec)) {
        pack_map(&raw, count);
    } else {
        pack_array(&raw, count);
    }
    for (uint64_t i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k%u", (unsigned)i);
        if (spec->type == FIELD_TYPE_STRMAP) {
            pack_key_str(&raw, key, "");
        } else if (spec->type == FIELD_TYPE_COUNTS) {
            pack_key_uint(&raw, key, 0);
        } else if (spec->type == FIELD_TYPE_STRLIST) {
            pack_str(&raw, "");
        } else if (spec->type == FIELD_TYPE_UNITS) {
            pack_raw(&raw, "\x94\xa1x\x01\x01\x00", 6);
        } else {
            pack_raw(&raw, "\x93\x01\xa1x\xa0", 5);
        }
    }
    return direction;
}

Test(message_reject, every_list_and_map_too_long, .init = begin)
{
    for (unsigned f = 0; f < FIELD_COUNT; f++) {
        const struct field_spec *spec = field_spec((enum field)f);

        if (has_elements(spec)) {
            refused(start_elements((enum field)f, spec->max + 1),
                    is_map(spec) ? "a map with too many entries" : "an array that is too long");
        }
    }
}

/* The field itself is taken: the message is, or wants others. */
static void taken(enum message_direction direction)
{
    struct error err = ERROR_INIT;
    struct message message;

    if (message_decode(body.data, body.size, direction, &message, &err) == 0) {
        message_deinit(&message);
    } else {
        cr_assert(strstr(err.msg, "is missing"), "%s", err.msg);
    }
}

Test(message_reject, but_not_at_its_bounds, .init = begin)
{
    for (unsigned f = 0; f < FIELD_COUNT; f++) {
        const struct field_spec *spec = field_spec((enum field)f);
        enum message_direction direction;

        if (has_elements(spec)) {
            taken(start_elements((enum field)f, spec->max));
        } else if (spec->type == FIELD_TYPE_UINT) {
            cr_assert(start_with((enum field)f, &direction));
            pack_uint(&raw, spec->max);
            taken(direction);
        } else if (spec->type == FIELD_TYPE_STR) {
            cr_assert(start_with((enum field)f, &direction));
            pack_str(&raw, sample_text(spec->max));
            taken(direction);
        }
    }
}

Test(message_reject, texts_inside_lists_and_maps_too_long, .init = begin)
{
    start(MESSAGE_DONE, 1);
    pack_str(&raw, "warnings");
    pack_array(&raw, 1);
    pack_str(&raw, sample_text(513));
    refused(DIRECTION_FROM_WORKER, "field warnings: a text of a length");

    start(MESSAGE_DONE, 1);
    pack_str(&raw, "units");
    pack_array(&raw, 1);
    pack_array(&raw, 4);
    pack_str(&raw, sample_text(33));
    pack_uint(&raw, 1);
    pack_uint(&raw, 1);
    pack_uint(&raw, 1);
    refused(DIRECTION_FROM_WORKER, "field units: a text of a length");

    start(MESSAGE_DONE, 1);
    pack_str(&raw, "failures");
    pack_array(&raw, 1);
    pack_array(&raw, 3);
    pack_uint(&raw, 1);
    pack_str(&raw, sample_text(65));
    pack_str(&raw, "");
    refused(DIRECTION_FROM_WORKER, "field failures: a text of a length");

    start(MESSAGE_DONE, 1);
    pack_str(&raw, "counts");
    pack_map(&raw, 1);
    pack_key_uint(&raw, sample_text(65), 1);
    refused(DIRECTION_FROM_WORKER, "field counts: a text of a length");
}

/* --- nesting and claims --- */

static void start_nested(unsigned depth)
{
    start(MESSAGE_REPLY, 1);
    pack_str(&raw, "data");
    for (unsigned i = 0; i < depth; i++) {
        pack_array(&raw, 1);
    }
    pack_nil(&raw);
}

Test(message_reject, nesting_past_32_levels, .init = begin)
{
    start_nested(30); /* the frame and its payload are two more */
    accepted(DIRECTION_TO_CLIENT);
    start_nested(31);
    refused(DIRECTION_TO_CLIENT, "nested over 32 levels deep");
    start_nested(900000);
    refused(DIRECTION_TO_CLIENT, "nested over 32 levels deep");
}

/* 2^32 - 1 elements announced, and a frame full of arrays that announce what is left of it. */
Test(message_reject, claims_cost_no_memory, .init = begin)
{
    static const char *const heads[] = {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff",
                                        "\xdc\xff\xff", "\xde\xff\xff"};
    struct proc_memory before;
    struct proc_memory after;

    start(MESSAGE_REPLY, 1);
    pack_str(&raw, "data");
    while (body.size < FRAME_BODY_MAX_BYTES - 8) {
        pack_nil(&raw);
    }
    cr_assert_eq(proc_memory_read(0, &before, NULL), 0);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        for (size_t at = 9; at < FRAME_BODY_MAX_BYTES - 16; at += 5) {
            memcpy(body.data + at, heads[i], i < 2 ? 5 : 3);
            if (i >= 2) {
                memset(body.data + at + 3, 0xc0, 2);
            }
        }
        refused(DIRECTION_TO_CLIENT, "field data: ");
    }
    cr_assert_eq(proc_memory_read(0, &after, NULL), 0);
    cr_assert_lt(after.peak_rss_bytes - before.rss_bytes, (uint64_t)4 << 20);
}
