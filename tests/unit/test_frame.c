/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/frame: whole frames, however their bytes arrive.
 */
#include "proto/frame.h"

#include <criterion/criterion.h>
#include <string.h>

#define BODY_MAX 1000U

static struct frame_reader reader;

static void begin(void)
{
    frame_reader_init(&reader, BODY_MAX);
}

static void end(void)
{
    frame_reader_deinit(&reader);
}

static void feed(const void *data, size_t size_bytes)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(frame_reader_feed(&reader, data, size_bytes, &err), 0, "%s", err.msg);
}

static void expect_frame(const char *expected)
{
    struct error err = ERROR_INIT;
    const uint8_t *body;
    size_t size_bytes;

    cr_assert_eq(frame_reader_next(&reader, &body, &size_bytes, &err), 1, "%s", err.msg);
    cr_assert_eq(size_bytes, strlen(expected));
    cr_assert_eq(memcmp(body, expected, size_bytes), 0);
}

static void expect_nothing(void)
{
    const uint8_t *body = NULL;
    size_t size_bytes = 77;

    cr_assert_eq(frame_reader_next(&reader, &body, &size_bytes, NULL), 0);
    cr_assert_null(body);
    cr_assert_eq(size_bytes, 77);
}

static void expect_lost(void)
{
    struct error err = ERROR_INIT;
    const uint8_t *body;
    size_t size_bytes;

    cr_assert_eq(frame_reader_next(&reader, &body, &size_bytes, &err), -1);
    cr_assert_eq(err.code, ERROR_PROTOCOL);
}

Test(frame, an_empty_reader_has_nothing, .init = begin, .fini = end)
{
    expect_nothing();
    cr_assert_not(frame_reader_in_frame(&reader));
    feed("", 0);
    expect_nothing();
}

Test(frame, bytes_one_at_a_time, .init = begin, .fini = end)
{
    const char frames[] = "\0\0\0\5hello\0\0\0\1!";

    for (size_t i = 0; i < sizeof(frames) - 1; i++) {
        feed(frames + i, 1);
        if (i == 8) {
            expect_frame("hello");
            cr_assert_not(frame_reader_in_frame(&reader));
        } else if (i == 13) {
            expect_frame("!");
            cr_assert_not(frame_reader_in_frame(&reader));
        } else {
            cr_assert(frame_reader_in_frame(&reader));
        }
        expect_nothing();
    }
}

Test(frame, two_and_a_half_frames_in_one_read, .init = begin, .fini = end)
{
    feed("\0\0\0\5hello\0\0\0\1!\0\0\0\3so", 20);
    expect_frame("hello");
    cr_assert_not(frame_reader_in_frame(&reader)); /* the next is whole */
    expect_frame("!");
    cr_assert(frame_reader_in_frame(&reader));
    expect_nothing();
    feed("?\0", 2);
    expect_frame("so?");
    expect_nothing();
    cr_assert(frame_reader_in_frame(&reader));
}

Test(frame, a_body_stays_while_others_are_not_asked_for, .init = begin, .fini = end)
{
    const uint8_t *body;
    size_t size_bytes;

    feed("\0\0\0\2ab\0\0\0\2cd", 12);
    cr_assert_eq(frame_reader_next(&reader, &body, &size_bytes, NULL), 1);
    cr_assert(frame_reader_in_frame(&reader) == 0);
    cr_assert_eq(memcmp(body, "ab", 2), 0);
    expect_frame("cd");
}

Test(frame, a_length_of_zero_loses_the_stream, .init = begin, .fini = end)
{
    feed("\0\0\0\1x\0\0\0\0\0\0\0\1y", 14);
    expect_frame("x");
    expect_lost();
    expect_lost(); /* for good */
}

Test(frame, a_length_over_the_maximum_loses_the_stream, .init = begin, .fini = end)
{
    feed("\0\0\3\xe9", 4); /* 1001 */
    expect_lost();
}

Test(frame, a_length_of_4_gib_loses_the_stream, .init = begin, .fini = end)
{
    feed("\xff\xff\xff\xff", 4);
    expect_lost();
    cr_assert_lt(reader.pending.capacity, 4096U);
}

Test(frame, exactly_the_maximum_is_taken, .init = begin, .fini = end)
{
    static uint8_t frame[FRAME_HEADER_BYTES + BODY_MAX] = {0, 0, 3, 0xe8};
    const uint8_t *body;
    size_t size_bytes;

    feed(frame, sizeof(frame) - 1);
    expect_nothing();
    feed(frame + sizeof(frame) - 1, 1);
    cr_assert_eq(frame_reader_next(&reader, &body, &size_bytes, NULL), 1);
    cr_assert_eq(size_bytes, BODY_MAX);
}

/* One byte short of a whole frame and then a read of the largest size: that much must fit, and
 * no more. */
Test(frame, more_than_a_frame_and_a_read_is_refused, .init = begin, .fini = end)
{
    static uint8_t frame[FRAME_HEADER_BYTES + BODY_MAX] = {0, 0, 3, 0xe8};
    static uint8_t read[FRAME_READ_MAX_BYTES + 1];
    struct error err = ERROR_INIT;

    feed(frame, sizeof(frame));
    cr_assert_eq(frame_reader_feed(&reader, read, FRAME_READ_MAX_BYTES + 1, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    feed(read, FRAME_READ_MAX_BYTES);
}

Test(frame, memory_is_given_back, .init = begin, .fini = end)
{
    static uint8_t frame[FRAME_HEADER_BYTES + BODY_MAX] = {0, 0, 3, 0xe8};
    const uint8_t *body;
    size_t size_bytes;
    int frames = 0;

    for (int i = 0; i < 64; i++) {
        feed(frame, sizeof(frame));
    }
    cr_assert_gt(reader.pending.capacity, 64U * BODY_MAX);
    while (frame_reader_next(&reader, &body, &size_bytes, NULL) == 1) {
        frames++;
    }
    cr_assert_eq(frames, 64);
    cr_assert_leq(reader.pending.capacity, 4096U);
}

/* Many frames in pieces of every size come out as they went in. */
Test(frame, pieces_of_every_size)
{
    static uint8_t stream[20000];
    size_t stream_bytes = 0;
    uint32_t frames = 0;

    while (stream_bytes < sizeof(stream) - 300) {
        size_t body_bytes = 1 + frames * 7 % 256;

        stream[stream_bytes + 2] = (uint8_t)(body_bytes >> 8);
        stream[stream_bytes + 3] = (uint8_t)body_bytes;
        memset(stream + stream_bytes + 4, (int)(frames & 0xffU), body_bytes);
        stream_bytes += FRAME_HEADER_BYTES + body_bytes;
        frames++;
    }
    for (size_t piece_bytes = 1; piece_bytes < 600; piece_bytes += 13) {
        uint32_t seen = 0;

        begin();
        for (size_t at = 0; at < stream_bytes; at += piece_bytes) {
            size_t left_bytes = stream_bytes - at;
            const uint8_t *body;
            size_t size_bytes;

            feed(stream + at, left_bytes < piece_bytes ? left_bytes : piece_bytes);
            while (frame_reader_next(&reader, &body, &size_bytes, NULL) == 1) {
                cr_assert_eq(size_bytes, 1 + seen * 7 % 256);
                cr_assert_eq(body[0], seen & 0xffU);
                cr_assert_eq(body[size_bytes - 1], seen & 0xffU);
                seen++;
            }
        }
        cr_assert_eq(seen, frames);
        cr_assert_not(frame_reader_in_frame(&reader));
        end();
    }
}
