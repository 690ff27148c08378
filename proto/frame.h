/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A frame on the wire: a 4-byte big-endian length, then that many bytes of msgpack
 * (PROTOCOL.md, "Frames"). This is the byte layer: whole frames out of a stream of pieces.
 */
#ifndef EBB_PROTO_FRAME_H
#define EBB_PROTO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"

#define FRAME_HEADER_BYTES 4U
#define FRAME_BODY_MAX_BYTES (1U << 20)
#define FRAME_READ_MAX_BYTES (64U << 10) /* more is never fed in one go */

struct frame_reader {
    struct buf pending; /* bytes received and not handed out, behind those of taken_bytes */
    size_t body_max_bytes;
    size_t taken_bytes; /* of pending's front: frames handed out already */
};

/* body_max_bytes: 1 to FRAME_BODY_MAX_BYTES. */
void frame_reader_init(struct frame_reader *reader, size_t body_max_bytes);
void frame_reader_deinit(struct frame_reader *reader);
/* Adds received bytes; then call frame_reader_next until it says 0. ERROR_LIMIT when they come to
 * more than a frame of the maximum size and a read of FRAME_READ_MAX_BYTES; ERROR_MEMORY. */
int frame_reader_feed(struct frame_reader *reader, const void *data, size_t size_bytes,
                      struct error *err);
/* 1: ret_body borrows a whole frame's body until the next call on the reader; 0: not yet whole;
 * -1: its length is zero or over the maximum (ERROR_PROTOCOL); the stream is lost then. */
int frame_reader_next(struct frame_reader *reader, const uint8_t **ret_body, size_t *ret_size_bytes,
                      struct error *err);
/* True while part of a frame has arrived and the rest has not. */
int frame_reader_in_frame(const struct frame_reader *reader);

#endif
