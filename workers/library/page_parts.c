/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a page's record to the rows of images, image_placements and table_parts.
 *
 * Invariants: a row of images says the same whichever page wrote it; only images that are stored
 * as files have rows. Numbers are rounded as records round them, so that a digest is the same
 * everywhere. Blocks on the disk only as any write in a transaction may. Logs nothing.
 */
#include "workers/library/page_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/library/caption.h"
#include "workers/library/grid.h"

#define CAPTION_BYTES_MAX ((size_t)1 << 20)

static double rounded(float value, double steps)
{
    return round((double)value * steps) / steps;
}

/* The first half of the key is number enough for a document's images. */
static uint64_t image_ordinal(const char *key)
{
    char half[17] = "";

    memcpy(half, key, sizeof half - 1);
    return strtoull(half, NULL, 16);
}

static int put_image(struct library *library, const struct document *document,
                     const struct page_image *image, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_IMAGE_PUT);
    char id[UUID_TEXT_BYTES];
    struct uuid uuid;

    uuid_library(document->sha256, "image", image_ordinal(image->key), &uuid);
    uuid_format(&uuid, id);
    statement_int(put, 1, document->row);
    statement_text(put, 2, image->key);
    statement_text(put, 3, id);
    statement_text(put, 4, image->format);
    statement_text(put, 5, image->color_space);
    statement_int(put, 6, image->width_px);
    statement_int(put, 7, image->height_px);
    statement_int(put, 8, image->bits);
    statement_int(put, 9, image->masked);
    statement_int(put, 10, (int64_t)image->file_bytes);
    statement_real(put, 11, rounded(image->sharpness, 1e4));
    statement_real(put, 12, rounded(image->contrast, 1e4));
    statement_real(put, 13, rounded(image->brightness, 1e4));
    statement_real(put, 14, rounded(image->noise, 1e4));
    statement_real(put, 15, rounded(image->quality, 1e4));
    statement_int(put, 16, (int64_t)image->perceptual_hash);
    statement_text(put, 17, page_image_role_name(image->role));
    return statement_run(put, err);
}

struct placement {
    uint32_t ordinal;
    const struct page_image *image;
    const char *caption; /* the block's that is bound to it, else its own candidate */
};

static int put_placement(struct library *library, int64_t document_row, uint32_t page,
                         const struct placement *placement, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_PLACEMENT_PUT);
    const struct page_image *image = placement->image;

    statement_int(put, 1, document_row);
    statement_int(put, 2, page);
    statement_int(put, 3, placement->ordinal);
    statement_text(put, 4, image->key);
    statement_text(put, 5, page_image_role_name(image->role));
    statement_real(put, 6, rounded(image->box.x0, 100));
    statement_real(put, 7, rounded(image->box.y0, 100));
    statement_real(put, 8, rounded(image->box.x1, 100));
    statement_real(put, 9, rounded(image->box.y1, 100));
    statement_real(put, 10, rounded(image->dpi, 100));
    statement_int(put, 11, image->angle_deg);
    statement_text(put, 12, placement->caption);
    return statement_run(put, err);
}

/* The page's captions as texts, by the image in the record. Owns: arena. */
static int image_captions(const struct page_record *record, const struct captions *captions,
                          struct arena *arena, const char **ret_texts, struct error *err)
{
    struct buf text;
    int result = 0;

    buf_init(&text, CAPTION_BYTES_MAX);
    for (uint32_t b = 0; b < record->block_count && result == 0; b++) {
        const struct page_block *block = &record->blocks[b];
        char *copy;

        if (block->kind != PAGE_BLOCK_IMAGE || captions->of[b] == CAPTION_NONE ||
            block->image >= record->image_record_count) {
            continue;
        }
        result = caption_text(&record->blocks[captions->of[b]], &text, err);
        copy = arena_strndup(arena, text.size > 0 ? (const char *)text.data : "", text.size);
        if (result == 0 && !copy) {
            result = error_set(err, ERROR_MEMORY, "no memory for a page's captions");
        }
        ret_texts[block->image] = copy;
    }
    buf_deinit(&text);
    return result;
}

static int put_images(struct library *library, const struct document *document,
                      const struct page_record *record, const struct captions *captions,
                      struct arena *arena, struct error *err)
{
    const char **texts = arena_calloc(arena, record->image_record_count, sizeof *texts);

