/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/message: what is written is read, every message of the list; the writer's bounds; getters.
 */
#include "proto/message.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto_samples.h"

/* The body of the one frame in frame. */
static size_t body_of(const struct buf *frame, const uint8_t **ret_body)
{
    size_t size_bytes = (size_t)frame->data[0] << 24 | (size_t)frame->data[1] << 16 |
                        (size_t)frame->data[2] << 8 | (size_t)frame->data[3];

    cr_assert_eq(size_bytes + FRAME_HEADER_BYTES, frame->size);
    *ret_body = frame->data + FRAME_HEADER_BYTES;
    return size_bytes;
}

static void decode(const struct buf *frame, enum message_direction direction,
                   struct message *ret_message)
{
    struct error err = ERROR_INIT;
    const uint8_t *body;
    size_t size_bytes = body_of(frame, &body);

    cr_assert_eq(message_decode(body, size_bytes, direction, ret_message, &err), 0, "%s", err.msg);
}

static void check_scalar(const struct message *message, enum field field, enum sample_kind kind)
{
    const struct field_spec *spec = field_spec(field);
    char text[100];

    if (spec->type == FIELD_TYPE_UINT) {
        cr_assert_eq(message_uint(message, field, 99),
                     kind == SAMPLE_LEAST ? spec->min : spec->max);
    } else if (spec->type == FIELD_TYPE_BOOL) {
        cr_assert_eq(message_bool(message, field, kind == SAMPLE_LEAST), kind != SAMPLE_LEAST);
    } else if (spec->type == FIELD_TYPE_STR) {
        cr_assert(message_str(message, field, text, sizeof(text)));
        cr_assert_str_eq(text, sample_text(strlen(text)));
        cr_assert_eq(strlen(text), message_count(message, field));
    }
}

/* Writes the message again from what was decoded: the same bytes. */
static void check_rewrite(const struct buf *frame, const struct message *message, uint64_t fields)
{
    struct error err = ERROR_INIT;
    struct message_writer writer;
    struct buf again;

    buf_init(&again, FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES);
    message_begin(&writer, &again, message->type, message->id);
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (fields & FIELD_BIT(i)) {
            message_put_value(&writer, (enum field)i, message->fields[i]);
        }
    }
    cr_assert_eq(message_end(&writer, &err), 0, "%s", err.msg);
    cr_assert_eq(again.size, frame->size);
    cr_assert_eq(memcmp(again.data, frame->data, again.size), 0);
    buf_deinit(&again);
}

static void check_round_trip(enum message_type type, enum sample_kind kind)
{
    const struct message_spec *spec = message_spec(type);
    uint64_t fields = spec->required | (kind == SAMPLE_LEAST ? 0 : spec->optional);
    uint32_t id = kind == SAMPLE_LEAST ? 0 : UINT32_MAX;
    struct message message;
    struct buf frame;

    buf_init(&frame, FRAME_BODY_MAX_BYTES + FRAME_HEADER_BYTES);
    sample_message(&frame, type, kind, id);
    decode(&frame, message_type_direction(type), &message);
    cr_assert_eq(message.type, type);
    cr_assert_eq(message.id, id);
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        cr_assert_eq(message_has(&message, (enum field)i), (fields & FIELD_BIT(i)) != 0, "%s %s",
                     spec->name, field_key((enum field)i));
        if (fields & FIELD_BIT(i)) {
            check_scalar(&message, (enum field)i, kind);
        }
    }
    check_rewrite(&frame, &message, fields);
    message_deinit(&message);
    cr_assert_null(message.tree);
    buf_deinit(&frame);
}

Test(message, every_message_round_trips)
{
    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        check_round_trip(SAMPLE_TYPES[i], SAMPLE_LEAST);
        check_round_trip(SAMPLE_TYPES[i], SAMPLE_ALL);
    }
}

Test(message, names_and_directions)
{
    cr_assert_str_eq(message_type_name(MESSAGE_INIT), "INIT");
    cr_assert_str_eq(message_type_name((enum message_type)0), "?");
    cr_assert_str_eq(message_type_name((enum message_type)9999), "?");
    cr_assert_eq(message_type_direction(MESSAGE_BYE), DIRECTION_FROM_WORKER);
    cr_assert_eq(message_type_phases(MESSAGE_RUN), PHASE_LEASED);
    cr_assert_eq(message_type_phases((enum message_type)7), 0);
    cr_assert_str_eq(field_key(FIELD_PEAK_RSS), "peak_rss_bytes");
}

