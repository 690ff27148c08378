/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Writing page records. (Reading is in page_decode.c; tables and images in files of their own.)
 *
 * A page has thousands of spans, so each is written in one go: room for all its numbers, then the
 * text. Fixed arrays, no keys: the order of the fields is the format.
 *
 * Invariants: out holds whole records only; what is written here, page_decode.c reads, and writes
 * back to the same bytes. Nothing blocks or logs.
 * Source: PROTOCOL.md, "Page records".
 */
#include "proto/page.h"

#include <inttypes.h>
#include <string.h>

#include "proto/pack_bytes.h"
#include "proto/page_wire.h"
#include "proto/utf8.h"
#include "proto/value.h"

/* The most numbers that are written in one go, and then some. */
#define ROOM_BYTES (16 * PACK_NUMBER_BYTES)

static const char *const KIND_NAMES[PAGE_BLOCK_COUNT] = {
#define PAGE_BLOCK_NAME(symbol, name) name,
    PAGE_BLOCK_LIST(PAGE_BLOCK_NAME)
#undef PAGE_BLOCK_NAME
};

const char *page_block_kind_name(enum page_block_kind kind)
{
    return (unsigned)kind < PAGE_BLOCK_COUNT ? KIND_NAMES[kind] : "?";
}

int64_t page_wire_hundredths(float points)
{
    double clamped = (double)points;

    if (!(clamped <= (double)PAGE_COORDINATE_MAX_PT)) {
        clamped = clamped > 0 ? (double)PAGE_COORDINATE_MAX_PT : 0; /* else it is no number */
    } else if (clamped < -(double)PAGE_COORDINATE_MAX_PT) {
        clamped = -(double)PAGE_COORDINATE_MAX_PT;
    }
    return (int64_t)(clamped * 100 + (clamped < 0 ? -0.5 : 0.5));
}

uint64_t page_wire_length(float points)
{
    int64_t hundredths = page_wire_hundredths(points);

    return hundredths > 0 ? (uint64_t)hundredths : 0;
}

float page_wire_share(float share)
{
    if (!(share > 0)) { /* nor for what is no number */
        return 0;
    }
    return share < 1 ? share : 1;
}

uint64_t page_wire_confidence(float confidence)
{
    return page_wire_length(confidence < (float)PAGE_WIRE_CONFIDENCE_MAX
                                ? confidence
                                : (float)PAGE_WIRE_CONFIDENCE_MAX);
}

int64_t page_wire_degrees(float degrees)
{
    if (degrees > PAGE_WIRE_DEGREES_MAX) {
        degrees = PAGE_WIRE_DEGREES_MAX;
    } else if (degrees < -PAGE_WIRE_DEGREES_MAX) {
        degrees = -PAGE_WIRE_DEGREES_MAX;
    }
    return page_wire_hundredths(degrees);
}

/* Where size_bytes may be written; NULL, remembered by pack, when there is no room for them. */
static uint8_t *room(struct pack *pack, size_t size_bytes)
{
    struct buf *out = pack->out;

    if (pack->failed) {
        return NULL;
    }
    if (out->capacity - out->size < size_bytes && buf_reserve(out, size_bytes, &pack->err) < 0) {
        pack->failed = true;
        return NULL;
    }
    return out->data + out->size;
}

static void wrote_up_to(struct pack *pack, const uint8_t *at)
{
    pack->out->size = (size_t)(at - pack->out->data);
}

static bool invalid(struct pack *pack, const struct page_record *record, const char *what)
{
    if (!pack->failed) {
        error_set(&pack->err, ERROR_INVALID, "page %" PRIu32 ": %s", record->number, what);
        pack->failed = true;
    }
    return false;
}

static uint8_t *put_box(uint8_t *at, const struct page_box *box)
{
    at = pack_bytes_int(at, page_wire_hundredths(box->x0));
    at = pack_bytes_int(at, page_wire_hundredths(box->y0));
    at = pack_bytes_int(at, page_wire_hundredths(box->x1));
    return pack_bytes_int(at, page_wire_hundredths(box->y1));
}

