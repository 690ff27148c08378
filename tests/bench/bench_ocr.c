/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * OCR without a supervisor: one process that has its models loaded and reads the pages of files one
 * after the other, for measuring and for looking at what it reads.
 *
 * Usage: bench_ocr [--text|--blocks|--time] [--languages LIST] [--dpi N] [--as-drawn] [--attempt N]
 * [--set NAME VALUE]... FILE...
 * --text prints the plain text, pages ended by form feeds; --blocks each block with its kind, box
 * and words with their confidences; --time (the default) a line for each file, "FILE pages=N
 * words=N confidence=PERCENT dpi=N seconds=S engine_seconds=S": all that a page takes, and what the
 * engine alone took of it, models loaded: the limit for any number of workers. --dpi reads every
 * page at that resolution, --as-drawn renders it and neither turns nor enlarges it. --set sets a
 * variable of Tesseract's.
 * Exit codes: 0; 1 with "FILE: code: text" when something cannot be read; 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/languages/languages.h"
#include "workers/mupdf/document.h"
#include "workers/ocr/recognise.h"

#define SETS_MAX 16

enum show { SHOW_TIME, SHOW_TEXT, SHOW_BLOCKS };

struct options {
    enum show show;
    const char *languages;
    float dpi;
    bool as_drawn;
    uint32_t attempt;
    struct {
        const char *name, *value;
    } sets[SETS_MAX];
    int set_count;
};

struct bench {
    struct options options;
    struct engine *engine;
    struct glyphs glyphs;
    struct arena *arena;
};

/* The index of the first file; 0 for what cannot be understood. */
static int parse(int argc, char **argv, struct options *options)
{
    int i = 1;

    *options = (struct options){.languages = LANGUAGES_DEFAULT, .attempt = 1};
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--text") == 0) {
            options->show = SHOW_TEXT;
        } else if (strcmp(argv[i], "--blocks") == 0) {
            options->show = SHOW_BLOCKS;
        } else if (strcmp(argv[i], "--as-drawn") == 0) {
            options->as_drawn = true;
        } else if (strcmp(argv[i], "--languages") == 0 && i + 1 < argc) {
            options->languages = argv[++i];
        } else if (strcmp(argv[i], "--dpi") == 0 && i + 1 < argc) {
            options->dpi = strtof(argv[++i], NULL);
        } else if (strcmp(argv[i], "--attempt") == 0 && i + 1 < argc) {
            options->attempt = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--set") == 0 && i + 2 < argc && options->set_count < SETS_MAX) {
            options->sets[options->set_count].name = argv[++i];
            options->sets[options->set_count++].value = argv[++i];
        } else if (strcmp(argv[i], "--time") != 0) {
            return 0;
        }
    }
    return i < argc ? i : 0;
}