    if (!texts) {
        return error_set(err, ERROR_MEMORY, "no memory for a page's captions");
    }
    if (image_captions(record, captions, arena, texts, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < record->image_record_count; i++) {
        const struct page_image *image = &record->images[i];
        struct placement placement = {i, image, texts[i] ? texts[i] : image->caption};

        if (image->key[0] &&
            (put_image(library, document, image, err) < 0 ||
             put_placement(library, document->row, record->number, &placement, err) < 0)) {
            return -1;
        }
    }
    return 0;
}

/* No block that must be body stands between it and the page's edge. What only may be furniture is
 * for finish to look at. */
static bool reaches_edge(const struct page_record *record, uint32_t block, bool bottom)
{
    uint32_t first = bottom ? block + 1 : 0;
    uint32_t end = bottom ? record->block_count : block;

    for (uint32_t b = first; b < end; b++) {
        if (record->blocks[b].margin == PAGE_MARGIN_NONE &&
            !(bottom && record->blocks[b].kind == PAGE_BLOCK_FOOTNOTE)) {
            return false;
        }
    }
    return true;
}

static int put_table(struct library *library, int64_t document_row,
                     const struct page_record *record, uint32_t index, const struct buf *caption,
                     struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_PART_PUT);
    const struct page_block *block = &record->blocks[index];
    const struct page_table *table = block->table;
    uint32_t header_rows = grid_header_rows(table);

    statement_int(put, 1, document_row);
    statement_int(put, 2, record->number);
    statement_int(put, 3, index);
    statement_int(put, 4, table->rows);
    statement_int(put, 5, table->columns);
    statement_int(put, 6, header_rows);
    statement_int(put, 7, table->ruled);
    statement_int(put, 8, grid_has_spans(table));
    statement_int(put, 9, reaches_edge(record, index, false));
    statement_int(put, 10, reaches_edge(record, index, true));
    statement_real(put, 11, rounded(block->box.x0, 100));
    statement_real(put, 12, rounded(block->box.y0, 100));
    statement_real(put, 13, rounded(block->box.x1, 100));
    statement_real(put, 14, rounded(block->box.y1, 100));
    statement_int(put, 15, (int64_t)grid_rows_key(table, header_rows));
    statement_int(put, 16, (int64_t)grid_rows_key(table, 1));
    if (caption->size > 0) {
        statement_text_n(put, 17, (const char *)caption->data, caption->size);
    } else {
        statement_text(put, 17, NULL);
    }
    return statement_run(put, err);
}

static int put_tables(struct library *library, int64_t document_row,
                      const struct page_record *record, const struct captions *captions,
                      struct error *err)
{
    struct buf caption;
    int result = 0;

    buf_init(&caption, CAPTION_BYTES_MAX);
    for (uint32_t b = 0; b < record->block_count && result == 0; b++) {
        if (record->blocks[b].kind != PAGE_BLOCK_TABLE || !record->blocks[b].table) {
            continue;
        }
        caption.size = 0;
        if (captions->of[b] != CAPTION_NONE) {
            result = caption_text(&record->blocks[captions->of[b]], &caption, err);
        }
        result = result < 0 ? -1 : put_table(library, document_row, record, b, &caption, err);
    }
    buf_deinit(&caption);
    return result;
}

/* Most pages have neither, and pay nothing. */
static bool has_parts(const struct page_record *record)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        if (record->blocks[b].table) {
            return true;
        }
    }
    return record->image_record_count > 0;
}

int page_parts_put(struct library *library, const struct document *document,
                   const struct page_record *record, struct arena *arena, struct error *err)
{
    struct captions captions;

    if (!has_parts(record)) {
        return 0;
    }
    if (captions_bind(record, arena, &captions, err) < 0 ||
        put_images(library, document, record, &captions, arena, err) < 0) {
        return -1;
    }
    return put_tables(library, document->row, record, &captions, err);
}

static int clear(struct library *library, enum statement_name name, int64_t document_row,
                 uint32_t page, struct error *err)
{
    struct statement *statement = library_statement(library, name);

    statement_int(statement, 1, document_row);
    statement_int(statement, 2, page);
    return statement_run(statement, err);
}

int page_parts_clear(struct library *library, int64_t document_row, uint32_t page,
                     struct error *err)
{
    if (clear(library, STATEMENT_PLACEMENTS_CLEAR, document_row, page, err) < 0) {
        return -1;
    }
    return clear(library, STATEMENT_PARTS_CLEAR, document_row, page, err);
}
