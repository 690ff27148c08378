/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/vector: heads and vectors there and back, and that nothing else is taken for one.
 */
#include "proto/vector.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct arena *arena;
static struct buf wire;

static void begin(void)
{
    arena = arena_create((size_t)16 << 20);
    buf_init(&wire, (size_t)1 << 20);
}

static void end(void)
{
    arena_destroy(arena);
    buf_deinit(&wire);
}

static const struct vector_head head = {
    .models = {{VECTOR_KIND_TEXT, "ebb-lexical-512", 4}, {VECTOR_KIND_IMAGE, "m\xc3\xa9lange", 2}},
    .model_count = 2};

Test(vector, a_head_there_and_back, .init = begin, .fini = end)
{
    struct vector_head read;
    struct error err = ERROR_INIT;

    cr_assert_eq(vector_head_encode(&head, &wire, &err), 0, "%s", err.msg);
    cr_assert_eq(vector_head_decode(wire.data, wire.size, arena, &read, &err), 0, "%s", err.msg);
    cr_assert_eq(read.model_count, 2);
    cr_assert_eq(read.models[1].kind, VECTOR_KIND_IMAGE);
    cr_assert_str_eq(read.models[1].name, head.models[1].name);
    cr_assert_eq(read.models[0].dimensions, 4);
}

Test(vector, heads_that_are_none, .init = begin, .fini = end)
{
    struct vector_head bad = head;
    struct error err = ERROR_INIT;

    bad.model_count = 0;
    cr_assert_eq(vector_head_encode(&bad, &wire, &err), -1);
    bad = head;
    bad.models[0].dimensions = 0;
    cr_assert_eq(vector_head_encode(&bad, &wire, &err), -1);
    bad = head;
    bad.models[0].dimensions = VECTOR_DIMENSIONS_MAX + 1;
    cr_assert_eq(vector_head_encode(&bad, &wire, &err), -1);
    bad = head;
    bad.models[1].name = "";
    cr_assert_eq(vector_head_encode(&bad, &wire, &err), -1);
    cr_assert_eq(wire.size, 0);
}

static const float unit[4] = {0.5F, -0.5F, 0.5F, 0.5F};

Test(vector, there_and_back, .init = begin, .fini = end)
{
    struct vector_record record = {.target = 17, .model = 0, .vector = unit, .dimensions = 4};
    struct vector_record read;
    struct error err = ERROR_INIT;

    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), 0, "%s", err.msg);
    cr_assert_eq(vector_record_decode(wire.data, wire.size, &head, arena, &read, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(read.target, 17);
    cr_assert_eq(read.dimensions, 4);
    cr_assert_eq(memcmp(read.vector, unit, sizeof(unit)), 0);
    cr_assert_null(read.reason);
    for (size_t at = 0; at < wire.size; at++) {
        cr_assert_eq(vector_record_decode(wire.data, at, &head, arena, &read, &err), -1);
        cr_assert_eq(err.code, ERROR_CORRUPT);
    }
}

Test(vector, none_and_why, .init = begin, .fini = end)
{
    struct vector_record record = {.target = 3, .model = 1, .reason = "endpoint: it is down"};
    struct vector_record read;
    struct error err = ERROR_INIT;

    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), 0, "%s", err.msg);
    cr_assert_eq(vector_record_decode(wire.data, wire.size, &head, arena, &read, &err), 0, "%s",
                 err.msg);
    cr_assert_null(read.vector);
    cr_assert_str_eq(read.reason, record.reason);
}

Test(vector, what_is_none, .init = begin, .fini = end)
{
    float bad[4] = {0.5F, NAN, 0.5F, 0.5F};
    struct vector_record record = {.target = 1, .model = 0, .vector = bad, .dimensions = 4};
    struct vector_record read;
    struct error err = ERROR_INIT;

    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), -1);
    bad[1] = INFINITY;
    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), -1);
    bad[1] = 0.0F; /* too short */
    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), -1);
    memcpy(bad, unit, sizeof(bad));
    record.dimensions = 3;
    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), -1);
    record.dimensions = 4;
    record.model = 1; /* which has 2 */
    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), -1);
    record.model = 2;
    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), -1);
    record = (struct vector_record){.target = 1};
    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), -1);
    cr_assert_eq(wire.size, 0);
    /* A whole one whose bytes rot into no vector. */
    record = (struct vector_record){.target = 1, .vector = unit, .dimensions = 4};
    cr_assert_eq(vector_record_encode(&record, &head, &wire, &err), 0);
    memset(wire.data + wire.size - 4, 0xff, 4);
    cr_assert_eq(vector_record_decode(wire.data, wire.size, &head, arena, &read, &err), -1);
    cr_assert_eq(err.code, ERROR_CORRUPT);
}

Test(vector, normalising)
{
    float vector[3] = {3, 0, 4};
    float zero[3] = {0, 0, 0};
    float broken[3] = {1, NAN, 0};

    cr_assert(vector_normalize(vector, 3));
    cr_assert_float_eq(vector[0], 0.6F, 1e-6);
    cr_assert_float_eq(vector[2], 0.8F, 1e-6);
    cr_assert_not(vector_normalize(zero, 3));
    cr_assert_not(vector_normalize(broken, 3));
    cr_assert_eq(broken[0], 1);
}
