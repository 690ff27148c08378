/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One record of what extract found and what OCR read. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "workers/ocr/merge.h"

#define BLOCKS_MAX 8

/* A page of blocks of one line of one span. */
struct page {
    struct page_span spans[BLOCKS_MAX];
    struct page_line lines[BLOCKS_MAX];
    struct page_block blocks[BLOCKS_MAX];
    uint32_t count;
};

static struct arena *arena;
static struct page native, read;
static struct page_font font = {.name = "Serif"};
static struct page_record record;

static void setup(void)
{
    arena = arena_create(0);
    memset(&native, 0, sizeof(native));
    memset(&read, 0, sizeof(read));
    record = (struct page_record){.number = 3,
                                  .width_pt = 400,
                                  .height_pt = 400,
                                  .source = "native",
                                  .fonts = &font,
                                  .font_count = 1,
                                  .text = ""};
}

static void teardown(void)
{
    arena_destroy(arena);
}

TestSuite(ocr_merge, .init = setup, .fini = teardown);

static struct page_block *add(struct page *page, const char *text, float x, float y, float width)
{
    uint32_t i = page->count++;
    struct page_box box = {x, y, x + width, y + 10};

    page->spans[i] = (struct page_span){.text = text,
                                        .text_bytes = (uint32_t)strlen(text),
                                        .size_pt = 10,
                                        .box = box,
                                        .confidence = page == &read ? 90 : 0};
    page->lines[i] = (struct page_line){.box = box, .spans = &page->spans[i], .span_count = 1};
    page->blocks[i] = (struct page_block){
        .box = box, .lines = &page->lines[i], .line_count = 1, .ocr = page == &read};
    return &page->blocks[i];
}

static void merge(const char *reason)
{
    struct recognised recognised = {.layout = {.blocks = read.blocks,
                                               .block_count = read.count,
                                               .text = "as layout wrote it\n\n",
                                               .text_bytes = 20},
                                    .word_count = read.count,
                                    .confidence = 90,
                                    .dpi = 200,
                                    .turned_deg = -1.5F};
    struct error err = ERROR_INIT;
    struct buf buf;

    record.blocks = native.blocks;
    record.block_count = native.count;
    record.ocr_reason = reason;
    cr_assert(merge_page(&record, &recognised, "eng+deu", arena, &err) == 0, "%s", err.msg);
    buf_init(&buf, 1 << 20);
    cr_assert(page_record_encode(&record, &buf, &err) == 0, "it can be written: %s", err.msg);
    buf_deinit(&buf);
}

static void expect_text(const char *text)
{
    cr_assert_eq(record.text_bytes, strlen(text), "\"%.*s\"", (int)record.text_bytes, record.text);
    cr_assert(memcmp(record.text, text, record.text_bytes) == 0, "\"%.*s\"", (int)record.text_bytes,
              record.text);
}

Test(ocr_merge, a_scan_takes_all_that_was_read)
{
    add(&read, "one ", 10, 10, 50);
    add(&read, "two", 10, 50, 50);
    merge("no_text");
    cr_assert_str_eq(record.source, "ocr");
    cr_assert_eq(record.block_count, 2);
    cr_assert_eq(record.blocks[1].lines[0].spans[0].font, 1);
    cr_assert_eq(record.font_count, 2);
    expect_text("as layout wrote it\n\n");
    cr_assert_float_eq(record.confidence, 90, 0.01);
    cr_assert_str_eq(record.ocr_languages, "eng+deu");
    cr_assert_eq(record.ocr_dpi, 200);
    cr_assert_float_eq(record.ocr_skew_deg, -1.5, 0.01);
}

Test(ocr_merge, native_text_is_not_given_twice)
{
    add(&native, "Stamp", 10, 100, 50);
    add(&read, "Starnp", 11, 101, 48);
    add(&read, "above", 10, 10, 50);
    add(&read, "below", 10, 200, 50);
    merge("sparse_text");
    cr_assert_str_eq(record.source, "mixed");
    expect_text("above\n\nStamp\n\nbelow\n\n");
    cr_assert(record.blocks[0].ocr);
    cr_assert_not(record.blocks[1].ocr);
}

