/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page as JSON. What has its usual value (black, upright, no style) is left out of spans and
 * lines, of which there are many.
 */
#include "workers/library/render.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "workers/answers/emit.h"
#include "workers/library/render_parts.h"

static void put_box(struct emit *emit, const char *key, const struct page_box *box)
{
    render_json_box(emit, key, box);
}

static void put_style(struct emit *emit, uint8_t style)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } names[] = {
        {PAGE_STYLE_BOLD, "bold"},
        {PAGE_STYLE_ITALIC, "italic"},
        {PAGE_STYLE_MONO, "mono"},
        {PAGE_STYLE_SERIF, "serif"},
        {PAGE_STYLE_SUPERSCRIPT, "superscript"},
        {PAGE_STYLE_SUBSCRIPT, "subscript"},
        {PAGE_STYLE_HIDDEN, "hidden"},
    };

    if (style == 0) {
        return;
    }
    emit_key(emit, "style");
    emit_open(emit, '[');
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (style & names[i].bit) {
            emit_str(emit, names[i].name);
        }
    }
    emit_close(emit, ']');
}

static void put_span(struct emit *emit, const struct page_span *span)
{
    emit_open(emit, '{');
    emit_key(emit, "text");
    emit_str_n(emit, span->text, span->text_bytes);
    emit_key_uint(emit, "font", span->font);
    emit_key_hundredths(emit, "size_pt", (double)span->size_pt);
    put_style(emit, span->style);
    if (span->color_rgb != 0) {
        char color[8];

        snprintf(color, sizeof color, "#%06x", (unsigned)(span->color_rgb & 0xFFFFFF));
        emit_key_str(emit, "color", color);
    }
    put_box(emit, "bbox", &span->box);
    if (span->confidence > 0) {
        emit_key_uint(emit, "confidence", span->confidence);
    }
    emit_close(emit, '}');
}

/* The spans' texts one after the other, as one JSON string. */
static void put_line_text(struct emit *emit, const struct page_line *line, struct buf *scratch)
{
    scratch->size = 0;
    for (uint32_t s = 0; s < line->span_count && !emit->failed; s++) {
        emit->failed =
            buf_append(scratch, line->spans[s].text, line->spans[s].text_bytes, &emit->err) < 0;
    }
    emit_key(emit, "text");
    emit_str_n(emit, (const char *)scratch->data, scratch->size);
}

