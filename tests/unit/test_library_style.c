/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Document style: body size, heading ranks, furniture.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/document.h"
#include "workers/library/style.h"

#define BODY                                                                                       \
    "This is body text, and there is a lot more of it than of anything else, so that nobody can "  \
    "take\nits size for that of a heading, whatever stands above it or below it on the page."

static struct document_style load(struct shelf *shelf)
{
    struct document document;
    struct document_style style = {0};

    cr_assert_eq(document_of_job(shelf->library, SHELF_JOB, &document, &shelf->err), 0);
    cr_assert_eq(style_load(shelf->library, document.row, shelf->arena, &style, &shelf->err), 0);
    return style;
}

static void persist(struct shelf *shelf, uint32_t number, const struct shelf_block *blocks,
                    uint32_t count)
{
    struct page_record *record = shelf_page(shelf, number, blocks, count);

    cr_assert_eq(shelf_pages(shelf, SHELF_JOB, number, number, &record, 1), 0, "%s",
                 shelf->err.msg);
}

static struct page_block block_of(struct shelf *shelf, const struct shelf_block *source)
{
    return shelf_page(shelf, 1, source, 1)->blocks[0];
}

Test(library_style, sizes_round_to_half_points)
{
    cr_expect_eq(style_class(9.963F, false), style_class(10.1F, false));
    cr_expect_neq(style_class(10.0F, false), style_class(10.5F, false));
    cr_expect_gt(style_class(10.0F, true), style_class(10.0F, false));
    cr_expect_gt(style_class(10.5F, false), style_class(10.0F, true));
    cr_expect_eq(style_class_size_pt(style_class(10.5F, true)), 10.5F);
    cr_expect_eq(style_class(-3.0F, false), 0);
    cr_expect_eq(style_class(0.0F / 0.0F, false), 0);
    cr_expect_eq(style_class(1e30F, false), style_class(10000.0F, false));
}

static void expect_levels(struct style_heading *headings, const uint8_t *expected, uint32_t count)
{
    style_rank(headings, count);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(headings[i].level, expected[i], "class %u has level %u", i, headings[i].level);
    }
}

Test(library_style, ranks_fall_with_size_and_weight)
{
    struct style_heading headings[] = {
        {style_class(24, true), 1, 0},  {style_class(17, true), 1, 0},
        {style_class(16, true), 1, 0},  {style_class(12, true), 1, 0},
        {style_class(12, false), 1, 0}, {style_class(10, true), 1, 0},
    };
    const uint8_t expected[] = {1, 2, 2, 3, 4, 5};

    expect_levels(headings, expected, 6);
    expect_levels(headings, expected, 1);
    style_rank(NULL, 0);
}

/* A manual with chapters, sections and so on, and display type in a few of its pictures. */
Test(library_style, rare_display_type_takes_no_level)
{
    struct style_heading headings[] = {
        {style_class(85, true), 1, 0},   {style_class(40, false), 2, 0},
        {style_class(32, true), 1, 0},   {style_class(24, true), 9, 0},
        {style_class(21, false), 1, 0},  {style_class(18, true), 20, 0},
        {style_class(14, true), 80, 0},  {style_class(12, true), 150, 0},
        {style_class(12, false), 30, 0}, {style_class(10, true), 7, 0},
        {style_class(9, true), 1, 0},
    };
    const uint8_t expected[] = {1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 6};

    expect_levels(headings, expected, 11);
}

