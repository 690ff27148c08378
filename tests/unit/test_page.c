/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * proto/page: records there and back, what is made of strange numbers and texts, and that nothing
 * else is taken for a record.
 */
#include "proto/page.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "common/cleanup.h"
#include "proto/scan.h"
#include "proto_samples.h"

static struct arena *arena;
static struct buf wire;

static void begin(void)
{
    arena = arena_create((size_t)64 << 20);
    buf_init(&wire, (size_t)64 << 20);
}

static void end(void)
{
    arena_destroy(arena);
    buf_deinit(&wire);
}

static void encode(const struct page_record *page)
{
    struct error err = ERROR_INIT;

    wire.size = 0;
    cr_assert_eq(page_record_encode(page, &wire, &err), 0, "%s", err.msg);
}

static struct page_record decode(void)
{
    struct error err = ERROR_INIT;
    struct page_record page;

    cr_assert_eq(page_record_decode(wire.data, wire.size, arena, &page, &err), 0, "%s", err.msg);
    return page;
}

/* To 1/100 pt, or as near as floats lie to each other. */
static void same_coordinate(float a, float b)
{
    cr_assert_float_eq((double)a, (double)b, 0.00501 + fabs((double)a) * (double)FLT_EPSILON);
}

static void same_box(const struct page_box *a, const struct page_box *b)
{
    same_coordinate(a->x0, b->x0);
    same_coordinate(a->y0, b->y0);
    same_coordinate(a->x1, b->x1);
    same_coordinate(a->y1, b->y1);
}

static void same_text(const char *a, const char *b)
{
    cr_assert_eq(a == NULL, b == NULL);
    if (a) {
        cr_assert_str_eq(a, b);
    }
}

static void same_span(const struct page_span *a, const struct page_span *b)
{
    same_box(&a->box, &b->box);
    same_text(a->text, b->text);
    cr_assert_eq(a->text_bytes, b->text_bytes);
    cr_assert_eq(a->font, b->font);
    cr_assert_eq(a->style, b->style);
    cr_assert_eq(a->color_rgb, b->color_rgb);
    same_coordinate(a->size_pt, b->size_pt);
    cr_assert_eq(a->confidence, b->confidence);
}

static void same_line(const struct page_line *a, const struct page_line *b)
{
    same_box(&a->box, &b->box);
    cr_assert_eq(a->angle_deg, b->angle_deg);
    cr_assert_eq(a->vertical, b->vertical);
    cr_assert_eq(a->right_to_left, b->right_to_left);
    cr_assert_eq(a->hyphenated, b->hyphenated);
    cr_assert_eq(a->span_count, b->span_count);
    for (uint32_t i = 0; i < a->span_count; i++) {
        same_span(&a->spans[i], &b->spans[i]);
    }
}

static void same_table(const struct page_table *a, const struct page_table *b)
{
    cr_assert_eq(a == NULL, b == NULL);
    if (!a) {
        return;
    }
    cr_assert_eq(a->rows, b->rows);
    cr_assert_eq(a->columns, b->columns);
    cr_assert_eq(a->ruled, b->ruled);
    cr_assert_eq(a->cell_count, b->cell_count);
    for (uint32_t i = 0; i < a->cell_count; i++) {
        cr_assert_eq(a->cells[i].row, b->cells[i].row);
        cr_assert_eq(a->cells[i].column, b->cells[i].column);
        cr_assert_eq(a->cells[i].row_span, b->cells[i].row_span);
        cr_assert_eq(a->cells[i].column_span, b->cells[i].column_span);
        cr_assert_eq(a->cells[i].header, b->cells[i].header);
        same_box(&a->cells[i].box, &b->cells[i].box);
        same_text(a->cells[i].text, b->cells[i].text);
        cr_assert_eq(a->cells[i].text_bytes, b->cells[i].text_bytes);
    }
}

static void same_share(float a, float b)
{
    cr_assert_float_eq((double)a, (double)b, 0.00006);
}

