/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The seeds of the fuzz targets of proto/ and of vector files (tests/fuzz/corpus) are what is
 * written today. A change of the format changes them: run this with EBB_WRITE_SEEDS=1, and commit
 * them with it.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "proto/artifact.h"
#include "proto/body.h"
#include "proto/chunk.h"
#include "proto/vector.h"
#include "proto_samples.h"
#include "workers/vectors/format.h"

#define SEED_MAX_BYTES ((size_t)1 << 20)

static void seed(const char *target, const char *name, const struct buf *expected)
{
    struct error err = ERROR_INIT;
    struct buf found;
    char path[512];

    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", EBB_TEST_SOURCE_DIR, target);
    if (getenv("EBB_WRITE_SEEDS")) {
        cr_assert_eq(file_mkdirs(path, 0755, &err), 0, "%s", err.msg);
    }
    snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", name);
    if (getenv("EBB_WRITE_SEEDS")) {
        cr_assert_eq(file_write_atomic(path, expected->data, expected->size, 0644, false, &err), 0,
                     "%s", err.msg);
    }
    buf_init(&found, SEED_MAX_BYTES);
    cr_assert_eq(file_read(path, SEED_MAX_BYTES, &found, &err), 0, "%s", err.msg);
    cr_assert(found.size == expected->size && memcmp(found.data, expected->data, found.size) == 0,
              "%s is not what is written today: EBB_WRITE_SEEDS=1 writes it again", path);
    buf_deinit(&found);
}

static void lower(char *name)
{
    for (; *name; name++) {
        *name = (char)tolower((unsigned char)*name);
    }
}

/* One of each message, as the target wants it: size of pieces, direction, frames. */
Test(fuzz_seeds, messages)
{
    for (size_t i = 0; i < SAMPLE_TYPE_COUNT; i++) {
        uint8_t head[2] = {0, (uint8_t)message_type_direction(SAMPLE_TYPES[i])};
        char name[32];
        struct buf out;

        buf_init(&out, SEED_MAX_BYTES);
        cr_assert_eq(buf_append(&out, head, sizeof(head), NULL), 0);
        sample_message(&out, SAMPLE_TYPES[i], SAMPLE_ALL, 7);
        snprintf(name, sizeof(name), "%s", message_type_name(SAMPLE_TYPES[i]));
        lower(name);
        seed("message", name, &out);
        buf_deinit(&out);
    }
}

/* A worker's whole unit in one stream, three bytes at a time. */
Test(fuzz_seeds, a_stream)
{
    struct buf out;

    buf_init(&out, SEED_MAX_BYTES);
    cr_assert_eq(buf_append(&out, "\3\1", 2, NULL), 0);
    sample_message(&out, MESSAGE_READY, SAMPLE_LEAST, 0);
    sample_message(&out, MESSAGE_PROGRESS, SAMPLE_LEAST, 1);
    sample_message(&out, MESSAGE_LOG, SAMPLE_LEAST, 0);
    sample_message(&out, MESSAGE_DONE, SAMPLE_LEAST, 1);
    sample_message(&out, MESSAGE_BYE, SAMPLE_LEAST, 0);
    seed("message", "stream", &out);
    buf_deinit(&out);
}

Test(fuzz_seeds, values)
{
    struct buf out;

    buf_init(&out, SEED_MAX_BYTES);
    sample_message(&out, MESSAGE_REPLY, SAMPLE_ALL, 1);
    buf_consume(&out, FRAME_HEADER_BYTES);
    seed("value", "reply", &out);
    out.size = 0;
    sample_message(&out, MESSAGE_DONE, SAMPLE_ALL, 1);
    buf_consume(&out, FRAME_HEADER_BYTES);
    seed("value", "done", &out);
    buf_deinit(&out);
}

Test(fuzz_seeds, records)
{
    struct page_record least = sample_page_least();
    struct buf out;

    buf_init(&out, SEED_MAX_BYTES);
    cr_assert_eq(page_record_encode(sample_page(), &out, NULL), 0);
    seed("page", "all", &out);
    out.size = 0;
    cr_assert_eq(page_record_encode(&least, &out, NULL), 0);
    seed("page", "least", &out);
    out.size = 0;
    cr_assert_eq(survey_record_encode(sample_survey(), &out, NULL), 0);
    seed("survey", "all", &out);
    buf_deinit(&out);
}

/* Two pages; once whole, once without the last record, which the target then adds. */
Test(fuzz_seeds, artifacts)
{
    char path[] = "/tmp/ebb-seed-XXXXXX";
    struct page_record least = sample_page_least();
    struct artifact_writer *writer;
    struct buf out;
    size_t last_at;
    uint8_t *last;

    close(mkstemp(path));
    buf_init(&out, SEED_MAX_BYTES);
    writer = artifact_create(path, "pages", NULL);
    cr_assert_eq(page_record_encode(&least, &out, NULL), 0);
    cr_assert_eq(artifact_append(writer, out.data, out.size, NULL), 0);
    cr_assert_eq(artifact_append(writer, out.data, out.size, NULL), 0);
    cr_assert_eq(artifact_commit(writer, NULL, NULL), 0);
    out.size = 0;
    cr_assert_eq(buf_append(&out, "\0", 1, NULL), 0);
    cr_assert_eq(file_read(path, SEED_MAX_BYTES, &out, NULL), 0);
    unlink(path);
    seed("artifact", "whole", &out);
    last = memmem(out.data, out.size,
                  "\x93\xa3"
                  "end",
                  5);
    cr_assert_not_null(last);
    last_at = (size_t)(last - out.data) - FRAME_HEADER_BYTES;
    out.size = last_at;
    out.data[0] = 1;
    seed("artifact", "no_last", &out);
    buf_deinit(&out);
}

