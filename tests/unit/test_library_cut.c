/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From artifacts of chunks and vectors to rows: once, twice, and changed in between.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/artifact.h"
#include "proto/chunk.h"
#include "workers/library/chunks.h"
#include "workers/library/vectors.h"

#define DIMENSIONS 8
#define FTS_IS_SOUND "INSERT INTO chunks_fts(chunks_fts, rank) VALUES('integrity-check', 1)"

/* A document of one page, ready to be cut. */
static void begin(struct shelf *shelf, const char *job)
{
    cr_assert_eq(shelf_survey(shelf, job, 1, 1), 0, "%s", shelf->err.msg);
    cr_assert_eq(shelf_simple_page(shelf, job, 1, "A page"), 0, "%s", shelf->err.msg);
}

static struct chunk_record make_chunk(struct shelf *shelf, uint32_t ordinal, const char *text)
{
    static const char *headings[] = {"One \"thing\"", "Another"};
    static struct chunk_box boxes[2] = {{0, 1, {72, 72.5F, 300, 84}}, {2, 1, {72, 90, 300, 102}}};
    struct chunk_record chunk = {.ordinal = ordinal,
                                 .first_page = 1,
                                 .last_page = 1,
                                 .headings = headings,
                                 .heading_levels = {1, 3},
                                 .heading_count = 2,
                                 .joint = ordinal > 1 ? "\n" : "",
                                 .text = text,
                                 .text_bytes = (uint32_t)strlen(text),
                                 .boxes = boxes,
                                 .box_count = 2,
                                 .length_quality = 0.5F,
                                 .boundary_quality = 1,
                                 .completeness_quality = 0.25F};
    uint8_t digest[HASH_SHA256_BYTES];

    (void)shelf;
    hash_sha256_of(text, strlen(text), digest);
    hash_hex(digest, sizeof digest, chunk.sha256);
    return chunk;
}

static const char *write_chunks(struct shelf *shelf, const struct chunk_record *chunks,
                                uint32_t count)
{
    const char *path = shelf_path(shelf, "chunks.ebb");
    struct artifact_writer *writer = artifact_create(path, "chunks", &shelf->err);

    cr_assert_not_null(writer, "%s", shelf->err.msg);
    for (uint32_t i = 0; i < count; i++) {
        struct buf record;

        buf_init(&record, 1U << 20);
        cr_assert_eq(chunk_record_encode(&chunks[i], &record, &shelf->err), 0, "%s",
                     shelf->err.msg);
        cr_assert_eq(artifact_append(writer, record.data, record.size, &shelf->err), 0);
        buf_deinit(&record);
    }
    cr_assert_eq(artifact_commit(writer, NULL, &shelf->err), 0, "%s", shelf->err.msg);
    return path;
}

static int put_chunks(struct shelf *shelf, const char *job, const struct chunk_record *chunks,
                      uint32_t count)
{
    struct persist_unit unit = {.job = job, .first = 1, .last = 1};

    unit.artifact_path = write_chunks(shelf, chunks, count);
    shelf->outcome = (struct outcome){0};
    return persist_chunks(shelf->library, &unit, &shelf->outcome, &shelf->err);
}

/* Chunks with these texts, parted by '|', of level 0. */
static int put_texts(struct shelf *shelf, const char *job, const char *texts)
{
    struct chunk_record chunks[16];
    uint32_t count = 0;

    while (*texts) {
        size_t length = strcspn(texts, "|");

        chunks[count] = make_chunk(shelf, count + 1, arena_strndup(shelf->arena, texts, length));
        count++;
        texts += length + (texts[length] == '|');
    }
    return put_chunks(shelf, job, chunks, count);
}

static void fill_vector(float vector[DIMENSIONS], uint64_t seed)
{
    double sum = 0;

    for (uint32_t i = 0; i < DIMENSIONS; i++) {
        vector[i] = (float)((seed * 31 + i * 17) % 23) + 1.0F;
        sum += (double)vector[i] * (double)vector[i];
    }
    for (uint32_t i = 0; i < DIMENSIONS; i++) {
        vector[i] = (float)((double)vector[i] / sqrt(sum));
    }
}