static void same_images(const struct page_record *a, const struct page_record *b)
{
    cr_assert_eq(a->image_record_count, b->image_record_count);
    for (uint32_t i = 0; i < a->image_record_count; i++) {
        const struct page_image *image = &a->images[i];
        const struct page_image *other = &b->images[i];

        cr_assert_eq(image->role, other->role);
        same_text(image->key, other->key);
        same_text(image->format, other->format);
        same_text(image->color_space, other->color_space);
        cr_assert_eq(image->width_px, other->width_px);
        cr_assert_eq(image->height_px, other->height_px);
        cr_assert_eq(image->bits, other->bits);
        cr_assert_eq(image->masked, other->masked);
        cr_assert_eq(image->file_bytes, other->file_bytes);
        same_share(image->sharpness, other->sharpness);
        same_share(image->contrast, other->contrast);
        same_share(image->brightness, other->brightness);
        same_share(image->noise, other->noise);
        same_share(image->quality, other->quality);
        cr_assert_eq(image->perceptual_hash, other->perceptual_hash);
        same_box(&image->box, &other->box);
        same_coordinate(image->dpi, other->dpi);
        cr_assert_eq(image->angle_deg, other->angle_deg);
        same_text(image->caption, other->caption);
    }
}

static void same_blocks(const struct page_record *a, const struct page_record *b)
{
    cr_assert_eq(a->block_count, b->block_count);
    for (uint32_t i = 0; i < a->block_count; i++) {
        cr_assert_eq(a->blocks[i].kind, b->blocks[i].kind);
        cr_assert_eq(a->blocks[i].margin, b->blocks[i].margin);
        cr_assert_eq(a->blocks[i].margin_key, b->blocks[i].margin_key);
        same_box(&a->blocks[i].box, &b->blocks[i].box);
        cr_assert_eq(a->blocks[i].ocr, b->blocks[i].ocr);
        cr_assert_eq(a->blocks[i].level, b->blocks[i].level);
        cr_assert_eq(a->blocks[i].image, b->blocks[i].image);
        same_table(a->blocks[i].table, b->blocks[i].table);
        cr_assert_eq(a->blocks[i].line_count, b->blocks[i].line_count);
        for (uint32_t j = 0; j < a->blocks[i].line_count; j++) {
            same_line(&a->blocks[i].lines[j], &b->blocks[i].lines[j]);
        }
    }
}

static void same_head(const struct page_record *a, const struct page_record *b)
{
    cr_assert_eq(a->number, b->number);
    same_text(a->label, b->label);
    same_coordinate(a->width_pt, b->width_pt);
    same_coordinate(a->height_pt, b->height_pt);
    cr_assert_eq(a->rotation_deg, b->rotation_deg);
    same_text(a->source, b->source);
    same_text(a->ocr_reason, b->ocr_reason);
    same_text(a->failure_code, b->failure_code);
    same_text(a->failure_text, b->failure_text);
    cr_assert_eq(a->glyph_count, b->glyph_count);
    cr_assert_eq(a->garbled_count, b->garbled_count);
    cr_assert_eq(a->hidden_count, b->hidden_count);
    cr_assert_eq(a->image_count, b->image_count);
    cr_assert_eq(a->image_cover, b->image_cover);
    same_coordinate(a->confidence, b->confidence);
    same_text(a->ocr_languages, b->ocr_languages);
    cr_assert_eq(a->ocr_dpi, b->ocr_dpi);
    same_coordinate(a->ocr_skew_deg, b->ocr_skew_deg);
    cr_assert_eq(a->warning_count, b->warning_count);
    for (uint32_t i = 0; i < a->warning_count; i++) {
        same_text(a->warnings[i], b->warnings[i]);
    }
    cr_assert_eq(a->text_bytes, b->text_bytes);
    cr_assert_eq(memcmp(a->text, b->text, a->text_bytes), 0);
}

