/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts to be embedded: artifacts in, artifact out.
 *
 * Blocks on the disk. Nothing is logged.
 */
#include "workers/embed/texts.h"

#include <assert.h>
#include <string.h>

#include "common/buf.h"
#include "proto/artifact.h"
#include "proto/chunk.h"

#define SCRATCH_MAX_BYTES ((size_t)64 << 20)
#define KEEP_BYTES ((size_t)1 << 20)

struct reading {
    struct artifact_reader *reader;
    struct arena *arena;   /* the unit's */
    struct arena *scratch; /* a record's */
    struct buf text;
    struct texts texts;
    size_t capacity;
    size_t bytes;
};

static int add(struct reading *reading, uint64_t target, const char *text, size_t text_bytes,
               struct error *err)
{
    struct text_item *item;

    reading->bytes += text_bytes;
    if (reading->texts.count == reading->capacity || reading->bytes > TEXTS_MAX_BYTES) {
        return error_set(err, ERROR_LIMIT,
                         "more to embed than a unit may have: %u texts, %zu bytes",
                         reading->texts.count, reading->bytes);
    }
    item = &reading->texts.items[reading->texts.count++];
    item->target = target;
    item->text_bytes = (uint32_t)text_bytes;
    item->text = arena_strndup(reading->arena, text, text_bytes);
    return item->text ? 0 : error_set(err, ERROR_MEMORY, "no memory for texts to embed");
}

static int add_chunk(struct reading *reading, const uint8_t *data, size_t size_bytes,
                     uint32_t first, uint32_t last, struct error *err)
{
    struct chunk_record chunk;

    if (chunk_record_decode(data, size_bytes, reading->scratch, &chunk, err) < 0) {
        return -1;
    }
    if (chunk.level != 0 || chunk.ordinal < first || chunk.ordinal > last) {
        return 0;
    }
    if (chunk_embedding_text(chunk.headings, chunk.heading_count, chunk.text, chunk.text_bytes,
                             &reading->text, err) < 0) {
        return -1;
    }
    return add(reading, chunk.ordinal, (const char *)reading->text.data, reading->text.size, err);
}

static int add_gathered(struct reading *reading, const uint8_t *data, size_t size_bytes,
                        struct error *err)
{
    struct text_record record;

    if (text_record_decode(data, size_bytes, reading->scratch, &record, err) < 0) {
        return -1;
    }
    return add(reading, record.target, record.text, record.text_bytes, err);
}

/* first 0: it is of kind "texts". */
static int read_records(struct reading *reading, uint32_t first, uint32_t last, struct error *err)
{
    const uint8_t *data;
    size_t size_bytes;

    while (artifact_next(reading->reader, &data, &size_bytes)) {
        int status = first > 0 ? add_chunk(reading, data, size_bytes, first, last, err)
                               : add_gathered(reading, data, size_bytes, err);

        if (status < 0) {
            return -1;
        }
        arena_reset(reading->scratch);
        buf_reset(&reading->text, KEEP_BYTES);
    }
    return 0;
}

static int read_artifact(const char *path, uint32_t first, uint32_t last, struct arena *arena,
                         struct texts *ret_texts, struct error *err)
{
    struct reading reading = {.arena = arena};
    uint64_t count;
    int status = -1;

    buf_init(&reading.text, SCRATCH_MAX_BYTES);
    reading.reader = artifact_open(path, first > 0 ? "chunks" : "texts", err);
    if (!reading.reader) {
        return -1;
    }
    count = artifact_record_count(reading.reader);
    if (first > 0 && count > last - first + UINT64_C(1)) {
        count = last - first + UINT64_C(1);
    }
    reading.capacity = count > TEXTS_MAX ? TEXTS_MAX : (size_t)count;
    reading.texts.items = arena_calloc(arena, reading.capacity, sizeof(reading.texts.items[0]));
    reading.scratch = arena_create(SCRATCH_MAX_BYTES);
    if (!reading.texts.items || !reading.scratch) {
        error_set(err, ERROR_MEMORY, "no memory for texts to embed");
    } else {
        status = read_records(&reading, first, last, err);
    }
    arena_destroy(reading.scratch);
    artifact_close(reading.reader);
    buf_deinit(&reading.text);
    if (status == 0) {
        *ret_texts = reading.texts;
    }
    return status < 0 ? error_wrap(err, "%s", path) : 0;
}

int texts_read_chunks(const char *path, uint32_t first, uint32_t last, struct arena *arena,
                      struct texts *ret_texts, struct error *err)
{
    assert(first > 0 && last >= first);
    return read_artifact(path, first, last, arena, ret_texts, err);
}

int texts_read_gathered(const char *path, struct arena *arena, struct texts *ret_texts,
                        struct error *err)
{
    return read_artifact(path, 0, 0, arena, ret_texts, err);
}

static int append_vectors(const struct texts *texts, const struct vector_head *head,
                          struct artifact_writer *writer, struct buf *buf, struct error *err)
{
    if (vector_head_encode(head, buf, err) < 0 ||
        artifact_append(writer, buf->data, buf->size, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < texts->count; i++) {
        const struct text_item *item = &texts->items[i];
        const struct vector_record record = {.target = item->target,
                                             .vector = item->vector,
                                             .dimensions = head->models[0].dimensions,
                                             .reason = item->vector ? NULL : item->reason};

        assert(item->vector || item->reason);
        buf_reset(buf, KEEP_BYTES);
        if (vector_record_encode(&record, head, buf, err) < 0 ||
            artifact_append(writer, buf->data, buf->size, err) < 0) {
            return -1;
        }
    }
    return 0;
}

int texts_write(const struct texts *texts, const char *model, uint32_t dimensions, const char *path,
                struct error *err)
{
    const struct vector_head head = {
        .models = {{.kind = VECTOR_KIND_TEXT, .name = model, .dimensions = dimensions}},
        .model_count = 1};
    struct artifact_writer *writer = artifact_create(path, "vectors", err);
    struct buf buf;
    int status;

    if (!writer) {
        return -1;
    }
    buf_init(&buf, ARTIFACT_RECORD_MAX_BYTES);
    status = append_vectors(texts, &head, writer, &buf, err);
    buf_deinit(&buf);
    if (status < 0) {
        artifact_discard(writer);
        return -1;
    }
    return artifact_commit(writer, NULL, err);
}

uint32_t texts_missing(const struct texts *texts)
{
    uint32_t missing = 0;

    for (uint32_t i = 0; i < texts->count; i++) {
        missing += texts->items[i].vector == NULL;
    }
    return missing;
}