static void put_span(struct pack *pack, const struct page_record *record,
                     const struct page_span *span)
{
    bool clean = utf8_valid(span->text, span->text_bytes);
    uint8_t *at;

    if (span->font >= record->font_count || span->style & ~PAGE_WIRE_STYLE_MASK ||
        span->color_rgb > PAGE_WIRE_COLOR_MAX || span->confidence > PAGE_WIRE_CONFIDENCE_MAX) {
        invalid(pack, record, "a span with a font, style, colour or confidence of no kind");
        return;
    }
    at = room(pack, ROOM_BYTES + (clean ? span->text_bytes : 0));
    if (!at) {
        return;
    }
    at = pack_bytes_array(at, PAGE_WIRE_SPAN_FIELDS);
    at = put_box(at, &span->box);
    at = pack_bytes_uint(at, span->font);
    at = pack_bytes_uint(at, span->style);
    at = pack_bytes_uint(at, page_wire_length(span->size_pt));
    at = pack_bytes_uint(at, span->color_rgb);
    at = pack_bytes_uint(at, span->confidence);
    if (clean) {
        at = pack_bytes_str(at, span->text_bytes);
        if (span->text_bytes > 0) {
            memcpy(at, span->text, span->text_bytes);
            at += span->text_bytes;
        }
    }
    wrote_up_to(pack, at);
    if (!clean) {
        pack_str_n(pack, span->text, span->text_bytes);
    }
}

static void put_line(struct pack *pack, const struct page_record *record,
                     const struct page_line *line)
{
    unsigned flags = (line->vertical ? PAGE_WIRE_LINE_VERTICAL : 0U) |
                     (line->right_to_left ? PAGE_WIRE_LINE_RIGHT_TO_LEFT : 0U) |
                     (line->hyphenated ? PAGE_WIRE_LINE_HYPHENATED : 0U);
    uint8_t *at = room(pack, ROOM_BYTES);

    if (line->angle_deg < PAGE_WIRE_ANGLE_MIN || line->angle_deg > PAGE_WIRE_ANGLE_MAX) {
        invalid(pack, record, "a line with an angle that does not exist");
        return;
    }
    if (!at) {
        return;
    }
    at = pack_bytes_array(at, PAGE_WIRE_LINE_FIELDS);
    at = put_box(at, &line->box);
    at = pack_bytes_int(at, line->angle_deg);
    at = pack_bytes_uint(at, flags);
    wrote_up_to(pack, pack_bytes_array(at, line->span_count));
    for (uint32_t i = 0; i < line->span_count && !pack->failed; i++) {
        put_span(pack, record, &line->spans[i]);
    }
}

/* What is wrong with what a block says of itself; NULL when nothing is. */
static const char *block_fault(const struct page_record *record, const struct page_block *block)
{
    if ((unsigned)block->kind >= PAGE_BLOCK_COUNT || (unsigned)block->margin > PAGE_MARGIN_BOTTOM ||
        block->level > PAGE_LIST_LEVEL_MAX) {
        return "a block of a kind, margin or level that does not exist";
    }
    if (block->kind == PAGE_BLOCK_IMAGE && block->image >= record->image_record_count) {
        return "a block of an image that does not exist";
    }
    if (block->table) {
        return block->kind == PAGE_BLOCK_TABLE ? page_table_fault(block->table)
                                               : "a table in a block of another kind";
    }
    return NULL;
}

/* The table or the image's place. */
static void put_content(struct pack *pack, const struct page_block *block)
{
    if (block->table) {
        page_wire_put_table(pack, block->table);
    } else if (block->kind == PAGE_BLOCK_IMAGE) {
        pack_uint(pack, block->image);
    } else {
        pack_nil(pack);
    }
}

static void put_block(struct pack *pack, const struct page_record *record,
                      const struct page_block *block)
{
    const char *fault = block_fault(record, block);
    uint8_t *at = room(pack, ROOM_BYTES);

    if (fault) {
        invalid(pack, record, fault);
        return;
    }
    if (!at) {
        return;
    }
    at = pack_bytes_array(at, PAGE_WIRE_BLOCK_FIELDS);
    at = pack_bytes_uint(at, (uint64_t)block->kind);
    at = pack_bytes_uint(at, (uint64_t)block->margin);
    at = pack_bytes_uint(at, block->margin == PAGE_MARGIN_NONE ? 0 : block->margin_key);
    at = put_box(at, &block->box);
    at = pack_bytes_uint(at, block->ocr ? PAGE_WIRE_BLOCK_OCR : 0U);
    wrote_up_to(pack, pack_bytes_uint(at, block->level));
    put_content(pack, block);
    pack_array(pack, block->line_count);
    for (uint32_t i = 0; i < block->line_count && !pack->failed; i++) {
        put_line(pack, record, &block->lines[i]);
    }
}

