/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/layout: what a block is, by the page's own evidence.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "pdf_sketch.h"

static struct sketch sketch;

static void setup(void)
{
    sketch_init(&sketch, 600, 800);
}

static void teardown(void)
{
    sketch_deinit(&sketch);
}

TestSuite(layout_kinds, .init = setup, .fini = teardown);

static const struct sketch_style small = {.size_pt = 7};
static const struct sketch_style bold = {.size_pt = 10, .style = PAGE_STYLE_BOLD};

static void draw_body(float x, float y, int lines)
{
    for (int i = 0; i < lines; i++) {
        char text[64];

        snprintf(text, sizeof(text), "Body line %02d goes on and on and on to its end", i + 1);
        sketch_text(&sketch, x, y + 12 * (float)i, SKETCH_PLAIN, text);
    }
}

/* The block whose text starts so. */
static const struct page_block *block_of(const char *start)
{
    for (uint32_t b = 0; b < sketch.record.block_count; b++) {
        if (strncmp(sketch_block(&sketch, b), start, strlen(start)) == 0) {
            return &sketch.record.blocks[b];
        }
    }
    cr_assert_fail("no block starts with %s", start);
    return NULL;
}

static void expect_margin(const char *start, enum page_margin margin)
{
    cr_assert_eq(block_of(start)->margin, margin, "%s", start);
    cr_assert_eq(block_of(start)->margin_key != 0, margin != PAGE_MARGIN_NONE, "%s", start);
}

Test(layout_kinds, text_that_begins_at_the_edge_is_no_header)
{
    sketch_text(&sketch, 50, 40, (struct sketch_style){.size_pt = 12}, "Alba Zellige");
    sketch_text(&sketch, 50, 56, SKETCH_PLAIN, "EN-9318 90 cm");
    sketch_text(&sketch, 50, 72, small, "130.86 per piece");
    draw_body(50, 86, 30);
    sketch_lay_out(&sketch);
    expect_margin("Alba", PAGE_MARGIN_TOP); /* a title above text looks like a header */
    expect_margin("EN-9318", PAGE_MARGIN_NONE);
    expect_margin("130.86", PAGE_MARGIN_NONE);
}

Test(layout_kinds, what_stands_over_the_footer_is_no_footer)
{
    draw_body(50, 100, 51);
    sketch_text(&sketch, 50, 714, bold, "130.86 per piece");
    sketch_text(&sketch, 50, 728, small, "a surface for floors,");
    sketch_text(&sketch, 50, 737, small, "frost resistant");
    sketch_text(&sketch, 280, 775, SKETCH_PLAIN, "page 7");
    sketch_lay_out(&sketch);
    expect_margin("page 7", PAGE_MARGIN_BOTTOM);
    expect_margin("a surface", PAGE_MARGIN_NONE);
    expect_margin("130.86", PAGE_MARGIN_NONE);
}

Test(layout_kinds, stacks_of_headers_and_footers)
{
    sketch_text(&sketch, 50, 30, SKETCH_PLAIN, "A journal");
    sketch_text(&sketch, 50, 43, small, "of everything");
    draw_body(50, 90, 50);
    sketch_text(&sketch, 50, 740, small, "All rights reserved");
    sketch_text(&sketch, 280, 780, SKETCH_PLAIN, "7");
    sketch_lay_out(&sketch);
    expect_margin("A journal", PAGE_MARGIN_TOP);
    expect_margin("of everything", PAGE_MARGIN_TOP);
    expect_margin("Body", PAGE_MARGIN_NONE);
    expect_margin("All rights", PAGE_MARGIN_BOTTOM);
    expect_margin("7", PAGE_MARGIN_BOTTOM);
}

Test(layout_kinds, lines_up_the_side_are_margins)
{
    draw_body(100, 100, 30);
    sketch_text(&sketch, 30, 700, (struct sketch_style){.size_pt = 14, .angle_deg = -90},
                "arXiv:2301.00001");
    sketch_text(&sketch, 400, 700, (struct sketch_style){.size_pt = 10, .angle_deg = -90},
                "an axis");
    sketch_lay_out(&sketch);
    expect_margin("arXiv", PAGE_MARGIN_BOTTOM);
    expect_margin("an axis", PAGE_MARGIN_NONE);
}

