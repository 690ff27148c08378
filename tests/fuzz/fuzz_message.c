/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as a stream of frames, in pieces of the first byte's choosing, read in the direction
 * of the second's: a message that is accepted can be asked everything and written again, and is
 * then accepted as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"
#include "proto/message_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

static void ask(const struct message *message)
{
    struct message_failure failure;
    struct message_unit unit;
    char text[64];

    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        enum field field = (enum field)i;

        demand(message_has(message, field) || message_count(message, field) == 0);
        (void)message_uint(message, field, 1);
        (void)message_bool(message, field, true);
        (void)message_str(message, field, text, sizeof(text));
        demand(strlen(text) < sizeof(text));
        (void)message_strmap_get(message, field, "languages", text, sizeof(text));
    }
    for (size_t i = 0; message_unit_at(message, i, &unit); i++) {
        demand(unit.first >= 1 && unit.last >= unit.first && unit.stage[0]);
    }
    for (size_t i = 0; message_failure_at(message, FIELD_FAILURES, i, &failure); i++) {
        demand(failure.item >= 1 && failure.code[0]);
    }
}

/* Fields that the message has are put again as they are; the second writing is the first's. */
static void write_again(const struct message *message, struct buf *out)
{
    struct message_writer writer;
    struct error err = ERROR_INIT;

    message_begin(&writer, out, message->type, message->id);
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (message_has(message, (enum field)i)) {
            message_put_value(&writer, (enum field)i, message->fields[i]);
        }
    }
    /* A body in longer forms than needed, of the largest size, has room for our map16. */
    demand(message_end(&writer, &err) == 0 || err.code == ERROR_LIMIT);
}

static void take(const uint8_t *body, size_t size_bytes, enum message_direction direction)
{
    struct error err = ERROR_INIT;
    struct message message;
    struct message again;
    struct buf first;
    struct buf second;

    if (message_decode(body, size_bytes, direction, &message, &err) < 0) {
        demand(err.code == ERROR_PROTOCOL && err.msg[0]);
        return;
    }
    ask(&message);
    buf_init(&first, FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES);
    buf_init(&second, FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES);
    write_again(&message, &first);
    if (first.size > 0) {
        demand(message_decode(first.data + FRAME_HEADER_BYTES, first.size - FRAME_HEADER_BYTES,
                              direction, &again, &err) == 0);
        demand(again.type == message.type && again.id == message.id);
        write_again(&again, &second);
        demand(second.size == first.size && memcmp(second.data, first.data, first.size) == 0);
        message_deinit(&again);
    }
    buf_deinit(&first);
    buf_deinit(&second);
    message_deinit(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct frame_reader reader;
    size_t piece_bytes;
    enum message_direction direction;
    int whole = 0;

    if (size_bytes < 2) {
        return 0;
    }
    piece_bytes = data[0] ? data[0] : FRAME_READ_MAX_BYTES;
    direction = (enum message_direction)(data[1] & 3U);
    frame_reader_init(&reader, FRAME_BODY_MAX_BYTES);
    for (size_t at = 2; at < size_bytes && whole >= 0; at += piece_bytes) {
        size_t left_bytes = size_bytes - at;
        const uint8_t *body;
        size_t body_bytes;

        demand(frame_reader_feed(&reader, data + at,
                                 left_bytes < piece_bytes ? left_bytes : piece_bytes, NULL) == 0);
        while ((whole = frame_reader_next(&reader, &body, &body_bytes, NULL)) == 1) {
            take(body, body_bytes, direction);
        }
    }
    (void)frame_reader_in_frame(&reader);
    frame_reader_deinit(&reader);
    return 0;
}
