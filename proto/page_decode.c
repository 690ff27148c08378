/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading page records, which a worker wrote that may have been taken over.
 *
 * Only what page.c writes is accepted, byte for byte: shortest forms, coordinates that a float
 * can hold, nothing behind the end. So a record that was accepted is written back as it was, and
 * two libraries with the same pages hold the same bytes.
 *
 * Invariants: an array is allocated only when as many bytes are left as its elements need at
 * least. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Page records".
 */
#include "proto/page.h"

#include <string.h>

#include "proto/page_wire.h"
#include "proto/record.h"

static float take_coordinate(struct record *in)
{
    int64_t hundredths = scan_int(&in->scan, INT32_MIN, INT32_MAX);
    float points = (float)((double)hundredths / 100);

    if (page_wire_hundredths(points) != hundredths) {
        scan_fail(&in->scan, "a coordinate that is not written so");
    }
    return points;
}

float page_wire_take_length(struct record *in)
{
    float points = take_coordinate(in);

    if (points < 0) {
        scan_fail(&in->scan, "a length below 0");
    }
    return points;
}

static float take_share(struct record *in)
{
    struct scan_item item;
    float written;
    float share;

    if (!scan_next(&in->scan, &item)) {
        return 0;
    }
    if (item.type != VALUE_FLOAT || item.count != sizeof(float)) {
        scan_fail(&in->scan, "no float");
        return 0;
    }
    share = (float)item.float_value;
    written = page_wire_share(share);
    if (memcmp(&written, &share, sizeof(share)) != 0) {
        scan_fail(&in->scan, "a share that is not written so");
    }
    return share;
}

void page_wire_take_box(struct record *in, struct page_box *ret_box)
{
    ret_box->x0 = take_coordinate(in);
    ret_box->y0 = take_coordinate(in);
    ret_box->x1 = take_coordinate(in);
    ret_box->y1 = take_coordinate(in);
}

static void take_span(struct record *in, uint32_t font_count, struct page_span *ret_span)
{
    struct scan *scan = &in->scan;
    const char *text;
    size_t size_bytes;

    scan_array_of(scan, PAGE_WIRE_SPAN_FIELDS);
    page_wire_take_box(in, &ret_span->box);
    ret_span->font = (uint16_t)record_u32(in, 0, UINT16_MAX);
    ret_span->style = (uint8_t)record_u32(in, 0, PAGE_WIRE_STYLE_MASK);
    ret_span->size_pt = page_wire_take_length(in);
    ret_span->color_rgb = record_u32(in, 0, PAGE_WIRE_COLOR_MAX);
    ret_span->confidence = (uint8_t)record_u32(in, 0, PAGE_WIRE_CONFIDENCE_MAX);
    text = scan_str(scan, 0, UINT32_MAX, &size_bytes);
    ret_span->text = record_copy(in, text, size_bytes);
    ret_span->text_bytes = (uint32_t)size_bytes;
    if (ret_span->font >= font_count) {
        scan_fail(scan, "a font that does not exist");
    }
}

static void take_line(struct record *in, uint32_t font_count, struct page_line *ret_line)
{
    struct scan *scan = &in->scan;
    uint32_t flags;

    scan_array_of(scan, PAGE_WIRE_LINE_FIELDS);
    page_wire_take_box(in, &ret_line->box);
    ret_line->angle_deg = (int16_t)scan_int(scan, PAGE_WIRE_ANGLE_MIN, PAGE_WIRE_ANGLE_MAX);
    flags = record_u32(in, 0, PAGE_WIRE_LINE_FLAGS);
    ret_line->vertical = flags & PAGE_WIRE_LINE_VERTICAL;
    ret_line->right_to_left = flags & PAGE_WIRE_LINE_RIGHT_TO_LEFT;
    ret_line->hyphenated = flags & PAGE_WIRE_LINE_HYPHENATED;
    ret_line->span_count = scan_array(scan, UINT32_MAX);
    ret_line->spans =
        record_alloc(in, ret_line->span_count, sizeof(*ret_line->spans), 1 + PAGE_WIRE_SPAN_FIELDS);
    for (uint32_t i = 0; i < ret_line->span_count && !scan->fault; i++) {
        take_span(in, font_count, &ret_line->spans[i]);
    }
}