Test(layout_kinds, a_page_read_sideways_has_its_margins_there)
{
    struct sketch_style down = {.size_pt = 10, .angle_deg = 90};

    sketch_text(&sketch, 580, 50, down, "the header of a sheet");
    for (int i = 0; i < 20; i++) {
        sketch_text(&sketch, 500 - 12 * (float)i, 50, down, "a line of the text of a sheet");
    }
    sketch_text(&sketch, 20, 400, down, "12");
    sketch_lay_out(&sketch);
    expect_margin("the header", PAGE_MARGIN_TOP);
    expect_margin("a line", PAGE_MARGIN_NONE);
    expect_margin("12", PAGE_MARGIN_BOTTOM);
}

static void expect_kind(const char *start, enum page_block_kind kind)
{
    cr_assert_str_eq(page_block_kind_name(block_of(start)->kind), page_block_kind_name(kind), "%s",
                     start);
}

static const struct sketch_style mark = {.size_pt = 5};

Test(layout_kinds, footnotes_begin_with_a_raised_mark)
{
    draw_body(50, 100, 30);
    sketch_text(&sketch, 50, 700, mark, "1");
    sketch_text(&sketch, 53, 702.5F, small, "A note that says more, and goes on");
    sketch_text(&sketch, 50, 711, small, "in another line.");
    sketch_text(&sketch, 50, 718, mark, "2");
    sketch_text(&sketch, 53, 720.5F, small, "Another note.");
    sketch_text(&sketch, 280, 780, SKETCH_PLAIN, "7");
    sketch_lay_out(&sketch);
    expect_kind("1", PAGE_BLOCK_FOOTNOTE);
    cr_assert_eq(block_of("1")->line_count, 2);
    expect_kind("2", PAGE_BLOCK_FOOTNOTE);
    expect_kind("7", PAGE_BLOCK_TEXT);
}

Test(layout_kinds, a_plain_mark_needs_one_that_refers_to_it)
{
    draw_body(50, 100, 30);
    sketch_text(&sketch, 50, 460, SKETCH_PLAIN, "A claim");
    sketch_text(&sketch, 85, 456, mark, "3");
    sketch_text(&sketch, 90, 460, SKETCH_PLAIN, "that needs support, as you see.");
    sketch_text(&sketch, 50, 700, small, "3 The support of that claim.");
    sketch_text(&sketch, 50, 720, small, "4 Houses were seen in the streets.");
    sketch_lay_out(&sketch);
    expect_kind("3 The", PAGE_BLOCK_FOOTNOTE);
    expect_kind("4 Houses", PAGE_BLOCK_TEXT);
}

Test(layout_kinds, small_text_over_running_text_is_no_footnote)
{
    sketch_text(&sketch, 50, 400, mark, "1");
    sketch_text(&sketch, 53, 402.5F, small, "A note under a table, say.");
    draw_body(50, 440, 20);
    sketch_lay_out(&sketch);
    expect_kind("1", PAGE_BLOCK_TEXT);
}

Test(layout_kinds, formulas_are_no_footnotes)
{
    draw_body(50, 100, 30);
    sketch_text(&sketch, 100, 700, mark, "K-1");
    sketch_text(&sketch, 112, 703, small, "S(x) = g(x)y + 14z");
    sketch_lay_out(&sketch);
    expect_kind("K-1", PAGE_BLOCK_TEXT);
}

