/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A library of many made-up chunks with vectors, to be searched, and what adding a document costs.
 *
 *   bench_library STATE CHUNKS QUESTIONS
 *
 * Fills <STATE>/library with documents of 250 chunks, through artifacts as a job does it, until
 * it has CHUNKS, and writes questions, one a line, into the file QUESTIONS. Words are as unevenly
 * frequent as a language's (the n-th is 1/n as frequent as the first, of 100,000), and each
 * document has some of its own. Prints one JSON object: times of adding documents when there were
 * few and when there were all.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/hash.h"
#include "common/parse.h"
#include "proto/artifact.h"
#include "proto/chunk.h"
#include "proto/survey.h"
#include "proto/vector.h"
#include "workers/embedding/lexical.h"
#include "workers/library/chunks.h"
#include "workers/library/library.h"
#include "workers/library/persist.h"
#include "workers/library/vectors.h"

#define CHUNKS_A_DOCUMENT 250U
#define WORDS_A_CHUNK 150U
#define VOCABULARY 100000.0
#define TOPIC_WORDS 200U
#define TEXT_BYTES 4096U
#define QUESTIONS 400U
#define SAMPLES 20U
#define FEW_CHUNKS 10000U

struct bench {
    struct library *library;
    struct arena *arena;
    uint64_t random;
    uint32_t topic[TOPIC_WORDS];
    char chunks_path[4096], vectors_path[4096], survey_path[4096];
    FILE *questions;
    uint32_t questions_left;
};

static void check(int result, const struct error *err)
{
    if (result < 0) {
        fprintf(stderr, "bench_library: %s\n", err->msg);
        exit(1);
    }
}

static double share(struct bench *bench)
{
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return (double)(bench->random >> 11) / (double)(UINT64_C(1) << 53);
}

/* From 1; the n-th comes 1/n as often as the first. */
static uint32_t frequent_rank(struct bench *bench)
{
    return (uint32_t)exp(share(bench) * log(VOCABULARY));
}

/* The word of that rank: the more frequent the shorter. Returns its bytes. */
static size_t put_word(uint32_t rank, char *out)
{
    static const char *const syllables[] = {"ka",  "lo",  "mi", "ren", "sta", "tor", "ve", "ul",
                                            "pra", "den", "is", "on",  "fe",  "gar", "hu", "ny"};
    size_t length = 0;

    do {
        const char *syllable = syllables[rank % 16];
        size_t bytes = strlen(syllable);

        memcpy(out + length, syllable, bytes);
        length += bytes;
        rank /= 16;
    } while (rank > 0);
    return length;
}

static uint32_t word_rank(struct bench *bench)
{
    return share(bench) < 0.25 ? bench->topic[(uint32_t)(share(bench) * TOPIC_WORDS)]
                               : frequent_rank(bench);
}

static uint32_t make_text(struct bench *bench, char text[TEXT_BYTES])
{
    size_t length = 0;

    for (uint32_t i = 0; i < WORDS_A_CHUNK; i++) {
        length += put_word(word_rank(bench), text + length);
        if (i % 15 == 14) {
            text[length++] = '.';
        }
        text[length++] = ' ';
    }
    text[--length] = '\0';
    return (uint32_t)length;
}

/* Some words of a chunk as they come, frequent ones among them: a question in plain words. */
static void ask_of(struct bench *bench, const char *text)
{
    uint32_t words = 3 + (uint32_t)(share(bench) * 8);
    uint32_t skip = (uint32_t)(share(bench) * (WORDS_A_CHUNK - 12));

    for (; skip > 0 && strchr(text, ' '); skip--) {
        text = strchr(text, ' ') + 1;
    }
    for (; words > 0 && *text; words--) {
        size_t length = strcspn(text, " ");

        fprintf(bench->questions, "%.*s%s", (int)length, text, words > 1 ? " " : "\n");
        text += length + (text[length] == ' ');
    }
}

static void append(struct artifact_writer *writer, struct buf *buf)
{
    struct error err = ERROR_INIT;

    check(artifact_append(writer, buf->data, buf->size, &err), &err);
    buf->size = 0;
}