struct made {
    uint64_t target;
    uint64_t seed; /* 0: there is no vector */
};

static const char *write_vectors(struct shelf *shelf, enum vector_kind kind, const char *model,
                                 const struct made *made, uint32_t count)
{
    const char *path = shelf_path(shelf, "vectors.ebb");
    struct artifact_writer *writer = artifact_create(path, "vectors", &shelf->err);
    struct vector_head head = {.models = {{kind, model, DIMENSIONS}}, .model_count = 1};
    struct buf record;

    cr_assert_not_null(writer, "%s", shelf->err.msg);
    buf_init(&record, 1U << 20);
    cr_assert_eq(vector_head_encode(&head, &record, &shelf->err), 0, "%s", shelf->err.msg);
    cr_assert_eq(artifact_append(writer, record.data, record.size, &shelf->err), 0);
    for (uint32_t i = 0; i < count; i++) {
        float vector[DIMENSIONS];
        struct vector_record entry = {.target = made[i].target,
                                      .vector = made[i].seed ? vector : NULL,
                                      .dimensions = DIMENSIONS,
                                      .reason = made[i].seed ? NULL : "endpoint: it is down"};

        fill_vector(vector, made[i].seed);
        record.size = 0;
        cr_assert_eq(vector_record_encode(&entry, &head, &record, &shelf->err), 0, "%s",
                     shelf->err.msg);
        cr_assert_eq(artifact_append(writer, record.data, record.size, &shelf->err), 0);
    }
    buf_deinit(&record);
    cr_assert_eq(artifact_commit(writer, NULL, &shelf->err), 0, "%s", shelf->err.msg);
    return path;
}

static int put_vectors(struct shelf *shelf, const char *job, struct persist_vectors what,
                       const char *model, const struct made *made, uint32_t count)
{
    struct persist_unit unit = {.job = job, .first = 1, .last = 1024};

    unit.artifact_path = write_vectors(shelf, what.kind, model, made, count);
    shelf->outcome = (struct outcome){0};
    return persist_vectors(shelf->library, &unit, &what, &shelf->outcome, &shelf->err);
}

/* Vectors of chunks, made of the texts that were put last. */
static int put_text_vectors(struct shelf *shelf, const char *job, const char *model,
                            const struct made *made, uint32_t count)
{
    struct persist_vectors what = {.kind = VECTOR_KIND_TEXT,
                                   .source_path = shelf_path(shelf, "chunks.ebb")};

    return put_vectors(shelf, job, what, model, made, count);
}

Test(library_cut, chunks_become_rows_and_are_found)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees|Oak planks"), 0, "%s", shelf.err.msg);
    cr_expect_eq(shelf.outcome.chunks, 2);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(ordinal || text || chars || joint)"
                                       " FROM chunks"),
                     "1Walnut trees12,2Oak planks10\n");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT headings || heading_levels FROM chunks"),
                     "[\"One \\\"thing\\\"\",\"Another\"][1,3]");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT boxes FROM chunks"),
                     "[[0,1,72,72.5,300,84],[2,1,72,90,300,102]]");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT rowid & 255 FROM chunks_fts"
                                       " WHERE chunks_fts MATCH 'planks AND another'"),
                     "2");
    shelf_sql(&shelf, FTS_IS_SOUND);
    answer = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "chunks");
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"ordinal\":2,\"level\":0,\"parent\":0,\"kind\":\"text\""),
                       "%s", answer);
    cr_expect_not_null(strstr(answer, "\"headings\":[\"One \\\"thing\\\"\",\"Another\"]"), "%s",
                       answer);
    cr_expect_not_null(strstr(answer, "{\"offset\":2,\"page\":1,\"bbox\":[72,90,300,102]}"), "%s",
                       answer);
    cr_expect_not_null(
        strstr(answer, "\"quality\":{\"length\":0.5,\"boundary\":1,\"completeness\":0.25}"), "%s",
        answer);
    cr_expect_not_null(strstr(answer, "\"embedded\":false"), "%s", answer);
    shelf_deinit(&shelf);
}

