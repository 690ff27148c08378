/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/body: records there and back, and that nothing else is taken for one.
 */
#include "proto/body.h"

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

static struct body_piece pieces[] = {
    {.offset = 0, .page = 3, .box = {10.5F, 20, 300.25F, 32}},
    {.offset = 6, .page = 4, .box = {-1, 0, 100, 12}},
};

static struct body_record sample_block(void)
{
    return (struct body_record){.kind = BODY_BLOCK,
                                .block = {.kind = PAGE_BLOCK_TABLE,
                                          .table = 2,
                                          .header_rows = 1,
                                          .joint = "\n\n",
                                          .text = "a\tb\xc3\xa9\nc\td",
                                          .text_bytes = 9,
                                          .pieces = pieces,
                                          .piece_count = 2}};
}

static struct body_record sample_image(void)
{
    return (struct body_record){.kind = BODY_IMAGE,
                                .image = {.number = 7,
                                          .key = "0123456789abcdef0123456789abcdef",
                                          .format = "jpeg",
                                          .width_px = 640,
                                          .height_px = 480,
                                          .page = 12}};
}

static struct body_record round_trip(const struct body_record *record)
{
    struct error err = ERROR_INIT;
    struct body_record read;
    struct buf again;

    wire.size = 0;
    cr_assert_eq(body_record_encode(record, &wire, &err), 0, "%s", err.msg);
    cr_assert_eq(body_record_decode(wire.data, wire.size, arena, &read, &err), 0, "%s", err.msg);
    buf_init(&again, wire.max);
    cr_assert_eq(body_record_encode(&read, &again, &err), 0, "%s", err.msg);
    cr_assert_eq(again.size, wire.size);
    cr_assert_eq(memcmp(again.data, wire.data, wire.size), 0);
    buf_deinit(&again);
    return read;
}

Test(body, a_block_there_and_back, .init = begin, .fini = end)
{
    struct body_record record = sample_block();
    struct body_record read = round_trip(&record);

    cr_assert_eq(read.kind, BODY_BLOCK);
    cr_assert_eq(read.block.kind, PAGE_BLOCK_TABLE);
    cr_assert_eq(read.block.table, 2);
    cr_assert_eq(read.block.header_rows, 1);
    cr_assert_str_eq(read.block.joint, "\n\n");
    cr_assert_str_eq(read.block.text, record.block.text);
    cr_assert_eq(read.block.piece_count, 2);
    cr_assert_eq(read.block.pieces[1].offset, 6);
    cr_assert_eq(read.block.pieces[1].page, 4);
    cr_assert_float_eq(read.block.pieces[0].box.x1, 300.25F, 1e-3);
}

Test(body, an_image_there_and_back, .init = begin, .fini = end)
{
    struct body_record record = sample_image();
    struct body_record read = round_trip(&record);

    cr_assert_eq(read.kind, BODY_IMAGE);
    cr_assert_eq(read.image.number, 7);
    cr_assert_str_eq(read.image.key, record.image.key);
    cr_assert_str_eq(read.image.format, "jpeg");
    cr_assert_eq(read.image.page, 12);
}

static void refuse(const struct body_record *record)
{
    struct error err = ERROR_INIT;

    wire.size = 0;
    cr_assert_eq(body_record_encode(record, &wire, &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    cr_assert_eq(wire.size, 0);
}

Test(body, blocks_that_are_none, .init = begin, .fini = end)
{
    struct body_piece bad[2];
    struct body_record record = sample_block();

    record.block.kind = PAGE_BLOCK_IMAGE;
    refuse(&record);
    record = sample_block();
    record.block.kind = PAGE_BLOCK_HEADING; /* of level 0 */
    refuse(&record);
    record = sample_block();
    record.block.joint = " ";
    refuse(&record);
    record = sample_block();
    record.block.text_bytes = 0;
    refuse(&record);
    record = sample_block();
    record.block.text = "a\tb\xff\xff\nc\td";
    refuse(&record);
    record = sample_block();
    record.block.pieces = bad;
    memcpy(bad, pieces, sizeof(bad));
    bad[1].offset = 4; /* within the letter */
    refuse(&record);
    bad[1].offset = 9; /* behind the text */
    refuse(&record);
    bad[1].offset = 0;
    refuse(&record);
    memcpy(bad, pieces, sizeof(bad));
    bad[0].page = 0;
    refuse(&record);
    record.block.piece_count = 0;
    refuse(&record);
}

Test(body, images_that_are_none, .init = begin, .fini = end)
{
    struct body_record record = sample_image();

    record.image.number = 0;
    refuse(&record);
    record = sample_image();
    record.image.key = "../../../../etc/passwd/aaaaaaaaa";
    refuse(&record);
    record = sample_image();
    record.image.format = "../x";
    refuse(&record);
}

/* Whatever byte is changed, what is accepted is written back as it was read. */
Test(body, one_byte_changed, .init = begin, .fini = end)
{
    struct body_record record = sample_block();
    struct body_record read;
    struct error err = ERROR_INIT;
    struct buf again;

    cr_assert_eq(body_record_encode(&record, &wire, &err), 0);
    buf_init(&again, wire.max);
    for (size_t at = 0; at < wire.size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t before = wire.data[at];

            wire.data[at] = (uint8_t)value;
            arena_reset(arena);
            if (body_record_decode(wire.data, wire.size, arena, &read, &err) == 0) {
                again.size = 0;
                cr_assert_eq(body_record_encode(&read, &again, &err), 0, "%s", err.msg);
                cr_assert_eq(again.size, wire.size);
                cr_assert_eq(memcmp(again.data, wire.data, wire.size), 0);
            } else {
                cr_assert_eq(err.code, ERROR_CORRUPT);
            }
            wire.data[at] = before;
        }
        cr_assert_eq(body_record_decode(wire.data, at, arena, &read, &err), -1);
    }
    buf_deinit(&again);
}