static int start(struct bench *bench, struct error *err)
{
    const struct options *options = &bench->options;

    glyphs_init(&bench->glyphs, 1000000);
    bench->arena = arena_create(0);
    bench->engine = engine_create(&(struct engine_options){.models = languages_folder("")}, err);
    if (!bench->engine || !bench->arena ||
        engine_load(bench->engine, options->languages, err) < 0) {
        return -1;
    }
    for (int i = 0; i < options->set_count; i++) {
        if (engine_set(bench->engine, options->sets[i].name, options->sets[i].value, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static void stop(struct bench *bench)
{
    engine_destroy(bench->engine);
    glyphs_deinit(&bench->glyphs);
    arena_destroy(bench->arena);
}

static void show_blocks(const struct page_record *record)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        printf("%s [%.1f %.1f %.1f %.1f]\n", page_block_kind_name(block->kind),
               (double)block->box.x0, (double)block->box.y0, (double)block->box.x1,
               (double)block->box.y1);
        for (uint32_t l = 0; l < block->line_count; l++) {
            const struct page_line *line = &block->lines[l];

            printf("   ");
            for (uint32_t s = 0; s < line->span_count; s++) {
                printf(" %.*s(%u)", (int)line->spans[s].text_bytes, line->spans[s].text,
                       line->spans[s].confidence);
            }
            printf("\n");
        }
    }
}

/* What a file's pages come to. */
struct sum {
    uint32_t pages, words;
    double confidence, dpi, seconds, engine_seconds;
};

static void add(struct sum *sum, const struct recognised *read)
{
    sum->pages++;
    sum->words += read->word_count;
    sum->confidence += (double)read->confidence * read->word_count;
    sum->dpi += (double)read->dpi;
    sum->seconds += (double)read->all_ms / 1000;
    sum->engine_seconds += (double)read->engine_ms / 1000;
}

static int read_page(struct bench *bench, struct document *document, int index, struct sum *sum,
                     const char **ret_code, struct error *err)
{
    fz_context *ctx = document->ctx;
    struct recognise_options options = {.engine = bench->engine,
                                        .glyphs = &bench->glyphs,
                                        .max_pixels = 50000000,
                                        .max_image_bytes = 512U << 20,
                                        .attempt = bench->options.attempt,
                                        .dpi = bench->options.dpi,
                                        .as_drawn = bench->options.as_drawn};
    fz_page *volatile page = NULL;
    struct recognised read;
    int status;

    fz_try(ctx)
    {
        page = fz_load_page(ctx, document->fz, index);
    }
    fz_catch(ctx)
    {
        *ret_code = document_caught_code(ctx);
        return error_set(err, ERROR_CORRUPT, "%s", fz_caught_message(ctx));
    }
    arena_reset(bench->arena);
    status = recognise_page(ctx, page, &options, bench->arena, &read, ret_code, err);
    fz_drop_page(ctx, page);
    if (status < 0) {
        return -1;
    }
    add(sum, &read);
    if (bench->options.show == SHOW_TEXT) {
        printf("%.*s\f", (int)read.layout.text_bytes, read.layout.text);
    } else if (bench->options.show == SHOW_BLOCKS) {
        show_blocks(&read.layout);
    }
    return 0;
}

static int read_file(struct bench *bench, const char *file)
{
    struct document_options options = {
        .store_bytes = 32U << 20, .source_bytes = UINT64_C(2) << 30, .pages = 50000};
    struct document *document;
    struct error err = ERROR_INIT;
    struct sum sum = {0};
    const char *code = "";
    int status;

    if (document_open(file, &options, &document, &code, &err) < 0) {
        fprintf(stderr, "%s: %s: %s\n", file, code, err.msg);
        return -1;
    }
    status = 0;
    for (uint32_t i = 0; i < document->page_count && status == 0; i++) {
        status = read_page(bench, document, (int)i, &sum, &code, &err);
    }
    if (status < 0) {
        fprintf(stderr, "%s: %s: %s\n", file, code, err.msg);
    } else if (bench->options.show == SHOW_TIME) {
        printf("%s pages=%u words=%u confidence=%.2f dpi=%.0f seconds=%.4f engine_seconds=%.4f\n",
               file, sum.pages, sum.words, sum.words > 0 ? sum.confidence / sum.words : 0,
               sum.dpi / sum.pages, sum.seconds, sum.engine_seconds);
    }
    document_close(document);
    return status;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct error err = ERROR_INIT;
    int status = 0;
    int i = parse(argc, argv, &bench.options);

    if (i == 0) {
        fprintf(stderr, "usage: bench_ocr [--text|--blocks|--time] [--languages LIST] [--dpi N] "
                        "[--as-drawn] [--attempt N] [--set NAME VALUE]... FILE...\n");
        return 2;
    }
    if (start(&bench, &err) < 0) {
        fprintf(stderr, "bench_ocr: %s\n", err.msg);
        status = -1;
    }
    for (; i < argc && status == 0; i++) {
        status = read_file(&bench, argv[i]);
    }
    stop(&bench);
    return status < 0;
}