static void put_text_or_nil(struct pack *pack, const char *text, size_t max_bytes)
{
    if (text) {
        pack_str_cut(pack, text, max_bytes);
    } else {
        pack_nil(pack);
    }
}

static void put_fonts(struct pack *pack, const struct page_record *record)
{
    pack_array(pack, record->font_count);
    for (uint32_t i = 0; i < record->font_count && !pack->failed; i++) {
        if (record->fonts[i].style & ~PAGE_WIRE_STYLE_MASK) {
            invalid(pack, record, "a font with a style that does not exist");
        }
        pack_array(pack, PAGE_WIRE_FONT_FIELDS);
        pack_str_cut(pack, record->fonts[i].name, PAGE_FONT_NAME_MAX_BYTES);
        pack_uint(pack, record->fonts[i].style);
    }
}

static void put_images(struct pack *pack, const struct page_record *record)
{
    pack_array(pack, record->image_record_count);
    for (uint32_t i = 0; i < record->image_record_count && !pack->failed; i++) {
        const char *fault = page_image_fault(&record->images[i]);

        if (fault) {
            invalid(pack, record, fault);
            return;
        }
        page_wire_put_image(pack, &record->images[i]);
    }
}

/* What ocr says of the page as a whole. */
static void put_reading(struct pack *pack, const struct page_record *record)
{
    pack_uint(pack, page_wire_confidence(record->confidence));
    put_text_or_nil(pack, record->ocr_languages, PAGE_OCR_LANGUAGES_MAX_BYTES);
    pack_uint(pack, record->ocr_dpi);
    pack_int(pack, page_wire_degrees(record->ocr_skew_deg));
}

/* Everything but fonts, images and blocks. */
static void put_head(struct pack *pack, const struct page_record *record)
{
    pack_array(pack, PAGE_WIRE_FIELDS);
    pack_uint(pack, PAGE_RECORD_VERSION);
    pack_uint(pack, record->number);
    put_text_or_nil(pack, record->label, PAGE_LABEL_MAX_BYTES);
    pack_uint(pack, page_wire_length(record->width_pt));
    pack_uint(pack, page_wire_length(record->height_pt));
    pack_uint(pack, record->rotation_deg);
    pack_str_cut(pack, record->source, PAGE_SOURCE_MAX_BYTES);
    put_text_or_nil(pack, record->ocr_reason, PAGE_OCR_REASON_MAX_BYTES);
    put_text_or_nil(pack, record->failure_code, PAGE_FAILURE_CODE_MAX_BYTES);
    put_text_or_nil(pack, record->failure_text, PAGE_FAILURE_TEXT_MAX_BYTES);
    pack_uint(pack, record->glyph_count);
    pack_uint(pack, record->garbled_count);
    pack_uint(pack, record->hidden_count);
    pack_uint(pack, record->image_count);
    pack_float(pack, page_wire_share(record->image_cover));
    put_reading(pack, record);
    pack_array(pack, record->warning_count);
    for (uint32_t i = 0; i < record->warning_count; i++) {
        pack_str_cut(pack, record->warnings[i], PAGE_WARNING_MAX_BYTES);
    }
    pack_str_n(pack, record->text, record->text_bytes);
}

int page_record_encode(const struct page_record *record, struct buf *out, struct error *err)
{
    size_t start_bytes = out->size;
    struct pack pack;

    if (record->number == 0 || !record->source || record->rotation_deg % 90 != 0 ||
        record->rotation_deg > 270) {
        return error_set(err, ERROR_INVALID, "page %" PRIu32 ": no number, source or rotation",
                         record->number);
    }
    if (record->font_count > PAGE_FONTS_MAX || record->warning_count > PAGE_WARNINGS_MAX ||
        record->image_record_count > PAGE_IMAGES_MAX) {
        return error_set(
            err, ERROR_INVALID,
            "page %" PRIu32 ": %" PRIu32 " fonts, %" PRIu32 " warnings and %" PRIu32 " images",
            record->number, record->font_count, record->warning_count, record->image_record_count);
    }
    pack_init(&pack, out);
    put_head(&pack, record);
    put_fonts(&pack, record);
    put_images(&pack, record);
    pack_array(&pack, record->block_count);
    for (uint32_t i = 0; i < record->block_count && !pack.failed; i++) {
        put_block(&pack, record, &record->blocks[i]);
    }
    if (pack_finish(&pack, err) < 0) {
        out->size = start_bytes;
        return -1;
    }
    return 0;
}