/* The table or the image's place. */
static void take_content(struct record *in, const struct page_record *page,
                         struct page_block *block)
{
    if (block->kind == PAGE_BLOCK_TABLE) {
        block->table = page_wire_take_table(in);
    } else if (block->kind == PAGE_BLOCK_IMAGE) {
        block->image = record_u32(in, 0, UINT32_MAX);
        if (block->image >= page->image_record_count) {
            scan_fail(&in->scan, "an image that does not exist");
        }
    } else if (!scan_nil(&in->scan)) {
        scan_fail(&in->scan, "a table or image in a block of another kind");
    }
}

static void take_block(struct record *in, const struct page_record *page,
                       struct page_block *ret_block)
{
    struct scan *scan = &in->scan;

    scan_array_of(scan, PAGE_WIRE_BLOCK_FIELDS);
    ret_block->kind = (enum page_block_kind)record_u32(in, 0, PAGE_BLOCK_COUNT - 1);
    ret_block->margin = (enum page_margin)record_u32(in, 0, PAGE_MARGIN_BOTTOM);
    ret_block->margin_key =
        scan_uint(scan, 0, ret_block->margin == PAGE_MARGIN_NONE ? 0 : UINT64_MAX);
    page_wire_take_box(in, &ret_block->box);
    ret_block->ocr = record_u32(in, 0, PAGE_WIRE_BLOCK_FLAGS) & PAGE_WIRE_BLOCK_OCR;
    ret_block->level = (uint8_t)record_u32(in, 0, PAGE_LIST_LEVEL_MAX);
    take_content(in, page, ret_block);
    ret_block->line_count = scan_array(scan, UINT32_MAX);
    ret_block->lines = record_alloc(in, ret_block->line_count, sizeof(*ret_block->lines),
                                    1 + PAGE_WIRE_LINE_FIELDS);
    for (uint32_t i = 0; i < ret_block->line_count && !scan->fault; i++) {
        take_line(in, page->font_count, &ret_block->lines[i]);
    }
}

static void take_fonts(struct record *in, struct page_record *page)
{
    struct scan *scan = &in->scan;

    page->font_count = scan_array(scan, PAGE_FONTS_MAX);
    page->fonts =
        record_alloc(in, page->font_count, sizeof(*page->fonts), 1 + PAGE_WIRE_FONT_FIELDS);
    for (uint32_t i = 0; i < page->font_count && !scan->fault; i++) {
        scan_array_of(scan, PAGE_WIRE_FONT_FIELDS);
        page->fonts[i].name = record_text(in, PAGE_FONT_NAME_MAX_BYTES);
        page->fonts[i].style = (uint8_t)record_u32(in, 0, PAGE_WIRE_STYLE_MASK);
    }
}

static void take_images(struct record *in, struct page_record *page)
{
    page->image_record_count = scan_array(&in->scan, PAGE_IMAGES_MAX);
    page->images = record_alloc(in, page->image_record_count, sizeof(*page->images),
                                1 + PAGE_WIRE_IMAGE_FIELDS);
    for (uint32_t i = 0; i < page->image_record_count && !in->scan.fault; i++) {
        page_wire_take_image(in, &page->images[i]);
    }
}

static void take_blocks(struct record *in, struct page_record *page)
{
    struct scan *scan = &in->scan;

    page->block_count = scan_array(scan, UINT32_MAX);
    page->blocks =
        record_alloc(in, page->block_count, sizeof(*page->blocks), 1 + PAGE_WIRE_BLOCK_FIELDS);
    for (uint32_t i = 0; i < page->block_count && !scan->fault; i++) {
        take_block(in, page, &page->blocks[i]);
    }
}

