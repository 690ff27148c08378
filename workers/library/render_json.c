/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page as JSON. What has its usual value (black, upright, no style) is left out of spans and
 * lines, of which there are many.
 */
#include "workers/library/render.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "workers/library/json.h"

static void put_box(struct json *json, const char *key, const struct page_box *box)
{
    json_key(json, key);
    json_open(json, '[');
    json_hundredths(json, (double)box->x0);
    json_hundredths(json, (double)box->y0);
    json_hundredths(json, (double)box->x1);
    json_hundredths(json, (double)box->y1);
    json_close(json, ']');
}

static void put_style(struct json *json, uint8_t style)
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
    json_key(json, "style");
    json_open(json, '[');
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (style & names[i].bit) {
            json_str(json, names[i].name);
        }
    }
    json_close(json, ']');
}

static void put_span(struct json *json, const struct page_span *span)
{
    json_open(json, '{');
    json_key(json, "text");
    json_str_n(json, span->text, span->text_bytes);
    json_key_uint(json, "font", span->font);
    json_key_hundredths(json, "size_pt", (double)span->size_pt);
    put_style(json, span->style);
    if (span->color_rgb != 0) {
        char color[8];

        snprintf(color, sizeof color, "#%06x", (unsigned)(span->color_rgb & 0xFFFFFF));
        json_key_str(json, "color", color);
    }
    put_box(json, "bbox", &span->box);
    json_close(json, '}');
}

/* The spans' texts one after the other, as one JSON string. */
static void put_line_text(struct json *json, const struct page_line *line, struct buf *scratch)
{
    scratch->size = 0;
    for (uint32_t s = 0; s < line->span_count && !json->failed; s++) {
        json->failed =
            buf_append(scratch, line->spans[s].text, line->spans[s].text_bytes, &json->err) < 0;
    }
    json_key(json, "text");
    json_str_n(json, (const char *)scratch->data, scratch->size);
}

static void put_line(struct json *json, const struct page_line *line, struct buf *scratch)
{
    json_open(json, '{');
    put_box(json, "bbox", &line->box);
    put_line_text(json, line, scratch);
    if (line->angle_deg != 0) {
        json_key(json, "angle_deg");
        json_int(json, line->angle_deg);
    }
    if (line->vertical) {
        json_key_bool(json, "vertical", true);
    }
    if (line->right_to_left) {
        json_key_bool(json, "right_to_left", true);
    }
    if (line->hyphenated) {
        json_key_bool(json, "hyphenated", true);
    }
    json_key(json, "spans");
    json_open(json, '[');
    for (uint32_t s = 0; s < line->span_count; s++) {
        put_span(json, &line->spans[s]);
    }
    json_close(json, ']');
    json_close(json, '}');
}

static const char *block_kind(const struct page_block *block, uint8_t level)
{
    if (level > 0) {
        return page_block_kind_name(PAGE_BLOCK_HEADING);
    }
    return page_block_kind_name(block->kind == PAGE_BLOCK_HEADING ? PAGE_BLOCK_TEXT : block->kind);
}

static void put_block(struct json *json, const struct document_style *style,
                      const struct page_block *block, struct buf *scratch)
{
    bool furniture = style_is_furniture(style, block);
    uint8_t level = furniture ? 0 : style_heading_level(style, block);

    json_open(json, '{');
    json_key_str(json, "kind", block_kind(block, level));
    json_key_str(json, "role",
                 !furniture                         ? "body"
                 : block->margin == PAGE_MARGIN_TOP ? "header"
                                                    : "footer");
    if (level > 0) {
        json_key_uint(json, "level", level);
    }
    put_box(json, "bbox", &block->box);
    json_key(json, "lines");
    json_open(json, '[');
    for (uint32_t l = 0; l < block->line_count; l++) {
        put_line(json, &block->lines[l], scratch);
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void put_fonts(struct json *json, const struct page_record *record)
{
    json_key(json, "fonts");
    json_open(json, '[');
    for (uint32_t f = 0; f < record->font_count; f++) {
        json_open(json, '{');
        json_key_str(json, "name", record->fonts[f].name);
        put_style(json, record->fonts[f].style);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_facts(struct json *json, const struct page_record *record)
{
    json_key_hundredths(json, "width_pt", (double)record->width_pt);
    json_key_hundredths(json, "height_pt", (double)record->height_pt);
    json_key_uint(json, "rotation_deg", record->rotation_deg);
    json_key_str(json, "source", record->source);
    json_key_str(json, "ocr_reason", record->ocr_reason);
    json_key_uint(json, "glyphs", record->glyph_count);
    json_key_uint(json, "garbled", record->garbled_count);
    json_key_uint(json, "hidden", record->hidden_count);
    json_key_uint(json, "images", record->image_count);
    json_key_hundredths(json, "image_cover", (double)record->image_cover);
    json_key(json, "warnings");
    json_open(json, '[');
    for (uint32_t w = 0; w < record->warning_count; w++) {
        json_str(json, record->warnings[w]);
    }
    json_close(json, ']');
}

static void put_failure(struct json *json, const struct render_page *page)
{
    json_key(json, "failure");
    if (!page->failure_code) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_key_str(json, "code", page->failure_code);
    json_key_str(json, "text", page->failure_text);
    json_close(json, '}');
}

int render_json_page(const struct document_style *style, const struct render_page *page,
                     struct buf *out, struct error *err)
{
    const struct page_record *record = page->record;
    struct buf scratch;
    struct json json;

    buf_init(&scratch, out->max);
    json_init(&json, out);
    json_open(&json, '{');
    json_key_uint(&json, "number", page->number);
    json_key_str(&json, "label", page->label);
    put_failure(&json, page);
    if (record) {
        put_facts(&json, record);
        put_fonts(&json, record);
        json_key(&json, "text");
        json_str_n(&json, record->text, record->text_bytes);
        json_key(&json, "blocks");
        json_open(&json, '[');
        for (uint32_t b = 0; b < record->block_count; b++) {
            put_block(&json, style, &record->blocks[b], &scratch);
        }
        json_close(&json, ']');
    }
    json_close(&json, '}');
    buf_deinit(&scratch);
    return json_finish(&json, err);
}