Test(library_cut, twice_is_once_and_vectors_stay)
{
    static const struct made made[] = {{1, 5}, {2, 6}};
    struct shelf shelf;
    const char *digest;
    const char *rows;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees|Oak planks"), 0, "%s",
                     shelf.err.msg);
        cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", made, 2), 0, "%s", shelf.err.msg);
        cr_expect_eq(shelf.outcome.vectors, 2);
        if (i == 0) {
            digest = shelf_digest(&shelf);
            rows = shelf_sql(&shelf, "SELECT group_concat(row || '.' || target) FROM vectors");
        }
    }
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(row || '.' || target) FROM vectors"),
                     rows, "in the slots where they were");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT slots || '.' || live FROM vector_sets"), "2.2");
    shelf_sql(&shelf, FTS_IS_SOUND);
    shelf_deinit(&shelf);
}

/* One chunk says something else, one goes: their words and vectors go with them. */
Test(library_cut, what_changed_is_embedded_anew)
{
    static const struct made made[] = {{1, 5}, {2, 6}, {3, 7}};
    struct shelf shelf;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees|Oak planks|Elm seats"), 0);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", made, 3), 0, "%s", shelf.err.msg);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees|Ash handles"), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(target & 255) FROM vectors"), "1");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT slots || '.' || live FROM vector_sets"), "3.1");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH"
                                       " 'oak OR elm'"),
                     "0");
    cr_expect_str_eq(
        shelf_sql(&shelf, "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH 'ash'"), "1");
    shelf_sql(&shelf, FTS_IS_SOUND);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", made, 2), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT slots || '.' || live FROM vector_sets"), "4.2");
    shelf_deinit(&shelf);
}

/* The heading is part of what is embedded and found. */
Test(library_cut, another_heading_is_another_chunk)
{
    static const struct made made[] = {{1, 5}};
    static const char *other[] = {"Something else"};
    struct chunk_record chunk;
    struct shelf shelf;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    chunk = make_chunk(&shelf, 1, "Walnut trees");
    cr_assert_eq(put_chunks(&shelf, SHELF_JOB, &chunk, 1), 0);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", made, 1), 0);
    chunk.headings = other;
    chunk.heading_count = 1;
    chunk.heading_levels[1] = 0;
    cr_assert_eq(put_chunks(&shelf, SHELF_JOB, &chunk, 1), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vectors"), "0");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH"
                                       " 'thing'"),
                     "0");
    shelf_sql(&shelf, FTS_IS_SOUND);
    shelf_deinit(&shelf);
}

Test(library_cut, larger_chunks_are_kept_and_not_searched)
{
    struct chunk_record chunks[3];
    struct shelf shelf;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    chunks[0] = make_chunk(&shelf, 1, "Walnut trees");
    chunks[1] = make_chunk(&shelf, 2, "Oak planks");
    chunks[2] = make_chunk(&shelf, 3, "Walnut trees\nOak planks");
    chunks[0].parent = chunks[1].parent = 3;
    chunks[2].level = 1;
    cr_assert_eq(put_chunks(&shelf, SHELF_JOB, chunks, 3), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM chunks_fts_docsize"), "2");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(level || parent) FROM chunks"),
                     "03,03,10");
    shelf_sql(&shelf, FTS_IS_SOUND);
    cr_assert_eq(put_chunks(&shelf, SHELF_JOB, chunks, 2), 0, "%s", shelf.err.msg);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees"), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM chunks"), "1");
    shelf_sql(&shelf, FTS_IS_SOUND);
    shelf_deinit(&shelf);
}

Test(library_cut, a_chunk_out_of_its_place_damages_the_artifact)
{
    struct chunk_record chunks[2];
    struct shelf shelf;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Before"), 0);
    chunks[0] = make_chunk(&shelf, 1, "Walnut trees");
    chunks[1] = make_chunk(&shelf, 3, "Oak planks");
    cr_expect_eq(put_chunks(&shelf, SHELF_JOB, chunks, 2), -1);
    cr_expect_str_eq(shelf.outcome.code, "artifact_damaged");
    cr_expect(shelf.outcome.retryable);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(text) FROM chunks"), "Before",
                     "rolled back");
    shelf_deinit(&shelf);
}