static void take_warnings(struct record *in, struct page_record *page)
{
    struct scan *scan = &in->scan;

    page->warning_count = scan_array(scan, PAGE_WARNINGS_MAX);
    page->warnings = record_alloc(in, page->warning_count, sizeof(*page->warnings), 1);
    for (uint32_t i = 0; i < page->warning_count && !scan->fault; i++) {
        page->warnings[i] = record_text(in, PAGE_WARNING_MAX_BYTES);
    }
}

/* What ocr says of the page as a whole. */
static void take_reading(struct record *in, struct page_record *page)
{
    int64_t degrees;

    page->confidence = (float)record_u32(in, 0, 100 * PAGE_WIRE_CONFIDENCE_MAX) / 100;
    page->ocr_languages = record_text_or_nil(in, PAGE_OCR_LANGUAGES_MAX_BYTES);
    page->ocr_dpi = (uint16_t)record_u32(in, 0, UINT16_MAX);
    degrees = scan_int(&in->scan, (int64_t)(-100 * PAGE_WIRE_DEGREES_MAX),
                       (int64_t)(100 * PAGE_WIRE_DEGREES_MAX));
    page->ocr_skew_deg = (float)degrees / 100;
}

/* Everything in front of the text. */
static void take_head(struct record *in, struct page_record *page)
{
    struct scan *scan = &in->scan;

    scan_array_of(scan, PAGE_WIRE_FIELDS);
    scan_uint(scan, PAGE_RECORD_VERSION, PAGE_RECORD_VERSION);
    page->number = record_u32(in, 1, UINT32_MAX);
    page->label = record_text_or_nil(in, PAGE_LABEL_MAX_BYTES);
    page->width_pt = page_wire_take_length(in);
    page->height_pt = page_wire_take_length(in);
    page->rotation_deg = (uint16_t)record_u32(in, 0, 270);
    if (page->rotation_deg % 90 != 0) {
        scan_fail(scan, "a rotation that does not exist");
    }
    page->source = record_text(in, PAGE_SOURCE_MAX_BYTES);
    page->ocr_reason = record_text_or_nil(in, PAGE_OCR_REASON_MAX_BYTES);
    page->failure_code = record_text_or_nil(in, PAGE_FAILURE_CODE_MAX_BYTES);
    page->failure_text = record_text_or_nil(in, PAGE_FAILURE_TEXT_MAX_BYTES);
    page->glyph_count = record_u32(in, 0, UINT32_MAX);
    page->garbled_count = record_u32(in, 0, UINT32_MAX);
    page->hidden_count = record_u32(in, 0, UINT32_MAX);
    page->image_count = record_u32(in, 0, UINT32_MAX);
    page->image_cover = take_share(in);
    take_reading(in, page);
    take_warnings(in, page);
}

int page_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                       struct page_record *ret_record, struct error *err)
{
    struct page_record page = {.number = 0};
    struct record in;
    const char *text;
    size_t text_bytes;

    record_init(&in, data, size_bytes, arena);
    take_head(&in, &page);
    text = scan_str(&in.scan, 0, UINT32_MAX, &text_bytes);
    page.text = record_copy(&in, text, text_bytes);
    page.text_bytes = (uint32_t)text_bytes;
    take_fonts(&in, &page);
    take_images(&in, &page);
    take_blocks(&in, &page);
    if (record_finish(&in, "page", err) < 0) {
        return -1;
    }
    *ret_record = page;
    return 0;
}

int page_record_decode_head(const void *data, size_t size_bytes, struct arena *arena,
                            struct page_record *ret_record, struct error *err)
{
    struct page_record page = {.number = 0};
    struct record in;
    size_t text_bytes;

    record_init(&in, data, size_bytes, arena);
    take_head(&in, &page);
    page.text = scan_str(&in.scan, 0, UINT32_MAX, &text_bytes);
    page.text_bytes = (uint32_t)text_bytes;
    scan_skip(&in.scan, 1, NULL); /* fonts */
    scan_skip(&in.scan, 1, NULL); /* images */
    scan_skip(&in.scan, 1, NULL); /* blocks */
    if (record_finish(&in, "page", err) < 0) {
        return -1;
    }
    *ret_record = page;
    return 0;
}
