/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What chunks and their vectors cost the library.
 *
 *   bench_persist_chunks [CHUNKS [DOCUMENTS [FOLDER]]]
 *
 * Makes up DOCUMENTS (8) documents of CHUNKS (3500) chunks each, of about 1,000 characters and a
 * dozen boxes, with vectors of 512 dimensions, in FOLDER or one of its own; the words are as
 * unevenly frequent as a language's. Prints one JSON object: microseconds of processor time a
 * chunk, of the first document and of the last, without making the artifacts.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/file.h"
#include "common/hash.h"
#include "common/parse.h"
#include "proto/artifact.h"
#include "proto/chunk.h"
#include "proto/survey.h"
#include "proto/vector.h"
#include "workers/library/chunks.h"
#include "workers/library/library.h"
#include "workers/library/persist.h"
#include "workers/library/vectors.h"

#define UNIT_CHUNKS 1024
#define CHUNK_BYTES 1000
#define CHUNK_BOXES 12
#define VOCABULARY 20000
#define DIMENSIONS 512
#define PATH_BYTES 5000

struct bench {
    char folder[4096];
    struct library *library;
    uint64_t random;
    struct buf record;
};

/* Of one document, in microseconds. */
struct costs {
    uint64_t chunks, chunks_again, vectors, vectors_again;
};

static void check(int result, const struct error *err)
{
    if (result < 0) {
        fprintf(stderr, "bench_persist_chunks: %s\n", err->msg);
        exit(1);
    }
}

static uint64_t cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000U +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* xorshift64*: the same documents every time. */
static uint64_t next_random(struct bench *bench)
{
    bench->random ^= bench->random >> 12;
    bench->random ^= bench->random << 25;
    bench->random ^= bench->random >> 27;
    return bench->random * UINT64_C(2685821657736338717);
}

/* Appends a word of the vocabulary, the k-th about 1/k as often as the first. */
static size_t put_word(struct bench *bench, char *text)
{
    double uniform = (double)(next_random(bench) >> 11) / 9007199254740992.0;
    uint64_t rank = (uint64_t)pow(VOCABULARY, uniform);
    uint64_t seed = rank * UINT64_C(0x9E3779B97F4A7C15);
    size_t length = 2 + (size_t)(seed >> 60) / 2 + (rank > 100 ? 2 : 0);

    for (size_t i = 0; i < length; i++) {
        text[i] = (char)('a' + seed % 26);
        seed = seed / 26 + rank;
    }
    return length;
}

static void artifact_path(const struct bench *bench, const char *name, uint32_t first,
                          char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s-%u.ebb", bench->folder, name, first);
}

static struct artifact_writer *create(const char *path, const char *kind)
{
    struct error err = ERROR_INIT;
    struct artifact_writer *writer = artifact_create(path, kind, &err);

    check(writer ? 0 : -1, &err);
    return writer;
}

static void append(struct bench *bench, struct artifact_writer *writer)
{
    struct error err = ERROR_INIT;

    check(artifact_append(writer, bench->record.data, bench->record.size, &err), &err);
    bench->record.size = 0;
}

static void commit(struct artifact_writer *writer)
{
    struct error err = ERROR_INIT;

    check(artifact_commit(writer, NULL, &err), &err);
}

static void make_chunk(struct bench *bench, uint32_t ordinal, struct artifact_writer *writer)
{
    static const char *headings[] = {"The parts of the machine", "How each of them is kept"};
    struct chunk_box boxes[CHUNK_BOXES];
    char text[CHUNK_BYTES + 64];
    struct chunk_record chunk = {.ordinal = ordinal,
                                 .first_page = 1,
                                 .last_page = 1,
                                 .headings = headings,
                                 .heading_levels = {1, 2},
                                 .heading_count = 2,
                                 .joint = ordinal > 1 ? "\n\n" : "",
                                 .text = text,
                                 .boxes = boxes,
                                 .box_count = CHUNK_BOXES};
    uint8_t digest[HASH_SHA256_BYTES];
    struct error err = ERROR_INIT;

    while (chunk.text_bytes < CHUNK_BYTES) {
        chunk.text_bytes += (uint32_t)put_word(bench, text + chunk.text_bytes);
        text[chunk.text_bytes++] = ' ';
    }
    text[--chunk.text_bytes] = '\0';
    for (uint32_t i = 0; i < CHUNK_BOXES; i++) {
        boxes[i] = (struct chunk_box){
            i * 80, 1, {72.25F, 72 + (float)i * 12.5F, 480.5F, 84 + (float)i * 12.5F}};
    }
    hash_sha256_of(text, chunk.text_bytes, digest);
    hash_hex(digest, sizeof digest, chunk.sha256);
    check(chunk_record_encode(&chunk, &bench->record, &err), &err);
    append(bench, writer);
}

static void make_vectors(struct bench *bench, uint32_t first, uint32_t last)
{
    struct vector_head head = {.models = {{VECTOR_KIND_TEXT, "made-up", DIMENSIONS}},
                               .model_count = 1};
    float vector[DIMENSIONS];
    struct artifact_writer *writer;
    struct error err = ERROR_INIT;
    char path[PATH_BYTES];

    artifact_path(bench, "vectors", first, path);
    writer = create(path, "vectors");
    check(vector_head_encode(&head, &bench->record, &err), &err);
    append(bench, writer);
    for (uint32_t ordinal = first; ordinal <= last; ordinal++) {
        struct vector_record record = {
            .target = ordinal, .vector = vector, .dimensions = DIMENSIONS};

        for (uint32_t i = 0; i < DIMENSIONS; i++) {
            vector[i] = (float)(int64_t)(next_random(bench) >> 40) - 8388608.0F;
        }
        vector_normalize(vector, DIMENSIONS);
        check(vector_record_encode(&record, &head, &bench->record, &err), &err);
        append(bench, writer);
    }
    commit(writer);
}

