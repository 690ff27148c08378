/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts by their target, as hashes. Reading blocks on the disk. Logs nothing.
 */
#include "workers/library/embedded_texts.h"

#include <stdlib.h>
#include <string.h>

#include "proto/artifact.h"
#include "proto/chunk.h"

#define TEXT_MAX_BYTES ((size_t)64 << 20)

struct embedded_text {
    uint64_t target; /* rising */
    uint64_t size_bytes, hash;
};

struct embedded_texts {
    struct embedded_text *items;
    size_t count, capacity;
    struct arena *arena; /* of the record in hand */
    struct buf text;     /* scratch */
};

void embedded_texts_destroy(struct embedded_texts *texts)
{
    if (texts) {
        arena_destroy(texts->arena);
        buf_deinit(&texts->text);
        free(texts->items);
        free(texts);
    }
}

static int add(struct embedded_texts *texts, uint64_t target, const void *text, size_t size_bytes,
               struct error *err)
{
    if (texts->count > 0 && target <= texts->items[texts->count - 1].target) {
        return error_set(err, ERROR_CORRUPT, "texts that do not follow each other");
    }
    if (texts->count == texts->capacity) {
        size_t bigger = texts->capacity ? texts->capacity * 2 : 1024;
        struct embedded_text *moved = reallocarray(texts->items, bigger, sizeof *moved);

        if (!moved) {
            return error_set(err, ERROR_MEMORY, "no memory for what vectors were made of");
        }
        texts->items = moved;
        texts->capacity = bigger;
    }
    texts->items[texts->count++] =
        (struct embedded_text){target, size_bytes, hash_fnv1a(text, size_bytes)};
    return 0;
}

static int add_text(struct embedded_texts *texts, const uint8_t *data, size_t size_bytes,
                    struct error *err)
{
    struct text_record record;

    if (text_record_decode(data, size_bytes, texts->arena, &record, err) < 0) {
        return error_wrap(err, "a text's record");
    }
    return add(texts, record.target, record.text, record.text_bytes, err);
}

static int add_chunk(struct embedded_texts *texts, const uint8_t *data, size_t size_bytes,
                     uint32_t first, uint32_t last, struct error *err)
{
    struct chunk_record record;

    if (chunk_record_decode(data, size_bytes, texts->arena, &record, err) < 0) {
        return error_wrap(err, "a chunk's record");
    }
    if (record.ordinal < first || record.ordinal > last || record.level > 0) {
        return 0;
    }
    if (chunk_embedding_text(record.headings, record.heading_count, record.text, record.text_bytes,
                             &texts->text, err) < 0) {
        return -1;
    }
    return add(texts, record.ordinal, texts->text.data, texts->text.size, err);
}

static int read_all(struct embedded_texts *texts, struct artifact_reader *reader, bool rows,
                    uint32_t first, uint32_t last, struct error *err)
{
    const uint8_t *data;
    size_t size_bytes;
    uint64_t ordinal = 0;

    while (artifact_next(reader, &data, &size_bytes) == 1) {
        arena_reset(texts->arena);
        ordinal++; /* a chunk's place is its ordinal */
        if (rows ? add_text(texts, data, size_bytes, err) < 0
                 : ordinal >= first && ordinal <= last &&
                       add_chunk(texts, data, size_bytes, first, last, err) < 0) {
            return -1;
        }
    }
    return 0;
}

struct embedded_texts *embedded_texts_read(const char *path, bool rows, uint32_t first,
                                           uint32_t last, struct error *err)
{
    struct artifact_reader *reader = artifact_open(path, rows ? "texts" : "chunks", err);
    struct embedded_texts *texts = reader ? calloc(1, sizeof *texts) : NULL;
    int result = -1;

    if (texts) {
        buf_init(&texts->text, TEXT_MAX_BYTES);
        texts->arena = arena_create(0);
    }
    if (reader && (!texts || !texts->arena)) {
        error_set(err, ERROR_MEMORY, "no memory for what vectors were made of");
    } else if (reader) {
        result = read_all(texts, reader, rows, first, last, err);
    }
    artifact_close(reader);
    if (result < 0) {
        embedded_texts_destroy(texts);
        return NULL;
    }
    return texts;
}

static int compare(const void *key, const void *item)
{
    uint64_t target = *(const uint64_t *)key;
    const struct embedded_text *text = item;

    return (target > text->target) - (target < text->target);
}

/* The names in the JSON array. Owns: the arena. */
static int read_headings(const struct embedded_texts *texts, struct library *library,
                         const char *json, const char *ret_headings[CHUNK_HEADINGS_MAX],
                         uint32_t *ret_count, struct error *err)
{
    struct statement *list;
    int got;

    *ret_count = 0;
    if (!json[0]) {
        return 0;
    }
    arena_reset(texts->arena);
    list = library_statement(library, STATEMENT_JSON_TEXTS);
    statement_text(list, 1, json);
    while ((got = statement_step(list, err)) > 0 && *ret_count < CHUNK_HEADINGS_MAX) {
        const char *text = statement_column_text(list, 0);

        ret_headings[*ret_count] = arena_strdup(texts->arena, text ? text : "");
        if (!ret_headings[(*ret_count)++]) {
            got = error_set(err, ERROR_MEMORY, "no memory for a chunk's headings");
            break;
        }
    }
    statement_end(list);
    return got < 0 ? -1 : 0;
}

static int compare_row(struct embedded_texts *texts, struct library *library,
                       const struct embedded_text *item, struct statement *chunk, bool *ret_agree,
                       struct error *err)
{
    const char *headings[CHUNK_HEADINGS_MAX];
    const char *text = statement_column_text(chunk, 1);
    size_t text_bytes = (size_t)sqlite3_column_bytes(chunk->handle, 1);
    const char *json = statement_column_text(chunk, 2);
    uint32_t count;

    if (statement_column_int(chunk, 0) != 0 || !text || !json) {
        return 0;
    }
    if (read_headings(texts, library, json, headings, &count, err) < 0 ||
        chunk_embedding_text(headings, count, text, text_bytes, &texts->text, err) < 0) {
        return -1;
    }
    *ret_agree = texts->text.size == item->size_bytes &&
                 hash_fnv1a(texts->text.data, texts->text.size) == item->hash;
    return 0;
}

int embedded_texts_agree(struct embedded_texts *texts, struct library *library, uint64_t target,
                         int64_t row, bool *ret_agree, struct error *err)
{
    const struct embedded_text *item =
        texts->count > 0
            ? bsearch(&target, texts->items, texts->count, sizeof *texts->items, compare)
            : NULL;
    struct statement *chunk;
    int got;

    *ret_agree = false;
    if (!item) {
        return 0;
    }
    chunk = library_statement(library, STATEMENT_CHUNK_GET);
    statement_int(chunk, 1, row);
    got = statement_step(chunk, err);
    if (got > 0) {
        got = compare_row(texts, library, item, chunk, ret_agree, err);
    }
    statement_end(chunk);
    return got < 0 ? -1 : 0;
}