static void put_line(struct emit *emit, const struct page_line *line, struct buf *scratch)
{
    emit_open(emit, '{');
    put_box(emit, "bbox", &line->box);
    put_line_text(emit, line, scratch);
    if (line->angle_deg != 0) {
        emit_key(emit, "angle_deg");
        emit_int(emit, line->angle_deg);
    }
    if (line->vertical) {
        emit_key_bool(emit, "vertical", true);
    }
    if (line->right_to_left) {
        emit_key_bool(emit, "right_to_left", true);
    }
    if (line->hyphenated) {
        emit_key_bool(emit, "hyphenated", true);
    }
    emit_key(emit, "spans");
    emit_open(emit, '[');
    for (uint32_t s = 0; s < line->span_count; s++) {
        put_span(emit, &line->spans[s]);
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
}

static const char *block_kind(const struct page_block *block, uint8_t level)
{
    if (level > 0) {
        return page_block_kind_name(PAGE_BLOCK_HEADING);
    }
    return page_block_kind_name(block->kind == PAGE_BLOCK_HEADING ? PAGE_BLOCK_TEXT : block->kind);
}

static void put_table(struct emit *emit, const struct page_table *table)
{
    emit_key(emit, "table");
    emit_open(emit, '{');
    emit_key_uint(emit, "rows", table->rows);
    emit_key_uint(emit, "columns", table->columns);
    emit_key_bool(emit, "ruled", table->ruled);
    emit_key(emit, "cells");
    emit_open(emit, '[');
    render_json_cells(emit, table, (struct render_rows){0, 0, 0});
    emit_close(emit, ']');
    emit_close(emit, '}');
}

static void put_block(struct emit *emit, const struct document_style *style,
                      const struct render_page *page, const struct page_block *block,
                      struct buf *scratch)
{
    bool furniture = render_is_furniture(style, page, block);
    uint8_t level = furniture ? 0 : style_heading_level(style, block);

    emit_open(emit, '{');
    emit_key_str(emit, "kind", block_kind(block, level));
    emit_key_str(emit, "role",
                 !furniture                         ? "body"
                 : block->margin == PAGE_MARGIN_TOP ? "header"
                                                    : "footer");
    if (level > 0) {
        emit_key_uint(emit, "level", level);
    } else if (block->kind == PAGE_BLOCK_LIST_ITEM) {
        emit_key_uint(emit, "level", block->level);
    }
    put_box(emit, "bbox", &block->box);
    if (block->ocr) {
        emit_key_bool(emit, "ocr", true);
    }
    if (block->kind == PAGE_BLOCK_IMAGE) {
        emit_key_uint(emit, "image", block->image);
    }
    if (block->table) {
        put_table(emit, block->table);
    }
    emit_key(emit, "lines");
    emit_open(emit, '[');
    for (uint32_t l = 0; l < block->line_count; l++) {
        put_line(emit, &block->lines[l], scratch);
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
}

static void put_fonts(struct emit *emit, const struct page_record *record)
{
    emit_key(emit, "fonts");
    emit_open(emit, '[');
    for (uint32_t f = 0; f < record->font_count; f++) {
        emit_open(emit, '{');
        emit_key_str(emit, "name", record->fonts[f].name);
        put_style(emit, record->fonts[f].style);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

static void put_facts(struct emit *emit, const struct page_record *record)
{
    emit_key_hundredths(emit, "width_pt", (double)record->width_pt);
    emit_key_hundredths(emit, "height_pt", (double)record->height_pt);
    emit_key_uint(emit, "rotation_deg", record->rotation_deg);
    emit_key_str(emit, "source", record->source);
    emit_key_str(emit, "ocr_reason", record->ocr_reason);
    emit_key_uint(emit, "glyphs", record->glyph_count);
    emit_key_uint(emit, "garbled", record->garbled_count);
    emit_key_uint(emit, "hidden", record->hidden_count);
    emit_key_uint(emit, "images", record->image_count);
    emit_key_hundredths(emit, "image_cover", (double)record->image_cover);
    if (record->ocr_languages) {
        emit_key_hundredths(emit, "confidence", (double)record->confidence);
        emit_key_str(emit, "ocr_languages", record->ocr_languages);
        emit_key_uint(emit, "ocr_dpi", record->ocr_dpi);
        emit_key_hundredths(emit, "ocr_skew_deg", (double)record->ocr_skew_deg);
    }
    emit_key(emit, "warnings");
    emit_open(emit, '[');
    for (uint32_t w = 0; w < record->warning_count; w++) {
        emit_str(emit, record->warnings[w]);
    }
    emit_close(emit, ']');
}

/* Every place, stored or not: blocks refer to them by number. */
static void put_images(struct emit *emit, const struct document_style *style,
                       const struct page_record *record)
{
    emit_key(emit, "image_placements");
    emit_open(emit, '[');
    for (uint32_t i = 0; i < record->image_record_count; i++) {
        const struct page_image *image = &record->images[i];

        emit_open(emit, '{');
        emit_key_str(emit, "role", page_image_role_name(image->role));
        if (image->key[0]) {
            render_json_file(emit, image->key, image->format);
            emit_key_bool(emit, "repeated", style_is_repeated(style, image->key));
        }
        emit_key_uint(emit, "width_px", image->width_px);
        emit_key_uint(emit, "height_px", image->height_px);
        put_box(emit, "bbox", &image->box);
        emit_key_hundredths(emit, "dpi", (double)image->dpi);
        if (image->angle_deg != 0) {
            emit_key_int(emit, "angle_deg", image->angle_deg);
        }
        emit_key_str(emit, "caption", image->caption);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

static void put_failure(struct emit *emit, const struct render_page *page)
{
    emit_key(emit, "failure");
    if (!page->failure_code) {
        emit_null(emit);
        return;
    }
    emit_open(emit, '{');
    emit_key_str(emit, "code", page->failure_code);
    emit_key_str(emit, "text", page->failure_text);
    emit_close(emit, '}');
}

int render_json_page(const struct document_style *style, const struct render_page *page,
                     struct buf *out, struct error *err)
{
    const struct page_record *record = page->record;
    struct buf scratch;
    struct emit emit;

    buf_init(&scratch, out->max);
    emit_init(&emit, out);
    emit_open(&emit, '{');
    emit_key_uint(&emit, "number", page->number);
    emit_key_str(&emit, "label", page->label);
    put_failure(&emit, page);
    if (record) {
        put_facts(&emit, record);
        put_images(&emit, style, record);
        put_fonts(&emit, record);
        emit_key(&emit, "text");
        emit_str_n(&emit, record->text, record->text_bytes);
        emit_key(&emit, "blocks");
        emit_open(&emit, '[');
        for (uint32_t b = 0; b < record->block_count; b++) {
            put_block(&emit, style, page, &record->blocks[b], &scratch);
        }
        emit_close(&emit, ']');
    } else if (page->text) {
        emit_key_str(&emit, "text", page->text);
    }
    emit_close(&emit, '}');
    buf_deinit(&scratch);
    return emit_finish(&emit, err);
}