static struct artifact_writer *begin(const char *path, const char *kind)
{
    struct error err = ERROR_INIT;
    struct artifact_writer *writer = artifact_create(path, kind, &err);

    check(writer ? 0 : -1, &err);
    return writer;
}

static void commit(struct artifact_writer *writer)
{
    struct error err = ERROR_INIT;
    uint64_t bytes;

    check(artifact_commit(writer, &bytes, &err), &err);
}

static void make_chunk(struct bench *bench, uint32_t ordinal, const char *text, uint32_t bytes,
                       struct chunk_record *record)
{
    static const char *headings[] = {"Part"};
    static struct chunk_box box = {0, 1, {72, 72, 500, 700}};
    uint8_t digest[HASH_SHA256_BYTES];

    (void)bench;
    *record = (struct chunk_record){
        .ordinal = ordinal,
        .first_page = 1,
        .last_page = 1,
        .headings = headings,
        .heading_levels = {1},
        .heading_count = 1,
        .joint = ordinal > 1 ? "\n\n" : "",
        .text = text,
        .text_bytes = bytes,
        .boxes = &box,
        .box_count = 1,
        .length_quality = 1,
        .boundary_quality = 1,
        .completeness_quality = 1,
    };
    hash_sha256_of(text, bytes, digest);
    hash_hex(digest, sizeof digest, record->sha256);
}

static void put_vector(struct artifact_writer *writer, const struct vector_head *head,
                       const struct chunk_record *chunk, struct buf *buf)
{
    struct vector_record record = {.target = chunk->ordinal, .dimensions = LEXICAL_DIMENSIONS};
    struct error err = ERROR_INIT;
    float vector[LEXICAL_DIMENSIONS];

    check(chunk_embedding_text(chunk->headings, chunk->heading_count, chunk->text,
                               chunk->text_bytes, buf, &err),
          &err);
    lexical_embed((const char *)buf->data, buf->size, vector);
    record.vector = vector;
    buf->size = 0;
    check(vector_record_encode(&record, head, buf, &err), &err);
    append(writer, buf);
}

/* The artifacts of a document of CHUNKS_A_DOCUMENT chunks. */
static void make_artifacts(struct bench *bench)
{
    const struct vector_head head = {
        .models = {{VECTOR_KIND_TEXT, LEXICAL_MODEL, LEXICAL_DIMENSIONS}}, .model_count = 1};
    struct artifact_writer *chunks = begin(bench->chunks_path, "chunks");
    struct artifact_writer *vectors = begin(bench->vectors_path, "vectors");
    struct error err = ERROR_INIT;
    char text[TEXT_BYTES];
    struct buf buf;

    buf_init(&buf, (size_t)1 << 24);
    check(vector_head_encode(&head, &buf, &err), &err);
    append(vectors, &buf);
    for (uint32_t i = 0; i < TOPIC_WORDS; i++) {
        bench->topic[i] = 1000 + (uint32_t)(share(bench) * (VOCABULARY - 1000));
    }
    for (uint32_t i = 1; i <= CHUNKS_A_DOCUMENT; i++) {
        struct chunk_record record;

        make_chunk(bench, i, text, make_text(bench, text), &record);
        check(chunk_record_encode(&record, &buf, &err), &err);
        append(chunks, &buf);
        put_vector(vectors, &head, &record, &buf);
        if (i == 1 && bench->questions_left > 0) {
            ask_of(bench, text);
            bench->questions_left--;
        }
    }
    buf_deinit(&buf);
    commit(chunks);
    commit(vectors);
}

static void persist_document(struct bench *bench, const char *job, uint32_t number)
{
    struct persist_unit unit = {.job = job, .name = "made-up.pdf", .first = 1, .last = 1};
    struct persist_vectors what = {.kind = VECTOR_KIND_TEXT, .source_path = bench->chunks_path};
    struct survey_record survey = {.format = "pdf", .size_bytes = 100000, .page_count = 1};
    struct artifact_writer *writer = begin(bench->survey_path, "survey");
    struct error err = ERROR_INIT;
    struct outcome outcome = {0};
    uint8_t digest[HASH_SHA256_BYTES];
    struct buf buf;

    hash_sha256_of(&number, sizeof number, digest);
    hash_hex(digest, sizeof digest, survey.sha256);
    buf_init(&buf, (size_t)1 << 20);
    check(survey_record_encode(&survey, &buf, &err), &err);
    append(writer, &buf);
    buf_deinit(&buf);
    commit(writer);
    unit.artifact_path = bench->survey_path;
    check(persist_survey(bench->library, &unit, &outcome, &err), &err);
    unit.artifact_path = bench->chunks_path;
    check(persist_chunks(bench->library, &unit, &outcome, &err), &err);
    unit.artifact_path = bench->vectors_path;
    unit.last = CHUNKS_A_DOCUMENT;
    check(persist_vectors(bench->library, &unit, &what, &outcome, &err), &err);
}