Test(page, round_trip, .init = begin, .fini = end)
{
    const struct page_record *page = sample_page();
    struct page_record read;
    struct buf again;

    encode(page);
    read = decode();
    same_head(page, &read);
    cr_assert_eq(read.font_count, page->font_count);
    for (uint32_t i = 0; i < page->font_count; i++) {
        same_text(read.fonts[i].name, page->fonts[i].name);
        cr_assert_eq(read.fonts[i].style, page->fonts[i].style);
    }
    same_blocks(page, &read);
    same_images(page, &read);
    same_text(read.text, page->text);
    buf_init(&again, wire.max);
    cr_assert_eq(page_record_encode(&read, &again, NULL), 0);
    cr_assert_eq(again.size, wire.size);
    cr_assert_eq(memcmp(again.data, wire.data, wire.size), 0);
    buf_deinit(&again);
}

Test(page, the_least_page, .init = begin, .fini = end)
{
    struct page_record page = sample_page_least();
    struct page_record read;

    encode(&page);
    read = decode();
    same_head(&page, &read);
    cr_assert_eq(read.font_count, 0);
    cr_assert_eq(read.block_count, 0);
    cr_assert_str_eq(read.text, "");
}

Test(page, the_head_alone, .init = begin, .fini = end)
{
    const struct page_record *page = sample_page();
    struct error err = ERROR_INIT;
    struct page_record read;

    encode(page);
    cr_assert_eq(page_record_decode_head(wire.data, wire.size, arena, &read, &err), 0, "%s",
                 err.msg);
    same_head(page, &read);
    cr_assert_eq(read.block_count, 0);
    cr_assert_eq(read.font_count, 0);
    cr_assert_null(read.blocks);
    cr_assert_null(read.fonts);
    cr_assert_null(read.images);
    cr_assert((const uint8_t *)read.text > wire.data &&
              (const uint8_t *)read.text < wire.data + wire.size);
}

Test(page, records_are_appended, .init = begin, .fini = end)
{
    struct page_record page = sample_page_least();
    size_t first_bytes;

    encode(&page);
    first_bytes = wire.size;
    cr_assert_eq(page_record_encode(&page, &wire, NULL), 0);
    cr_assert_eq(wire.size, 2 * first_bytes);
}

/* --- strange numbers and texts --- */

static float written_as(float points)
{
    struct page_span span = {.text = "", .box = {points, 0, 0, 0}};
    struct page_line line = {.spans = &span, .span_count = 1};
    struct page_block block = {.lines = &line, .line_count = 1};
    struct page_font font = {.name = ""};
    struct page_record page = sample_page_least();

    page.fonts = &font;
    page.font_count = 1;
    page.blocks = &block;
    page.block_count = 1;
    encode(&page);
    page = decode();
    return page.blocks[0].lines[0].spans[0].box.x0;
}

Test(page, coordinates_are_rounded_and_clamped, .init = begin, .fini = end)
{
    float points = 0.37F;

    cr_assert_eq(written_as(NAN), 0);
    cr_assert_eq(written_as(INFINITY), PAGE_COORDINATE_MAX_PT);
    cr_assert_eq(written_as(-INFINITY), -PAGE_COORDINATE_MAX_PT);
    cr_assert_eq(written_as(3e38F), PAGE_COORDINATE_MAX_PT);
    cr_assert_eq(written_as(PAGE_COORDINATE_MAX_PT), PAGE_COORDINATE_MAX_PT);
    cr_assert_eq(written_as(0.004F), 0);
    cr_assert_eq(written_as(-0.004F), 0);
    cr_assert_not(signbit(written_as(-0.004F)));
    cr_assert_eq(written_as(0.006F), 0.01F);
    cr_assert_eq(written_as(-0.006F), -0.01F);
    cr_assert_eq(written_as(612.0F), 612.0F);
    cr_assert_eq(written_as(1000000.5F), 1000000.5F);
    for (int i = 0; i < 54; i++) {
        same_coordinate(written_as(points), points);
        cr_assert_eq(written_as(-points), -written_as(points));
        cr_assert_eq(written_as(written_as(points)), written_as(points));
        points *= 1.37F;
    }
}