static uint32_t last_of(uint32_t first, uint32_t chunks)
{
    return first + UNIT_CHUNKS - 1 < chunks ? first + UNIT_CHUNKS - 1 : chunks;
}

static void make_artifacts(struct bench *bench, uint32_t chunks)
{
    char path[PATH_BYTES];
    struct artifact_writer *writer;

    artifact_path(bench, "chunks", 1, path);
    writer = create(path, "chunks");
    for (uint32_t ordinal = 1; ordinal <= chunks; ordinal++) {
        make_chunk(bench, ordinal, writer);
    }
    commit(writer);
    for (uint32_t first = 1; first <= chunks; first += UNIT_CHUNKS) {
        make_vectors(bench, first, last_of(first, chunks));
    }
}

static void make_document(struct bench *bench, const char *job, uint32_t seed)
{
    struct survey_record record = {.size_bytes = 1, .format = "PDF 1.7", .page_count = 1};
    struct persist_unit unit = {.job = job, .name = "made-up.pdf"};
    struct artifact_writer *writer;
    struct outcome outcome = {0};
    struct error err = ERROR_INIT;
    uint8_t digest[HASH_SHA256_BYTES];
    char path[PATH_BYTES];

    hash_sha256_of(&seed, sizeof seed, digest);
    hash_hex(digest, sizeof digest, record.sha256);
    artifact_path(bench, "survey", 1, path);
    writer = create(path, "survey");
    check(survey_record_encode(&record, &bench->record, &err), &err);
    append(bench, writer);
    commit(writer);
    unit.artifact_path = path;
    check(persist_survey(bench->library, &unit, &outcome, &err), &err);
}

static uint64_t put_chunks(struct bench *bench, const char *job)
{
    struct persist_unit unit = {.job = job, .first = 1, .last = 1};
    struct outcome outcome = {0};
    struct error err = ERROR_INIT;
    char path[PATH_BYTES];
    uint64_t since = cpu_us();

    artifact_path(bench, "chunks", 1, path);
    unit.artifact_path = path;
    check(persist_chunks(bench->library, &unit, &outcome, &err), &err);
    return cpu_us() - since;
}

static uint64_t put_vectors(struct bench *bench, const char *job, uint32_t chunks)
{
    struct persist_vectors what = {.kind = VECTOR_KIND_TEXT};
    struct error err = ERROR_INIT;
    char source[PATH_BYTES];
    char path[PATH_BYTES];
    uint64_t since = cpu_us();

    artifact_path(bench, "chunks", 1, source);
    what.source_path = source;
    for (uint32_t first = 1; first <= chunks; first += UNIT_CHUNKS) {
        struct persist_unit unit = {.job = job, .first = first, .last = last_of(first, chunks)};
        struct outcome outcome = {0};

        artifact_path(bench, "vectors", first, path);
        unit.artifact_path = path;
        check(persist_vectors(bench->library, &unit, &what, &outcome, &err), &err);
    }
    return cpu_us() - since;
}

static struct costs persist_document(struct bench *bench, uint32_t seed, uint32_t chunks)
{
    char job[UUID_TEXT_BYTES];
    struct costs costs;

    snprintf(job, sizeof job, "01890000-0000-7000-8000-1%011u", seed);
    make_document(bench, job, seed);
    make_artifacts(bench, chunks);
    costs.chunks = put_chunks(bench, job);
    costs.vectors = put_vectors(bench, job, chunks);
    costs.chunks_again = put_chunks(bench, job);
    costs.vectors_again = put_vectors(bench, job, chunks);
    return costs;
}

static void print_costs(const char *label, const struct costs *costs, uint32_t chunks)
{
    printf(", \"%s\": {\"chunks_us\": %.1f, \"chunks_again_us\": %.1f, \"vectors_us\": %.1f, "
           "\"vectors_again_us\": %.1f}",
           label, (double)costs->chunks / chunks, (double)costs->chunks_again / chunks,
           (double)costs->vectors / chunks, (double)costs->vectors_again / chunks);
}

static uint32_t argument(int argc, char **argv, int index, uint32_t fallback)
{
    struct error err = ERROR_INIT;
    uint64_t value = fallback;

    if (index < argc) {
        check(parse_u64(argv[index], 1, 1000000, &value, &err), &err);
    }
    return (uint32_t)value;
}

int main(int argc, char **argv)
{
    struct bench bench = {.random = 88172645463325252U};
    uint32_t chunks = argument(argc, argv, 1, 3500);
    uint32_t documents = argument(argc, argv, 2, 8);
    struct error err = ERROR_INIT;
    struct costs costs;

    snprintf(bench.folder, sizeof bench.folder, "%s/bench-persist-XXXXXX",
             argc > 3 ? argv[3] : "/tmp");
    check(mkdtemp(bench.folder) ? 0 : error_set_errno(&err, errno, "%s", bench.folder), &err);
    buf_init(&bench.record, 1U << 24);
    bench.library = library_open(bench.folder, 0, &err);
    check(bench.library ? 0 : -1, &err);
    printf("{\"chunks\": %u, \"documents\": %u", chunks, documents);
    for (uint32_t i = 1; i <= documents; i++) {
        costs = persist_document(&bench, i, chunks);
        if (i == 1 || i == documents) {
            print_costs(i == 1 ? "first" : "last", &costs, chunks);
        }
    }
    printf("}\n");
    library_close(bench.library);
    buf_deinit(&bench.record);
    check(file_remove_tree(bench.folder, &err), &err);
    return 0;
}