static double add_document(struct bench *bench, uint32_t number)
{
    char job[40];
    uint64_t since;

    snprintf(job, sizeof job, "01890000-0000-7000-8000-1%011u", number);
    make_artifacts(bench);
    since = clock_monotonic_us();
    persist_document(bench, job, number);
    return (double)(clock_monotonic_us() - since) / 1000;
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;

    return (a > b) - (a < b);
}

static void print_samples(const char *label, double *samples, uint32_t count)
{
    qsort(samples, count, sizeof *samples, by_value);
    printf("\"%s\": {\"median\": %.3f, \"least\": %.3f, \"most\": %.3f}, ", label,
           samples[count / 2], samples[0], samples[count - 1]);
}

static void path_of(char *path, size_t size_bytes, const char *folder, const char *name)
{
    struct error err = ERROR_INIT;

    check(file_join(path, size_bytes, folder, name, &err), &err);
}

static void fill(struct bench *bench, uint32_t documents)
{
    uint32_t few = FEW_CHUNKS / CHUNKS_A_DOCUMENT;
    double early[SAMPLES] = {0};
    double late[SAMPLES] = {0};
    uint64_t since = clock_monotonic_us();

    /* The last samples are those of either end, so that both are of as many documents. */
    for (uint32_t i = 0; i < documents; i++) {
        double ms = add_document(bench, i);

        if (i >= few && i < few + SAMPLES) {
            early[i - few] = ms;
        }
        if (i + SAMPLES >= documents) {
            late[i + SAMPLES - documents] = ms;
        }
    }
    printf("{\"chunks\": %u, \"documents\": %u, \"fill_s\": %.1f, ", documents * CHUNKS_A_DOCUMENT,
           documents, (double)(clock_monotonic_us() - since) / 1000000);
    print_samples("add_early_ms", early, SAMPLES);
    print_samples("add_late_ms", late, SAMPLES);
}

int main(int argc, char **argv)
{
    struct bench bench = {.random = 88172645463325252U, .questions_left = QUESTIONS};
    struct error err = ERROR_INIT;
    uint64_t chunks = 0;
    uint64_t bytes = 0;
    uint32_t documents;

    if (argc != 4) {
        fprintf(stderr, "usage: bench_library STATE CHUNKS QUESTIONS\n");
        return 2;
    }
    check(parse_u64(argv[2], FEW_CHUNKS + (uint64_t)2 * SAMPLES * CHUNKS_A_DOCUMENT, 100000000,
                    &chunks, &err),
          &err);
    path_of(bench.chunks_path, sizeof bench.chunks_path, argv[1], "bench-chunks.ebb");
    path_of(bench.vectors_path, sizeof bench.vectors_path, argv[1], "bench-vectors.ebb");
    path_of(bench.survey_path, sizeof bench.survey_path, argv[1], "bench-survey.ebb");
    bench.questions = fopen(argv[3], "we");
    bench.library = library_open(argv[1], 0, &err);
    check(bench.library && bench.questions ? 0 : -1, &err);
    documents = (uint32_t)(chunks / CHUNKS_A_DOCUMENT);
    fill(&bench, documents);
    library_close(bench.library);
    check(fclose(bench.questions) == 0 ? 0 : -1, &err);
    remove(bench.chunks_path);
    remove(bench.vectors_path);
    remove(bench.survey_path);
    check(file_tree_bytes(argv[1], &bytes, &err), &err);
    printf("\"bytes\": %" PRIu64 "}\n", bytes);
    return 0;
}