Test(page, lengths_and_shares_are_never_negative, .init = begin, .fini = end)
{
    static const float shares[] = {-1, -0.0F, NAN, 0, 0.5F, 1, 2, INFINITY};
    static const float written[] = {0, 0, 0, 0, 0.5F, 1, 1, 1};
    struct page_record page = sample_page_least();

    page.width_pt = -5;
    page.height_pt = NAN;
    encode(&page);
    page = decode();
    cr_assert_eq(page.width_pt, 0);
    cr_assert_eq(page.height_pt, 0);
    for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
        page.image_cover = shares[i];
        encode(&page);
        cr_assert_eq(decode().image_cover, written[i]);
        cr_assert_not(signbit(decode().image_cover));
    }
}

Test(page, texts_are_cleaned_and_cut, .init = begin, .fini = end)
{
    struct page_span span = {.text = "a\xff\0z", .text_bytes = 4};
    struct page_line line = {.spans = &span, .span_count = 1};
    struct page_block block = {.lines = &line, .line_count = 1};
    struct page_font font = {.name = sample_text(8191)};
    struct page_record page = sample_page_least();

    page.fonts = &font;
    page.font_count = 1;
    page.blocks = &block;
    page.block_count = 1;
    page.text = "\xed\xa0\x80";
    page.text_bytes = 3;
    page.label = "\xc3\xa9\xc3";
    encode(&page);
    page = decode();
    cr_assert_str_eq(page.blocks[0].lines[0].spans[0].text, "a\xef\xbf\xbd\xef\xbf\xbdz");
    cr_assert_eq(page.blocks[0].lines[0].spans[0].text_bytes, 8);
    cr_assert_str_eq(page.text, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    cr_assert_str_eq(page.label, "\xc3\xa9\xef\xbf\xbd");
    cr_assert_eq(strlen(page.fonts[0].name), PAGE_FONT_NAME_MAX_BYTES);
}

Test(page, a_block_without_margin_has_no_key, .init = begin, .fini = end)
{
    struct page_block block = {.margin_key = 77};
    struct page_record page = sample_page_least();

    page.blocks = &block;
    page.block_count = 1;
    encode(&page);
    cr_assert_eq(decode().blocks[0].margin_key, 0);
}

/* --- our own mistakes --- */

static void not_encoded(const struct page_record *page, enum error_code code)
{
    struct error err = ERROR_INIT;

    wire.size = 0;
    cr_assert_eq(buf_append_str(&wire, "before", NULL), 0);
    cr_assert_eq(page_record_encode(page, &wire, &err), -1);
    cr_assert_eq(err.code, code, "%s", err.msg);
    cr_assert_eq(wire.size, 6);
}

Test(page, what_no_page_can_be, .init = begin, .fini = end)
{
    struct page_record page = *sample_page();

    page.number = 0;
    not_encoded(&page, ERROR_INVALID);
    page = *sample_page();
    page.source = NULL;
    not_encoded(&page, ERROR_INVALID);
    page = *sample_page();
    page.rotation_deg = 45;
    not_encoded(&page, ERROR_INVALID);
    page.rotation_deg = 360;
    not_encoded(&page, ERROR_INVALID);
    page = *sample_page();
    page.warning_count = PAGE_WARNINGS_MAX + 1;
    not_encoded(&page, ERROR_INVALID);
    page = *sample_page();
    page.font_count = PAGE_FONTS_MAX + 1;
    not_encoded(&page, ERROR_INVALID);
    page = *sample_page();
    page.font_count = 1; /* spans name the second */
    not_encoded(&page, ERROR_INVALID);
    page = *sample_page();
    page.image_record_count = PAGE_IMAGES_MAX + 1;
    not_encoded(&page, ERROR_INVALID);
    page = *sample_page();
    page.image_record_count = 1; /* a block shows the second */
    not_encoded(&page, ERROR_INVALID);
}

Test(page, what_no_span_line_or_block_can_be, .init = begin, .fini = end)
{
    struct page_font font = {.name = ""};
    struct page_span span = {.text = ""};
    struct page_line line = {.spans = &span, .span_count = 1};
    struct page_block block = {.lines = &line, .line_count = 1};
    struct page_record page = sample_page_least();

    page.fonts = &font;
    page.font_count = 1;
    page.blocks = &block;
    page.block_count = 1;
    encode(&page);
    span.style = 0x80;
    not_encoded(&page, ERROR_INVALID);
    span = (struct page_span){.text = "", .color_rgb = 0x1000000};
    not_encoded(&page, ERROR_INVALID);
    span = (struct page_span){.text = "", .confidence = 101};
    not_encoded(&page, ERROR_INVALID);
    span = (struct page_span){.text = ""};
    line.angle_deg = -180;
    not_encoded(&page, ERROR_INVALID);
    line.angle_deg = 181;
    not_encoded(&page, ERROR_INVALID);
    line.angle_deg = 0;
    block.kind = PAGE_BLOCK_COUNT;
    not_encoded(&page, ERROR_INVALID);
    block.kind = PAGE_BLOCK_TEXT;
    block.margin = (enum page_margin)3;
    not_encoded(&page, ERROR_INVALID);
    block.margin = PAGE_MARGIN_NONE;
    block.level = PAGE_LIST_LEVEL_MAX + 1;
    not_encoded(&page, ERROR_INVALID);
    block.level = 0;
    font.style = 0xff;
    not_encoded(&page, ERROR_INVALID);
    font.style = 0;
    encode(&page);
}

static void no_such_table(struct page_table table, struct page_cell first, struct page_cell second)
{
    struct page_cell cells[] = {first, second};
    struct page_block block = {.kind = PAGE_BLOCK_TABLE, .table = &table};
    struct page_record page = sample_page_least();

    table.cells = cells;
    table.cell_count = ARRAY_LEN(cells);
    page.blocks = &block;
    page.block_count = 1;
    not_encoded(&page, ERROR_INVALID);
}

Test(page, what_no_table_can_be, .init = begin, .fini = end)
{
    const struct page_table two = {.rows = 2, .columns = 2};
    const struct page_cell cell = {.row_span = 1, .column_span = 1, .text = ""};
    const struct page_cell wide = {.row_span = 1, .column_span = 2, .text = ""};
    struct page_cell other = cell;
    struct page_table table = two;
    struct page_block block = {.kind = PAGE_BLOCK_TEXT, .table = &table};
    struct page_record page = sample_page_least();

    no_such_table(two, cell, cell); /* twice the same place */
    other.column = 1;
    no_such_table(two, other, cell); /* out of order */
    no_such_table(two, wide, other); /* under a wide one */
    other.column = 2;
    no_such_table(two, cell, other); /* beside the table */
    other = cell;
    other.row = 1;
    other.row_span = 2;
    no_such_table(two, cell, other); /* reaches out of it */
    other.row_span = 0;
    no_such_table(two, cell, other);
    other.row_span = 1;
    table.rows = 0;
    no_such_table(table, cell, other);
    table = (struct page_table){.rows = 257, .columns = 256};
    no_such_table(table, cell, other);
    table = two;
    page.blocks = &block;
    page.block_count = 1;
    not_encoded(&page, ERROR_INVALID); /* in a paragraph */
}

static void no_such_image(struct page_image image)
{
    struct page_record page = sample_page_least();

    page.images = &image;
    page.image_record_count = 1;
    not_encoded(&page, ERROR_INVALID);
}

Test(page, what_no_image_can_be, .init = begin, .fini = end)
{
    no_such_image((struct page_image){.role = PAGE_IMAGE_ROLE_COUNT});
    no_such_image((struct page_image){.angle_deg = -180});
    no_such_image((struct page_image){.bits = 33});
    no_such_image((struct page_image){.key = "0123"});
    no_such_image((struct page_image){.key = "0123456789ABCDEF0123456789abcdef"});
}

Test(page, a_full_buffer_is_told_and_left_as_it_was, .init = begin, .fini = end)
{
    size_t whole_bytes;

    encode(sample_page());
    whole_bytes = wire.size;
    for (size_t max_bytes = 7; max_bytes < whole_bytes; max_bytes++) {
        buf_deinit(&wire);
        buf_init(&wire, max_bytes);
        not_encoded(sample_page(), ERROR_LIMIT);
    }
}

Test(page, a_full_arena_is_told, .init = begin, .fini = end)
{
    struct page_record page = {.number = 99};
    struct error err = ERROR_INIT;
    size_t needed_bytes;

    encode(sample_page());
    (void)decode();
    needed_bytes = arena_used_bytes(arena);
    for (size_t max_bytes = 1; max_bytes < needed_bytes - 16; max_bytes += 3) {
        struct arena *small = arena_create(max_bytes);

        cr_assert_eq(page_record_decode(wire.data, wire.size, small, &page, &err), -1, "%zu",
                     max_bytes);
        cr_assert_eq(err.code, ERROR_MEMORY);
        cr_assert_eq(page.number, 99);
        arena_destroy(small);
    }
}

/* --- nothing else is a record --- */

static void corrupt(const uint8_t *data, size_t size_bytes)
{
    struct page_record page = {.number = 99};
    struct error err = ERROR_INIT;

    cr_assert_eq(page_record_decode(data, size_bytes, arena, &page, &err), -1);
    cr_assert_eq(err.code, ERROR_CORRUPT, "%s", err.msg);
    cr_assert_eq(page.number, 99);
    arena_reset(arena);
}

Test(page, cut_short_or_longer, .init = begin, .fini = end)
{
    struct page_record page;

    encode(sample_page());
    for (size_t size_bytes = 0; size_bytes < wire.size; size_bytes++) {
        corrupt(wire.data, size_bytes);
        cr_assert_eq(page_record_decode_head(wire.data, size_bytes, arena, &page, NULL), -1);
    }
    cr_assert_eq(buf_append(&wire, "\xc0", 1, NULL), 0);
    corrupt(wire.data, wire.size);
    cr_assert_eq(page_record_decode_head(wire.data, wire.size, arena, &page, NULL), -1);
}

/* A changed byte gives another legal record or none: never one that is written differently. */
Test(page, every_byte_changed_in_every_bit, .init = begin, .fini = end)
{
    struct buf again;
    size_t accepted = 0;

    encode(sample_page());
    buf_init(&again, wire.max);
    for (size_t at = 0; at < wire.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct error err = ERROR_INIT;
            struct page_record page;

            wire.data[at] ^= (uint8_t)(1U << bit);
            arena_reset(arena);
            if (page_record_decode(wire.data, wire.size, arena, &page, &err) == 0) {
                accepted++;
                again.size = 0;
                cr_assert_eq(page_record_encode(&page, &again, &err), 0, "%s", err.msg);
                cr_assert_eq(again.size, wire.size);
                cr_assert_eq(memcmp(again.data, wire.data, wire.size), 0);
            } else {
                cr_assert_eq(err.code, ERROR_CORRUPT);
            }
            wire.data[at] ^= (uint8_t)(1U << bit);
        }
    }
    cr_assert_gt(accepted, 100U); /* letters of texts, digits of coordinates */
    buf_deinit(&again);
}

