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
