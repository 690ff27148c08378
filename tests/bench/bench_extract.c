/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Extract without a supervisor: the pure transform over a file, for measuring and for looking at
 * what it yields.
 *
 * Usage: bench_extract [--text|--blocks|--time] [--password WORD] [--artifact FILE] [--images
 * FOLDER] [--no-images] FILE [FIRST [LAST]]. --text prints the plain text, pages ended by form
 * feeds; --blocks prints each block with its kind, box and first words, and the images; --time (the
 * default) prints "pages=N chars=N seconds=S" for opening, extracting, encoding and, with
 * --artifact, writing. Images are looked into; with --images their files are written to
 * FOLDER/images. Exit codes: 0; 1 with
 * "FILE: code: text" when the document cannot be opened; 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "proto/artifact.h"
#include "proto/page.h"
#include "workers/mupdf/document.h"
#include "workers/pdf/extract.h"

enum show { SHOW_TIME, SHOW_TEXT, SHOW_BLOCKS };

struct options {
    enum show show;
    const char *password, *artifact, *images, *file;
    bool no_images;
    uint32_t first, last;
};

static int parse(int argc, char **argv, struct options *options)
{
    int i = 1;

    *options = (struct options){.first = 1, .last = UINT32_MAX};
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--text") == 0) {
            options->show = SHOW_TEXT;
        } else if (strcmp(argv[i], "--blocks") == 0) {
            options->show = SHOW_BLOCKS;
        } else if (strcmp(argv[i], "--password") == 0 && i + 1 < argc) {
            options->password = argv[++i];
        } else if (strcmp(argv[i], "--artifact") == 0 && i + 1 < argc) {
            options->artifact = argv[++i];
        } else if (strcmp(argv[i], "--images") == 0 && i + 1 < argc) {
            options->images = argv[++i];
        } else if (strcmp(argv[i], "--no-images") == 0) {
            options->no_images = true;
        } else if (strcmp(argv[i], "--time") != 0) {
            return -1;
        }
    }
    if (i >= argc || argc - i > 3) {
        return -1;
    }
    options->file = argv[i];
    if (argc - i > 1) {
        options->first = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        options->last = argc - i > 2 ? (uint32_t)strtoul(argv[i + 2], NULL, 10) : options->first;
    }
    return options->first > 0 ? 0 : -1;
}

static void print_line(const struct page_line *line)
{
    for (uint32_t s = 0; s < line->span_count; s++) {
        printf("%.*s", (int)line->spans[s].text_bytes, line->spans[s].text);
    }
    printf(line->hyphenated ? "\\" : "|");
}

static void print_image(const struct page_image *image)
{
    printf("  %-10s [%.1f %.1f %.1f %.1f] %ux%ux%u %s%s %.0f dpi angle %d %s.%s %llu bytes "
           "s%.2f c%.2f b%.2f n%.2f q%.2f %016llx %s\n",
           page_image_role_name(image->role), (double)image->box.x0, (double)image->box.y0,
           (double)image->box.x1, (double)image->box.y1, image->width_px, image->height_px,
           image->bits, image->color_space, image->masked ? " masked" : "", (double)image->dpi,
           image->angle_deg, image->key, image->format, (unsigned long long)image->file_bytes,
           (double)image->sharpness, (double)image->contrast, (double)image->brightness,
           (double)image->noise, (double)image->quality, (unsigned long long)image->perceptual_hash,
           image->caption ? image->caption : "");
}

