/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Libraries to be searched. What cannot fail but by the machine's fault ends the test.
 */
#include "search_shelf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "proto/artifact.h"
#include "workers/embedding/lexical.h"
#include "workers/library/chunks.h"
#include "workers/library/vectors.h"

static struct chunk_record record_of(struct shelf *shelf, uint32_t ordinal,
                                     const struct search_shelf_chunk *chunk)
{
    struct chunk_record record = {
        .ordinal = ordinal,
        .first_page = chunk->page,
        .last_page = chunk->page,
        .joint = ordinal > 1 ? "\n\n" : "",
        .text = chunk->text,
        .text_bytes = (uint32_t)strlen(chunk->text),
        .length_quality = 1,
        .boundary_quality = 1,
        .completeness_quality = 1,
    };
    uint8_t digest[HASH_SHA256_BYTES];

    if (chunk->heading) {
        record.headings = arena_calloc(shelf->arena, 1, sizeof *record.headings);
        record.headings[0] = chunk->heading;
        record.heading_levels[0] = 1;
        record.heading_count = 1;
    }
    /* Its halves lie in two boxes. */
    record.box_count = record.text_bytes > 1 ? 2 : 1;
    record.boxes = arena_calloc(shelf->arena, 2, sizeof *record.boxes);
    record.boxes[0] = (struct chunk_box){0, chunk->page, {72, 72, 300, 84}};
    record.boxes[1] = (struct chunk_box){record.text_bytes / 2, chunk->page, {72, 90, 300, 102}};
    hash_sha256_of(chunk->text, record.text_bytes, digest);
    hash_hex(digest, sizeof digest, record.sha256);
    return record;
}

static void append(struct shelf *shelf, struct artifact_writer *writer, struct buf *buf)
{
    cr_assert_eq(artifact_append(writer, buf->data, buf->size, &shelf->err), 0, "%s",
                 shelf->err.msg);
    buf->size = 0;
}

static void write_chunks(struct shelf *shelf, const char *path,
                         const struct search_shelf_chunk *chunks, uint32_t count)
{
    struct artifact_writer *writer = artifact_create(path, "chunks", &shelf->err);
    uint64_t bytes;
    struct buf buf;

    cr_assert_not_null(writer, "%s", shelf->err.msg);
    buf_init(&buf, (size_t)1 << 24);
    for (uint32_t i = 0; i < count; i++) {
        struct chunk_record record = record_of(shelf, i + 1, &chunks[i]);

        cr_assert_eq(chunk_record_encode(&record, &buf, &shelf->err), 0, "%s", shelf->err.msg);
        append(shelf, writer, &buf);
    }
    buf_deinit(&buf);
    cr_assert_eq(artifact_commit(writer, &bytes, &shelf->err), 0, "%s", shelf->err.msg);
}

static void put_vector(struct shelf *shelf, struct artifact_writer *writer,
                       const struct vector_head *head, const struct vector_record *record)
{
    struct buf buf;

    buf_init(&buf, (size_t)1 << 24);
    cr_assert_eq(vector_record_encode(record, head, &buf, &shelf->err), 0, "%s", shelf->err.msg);
    append(shelf, writer, &buf);
    buf_deinit(&buf);
}

static struct artifact_writer *begin_vectors(struct shelf *shelf, const char *path,
                                             const struct vector_head *head)
{
    struct artifact_writer *writer = artifact_create(path, "vectors", &shelf->err);
    struct buf buf;

    cr_assert_not_null(writer, "%s", shelf->err.msg);
    buf_init(&buf, (size_t)1 << 20);
    cr_assert_eq(vector_head_encode(head, &buf, &shelf->err), 0, "%s", shelf->err.msg);
    append(shelf, writer, &buf);
    buf_deinit(&buf);
    return writer;
}

static void write_vectors(struct shelf *shelf, const char *path,
                          const struct search_shelf_chunk *chunks, uint32_t count)
{
    struct vector_head head = {.models = {{VECTOR_KIND_TEXT, LEXICAL_MODEL, LEXICAL_DIMENSIONS}},
                               .model_count = 1};
    struct artifact_writer *writer = begin_vectors(shelf, path, &head);
    uint64_t bytes;

    for (uint32_t i = 0; i < count; i++) {
        float vector[LEXICAL_DIMENSIONS];
        struct vector_record record = {.target = i + 1, .dimensions = LEXICAL_DIMENSIONS};
        struct buf text;

        buf_init(&text, (size_t)1 << 20);
        cr_assert_eq(chunk_embedding_text(&chunks[i].heading, chunks[i].heading ? 1 : 0,
                                          chunks[i].text, strlen(chunks[i].text), &text,
                                          &shelf->err),
                     0);
        if (lexical_embed((const char *)text.data, text.size, vector)) {
            record.vector = vector;
        } else {
            record.reason = "no_words: it has no words";
        }
        put_vector(shelf, writer, &head, &record);
        buf_deinit(&text);
    }
    cr_assert_eq(artifact_commit(writer, &bytes, &shelf->err), 0, "%s", shelf->err.msg);
}