Test(ocr_merge, one_word_of_a_line_may_be_known)
{
    struct page_block *block = add(&read, "known ", 10, 100, 50);
    struct page_span spans[2] = {read.spans[0], read.spans[0]};

    spans[1].text = "new";
    spans[1].text_bytes = 3;
    spans[1].box = (struct page_box){70, 100, 120, 110};
    block->lines[0].spans = spans;
    block->lines[0].span_count = 2;
    add(&native, "known", 10, 100, 50);
    merge("sparse_text");
    expect_text("known\n\nnew\n\n");
    cr_assert_float_eq(record.blocks[1].box.x0, 70, 0.01, "its box is that of what is left");
}

Test(ocr_merge, columns_keep_their_order)
{
    add(&native, "left top", 10, 10, 100);
    add(&native, "right top", 200, 10, 100);
    add(&read, "left bottom", 10, 300, 100);
    add(&read, "right bottom", 200, 300, 100);
    merge("sparse_text");
    cr_assert_eq(record.block_count, 4);
    cr_assert_str_eq(record.blocks[0].lines[0].spans[0].text, "left top");
    cr_assert_str_eq(record.blocks[3].lines[0].spans[0].text, "right bottom");
}

Test(ocr_merge, force_and_redo_put_native_text_away)
{
    add(&native, "old", 10, 10, 50);
    add(&read, "new", 10, 10, 50);
    merge("forced");
    cr_assert_str_eq(record.source, "ocr");
    cr_assert_eq(record.block_count, 1);
    cr_assert_str_eq(record.blocks[0].lines[0].spans[0].text, "new");

    teardown();
    setup();
    add(&native, "old", 10, 10, 50);
    add(&read, "new", 10, 10, 50);
    merge("redo");
    cr_assert_eq(record.block_count, 1);
}

Test(ocr_merge, garbled_lines_make_room)
{
    add(&native, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 10, 100, 50);
    add(&native, "Readable heading", 10, 10, 100);
    add(&read, "read", 10, 100, 50);
    add(&read, "Readab1e heading", 10, 10, 100);
    merge("garbled");
    cr_assert_str_eq(record.source, "mixed");
    expect_text("Readable heading\n\nread\n\n");
}

Test(ocr_merge, images_stay)
{
    struct page_image image = {.role = PAGE_IMAGE_ROLE_CONTENT, .format = "", .color_space = ""};

    record.images = &image;
    record.image_record_count = 1;
    native.blocks[native.count++] =
        (struct page_block){.kind = PAGE_BLOCK_IMAGE, .box = {10, 100, 200, 200}};
    add(&read, "above", 10, 10, 50);
    add(&read, "below", 10, 300, 50);
    merge("forced");
    cr_assert_eq(record.block_count, 3);
    cr_assert_eq(record.blocks[1].kind, PAGE_BLOCK_IMAGE);
    cr_assert_str_eq(record.source, "ocr");
}

Test(ocr_merge, nothing_read_is_no_loss)
{
    add(&native, "Stamp", 10, 100, 50);
    merge("sparse_text");
    cr_assert_str_eq(record.source, "native");
    expect_text("Stamp\n\n");
}

Test(ocr_merge, a_broken_word_is_made_whole)
{
    struct page_block *block = add(&native, "expla-", 10, 100, 50);
    struct page_line lines[2];

    add(&native, "nation", 10, 115, 50);
    lines[0] = native.lines[0];
    lines[0].hyphenated = true;
    lines[1] = native.lines[1];
    native.count = 1;
    block->lines = lines;
    block->line_count = 2;
    add(&read, "more", 10, 300, 50);
    merge("sparse_text");
    expect_text("explanation\n\nmore\n\n");
}
