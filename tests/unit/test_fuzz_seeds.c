/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The seeds of the fuzz targets of proto/ (tests/fuzz/corpus) are what proto writes today. A
 * change of the wire format changes them: run this with EBB_WRITE_SEEDS=1, and commit them with it.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "proto/artifact.h"
#include "proto_samples.h"

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
