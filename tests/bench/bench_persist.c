/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the library costs: one long document in units of 16 pages, and many of one page.
 *
 *   bench_persist [PAGES [DOCUMENTS [FOLDER]]]
 *
 * PAGES (1158) is the long document's, DOCUMENTS (300) how many of one page follow. The artifacts
 * are made up, in FOLDER or one of its own: about 2 KB of text and 10 KB of record a page, of
 * words that are as unevenly frequent as a language's. Prints one JSON object; times of the
 * processor are this process's own, without making the artifacts.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/hash.h"
#include "common/parse.h"
#include "common/proc.h"
#include "proto/artifact.h"
#include "proto/page.h"
#include "proto/survey.h"
#include "workers/library/finish.h"
#include "workers/library/library.h"
#include "workers/library/persist.h"
#include "workers/library/query.h"
#include "workers/library/structure.h"

#define UNIT_PAGES 16
#define LINES 42
#define WORDS_A_LINE 8
#define VOCABULARY 20000

struct bench {
    char folder[4096];
    struct library *library;
    struct arena *arena;
    uint64_t random;
    uint64_t artifact_bytes;
};

struct cost {
    uint64_t cpu_us, wall_us;
};

static void check(int result, const struct error *err)
{
    if (result < 0) {
        fprintf(stderr, "bench_persist: %s\n", err->msg);
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

static struct cost start(void)
{
    return (struct cost){cpu_us(), clock_monotonic_us()};
}

static void add(struct cost *sum, struct cost since)
{
    sum->cpu_us += cpu_us() - since.cpu_us;
    sum->wall_us += clock_monotonic_us() - since.wall_us;
}

/* xorshift64*: the same document every time. */
static uint64_t next_random(struct bench *bench)
{
    bench->random ^= bench->random >> 12;
    bench->random ^= bench->random << 25;
    bench->random ^= bench->random >> 27;
    return bench->random * UINT64_C(2685821657736338717);
}

/* A word of the vocabulary, the k-th about 1/k as often as the first. */
static const char *next_word(struct bench *bench, char word[16])
{
    double uniform = (double)(next_random(bench) >> 11) / 9007199254740992.0;
    uint64_t rank = (uint64_t)pow(VOCABULARY, uniform);
    uint64_t seed = rank * UINT64_C(0x9E3779B97F4A7C15);
    size_t length = 2 + (size_t)(seed >> 60) / 2 + (rank > 100 ? 2 : 0);

    for (size_t i = 0; i < length; i++) {
        word[i] = (char)('a' + seed % 26);
        seed = seed / 26 + rank;
    }
    word[length] = '\0';
    return word;
}

static void fill_span(struct bench *bench, struct page_span *span, float top, float left)
{
    char text[256] = "";
    char word[16];

    for (size_t i = 0; i < WORDS_A_LINE / 2; i++) {
        strcat(strcat(text, next_word(bench, word)), " ");
    }
    span->text = arena_strdup(bench->arena, text);
    span->text_bytes = (uint32_t)strlen(text);
    span->size_pt = 10;
    span->box = (struct page_box){left, top, left + 200, top + 10};
}

static void fill_line(struct bench *bench, struct page_line *line, float top)
{
    line->spans = arena_calloc(bench->arena, 2, sizeof *line->spans);
    line->span_count = 2;
    fill_span(bench, &line->spans[0], top, 72);
    fill_span(bench, &line->spans[1], top, 280);
    line->box = (struct page_box){72, top, 480, top + 10};
}

static void fill_blocks(struct bench *bench, struct page_record *record)
{
    const uint32_t lines_a_block = 6;

    record->block_count = LINES / lines_a_block;
    record->blocks = arena_calloc(bench->arena, record->block_count, sizeof *record->blocks);
    for (uint32_t b = 0; b < record->block_count; b++) {
        struct page_block *block = &record->blocks[b];

        block->lines = arena_calloc(bench->arena, lines_a_block, sizeof *block->lines);
        block->line_count = b == 0 || b == 1 ? 1 : lines_a_block;
        for (uint32_t l = 0; l < block->line_count; l++) {
            fill_line(bench, &block->lines[l], (float)(72 + (b * lines_a_block + l) * 15));
        }
        block->box = (struct page_box){72, block->lines[0].box.y0, 480,
                                       block->lines[block->line_count - 1].box.y1};
    }
    record->blocks[0].margin = PAGE_MARGIN_TOP;
    record->blocks[0].margin_key = 1 + record->number / 20;
    record->blocks[1].kind = PAGE_BLOCK_HEADING;
    record->blocks[1].lines[0].spans[0].size_pt = record->number % 5 ? 12 : 17;
}

static void fill_text(struct bench *bench, struct page_record *record)
{
    struct buf text;
    struct error err = ERROR_INIT;

    buf_init(&text, 1U << 20);
    for (uint32_t b = 0; b < record->block_count; b++) {
        for (uint32_t l = 0; l < record->blocks[b].line_count; l++) {
            for (uint32_t s = 0; s < 2; s++) {
                check(buf_append_str(&text, record->blocks[b].lines[l].spans[s].text, &err), &err);
            }
            check(buf_append_str(&text, "\n", &err), &err);
        }
    }
    record->text = arena_strndup(bench->arena, (const char *)text.data, text.size);
    record->text_bytes = (uint32_t)text.size;
    buf_deinit(&text);
}

static void append_page(struct bench *bench, struct artifact_writer *writer, uint32_t number)
{
    struct page_font fonts[] = {{"Serif", PAGE_STYLE_SERIF}, {"Sans", 0}};
    struct page_record record = {.number = number,
                                 .width_pt = 595,
                                 .height_pt = 842,
                                 .source = "native",
                                 .fonts = fonts,
                                 .font_count = 2};
    struct error err = ERROR_INIT;
    struct buf encoded;

    arena_reset(bench->arena);
    fill_blocks(bench, &record);
    fill_text(bench, &record);
    buf_init(&encoded, 1U << 20);
    check(page_record_encode(&record, &encoded, &err), &err);
    check(artifact_append(writer, encoded.data, encoded.size, &err), &err);
    bench->artifact_bytes += encoded.size;
    buf_deinit(&encoded);
}

static struct artifact_writer *create(const char *path, const char *kind)
{
    struct error err = ERROR_INIT;
    struct artifact_writer *writer = artifact_create(path, kind, &err);

    check(writer ? 0 : -1, &err);
    return writer;
}

static void survey(struct bench *bench, const char *job, uint64_t seed, uint32_t pages,
                   struct cost *cost)
{
    struct survey_record record = {.size_bytes = 1, .format = "PDF 1.7", .page_count = pages};
    struct persist_unit unit = {.job = job, .name = "made-up.pdf"};
    struct outcome outcome = {0};
    struct error err = ERROR_INIT;
    struct artifact_writer *writer;
    uint8_t digest[HASH_SHA256_BYTES];
    char path[5000];
    struct buf encoded;
    struct cost since;

    hash_sha256_of(&seed, sizeof seed, digest);
    hash_hex(digest, sizeof digest, record.sha256);
    snprintf(path, sizeof path, "%s/survey.ebb", bench->folder);
    writer = create(path, "survey");
    buf_init(&encoded, 1U << 20);
    check(survey_record_encode(&record, &encoded, &err), &err);
    check(artifact_append(writer, encoded.data, encoded.size, &err), &err);
    buf_deinit(&encoded);
    check(artifact_commit(writer, NULL, &err), &err);
    unit.artifact_path = path;
    since = start();
    check(persist_survey(bench->library, &unit, &outcome, &err), &err);
    add(cost, since);
}

static void persist_unit(struct bench *bench, const char *job, const char *path, uint32_t first,
                         uint32_t last, struct cost *cost)
{
    struct persist_unit unit = {.job = job, .artifact_path = path, .first = first, .last = last};
    struct outcome outcome = {0};
    struct error err = ERROR_INIT;
    struct cost since = start();

    check(persist_pages(bench->library, &unit, &outcome, &err), &err);
    add(cost, since);
}

static void finish(struct bench *bench, const char *job, struct cost *cost)
{
    struct structure_unit structure = {.job = job};
    struct finish_unit unit = {.job = job};
    struct outcome outcome = {0};
    struct error err = ERROR_INIT;
    char path[5000];
    struct cost since = start();

    snprintf(path, sizeof path, "%s/structure.ebb", bench->folder);
    structure.artifact_path = path;
    check(structure_document(bench->library, &structure, &outcome, &err), &err);
    check(finish_document(bench->library, &unit, &outcome, &err), &err);
    add(cost, since);
}

static void unit_path(const struct bench *bench, uint32_t first, char path[5000])
{
    snprintf(path, 5000, "%s/extract-%08u.ebb", bench->folder, first);
}

static void make_artifact(struct bench *bench, const char *path, uint32_t first, uint32_t last)
{
    struct error err = ERROR_INIT;
    struct artifact_writer *writer = create(path, "pages");

    for (uint32_t page = first; page <= last; page++) {
        append_page(bench, writer, page);
    }
    check(artifact_commit(writer, NULL, &err), &err);
}

static uint32_t last_of(uint32_t first, uint32_t pages)
{
    return first + UNIT_PAGES - 1 < pages ? first + UNIT_PAGES - 1 : pages;
}

static const char *no_param(const void *context, const char *key)
{
    const char *const *params = context;

    for (; *params; params += 2) {
        if (strcmp(*params, key) == 0) {
            return params[1];
        }
    }
    return NULL;
}

static void ask(struct bench *bench, const char *label, const char *kind, const char *const *params)
{
    char path[5000];
    struct library_query query = {
        .kind = kind, .param = no_param, .context = params, .answer_path = path};
    struct cost cost = {0, 0};
    struct cost since;
    struct error err = ERROR_INIT;
    uint64_t bytes = 0;

    snprintf(path, sizeof path, "%s/answer", bench->folder);
    since = start();
    check(library_query_run(bench->library, &query, &err), &err);
    add(&cost, since);
    check(file_tree_bytes(path, &bytes, &err), &err);
    printf(", \"%s\": {\"cpu_us\": %" PRIu64 ", \"bytes\": %" PRIu64 "}", label, cost.cpu_us,
           bytes);
}

static void print_cost(const char *label, struct cost cost)
{
    printf(", \"%s\": {\"cpu_us\": %" PRIu64 ", \"wall_us\": %" PRIu64 "}", label, cost.cpu_us,
           cost.wall_us);
}

static void long_document(struct bench *bench, uint32_t pages)
{
    static const char job[] = "01890000-0000-7000-8000-000000000001";
    struct cost persist = {0, 0};
    struct cost again = {0, 0};
    struct cost end = {0, 0};
    char path[5000];

    for (uint32_t first = 1; first <= pages; first += UNIT_PAGES) {
        unit_path(bench, first, path);
        make_artifact(bench, path, first, last_of(first, pages));
    }
    survey(bench, job, 0, pages, &persist);
    for (uint32_t first = 1; first <= pages; first += UNIT_PAGES) {
        unit_path(bench, first, path);
        persist_unit(bench, job, path, first, last_of(first, pages), &persist);
    }
    finish(bench, job, &end);
    for (uint32_t first = 1; first <= pages; first += UNIT_PAGES) {
        unit_path(bench, first, path);
        persist_unit(bench, job, path, first, last_of(first, pages), &again);
    }
    printf("{\"pages\": %u, \"artifact_bytes\": %" PRIu64, pages, bench->artifact_bytes);
    print_cost("persist", persist);
    print_cost("finish", end);
    print_cost("persist_again", again);
    ask(bench, "show_text", "show", (const char *const[]){"document", job, NULL});
    ask(bench, "show_markdown", "show",
        (const char *const[]){"document", job, "format", "markdown", NULL});
    ask(bench, "show_json", "show", (const char *const[]){"document", job, "format", "json", NULL});
    ask(bench, "digest", "digest", (const char *const[]){NULL});
}

static void short_documents(struct bench *bench, uint32_t documents)
{
    struct cost persist = {0, 0};
    struct cost end = {0, 0};
    char path[5000];
    char job[UUID_TEXT_BYTES];

    unit_path(bench, 1, path);
    make_artifact(bench, path, 1, 1);
    for (uint32_t i = 0; i < documents; i++) {
        snprintf(job, sizeof job, "01890000-0000-7000-8000-1%011u", i);
        survey(bench, job, i + 1, 1, &persist);
        persist_unit(bench, job, path, 1, 1, &persist);
        finish(bench, job, &end);
    }
    printf(", \"documents\": %u", documents);
    print_cost("persist_all", persist);
    print_cost("finish_all", end);
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
    struct bench bench = {.random = 88172645463325252U, .arena = arena_create(0)};
    struct error err = ERROR_INIT;
    struct proc_memory memory = {0};
    uint32_t pages = argument(argc, argv, 1, 1158);
    uint32_t documents = argument(argc, argv, 2, 300);
    struct cost open = {0, 0};
    struct cost since;

    snprintf(bench.folder, sizeof bench.folder, "%s/bench-persist-XXXXXX",
             argc > 3 ? argv[3] : "/tmp");
    check(mkdtemp(bench.folder) && bench.arena ? 0
                                               : error_set_errno(&err, errno, "%s", bench.folder),
          &err);
    since = start();
    bench.library = library_open(bench.folder, 0, &err);
    check(bench.library ? 0 : -1, &err);
    add(&open, since);
    long_document(&bench, pages);
    short_documents(&bench, documents);
    print_cost("open", open);
    check(proc_memory_read(0, &memory, &err), &err);
    library_close(bench.library);
    printf(", \"peak_rss_bytes\": %" PRIu64 "}\n", memory.peak_rss_bytes);
    arena_destroy(bench.arena);
    check(file_remove_tree(bench.folder, &err), &err);
    return 0;
}