Test(library_cut, chunks_of_no_document_wait_for_it)
{
    struct shelf shelf;

    shelf_init(&shelf);
    cr_expect_eq(put_texts(&shelf, SHELF_JOB, "Words"), -1);
    cr_expect_str_eq(shelf.outcome.code, "rows_missing");
    shelf_deinit(&shelf);
}

Test(library_cut, a_chunk_without_vector_stays_without_one)
{
    static const struct made made[] = {{1, 0}, {2, 6}};
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees|Oak planks"), 0);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", made, 2), 0, "%s", shelf.err.msg);
    cr_expect_eq(shelf.outcome.vectors, 1);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(target & 255) FROM vectors"), "2");
    answer = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "chunks");
    cr_expect_not_null(strstr(answer, "\"embedded\":false"), "%s", answer);
    cr_expect_not_null(strstr(answer, "\"embedded\":true"), "%s", answer);
    shelf_deinit(&shelf);
}

/* Another job has cut the document anew before the vectors of the first came. */
Test(library_cut, a_vector_of_another_text_is_passed_over)
{
    static const struct made made[] = {{1, 5}, {2, 6}};
    struct persist_vectors what = {.kind = VECTOR_KIND_TEXT};
    struct shelf shelf;
    struct chunk_record chunks[2];

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    begin(&shelf, SHELF_OTHER_JOB);
    chunks[0] = make_chunk(&shelf, 1, "Walnut trees");
    chunks[1] = make_chunk(&shelf, 2, "Oak planks");
    cr_assert_eq(put_chunks(&shelf, SHELF_JOB, chunks, 2), 0);
    what.source_path = shelf_path(&shelf, "mine.ebb");
    cr_assert_eq(rename(write_chunks(&shelf, chunks, 2), what.source_path), 0);
    cr_assert_eq(put_texts(&shelf, SHELF_OTHER_JOB, "Walnut trees|Ash handles"), 0);
    cr_assert_eq(put_vectors(&shelf, SHELF_JOB, what, "m", made, 2), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(target & 255) FROM vectors"), "1");
    cr_expect_eq(shelf.outcome.vectors, 1);
    shelf_deinit(&shelf);
}

Test(library_cut, a_changed_vector_takes_a_new_slot)
{
    static const struct made before[] = {{1, 5}};
    static const struct made after[] = {{1, 9}};
    struct shelf shelf;
    const char *digest;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees"), 0);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", before, 1), 0);
    digest = shelf_digest(&shelf);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", after, 1), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT slots || '.' || live FROM vector_sets"), "2.1");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT row & 255 FROM vectors"), "1");
    cr_expect_str_neq(shelf_digest(&shelf), digest);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", before, 1), 0);
    cr_expect_str_eq(shelf_digest(&shelf), digest, "whatever slot it is in");
    shelf_deinit(&shelf);
}

Test(library_cut, models_have_sets_of_their_own)
{
    static const struct made made[] = {{1, 5}};
    struct shelf shelf;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees"), 0);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", made, 1), 0);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "n", made, 1), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(kind || model || dimensions || slots)"
                                       " FROM vector_sets"),
                     "textm81,textn81");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(DISTINCT target) || count(*) FROM vectors"),
                     "12");
    shelf_deinit(&shelf);
}

Test(library_cut, images_have_vectors_and_others_none)
{
    static const struct made made[] = {{1, 5}, {2, 6}};
    struct persist_vectors what = {.kind = VECTOR_KIND_IMAGE};
    struct shelf_block block = {PAGE_BLOCK_TEXT, "x", 10, 0, 0};
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    record = shelf_page(&shelf, 1, &block, 1);
    shelf_make_image(&shelf, record, 0, 'c', NULL);
    cr_assert_eq(shelf_pages(&shelf, SHELF_JOB, 1, 1, &record, 1), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    cr_assert_eq(put_vectors(&shelf, SHELF_JOB, what, "ebb-visual-512", made, 2), 0, "%s",
                 shelf.err.msg);
    cr_expect_eq(shelf.outcome.vectors, 1, "there is one image");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT (target >> 32) || '.' || (target & 255) FROM"
                                       " vectors"),
                     "1.1");
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    cr_expect_eq(shelf.outcome.images_embedded, 1);
    cr_expect_eq(shelf.outcome.images, 1);
    shelf_deinit(&shelf);
}