void search_shelf_document(struct shelf *shelf, const char *job, unsigned seed, uint32_t pages,
                           const struct search_shelf_chunk *chunks, uint32_t count, bool embed)
{
    const char *chunks_path = shelf_path(shelf, "chunks.ebb");
    const char *vectors_path = shelf_path(shelf, "vectors.ebb");
    struct persist_unit unit = {
        .job = job,
        .name = arena_printf(shelf->arena, "file-%u.pdf", seed),
        .artifact_path = chunks_path,
        .first = 1,
        .last = 1,
    };
    struct persist_vectors what = {.kind = VECTOR_KIND_TEXT, .source_path = chunks_path};

    cr_assert_eq(shelf_survey(shelf, job, seed, pages), 0, "%s", shelf->err.msg);
    write_chunks(shelf, chunks_path, chunks, count);
    cr_assert_eq(persist_chunks(shelf->library, &unit, &shelf->outcome, &shelf->err), 0, "%s",
                 shelf->err.msg);
    if (embed) {
        write_vectors(shelf, vectors_path, chunks, count);
        unit.artifact_path = vectors_path;
        unit.last = count;
        cr_assert_eq(persist_vectors(shelf->library, &unit, &what, &shelf->outcome, &shelf->err), 0,
                     "%s", shelf->err.msg);
    }
}

void search_shelf_many(struct shelf *shelf, const char *job, unsigned seed, uint32_t count)
{
    struct search_shelf_chunk *chunks = arena_calloc(shelf->arena, count, sizeof *chunks);

    for (uint32_t i = 0; i < count; i++) {
        chunks[i] = (struct search_shelf_chunk){1, NULL,
                                                arena_printf(shelf->arena,
                                                             "common w%u w%u w%u of%u document%u",
                                                             i % 7, i % 101, i % 1009, i, seed)};
    }
    search_shelf_document(shelf, job, seed, 1, chunks, count, true);
}

static const char *param_of(const void *context, const char *key)
{
    const char *const *params = context;

    for (; *params; params += 2) {
        if (strcmp(*params, key) == 0) {
            return params[1];
        }
    }
    return NULL;
}

const char *search_shelf_ask(struct shelf *shelf, const char *const *params)
{
    struct searcher_settings settings = {shelf->folder, LEXICAL_MODEL, LEXICAL_DIMENSIONS};
    struct searcher *searcher = searcher_open(&settings, &shelf->err);
    struct search_query query = {
        .param = param_of, .context = params, .answer_path = shelf_path(shelf, "search-answer")};
    const char *text = NULL;
    struct buf answer;

    if (!searcher) {
        return NULL;
    }
    if (search_query_run(searcher, &query, &shelf->err) == 0) {
        buf_init(&answer, (size_t)1 << 26);
        cr_assert_eq(file_read(query.answer_path, (size_t)1 << 26, &answer, &shelf->err), 0);
        text = arena_strndup(shelf->arena, (const char *)answer.data, answer.size);
        buf_deinit(&answer);
    }
    searcher_close(searcher);
    return text;
}

static size_t value_length(const char *value)
{
    size_t length = 0;

    if (*value != '"') {
        return strcspn(value, ",]}");
    }
    do {
        length += value[length] == '\\' ? 2 : 1;
    } while (value[length] && value[length] != '"');
    return length + 1;
}

const char *search_shelf_values(struct shelf *shelf, const char *answer, const char *key)
{
    const char *wanted = arena_printf(shelf->arena, "\"%s\":", key);
    const char *result = "";

    for (const char *at = strstr(answer, wanted); at; at = strstr(at, wanted)) {
        at += strlen(wanted);
        result = arena_printf(shelf->arena, "%s%s%.*s", result, result[0] ? " " : "",
                              (int)value_length(at), at);
    }
    return result;
}

const char *search_shelf_probe(struct shelf *shelf, const struct vector_model *models,
                               const float *const *vectors, uint32_t count)
{
    const char *path = shelf_path(shelf, "probe.ebb");
    struct vector_head head = {.model_count = count};
    struct artifact_writer *writer;
    uint64_t bytes;

    for (uint32_t i = 0; i < count; i++) {
        head.models[i] = models[i];
    }
    writer = begin_vectors(shelf, path, &head);
    for (uint32_t i = 0; i < count; i++) {
        struct vector_record record = {
            .model = i, .vector = vectors[i], .dimensions = models[i].dimensions};

        put_vector(shelf, writer, &head, &record);
    }
    cr_assert_eq(artifact_commit(writer, &bytes, &shelf->err), 0, "%s", shelf->err.msg);
    return path;
}