Test(message, lists_are_read_element_by_element)
{
    struct message_failure failure;
    struct message_unit unit;
    struct message message;
    struct buf frame;

    buf_init(&frame, FRAME_BODY_MAX_BYTES);
    sample_message(&frame, MESSAGE_DONE, SAMPLE_ALL, 3);
    decode(&frame, DIRECTION_FROM_WORKER, &message);
    cr_assert_eq(message_count(&message, FIELD_UNITS), 3);
    cr_assert(message_unit_at(&message, 2, &unit));
    cr_assert_str_eq(unit.stage, "extract");
    cr_assert_eq(unit.first, 3);
    cr_assert_eq(unit.last, UINT32_MAX);
    cr_assert_eq(unit.size, 12000);
    cr_assert_not(message_unit_at(&message, 3, &unit));
    cr_assert_eq(message_count(&message, FIELD_FAILURES), 3);
    cr_assert(message_failure_at(&message, FIELD_FAILURES, 1, &failure));
    cr_assert_eq(failure.item, 2000);
    cr_assert_str_eq(failure.code, "crashed");
    cr_assert_str_eq(failure.text, "signal 11 \xe2\x80\x93 on p\xc3\xa4ge");
    cr_assert_not(message_failure_at(&message, FIELD_FAILURES, 3, &failure));
    cr_assert_eq(value_uint(value_get(message.fields[FIELD_COUNTS], "glyphs"), 0), UINT64_MAX);
    message_deinit(&message);
    buf_deinit(&frame);
}

Test(message, strmap_texts_are_found_by_key)
{
    struct message message;
    struct buf frame;
    char text[8];

    buf_init(&frame, FRAME_BODY_MAX_BYTES);
    sample_message(&frame, MESSAGE_QUERY, SAMPLE_ALL, 3);
    decode(&frame, DIRECTION_FROM_CLIENT, &message);
    cr_assert(message_strmap_get(&message, FIELD_PARAMS, "languages", text, sizeof(text)));
    cr_assert_str_eq(text, "deu+eng");
    cr_assert(message_strmap_get(&message, FIELD_PARAMS, "empty", text, sizeof(text)));
    cr_assert_str_eq(text, "");
    cr_assert_not(message_strmap_get(&message, FIELD_PARAMS, "language", text, sizeof(text)));
    cr_assert_not(message_strmap_get(&message, FIELD_PARAMS, "languages", text, 7));
    cr_assert_str_eq(text, "deu+en");
    cr_assert_not(message_strmap_get(&message, FIELD_SETTINGS, "languages", text, sizeof(text)));
    message_deinit(&message);
    buf_deinit(&frame);
}

Test(message, frames_are_appended_to_what_is_there)
{
    struct buf frames;
    size_t first_bytes;

    buf_init(&frames, FRAME_BODY_MAX_BYTES);
    sample_message(&frames, MESSAGE_STATUS, SAMPLE_LEAST, 1);
    first_bytes = frames.size;
    sample_message(&frames, MESSAGE_STATUS, SAMPLE_LEAST, 1);
    cr_assert_eq(frames.size, 2 * first_bytes);
    cr_assert_eq(memcmp(frames.data, frames.data + first_bytes, first_bytes), 0);
    buf_deinit(&frames);
}

/* --- what the writer refuses: out stays as it was --- */

static void expect_refusal(struct message_writer *writer, size_t size_before, enum error_code code,
                           const char *part)
{
    struct error err = ERROR_INIT;

    cr_assert_eq(message_end(writer, &err), -1);
    cr_assert_eq(err.code, code, "%s", err.msg);
    cr_assert(strstr(err.msg, part), "\"%s\" is not in \"%s\"", part, err.msg);
    cr_assert_eq(writer->out->size, size_before);
}