Test(library_cut, vectors_of_the_wrong_kind_damage_the_artifact)
{
    static const struct made made[] = {{1, 5}};
    struct persist_unit unit = {.job = SHELF_JOB, .first = 1, .last = 1};
    struct persist_vectors what = {.kind = VECTOR_KIND_IMAGE};
    struct shelf shelf;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    unit.artifact_path = write_vectors(&shelf, VECTOR_KIND_TEXT, "m", made, 1);
    cr_expect_eq(persist_vectors(shelf.library, &unit, &what, &shelf.outcome, &shelf.err), -1);
    cr_expect_str_eq(shelf.outcome.code, "artifact_damaged");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vector_sets"), "0");
    shelf_deinit(&shelf);
}

/* Of a job that embeds again: targets are rows, and the texts are those that were gathered. */
Test(library_cut, vectors_made_again_go_to_rows)
{
    struct made made[] = {{0, 5}, {0, 6}};
    struct persist_vectors what = {.kind = VECTOR_KIND_TEXT, .rows = true};
    struct artifact_writer *writer;
    struct shelf shelf;
    const char *text = "One \"thing\" > Another\nWalnut trees";

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees|Oak planks"), 0);
    what.source_path = shelf_path(&shelf, "gather.ebb");
    writer = artifact_create(what.source_path, "texts", &shelf.err);
    cr_assert_not_null(writer);
    for (uint32_t i = 0; i < 2; i++) {
        struct text_record record = {.target = (UINT64_C(1) << 32) + 1 + i,
                                     .text = text,
                                     .text_bytes = (uint32_t)strlen(text)};
        struct buf encoded;

        made[i].target = record.target;
        buf_init(&encoded, 1U << 20);
        cr_assert_eq(text_record_encode(&record, &encoded, &shelf.err), 0, "%s", shelf.err.msg);
        cr_assert_eq(artifact_append(writer, encoded.data, encoded.size, &shelf.err), 0);
        buf_deinit(&encoded);
    }
    cr_assert_eq(artifact_commit(writer, NULL, &shelf.err), 0);
    cr_assert_eq(put_vectors(&shelf, "", what, "m", made, 2), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(target & 255) FROM vectors"), "1",
                     "the second chunk says something else");
    shelf_deinit(&shelf);
}

Test(library_cut, finish_counts_rows_and_misses_chunks_that_were_made)
{
    static const struct made made[] = {{2, 6}};
    struct finish_unit unit = {.job = SHELF_JOB};
    struct chunk_record chunk;
    struct shelf shelf;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    chunk = make_chunk(&shelf, 1, "Lost in a power cut");
    unit.folder = shelf.folder;
    cr_assert_eq(
        rename(write_chunks(&shelf, &chunk, 1), shelf_path(&shelf, "chunk-00000001-00000001.ebb")),
        0);
    shelf.outcome = (struct outcome){0};
    cr_expect_eq(finish_document(shelf.library, &unit, &shelf.outcome, &shelf.err), -1);
    cr_expect_str_eq(shelf.outcome.code, "rows_missing");
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees|Oak planks"), 0);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", made, 1), 0);
    shelf.outcome = (struct outcome){0};
    cr_expect_eq(finish_document(shelf.library, &unit, &shelf.outcome, &shelf.err), 0, "%s",
                 shelf.err.msg);
    cr_expect_eq(shelf.outcome.chunks, 2);
    cr_expect_eq(shelf.outcome.vectors, 1);
    shelf_deinit(&shelf);
}