Test(fuzz_seeds, bodies)
{
    struct body_piece pieces[] = {{.page = 3, .box = {10, 20, 300, 32}},
                                  {.offset = 4, .page = 4, .box = {10, 40, 300, 52}}};
    struct body_record table = {.block = {.kind = PAGE_BLOCK_TABLE,
                                          .table = 2,
                                          .header_rows = 1,
                                          .joint = "\n\n",
                                          .text = "a\tb\nc\td",
                                          .text_bytes = 7,
                                          .pieces = pieces,
                                          .piece_count = 2}};
    struct body_record heading = {.block = {.kind = PAGE_BLOCK_HEADING,
                                            .level = 2,
                                            .joint = "",
                                            .text = "Tools",
                                            .text_bytes = 5,
                                            .pieces = pieces,
                                            .piece_count = 1}};
    struct body_record image = {.kind = BODY_IMAGE,
                                .image = {.number = 7,
                                          .key = "0123456789abcdef0123456789abcdef",
                                          .format = "jpeg",
                                          .width_px = 640,
                                          .height_px = 480,
                                          .page = 12}};
    struct buf out;

    buf_init(&out, SEED_MAX_BYTES);
    cr_assert_eq(body_record_encode(&table, &out, NULL), 0);
    seed("body_record", "table", &out);
    out.size = 0;
    cr_assert_eq(body_record_encode(&heading, &out, NULL), 0);
    seed("body_record", "heading", &out);
    out.size = 0;
    cr_assert_eq(body_record_encode(&image, &out, NULL), 0);
    seed("body_record", "image", &out);
    buf_deinit(&out);
}

Test(fuzz_seeds, chunks_and_texts)
{
    const char *headings[] = {"Tools", "Saws"};
    struct chunk_box boxes[] = {{.page = 3, .box = {10, 20, 300, 32}},
                                {.offset = 5, .page = 4, .box = {10, 40, 300, 52}}};
    struct chunk_record chunk = {.ordinal = 5,
                                 .parent = 9,
                                 .kind = CHUNK_KIND_LIST,
                                 .first_page = 3,
                                 .last_page = 4,
                                 .headings = headings,
                                 .heading_levels = {1, 3},
                                 .heading_count = 2,
                                 .joint = "\n",
                                 .overlap_bytes = 4,
                                 .text = "Ab. Cd e.",
                                 .text_bytes = 9,
                                 .table = 1,
                                 .boxes = boxes,
                                 .box_count = 2,
                                 .duplicate_of = 2,
                                 .length_quality = 0.5F,
                                 .boundary_quality = 1.0F,
                                 .completeness_quality = 0.25F};
    struct text_record text = {.target = UINT64_C(5) << 32 | 7, .text = "walnut", .text_bytes = 6};
    struct buf out;

    memset(chunk.sha256, 'a', HASH_SHA256_HEX_BYTES - 1);
    buf_init(&out, SEED_MAX_BYTES);
    cr_assert_eq(chunk_record_encode(&chunk, &out, NULL), 0);
    seed("chunk_record", "all", &out);
    out.size = 0;
    cr_assert_eq(text_record_encode(&text, &out, NULL), 0);
    seed("text_record", "walnut", &out);
    buf_deinit(&out);
}

/* The size of the head, the head, a record. */
static void vector_seed(const char *name, const struct vector_record *record)
{
    static const struct vector_head head = {
        .models = {{VECTOR_KIND_TEXT, "ebb-lexical-512", 4}, {VECTOR_KIND_IMAGE, "melange", 2}},
        .model_count = 2};
    struct buf out;

    buf_init(&out, SEED_MAX_BYTES);
    cr_assert_eq(buf_append(&out, "\0\0", 2, NULL), 0);
    cr_assert_eq(vector_head_encode(&head, &out, NULL), 0);
    cr_assert_lt(out.size, 256 + 2);
    out.data[0] = (uint8_t)(out.size - 2);
    cr_assert_eq(vector_record_encode(record, &head, &out, NULL), 0);
    seed("vector_record", name, &out);
    buf_deinit(&out);
}

Test(fuzz_seeds, vectors)
{
    static const float unit[] = {0.5F, -0.5F, 0.5F, 0.5F};
    struct vector_record one = {.target = 17, .vector = unit, .dimensions = 4};
    struct vector_record none = {.target = 3, .model = 1, .reason = "endpoint: it is down"};

    vector_seed("one", &one);
    vector_seed("none", &none);
}

/* The target makes the header itself and asks for three slots; the second is erased. */
Test(fuzz_seeds, vector_slots)
{
    enum { DIMENSIONS = 32, SLOTS = 3 };
    const size_t slot_bytes = format_slot_bytes(DIMENSIONS);
    const float vectors[2][DIMENSIONS] = {{0.6F, -0.8F}, {0, 1}};
    uint8_t slot[256];
    struct buf out;

    cr_assert_leq(slot_bytes, sizeof(slot));
    buf_init(&out, SEED_MAX_BYTES);
    cr_assert_eq(buf_append(&out, &(uint8_t){SLOTS << 1 | 1}, 1, NULL), 0);
    format_slot(slot, DIMENSIONS, 11, vectors[0]);
    cr_assert_eq(buf_append(&out, slot, slot_bytes, NULL), 0);
    memset(slot, 0, sizeof(slot));
    cr_assert_eq(buf_append(&out, slot, slot_bytes, NULL), 0);
    format_slot(slot, DIMENSIONS, 12, vectors[1]);
    cr_assert_eq(buf_append(&out, slot, slot_bytes, NULL), 0);
    seed("vectors", "slots", &out);
    buf_deinit(&out);
}