static void print_blocks(const struct page_record *record)
{
    printf("page %u %.0fx%.0f rot %u label %s glyphs %u garbled %u hidden %u images %u cover %.2f "
           "ocr %s failure %s %s\n",
           record->number, (double)record->width_pt, (double)record->height_pt,
           record->rotation_deg, record->label ? record->label : "-", record->glyph_count,
           record->garbled_count, record->hidden_count, record->image_count,
           (double)record->image_cover, record->ocr_reason ? record->ocr_reason : "-",
           record->failure_code ? record->failure_code : "-",
           record->failure_text ? record->failure_text : "");
    for (uint32_t i = 0; i < record->warning_count; i++) {
        printf("  warning %s\n", record->warnings[i]);
    }
    for (uint32_t i = 0; i < record->image_record_count; i++) {
        print_image(&record->images[i]);
    }
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];
        bool lines = block->line_count > 0;

        printf("  %-9s %s[%.0f %.0f %.0f %.0f] a%d v%d ", page_block_kind_name(block->kind),
               block->margin == PAGE_MARGIN_TOP      ? "TOP "
               : block->margin == PAGE_MARGIN_BOTTOM ? "BOTTOM "
                                                     : "",
               (double)block->box.x0, (double)block->box.y0, (double)block->box.x1,
               (double)block->box.y1, lines ? block->lines[0].angle_deg : 0,
               lines && block->lines[0].vertical);
        for (uint32_t l = 0; l < block->line_count; l++) {
            print_line(&block->lines[l]);
        }
        printf("\n");
    }
}

static int run(const struct options *options, struct document *document, uint64_t *ret_chars,
               struct error *err)
{
    struct arena *arena = arena_create(0);
    struct artifact_writer *writer = NULL;
    struct extractor extractor;
    struct buf buf;
    uint32_t last = options->last < document->page_count ? options->last : document->page_count;
    int status = -1;

    buf_init(&buf, ARTIFACT_RECORD_MAX_BYTES);
    extractor_init(&extractor, document,
                   &(struct extract_options){.page_glyphs = (size_t)1 << 20,
                                             .content_bytes = 256U << 20,
                                             .images = {.folder = options->images,
                                                        .pixels = 200000000,
                                                        .memory_bytes = 256U << 20,
                                                        .file_bytes = 256U << 20,
                                                        .per_page = options->no_images ? 0 : 4096},
                                             .interpreter = {.font_bytes = 32U << 20}});
    if (options->artifact) {
        writer = artifact_create(options->artifact, "pages", err);
        if (!writer) {
            goto done;
        }
    }
    for (uint32_t number = options->first; number <= last; number++) {
        struct page_record record;

        arena_reset(arena);
        buf_reset(&buf, 1 << 20);
        extract_page(&extractor, number, arena, &record);
        *ret_chars += record.text_bytes;
        if (options->show == SHOW_TEXT) {
            printf("%.*s\f", (int)record.text_bytes, record.text);
        } else if (options->show == SHOW_BLOCKS) {
            print_blocks(&record);
        } else if (page_record_encode(&record, &buf, err) < 0 ||
                   (writer && artifact_append(writer, buf.data, buf.size, err) < 0)) {
            goto done;
        }
    }
    status = writer ? artifact_commit(writer, NULL, err) : 0;
    writer = NULL;
done:
    artifact_discard(writer);
    extractor_deinit(&extractor);
    buf_deinit(&buf);
    arena_destroy(arena);
    return status;
}

int main(int argc, char **argv)
{
    uint64_t start_us = clock_monotonic_us();
    struct document_options open_options = {
        .store_bytes = 64U << 20, .source_bytes = UINT64_MAX, .pages = 50000};
    struct error err = ERROR_INIT;
    struct document *document;
    struct options options;
    const char *code;
    uint64_t chars = 0;
    uint32_t pages;
    int status;

    if (parse(argc, argv, &options) < 0) {
        fprintf(stderr, "usage: bench_extract [--text|--blocks|--time] [--password WORD] "
                        "[--artifact FILE] [--images FOLDER] [--no-images] FILE [FIRST [LAST]]\n");
        return 2;
    }
    open_options.password = options.password;
    if (document_open(options.file, &open_options, &document, &code, &err) < 0) {
        fprintf(stderr, "%s: %s: %s\n", options.file, code, err.msg);
        return 1;
    }
    pages = document->page_count;
    status = run(&options, document, &chars, &err);
    document_close(document);
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", options.file, err.msg);
        return 1;
    }
    if (options.show == SHOW_TIME) {
        printf("pages=%u chars=%llu seconds=%.3f\n", pages, (unsigned long long)chars,
               (double)(clock_monotonic_us() - start_us) / 1e6);
    }
    return 0;
}