/* Replaces the element at the index of the record's array by these bytes. */
static void replace(size_t index, const char *bytes, size_t size_bytes)
{
    struct scan scan;
    struct scan_item item;
    struct buf changed;
    size_t start;
    size_t stop;

    encode(sample_page());
    scan_init(&scan, wire.data, wire.size, true);
    cr_assert(scan_next(&scan, &item));
    for (size_t i = 0; i < index; i++) {
        cr_assert(scan_skip(&scan, 1, NULL));
    }
    start = wire.size - scan_left_bytes(&scan);
    cr_assert(scan_skip(&scan, 1, NULL));
    stop = wire.size - scan_left_bytes(&scan);
    buf_init(&changed, wire.max);
    cr_assert_eq(buf_append(&changed, wire.data, start, NULL), 0);
    cr_assert_eq(buf_append(&changed, bytes, size_bytes, NULL), 0);
    cr_assert_eq(buf_append(&changed, wire.data + stop, wire.size - stop, NULL), 0);
    corrupt(changed.data, changed.size);
    buf_deinit(&changed);
}

#define REPLACE(index, bytes) replace(index, bytes, sizeof(bytes) - 1)

Test(page, fields_out_of_their_range, .init = begin, .fini = end)
{
    REPLACE(0, "\x01");                  /* another version */
    REPLACE(1, "\x00");                  /* page 0 */
    REPLACE(1, "\xcf\0\0\0\1\0\0\0\0");  /* page 2^32 */
    REPLACE(2, "\xc3");                  /* a label that is no text */
    REPLACE(3, "\xff");                  /* a width of -0.01 */
    REPLACE(3, "\xce\x77\x35\x94\x01");  /* a width that no float has */
    REPLACE(5, "\x5b");                  /* turned by 91 degrees */
    REPLACE(5, "\xcd\x01\x68");          /* by 360 */
    REPLACE(6, "\xc0");                  /* no source */
    REPLACE(10, "\xff");                 /* -1 glyphs */
    REPLACE(14, "\xca\xbf\x80\x00\x00"); /* a share of -1 */
    REPLACE(14, "\xca\x80\x00\x00\x00"); /* of -0.0 */
    REPLACE(14, "\xca\x40\x00\x00\x00"); /* of 2 */
    REPLACE(14, "\xca\x7f\xc0\x00\x00"); /* that is no number */
    REPLACE(14, "\x01");                 /* an integer */
    REPLACE(14, "\xcb\0\0\0\0\0\0\0\0"); /* of 64 bits */
    REPLACE(19, "\x91\xc0");             /* a warning that is no text */
    REPLACE(19, "\xdc\x00\x11\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0\xa0");
    REPLACE(20, "\xc4\x00");                         /* BIN for the text */
    REPLACE(21, "\x90");                             /* no fonts, though spans have some */
    REPLACE(21, "\x92\x92\xa0\x00\x92\xa0\xcc\x80"); /* a style that does not exist */
    REPLACE(23, "\xc0");
    REPLACE(23, "\x91\x9b\x08\0\0\0\0\0\0\0\0\xc0\x90");     /* a kind that does not exist */
    REPLACE(23, "\x91\x9b\x00\x03\0\0\0\0\0\0\0\xc0\x90");   /* a margin that does not exist */
    REPLACE(23, "\x91\x9b\x00\x00\x01\0\0\0\0\0\0\xc0\x90"); /* a key without a margin */
    REPLACE(23, "\xdd\xff\xff\xff\xff");                     /* more blocks than bytes */
    REPLACE(
        23,
        "\x91\x9b\x00\x00\0\0\0\0\0\0\0\xc0\x91\x97\0\0\0\0\xd1\xff\x4c\0\x90"); /* -180 degrees */
    REPLACE(23, "\x91\x9b\x00\x00\0\0\0\0\0\0\0\xc0\x91\x97\0\0\0\0\0\x08\x90"); /* a fourth flag */
    REPLACE(15, "\xcd\x27\x11"); /* a confidence of 100.01 */
    REPLACE(18, "\xcd\x8c\xa1"); /* turned by more than a turn */
    REPLACE(22, "\x90");         /* no images, though a block shows one */
    REPLACE(22, "\x91\x90");
    REPLACE(23, "\x91\x9b\x00\x00\0\0\0\0\0\x02\0\xc0\x90"); /* a second flag of a block */
    REPLACE(23, "\x91\x9b\x00\x00\0\0\0\0\0\0\x10\xc0\x90"); /* a level of 16 */
    REPLACE(23, "\x91\x9b\x00\x00\0\0\0\0\0\0\0\x00\x90");   /* an image in a paragraph */
    REPLACE(23, "\x91\x9b\x05\x00\0\0\0\0\0\0\0\x02\x90");   /* the third of two images */
    REPLACE(23, "\x91\x9b\x04\x00\0\0\0\0\0\0\0\x94\0\1\xc2\x90\x90"); /* no rows */
    REPLACE(23, "\x91\x9b\x04\x00\0\0\0\0\0\0\0\x94\1\1\xc2\x91\x9a\1\0\1\1\xc2\0\0\0\0\xa0\x90");
}