Test(layout_kinds, captions_have_a_label_and_a_number)
{
    static const char *const captions[] = {
        "Figure 3. A house in the snow",
        "Fig. 12: The house again",
        "Table A-1 Houses by street",
        "Abbildung 2.4 Ein Haus im Schnee",
        "TABLE IV. Streets",
        "Chart 5",
    };
    static const char *const others[] = {
        "Figure 3 shows a house in snow",
        "Figures are given in thousands",
        "Tables 1 to 3 are old",
        "Table manners matter",
    };

    for (size_t i = 0; i < 6; i++) {
        sketch_text(&sketch, 50, 200 + 40 * (float)i, SKETCH_PLAIN, captions[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        sketch_text(&sketch, 50, 440 + 40 * (float)i, SKETCH_PLAIN, others[i]);
    }
    draw_body(50, 100, 4);
    sketch_lay_out(&sketch);
    for (size_t i = 0; i < 6; i++) {
        expect_kind(captions[i], PAGE_BLOCK_CAPTION);
    }
    for (size_t i = 0; i < 4; i++) {
        expect_kind(others[i], PAGE_BLOCK_TEXT);
    }
}

Test(layout_kinds, a_bold_label_makes_a_caption)
{
    sketch_text(&sketch, 50, 200, bold, "Figure 2");
    sketch_text(&sketch, 95, 200, SKETCH_PLAIN, "an evening by the sea, with ships");
    draw_body(50, 100, 4);
    sketch_lay_out(&sketch);
    expect_kind("Figure 2", PAGE_BLOCK_CAPTION);
}

static void expect_level(const char *start, uint8_t level)
{
    expect_kind(start, PAGE_BLOCK_LIST_ITEM);
    cr_assert_eq(block_of(start)->level, level, "%s: %u", start, block_of(start)->level);
}

Test(layout_kinds, lists_in_lists)
{
    static const struct {
        float x;
        const char *text;
        uint8_t level;
    } items[] = {
        {50, "1. The first thing", 0},    {70, "- an aspect of it", 1},
        {70, "- another aspect", 1},      {90, "* a detail of that", 2},
        {50, "2. The second thing", 0},   {50, "(a) at the same place", 1},
        {50, "(b) and one more", 1},      {50, "3. The third thing", 0},
        {70, "iv) with another mark", 1},
    };
    size_t count = sizeof(items) / sizeof(items[0]);

    draw_body(50, 60, 4);
    for (size_t i = 0; i < count; i++) {
        sketch_text(&sketch, items[i].x, 200 + 12 * (float)i, SKETCH_PLAIN, items[i].text);
    }
    sketch_lay_out(&sketch);
    for (size_t i = 0; i < count; i++) {
        expect_level(items[i].text, items[i].level);
    }
}

Test(layout_kinds, a_paragraph_ends_a_list_and_one_inside_does_not)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "1. The first thing");
    sketch_text(&sketch, 62, 130, SKETCH_PLAIN, "A paragraph inside of it.");
    sketch_text(&sketch, 70, 160, SKETCH_PLAIN, "- an aspect of it");
    sketch_text(&sketch, 50, 190, SKETCH_PLAIN, "A paragraph after the list.");
    sketch_text(&sketch, 70, 220, SKETCH_PLAIN, "- a list of its own");
    sketch_lay_out(&sketch);
    expect_level("1.", 0);
    expect_level("- an", 1);
    expect_level("- a list", 0);
}

Test(layout_kinds, right_to_left_lists_go_in_from_the_right)
{
    struct sketch_style leftwards = {.size_pt = 10, .leftwards = true};

    sketch_text(&sketch, 500, 100, leftwards, "- \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa9");
    sketch_text(&sketch, 480, 112, leftwards, "- \xd7\xa9\xd7\x9c\xd7\x95 \xd7\xa9\xd7\x9c");
    sketch_lay_out(&sketch);
    cr_assert_eq(sketch.record.block_count, 2);
    cr_assert_eq(sketch.record.blocks[0].kind, PAGE_BLOCK_LIST_ITEM);
    cr_assert_eq(sketch.record.blocks[0].level, 0);
    cr_assert_eq(sketch.record.blocks[1].level, 1);
}

Test(layout_kinds, words_in_cells_are_a_table_whose_cells_are_not_known)
{
    static const char *const names[] = {"Apples", "Pears", "Plums"};

    draw_body(50, 200, 10);
    for (int i = 0; i < 3; i++) {
        sketch_text(&sketch, 50, 400 + 14 * (float)i, SKETCH_PLAIN, names[i]);
        sketch_text(&sketch, 250, 400 + 14 * (float)i, SKETCH_PLAIN, "10.50");
    }
    sketch_lay_out(&sketch);
    expect_kind("Apples", PAGE_BLOCK_TABLE);
    cr_assert_null(block_of("Apples")->table);
    cr_assert_eq(block_of("Apples")->line_count, 3);
    expect_kind("Body", PAGE_BLOCK_TEXT);
}
