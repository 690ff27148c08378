/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Whole frames out of a stream of pieces.
 *
 * Frames are handed out from the front of one buffer; what was handed out is moved away once a
 * feed, not once a frame, so that many small frames cost no more than a large one.
 *
 * Invariants: taken_bytes <= pending.size; pending holds at most one frame and one read; a reader
 * with nothing in it keeps at most KEEP_BYTES. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Frames".
 */
#include "proto/frame.h"

#include <assert.h>
#include <stdbool.h>

#define KEEP_BYTES 4096U

void frame_reader_init(struct frame_reader *reader, size_t body_max_bytes)
{
    assert(body_max_bytes >= 1 && body_max_bytes <= FRAME_BODY_MAX_BYTES);
    buf_init(&reader->pending, FRAME_HEADER_BYTES + body_max_bytes + FRAME_READ_MAX_BYTES);
    reader->body_max_bytes = body_max_bytes;
    reader->taken_bytes = 0;
}

void frame_reader_deinit(struct frame_reader *reader)
{
    buf_deinit(&reader->pending);
    reader->taken_bytes = 0;
}

/* Moves what was handed out away. */
static void drop_taken(struct frame_reader *reader)
{
    if (reader->taken_bytes == reader->pending.size) {
        buf_reset(&reader->pending, KEEP_BYTES);
    } else {
        buf_consume(&reader->pending, reader->taken_bytes);
    }
    reader->taken_bytes = 0;
}

int frame_reader_feed(struct frame_reader *reader, const void *data, size_t size_bytes,
                      struct error *err)
{
    drop_taken(reader);
    if (buf_append(&reader->pending, data, size_bytes, err) < 0) {
        return error_wrap(err, "received bytes");
    }
    return 0;
}

/* The length that the header at the front gives. False when it is not whole yet. */
static bool body_bytes(const struct frame_reader *reader, size_t *ret_bytes)
{
    const uint8_t *header = reader->pending.data + reader->taken_bytes;

    if (reader->pending.size - reader->taken_bytes < FRAME_HEADER_BYTES) {
        return false;
    }
    *ret_bytes = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 |
                 (size_t)header[3];
    return true;
}

int frame_reader_next(struct frame_reader *reader, const uint8_t **ret_body, size_t *ret_size_bytes,
                      struct error *err)
{
    size_t size_bytes;

    if (reader->taken_bytes == reader->pending.size) {
        drop_taken(reader);
        return 0;
    }
    if (!body_bytes(reader, &size_bytes)) {
        return 0;
    }
    if (size_bytes == 0 || size_bytes > reader->body_max_bytes) {
        return error_set(err, ERROR_PROTOCOL, "a frame of %zu bytes; 1 to %zu are allowed",
                         size_bytes, reader->body_max_bytes);
    }
    if (size_bytes > reader->pending.size - reader->taken_bytes - FRAME_HEADER_BYTES) {
        return 0;
    }
    *ret_body = reader->pending.data + reader->taken_bytes + FRAME_HEADER_BYTES;
    *ret_size_bytes = size_bytes;
    reader->taken_bytes += FRAME_HEADER_BYTES + size_bytes;
    return 1;
}

int frame_reader_in_frame(const struct frame_reader *reader)
{
    size_t size_bytes;

    if (reader->taken_bytes == reader->pending.size) {
        return 0;
    }
    return !body_bytes(reader, &size_bytes) ||
           size_bytes > reader->pending.size - reader->taken_bytes - FRAME_HEADER_BYTES;
}