Test(message, the_writer_refuses_what_the_reader_would)
{
    struct message_writer writer;
    struct buf out;

    buf_init(&out, FRAME_BODY_MAX_BYTES);
    cr_assert_eq(buf_append_str(&out, "before", NULL), 0);

    message_begin(&writer, &out, MESSAGE_PROGRESS, 1);
    message_put_uint(&writer, FIELD_ITEM, 1);
    expect_refusal(&writer, 6, ERROR_INVALID, "items_done is missing");

    message_begin(&writer, &out, MESSAGE_PROGRESS, 1);
    message_put_uint(&writer, FIELD_ITEM, 0);
    message_put_uint(&writer, FIELD_ITEMS_DONE, 0);
    expect_refusal(&writer, 6, ERROR_INVALID, "field item: a number out of its range");

    message_begin(&writer, &out, MESSAGE_JOB, 1);
    message_put_str(&writer, FIELD_JOB, "short");
    expect_refusal(&writer, 6, ERROR_INVALID, "field job: a text of a length");

    message_begin(&writer, &out, MESSAGE_STATUS, 1);
    message_put_str(&writer, FIELD_JOB, sample_text(36));
    expect_refusal(&writer, 6, ERROR_INVALID, "STATUS has no field \"job\"");

    message_begin(&writer, &out, MESSAGE_PROGRESS, 1);
    message_put_uint(&writer, FIELD_ITEM, 1);
    message_put_uint(&writer, FIELD_ITEM, 1);
    message_put_uint(&writer, FIELD_ITEMS_DONE, 0);
    expect_refusal(&writer, 6, ERROR_INVALID, "field item was put twice");

    message_begin(&writer, &out, MESSAGE_DONE, 1);
    pack_str(message_put_array(&writer, FIELD_WARNINGS, 2), "one of two");
    expect_refusal(&writer, 6, ERROR_INVALID, "field warnings: it ends too early");

    message_begin(&writer, &out, MESSAGE_EVENT, 1);
    message_put_raw(&writer, FIELD_DATA, "\xc1", 1);
    expect_refusal(&writer, 6, ERROR_INVALID, "field data: a byte that is no msgpack");
    buf_deinit(&out);
}

Test(message, the_writer_keeps_to_a_messages_maximum)
{
    struct message_writer writer;
    struct error err = ERROR_INIT;
    struct buf out;

    buf_init(&out, FRAME_BODY_MAX_BYTES * 2);
    message_begin(&writer, &out, MESSAGE_EVENT, 1);
    pack_bin(message_put_array(&writer, FIELD_DATA, 1), sample_text(8000), 8000);
    cr_assert_eq(message_end(&writer, &err), 0, "%s", err.msg);
    out.size = 0;
    message_begin(&writer, &out, MESSAGE_EVENT, 1);
    struct pack *pack = message_put_array(&writer, FIELD_DATA, 9);
    for (int i = 0; i < 9; i++) {
        pack_bin(pack, sample_text(8000), 8000);
    }
    expect_refusal(&writer, 0, ERROR_LIMIT, "at most 65536");
    buf_deinit(&out);
}

Test(message, a_full_buffer_is_told_and_left_as_it_was)
{
    struct message_writer writer;
    struct buf whole;
    struct buf out;

    buf_init(&whole, FRAME_BODY_MAX_BYTES);
    sample_message(&whole, MESSAGE_DONE, SAMPLE_ALL, 1);
    for (size_t max_bytes = 1; max_bytes < whole.size; max_bytes++) {
        buf_init(&out, max_bytes);
        message_begin(&writer, &out, MESSAGE_DONE, 1);
        for (unsigned i = 0; i < FIELD_COUNT; i++) {
            if (message_spec(MESSAGE_DONE)->optional & FIELD_BIT(i)) {
                sample_put(&writer, (enum field)i, SAMPLE_ALL);
            }
        }
        expect_refusal(&writer, 0, ERROR_LIMIT, "DONE");
        buf_deinit(&out);
    }
    buf_init(&out, whole.size);
    sample_message(&out, MESSAGE_DONE, SAMPLE_ALL, 1);
    cr_assert_eq(out.size, whole.size);
    buf_deinit(&out);
    buf_deinit(&whole);
}

/* --- texts --- */

static void expect_text(const char *put, const char *expected)
{
    struct message_writer writer;
    struct error err = ERROR_INIT;
    struct message message;
    char text[4097];
    struct buf out;

    buf_init(&out, FRAME_BODY_MAX_BYTES);
    message_begin(&writer, &out, MESSAGE_LOG, 0);
    message_put_uint(&writer, FIELD_LEVEL, 6);
    message_put_str(&writer, FIELD_TEXT, put);
    cr_assert_eq(message_end(&writer, &err), 0, "%s", err.msg);
    decode(&out, DIRECTION_FROM_WORKER, &message);
    cr_assert(message_str(&message, FIELD_TEXT, text, sizeof(text)));
    cr_assert_str_eq(text, expected);
    message_deinit(&message);
    buf_deinit(&out);
}

Test(message, text_is_cut_at_a_character)
{
    static char longer[4200];
    static char expected[4200];

    memset(longer, 'x', 4095);
    memcpy(expected, longer, 4095);
    memcpy(longer + 4095, "\xc3\xa4", 2);
    expect_text(longer, expected);
    memset(longer + 4095, 'x', 100);
    expected[4095] = 'x';
    expect_text(longer, expected);
}

Test(message, broken_utf8_becomes_replacement_characters)
{
    expect_text("a\xff"
                "b",
                "a\xef\xbf\xbd"
                "b");
    expect_text("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
    expect_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    expect_text("\xf0\x9f\x8c\x8a", "\xf0\x9f\x8c\x8a");
}