Test(library_style, what_repeats_is_furniture)
{
    static const struct {
        struct style_occurrence occurrence;
        bool expected;
        const char *why;
    } cases[] = {
        {{2, 1, 1, 2}, false, "twice is no habit"},
        {{3, 2, 1, 3}, true, "three pages in a row"},
        {{10, 5, 1, 10}, true, "every page"},
        {{10, 10, 1, 19}, true, "every odd page"},
        {{10, 0, 2, 20}, true, "every even page"},
        {{5, 5, 1, 19}, true, "every second odd page"},
        {{4, 4, 1, 19}, false, "fewer than every second odd page"},
        {{10, 6, 100, 115}, true, "a chapter of a long document"},
        {{3, 1, 1, 100}, false, "here and there"},
        {{40, 20, 1, 100}, false, "less than half"},
        {{3, 3, UINT32_MAX - 4, UINT32_MAX}, true, "the last pages there can be"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(style_repeats(&cases[i].occurrence), cases[i].expected, "%s", cases[i].why);
    }
}

Test(library_style, a_block_has_the_class_of_most_of_its_text)
{
    struct page_span spans[] = {{.text = "A", .text_bytes = 1, .size_pt = 30},
                                {.text = "long rest", .text_bytes = 9, .size_pt = 10}};
    struct page_line line = {.spans = spans, .span_count = 2};
    struct page_block block = {.lines = &line, .line_count = 1};
    struct page_block empty = {0};

    cr_expect_eq(style_block_class(&block), style_class(10, false));
    cr_expect_eq(style_block_class(&empty), 0);
}

Test(library_style, a_document_ranks_its_headings)
{
    struct shelf_block title = {PAGE_BLOCK_HEADING, "The Manual", 25, PAGE_STYLE_BOLD, 0};
    struct shelf_block chapter = {PAGE_BLOCK_HEADING, "Strings", 20.7F, PAGE_STYLE_BOLD, 0};
    struct shelf_block section = {PAGE_BLOCK_HEADING, "Bold only", 10, PAGE_STYLE_BOLD, 0};
    struct shelf_block small = {PAGE_BLOCK_HEADING, "Not a heading", 8, 0, 0};
    struct shelf_block lone = {PAGE_BLOCK_TEXT, "On a page of its own", 20.7F, PAGE_STYLE_BOLD, 0};
    struct shelf_block entry = {PAGE_BLOCK_HEADING, "Strings . . . . 71", 20.7F, PAGE_STYLE_BOLD,
                                0};
    struct shelf_block number = {PAGE_BLOCK_TEXT, "49,90", 20.7F, PAGE_STYLE_BOLD, 0};
    struct shelf_block body = {PAGE_BLOCK_TEXT, BODY, 10, 0, 0};
    struct shelf_block first[] = {title, body};
    struct shelf_block second[] = {chapter, body, section, body, small};
    struct page_block block;
    struct document_style style;
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 2), 0);
    persist(&shelf, 1, first, 2);
    persist(&shelf, 2, second, 5);
    style = load(&shelf);
    cr_expect_eq(style.body_class, 0, "there is no style before finish");
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    style = load(&shelf);
    cr_expect_eq(style.body_class, style_class(10, false));
    cr_expect_eq(style.heading_count, 3);
    block = block_of(&shelf, &title);
    cr_expect_eq(style_heading_level(&style, &block), 1);
    block = block_of(&shelf, &chapter);
    cr_expect_eq(style_heading_level(&style, &block), 2);
    block = block_of(&shelf, &section);
    cr_expect_eq(style_heading_level(&style, &block), 3);
    block = block_of(&shelf, &small);
    cr_expect_eq(style_heading_level(&style, &block), 0);
    block = block_of(&shelf, &body);
    cr_expect_eq(style_heading_level(&style, &block), 0);
    block = block_of(&shelf, &lone);
    cr_expect_eq(style_heading_level(&style, &block), 2, "its page could not tell");
    block = block_of(&shelf, &entry);
    cr_expect_eq(style_heading_level(&style, &block), 0, "a line of a table of contents");
    block = block_of(&shelf, &number);
    cr_expect_eq(style_heading_level(&style, &block), 0, "a price is no heading");
    shelf_deinit(&shelf);
}

/* Ten pages: a running head on odd pages, another on even ones, a folio on all, a chapter title
 * at the top of one page, a short line at the foot of two. */
Test(library_style, furniture_of_a_book)
{
    struct shelf_block odd = {PAGE_BLOCK_HEADING, "The Book of Nuts", 14, PAGE_STYLE_BOLD,
                              PAGE_MARGIN_TOP};
    struct shelf_block even = {PAGE_BLOCK_TEXT, "An Author", 9, 0, PAGE_MARGIN_TOP};
    struct shelf_block chapter = {PAGE_BLOCK_HEADING, "Of Almonds", 20, PAGE_STYLE_BOLD,
                                  PAGE_MARGIN_TOP};
    struct shelf_block note = {PAGE_BLOCK_TEXT, "See also", 8, 0, PAGE_MARGIN_BOTTOM};
    struct shelf_block body = {PAGE_BLOCK_TEXT, BODY, 10, 0, 0};
    struct document_style style;
    struct page_block block;
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 10), 0);
    for (uint32_t number = 1; number <= 10; number++) {
        struct shelf_block folio = {PAGE_BLOCK_TEXT, arena_printf(shelf.arena, "- %u -", number), 9,
                                    0, PAGE_MARGIN_BOTTOM};
        struct shelf_block blocks[] = {number == 5  ? chapter
                                       : number % 2 ? odd
                                                    : even,
                                       body, number == 3 || number == 8 ? note : body, folio};

        persist(&shelf, number, blocks, 4);
    }
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    style = load(&shelf);
    block = block_of(&shelf, &odd);
    cr_expect(style_is_furniture(&style, &block));
    block = block_of(&shelf, &even);
    cr_expect(style_is_furniture(&style, &block));
    block = block_of(&shelf, &chapter);
    cr_expect(!style_is_furniture(&style, &block));
    cr_expect_eq(style_heading_level(&style, &block), 1, "a running head takes no rank");
    block = block_of(&shelf, &note);
    cr_expect(!style_is_furniture(&style, &block));
    block = block_of(&shelf, &body);
    cr_expect(!style_is_furniture(&style, &block));
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(pages) FROM "
                                       "(SELECT pages FROM furniture ORDER BY pages)"),
                     "4,5,9", "folios of one and two digits are two keys; page 10 has its own");
    shelf_deinit(&shelf);
}

Test(library_style, a_document_without_text_has_no_style)
{
    struct document_style style;
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    persist(&shelf, 1, NULL, 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    style = load(&shelf);
    cr_expect_eq(style.body_class, 0);
    cr_expect_eq(style.heading_count, 0);
    shelf_deinit(&shelf);
}