Test(library_cut, finish_misses_vectors_of_images_that_were_made)
{
    static const struct made made[] = {{1, 0}, {2, 6}};
    struct persist_vectors what = {.kind = VECTOR_KIND_IMAGE};
    struct shelf_block blocks[] = {{PAGE_BLOCK_TEXT, "x", 10, 0, 0},
                                   {PAGE_BLOCK_TEXT, "y", 10, 0, 0}};
    struct finish_unit unit = {.job = SHELF_JOB};
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    record = shelf_page(&shelf, 1, blocks, 2);
    shelf_make_image(&shelf, record, 0, 'c', NULL);
    shelf_make_image(&shelf, record, 1, 'd', NULL);
    cr_assert_eq(shelf_pages(&shelf, SHELF_JOB, 1, 1, &record, 1), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    unit.folder = shelf.folder;
    cr_assert_eq(rename(write_vectors(&shelf, VECTOR_KIND_IMAGE, "ebb-visual-512", made, 2),
                        shelf_path(&shelf, "embed_image-00000001-00000002.ebb")),
                 0);
    shelf.outcome = (struct outcome){0};
    cr_expect_eq(finish_document(shelf.library, &unit, &shelf.outcome, &shelf.err), -1);
    cr_expect_str_eq(shelf.outcome.code, "rows_missing");
    cr_expect_not_null(strstr(shelf.err.msg, "image 2"), "%s", shelf.err.msg);
    cr_assert_eq(put_vectors(&shelf, SHELF_JOB, what, "ebb-visual-512", made, 2), 0, "%s",
                 shelf.err.msg);
    shelf.outcome = (struct outcome){0};
    cr_expect_eq(finish_document(shelf.library, &unit, &shelf.outcome, &shelf.err), 0, "%s",
                 shelf.err.msg);
    cr_expect_eq(shelf.outcome.images_embedded, 1);
    shelf_deinit(&shelf);
}

/* A document that is read again and has no text then. */
Test(library_cut, chunks_go_when_there_is_no_text_any_more)
{
    static const struct made made[] = {{1, 5}};
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    begin(&shelf, SHELF_JOB);
    cr_assert_eq(put_texts(&shelf, SHELF_JOB, "Walnut trees"), 0);
    cr_assert_eq(put_text_vectors(&shelf, SHELF_JOB, "m", made, 1), 0);
    record = shelf_page(&shelf, 1, NULL, 0);
    cr_assert_eq(shelf_pages(&shelf, SHELF_JOB, 1, 1, &record, 1), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM chunks"), "0");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM vectors"), "0");
    shelf_sql(&shelf, FTS_IS_SOUND);
    shelf_deinit(&shelf);
}

/* Whether a document is to have vectors is what its last job said. */
Test(library_cut, the_last_job_says_whether_there_are_to_be_vectors)
{
    struct shelf shelf;
    struct persist_unit unit = {.job = SHELF_JOB, .name = "x", .no_vectors = true};

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_OTHER_JOB, 1, 1), 0);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT embed FROM documents"), "1");
    unit.artifact_path = shelf_path(&shelf, "survey.ebb");
    cr_assert_eq(persist_survey(shelf.library, &unit, &shelf.outcome, &shelf.err), 0, "%s",
                 shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT embed FROM documents"), "0");
    unit.no_vectors = false;
    cr_assert_eq(persist_survey(shelf.library, &unit, &shelf.outcome, &shelf.err), 0);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT embed FROM documents"), "1");
    shelf_deinit(&shelf);
}

Test(library_cut, tags_are_those_of_all_jobs)
{
    struct persist_unit unit = {.job = SHELF_JOB, .name = "x", .tags = " wood, oak ,,wood"};
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    unit.artifact_path = shelf_path(&shelf, "survey.ebb");
    cr_assert_eq(persist_survey(shelf.library, &unit, &shelf.outcome, &shelf.err), 0, "%s",
                 shelf.err.msg);
    unit.job = SHELF_OTHER_JOB;
    unit.tags = "ash";
    cr_assert_eq(persist_survey(shelf.library, &unit, &shelf.outcome, &shelf.err), 0);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(tag) FROM document_tags"),
                     "ash,oak,wood");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT added_ms > 0 FROM documents"), "1");
    shelf_deinit(&shelf);
}
