/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Writing a message. The frame's length and the payload's number of fields are filled in at the
 * end; then the whole body goes through the reader's own check, so that nothing leaves this
 * process that its peer would refuse.
 *
 * Invariants: out grows only by whole, legal frames. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Frames".
 */
#include "proto/message.h"

#include <assert.h>
#include <string.h>

#include "proto/message_table.h"

#define MAP16 0xdeU
#define MAP16_BYTES 3U

void message_begin(struct message_writer *writer, struct buf *out, enum message_type type,
                   uint32_t id)
{
    static const uint8_t no_length[FRAME_HEADER_BYTES];
    static const uint8_t no_fields[MAP16_BYTES] = {MAP16};

    assert(message_spec(type));
    pack_init(&writer->pack, out);
    writer->out = out;
    writer->start_bytes = out->size;
    writer->type = type;
    writer->written = 0;
    writer->err = (struct error)ERROR_INIT;
    pack_raw(&writer->pack, no_length, sizeof(no_length));
    pack_array(&writer->pack, 3);
    pack_uint(&writer->pack, type);
    pack_uint(&writer->pack, id);
    writer->map_bytes = out->size;
    pack_raw(&writer->pack, no_fields, sizeof(no_fields));
}

/* Packs the key. */
static void put_key(struct message_writer *writer, enum field field)
{
    if (writer->written & FIELD_BIT(field) && writer->err.code == ERROR_NONE) {
        error_set(&writer->err, ERROR_INVALID, "%s: field %s was put twice",
                  message_type_name(writer->type), field_key(field));
    }
    writer->written |= FIELD_BIT(field);
    pack_str(&writer->pack, field_key(field));
}

void message_put_uint(struct message_writer *writer, enum field field, uint64_t value)
{
    put_key(writer, field);
    pack_uint(&writer->pack, value);
}

void message_put_bool(struct message_writer *writer, enum field field, bool value)
{
    put_key(writer, field);
    pack_bool(&writer->pack, value);
}

void message_put_str(struct message_writer *writer, enum field field, const char *text)
{
    put_key(writer, field);
    if (field == FIELD_TEXT) {
        pack_str_cut(&writer->pack, text, field_spec(field)->max);
    } else {
        pack_str(&writer->pack, text);
    }
}

void message_put_value(struct message_writer *writer, enum field field, struct value value)
{
    put_key(writer, field);
    pack_value(&writer->pack, value);
}

void message_put_raw(struct message_writer *writer, enum field field, const void *data,
                     size_t size_bytes)
{
    put_key(writer, field);
    pack_raw(&writer->pack, data, size_bytes);
}

struct pack *message_put_map(struct message_writer *writer, enum field field, size_t entries)
{
    put_key(writer, field);
    pack_map(&writer->pack, entries);
    return &writer->pack;
}

struct pack *message_put_array(struct message_writer *writer, enum field field, size_t elements)
{
    put_key(writer, field);
    pack_array(&writer->pack, elements);
    return &writer->pack;
}

/* Fills in what message_begin left open and checks the body. */
static int finish(struct message_writer *writer, struct error *err)
{
    const struct message_spec *spec = message_spec(writer->type);
    unsigned fields = (unsigned)__builtin_popcountll(writer->written);
    struct message_layout layout;
    uint8_t *frame;
    size_t body_bytes;

    if (pack_finish(&writer->pack, err) < 0) {
        return error_wrap(err, "%s", spec->name);
    }
    if (writer->err.code != ERROR_NONE) {
        return error_set(err, writer->err.code, "%s", writer->err.msg);
    }
    frame = writer->out->data + writer->start_bytes;
    body_bytes = writer->out->size - writer->start_bytes - FRAME_HEADER_BYTES;
    if (body_bytes > spec->max_bytes) {
        return error_set(err, ERROR_LIMIT, "%s of %zu bytes; at most %zu are allowed", spec->name,
                         body_bytes, spec->max_bytes);
    }
    for (size_t i = 0; i < FRAME_HEADER_BYTES; i++) {
        frame[i] = (uint8_t)(body_bytes >> (8 * (FRAME_HEADER_BYTES - 1 - i)));
    }
    writer->out->data[writer->map_bytes + 2] = (uint8_t)fields; /* the high byte is 0 */
    return message_check(frame + FRAME_HEADER_BYTES, body_bytes, ERROR_INVALID, &layout, err);
}

int message_end(struct message_writer *writer, struct error *err)
{
    if (finish(writer, err) < 0) {
        writer->out->size = writer->start_bytes;
        return -1;
    }
    return 0;
}
