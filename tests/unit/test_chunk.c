/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/chunk: chunk and text records there and back, and that nothing else is taken for one.
 */
#include "proto/chunk.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *arena;
static struct buf wire;

static void begin(void)
{
    arena = arena_create((size_t)16 << 20);
    buf_init(&wire, (size_t)64 << 20);
}

static void end(void)
{
    arena_destroy(arena);
    buf_deinit(&wire);
}

static struct chunk_box boxes[] = {
    {.offset = 0, .page = 3, .box = {10, 20, 300, 32}},
    {.offset = 7, .page = 4, .box = {10, 40, 300, 52}},
};
static const char *headings[] = {"Tools", "Saws"};

static struct chunk_record sample(void)
{
    struct chunk_record chunk = {.ordinal = 5,
                                 .level = 0,
                                 .parent = 9,
                                 .kind = CHUNK_KIND_LIST,
                                 .first_page = 3,
                                 .last_page = 4,
                                 .headings = headings,
                                 .heading_levels = {1, 3},
                                 .heading_count = 2,
                                 .joint = "\n",
                                 .overlap_bytes = 3,
                                 .text = "Ab. C\xc3\xa9 d.",
                                 .text_bytes = 10,
                                 .boxes = boxes,
                                 .box_count = 2,
                                 .duplicate_of = 2,
                                 .length_quality = 0.5F,
                                 .boundary_quality = 1.0F,
                                 .completeness_quality = 0.25F};

    memset(chunk.sha256, 'a', HASH_SHA256_HEX_BYTES - 1);
    return chunk;
}

static struct chunk_record round_trip(const struct chunk_record *chunk)
{
    struct error err = ERROR_INIT;
    struct chunk_record read;
    struct buf again;

    wire.size = 0;
    cr_assert_eq(chunk_record_encode(chunk, &wire, &err), 0, "%s", err.msg);
    cr_assert_eq(chunk_record_decode(wire.data, wire.size, arena, &read, &err), 0, "%s", err.msg);
    buf_init(&again, wire.max);
    cr_assert_eq(chunk_record_encode(&read, &again, &err), 0, "%s", err.msg);
    cr_assert_eq(again.size, wire.size);
    cr_assert_eq(memcmp(again.data, wire.data, wire.size), 0);
    buf_deinit(&again);
    return read;
}

Test(chunk, there_and_back, .init = begin, .fini = end)
{
    struct chunk_record chunk = sample();
    struct chunk_record read = round_trip(&chunk);

    cr_assert_eq(read.ordinal, 5);
    cr_assert_eq(read.parent, 9);
    cr_assert_eq(read.kind, CHUNK_KIND_LIST);
    cr_assert_eq(read.heading_count, 2);
    cr_assert_eq(read.heading_levels[1], 3);
    cr_assert_str_eq(read.headings[1], "Saws");
    cr_assert_str_eq(read.text, chunk.text);
    cr_assert_eq(read.overlap_bytes, 3);
    cr_assert_eq(read.box_count, 2);
    cr_assert_eq(read.boxes[1].page, 4);
    cr_assert_str_eq(read.sha256, chunk.sha256);
    cr_assert_float_eq(read.completeness_quality, 0.25F, 1e-6);
}

static void refuse(const struct chunk_record *chunk)
{
    struct error err = ERROR_INIT;

    wire.size = 0;
    cr_assert_eq(chunk_record_encode(chunk, &wire, &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    cr_assert_eq(wire.size, 0);
}

Test(chunk, what_is_none, .init = begin, .fini = end)
{
    struct chunk_record chunk = sample();
    struct chunk_box bad[2];

    chunk.ordinal = 0;
    refuse(&chunk);
    chunk = sample();
    chunk.parent = 4; /* larger chunks come behind */
    refuse(&chunk);
    chunk = sample();
    chunk.duplicate_of = 5;
    refuse(&chunk);
    chunk = sample();
    chunk.last_page = 2;
    refuse(&chunk);
    chunk = sample();
    chunk.heading_levels[1] = 1;
    refuse(&chunk);
    chunk = sample();
    chunk.overlap_bytes = 6; /* within a letter */
    refuse(&chunk);
    chunk.overlap_bytes = 10;
    refuse(&chunk);
    chunk = sample();
    chunk.sha256[3] = 'G';
    refuse(&chunk);
    chunk = sample();
    memcpy(bad, boxes, sizeof(bad));
    bad[1].page = 5;
    chunk.boxes = bad;
    refuse(&chunk);
    chunk.box_count = 0;
    refuse(&chunk);
}

Test(chunk, a_share_has_bounds, .init = begin, .fini = end)
{
    struct chunk_record chunk = sample();
    struct chunk_record read;

    chunk.length_quality = 7.0F;
    chunk.boundary_quality = -1.0F;
    read = round_trip(&chunk);
    cr_assert_float_eq(read.length_quality, 1.0F, 1e-6);
    cr_assert_float_eq(read.boundary_quality, 0.0F, 1e-6);
}

/* Whatever byte is changed, what is accepted is written back as it was read. */
Test(chunk, one_byte_changed, .init = begin, .fini = end)
{
    struct chunk_record chunk = sample();
    struct chunk_record read;
    struct error err = ERROR_INIT;
    struct buf again;

    cr_assert_eq(chunk_record_encode(&chunk, &wire, &err), 0);
    buf_init(&again, wire.max);
    for (size_t at = 0; at < wire.size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t before = wire.data[at];

            wire.data[at] = (uint8_t)value;
            arena_reset(arena);
            if (chunk_record_decode(wire.data, wire.size, arena, &read, &err) == 0) {
                again.size = 0;
                cr_assert_eq(chunk_record_encode(&read, &again, &err), 0, "%s", err.msg);
                cr_assert_eq(again.size, wire.size);
                cr_assert_eq(memcmp(again.data, wire.data, wire.size), 0);
            } else {
                cr_assert_eq(err.code, ERROR_CORRUPT);
            }
            wire.data[at] = before;
        }
        cr_assert_eq(chunk_record_decode(wire.data, at, arena, &read, &err), -1);
    }
    buf_deinit(&again);
}

Test(chunk, text_records, .init = begin, .fini = end)
{
    struct text_record text = {.target = UINT64_C(5) << 32 | 7, .text = "walnut", .text_bytes = 6};
    struct text_record read;
    struct error err = ERROR_INIT;

    cr_assert_eq(text_record_encode(&text, &wire, &err), 0, "%s", err.msg);
    cr_assert_eq(text_record_decode(wire.data, wire.size, arena, &read, &err), 0, "%s", err.msg);
    cr_assert_eq(read.target, text.target);
    cr_assert_str_eq(read.text, "walnut");
    for (size_t at = 0; at < wire.size; at++) {
        cr_assert_eq(text_record_decode(wire.data, at, arena, &read, &err), -1);
    }
    text.target = 0;
    cr_assert_eq(text_record_encode(&text, &wire, &err), -1);
    text.target = 1;
    text.text_bytes = 0;
    cr_assert_eq(text_record_encode(&text, &wire, &err), -1);
}

Test(chunk, what_is_embedded, .init = begin, .fini = end)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(chunk_embedding_text(headings, 2, "a saw", 5, &wire, &err), 0);
    cr_assert_str_eq(buf_cstr(&wire, &err), "Tools > Saws\na saw");
    cr_assert_eq(chunk_embedding_text(NULL, 0, "a saw", 5, &wire, &err), 0);
    cr_assert_str_eq(buf_cstr(&wire, &err), "a saw");
}
