/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf/page_layout and what it is made of: from glyphs on a page to blocks in reading
 * order, spans and text.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "pdf_sketch.h"
#include "workers/layout/layout.h"
#include "workers/layout/page_layout.h"

static struct sketch sketch;

static void setup(void)
{
    sketch_init(&sketch, 600, 800);
}

static void teardown(void)
{
    sketch_deinit(&sketch);
}

TestSuite(pdf_layout, .init = setup, .fini = teardown);

static const char *text_of_page(void)
{
    sketch_lay_out(&sketch);
    return arena_strndup(sketch.arena, sketch.record.text, sketch.record.text_bytes);
}

/* Lines of 40 characters, 12 pt apart. */
static void draw_column(float x, float y, const char *name, int lines)
{
    for (int i = 0; i < lines; i++) {
        char text[64];

        snprintf(text, sizeof(text), "%s line %02d of this column of running text", name, i + 1);
        sketch_text(&sketch, x, y + 12 * (float)i, SKETCH_PLAIN, text);
    }
}

static size_t place_of(const char *text, const char *part)
{
    const char *at = strstr(text, part);

    cr_assert_not_null(at, "%s is missing in:\n%s", part, text);
    return (size_t)(at - text);
}

static void expect_order(const char *text, const char *const *parts, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        cr_assert_lt(place_of(text, parts[i - 1]), place_of(text, parts[i]), "%s before %s in:\n%s",
                     parts[i - 1], parts[i], text);
    }
}

#define EXPECT_ORDER(text, ...)                                                                    \
    expect_order(text, (const char *const[]){__VA_ARGS__},                                         \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

Test(pdf_layout, an_empty_page)
{
    cr_assert_str_eq(text_of_page(), "");
    cr_assert_eq(sketch.record.block_count, 0);
    cr_assert_null(page_ocr_reason(&sketch.record, 0));
}

Test(pdf_layout, lines_and_blocks_of_plain_text)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "The first line of a paragraph goes on");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "and ends here.");
    sketch_text(&sketch, 50, 140, SKETCH_PLAIN, "Another paragraph.");
    cr_assert_str_eq(text_of_page(), "The first line of a paragraph goes on\nand ends here.\n\n"
                                     "Another paragraph.\n\n");
    cr_assert_eq(sketch.record.block_count, 2);
    cr_assert_eq(sketch.record.blocks[0].line_count, 2);
    cr_assert_float_eq(sketch.record.blocks[0].box.x0, 50, 0.01);
    cr_assert_float_eq(sketch.record.blocks[0].box.y0, 92, 0.01);
    cr_assert_float_eq(sketch.record.blocks[0].box.y1, 114, 0.01);
}

Test(pdf_layout, drawing_order_does_not_matter)
{
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "two");
    sketch_text(&sketch, 50, 124, SKETCH_PLAIN, "three");
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "one");
    cr_assert_str_eq(text_of_page(), "one\ntwo\nthree\n\n");
}

Test(pdf_layout, columns_come_before_rows)
{
    sketch_text(&sketch, 150, 60, (struct sketch_style){.size_pt = 18},
                "A title over both columns");
    draw_column(50, 100, "left", 20);
    draw_column(320, 106, "right", 20);
    sketch_text(&sketch, 50, 380, SKETCH_PLAIN,
                "A conclusion that runs from the left edge of the page to its right edge, over both"
                " columns.");
    EXPECT_ORDER(text_of_page(), "A title", "left line 01", "left line 20", "right line 01",
                 "right line 20", "A conclusion");
}

Test(pdf_layout, columns_on_the_same_baselines_drawn_one_after_the_other)
{
    draw_column(50, 100, "left", 12);
    draw_column(320, 100, "right", 12);
    EXPECT_ORDER(text_of_page(), "left line 01", "left line 12", "right line 01", "right line 12");
}

Test(pdf_layout, columns_on_the_same_baselines_drawn_row_by_row)
{
    for (int i = 0; i < 12; i++) {
        draw_column(50, 100 + 12 * (float)i, i == 0 ? "left first" : "left", 1);
        draw_column(320, 100 + 12 * (float)i, i == 0 ? "right first" : "right", 1);
    }
    EXPECT_ORDER(text_of_page(), "left first", "left line", "right first", "right line");
}

Test(pdf_layout, three_columns)
{
    for (int c = 0; c < 3; c++) {
        char name[16];

        snprintf(name, sizeof(name), "col%d", c + 1);
        for (int i = 0; i < 15; i++) {
            char text[48];

            snprintf(text, sizeof(text), "%s row %02d of flowing text", name, i + 1);
            sketch_text(&sketch, 40 + 190 * (float)c, 100 + 12 * (float)i + 3 * (float)c,
                        SKETCH_PLAIN, text);
        }
    }
    EXPECT_ORDER(text_of_page(), "col1 row 01", "col1 row 15", "col2 row 01", "col2 row 15",
                 "col3 row 01", "col3 row 15");
}

Test(pdf_layout, a_table_stays_in_rows)
{
    static const char *const names[] = {"Apples", "Pears", "Plums", "Cherries", "Quinces"};

    for (int i = 0; i < 5; i++) {
        char text[32];
        float y = 100 + 14 * (float)i;

        sketch_text(&sketch, 60, y, SKETCH_PLAIN, names[i]);
        snprintf(text, sizeof(text), "%d.50", 10 + i);
        sketch_text(&sketch, 250, y, SKETCH_PLAIN, text);
        snprintf(text, sizeof(text), "%d%%", 3 * i);
        sketch_text(&sketch, 400, y, SKETCH_PLAIN, text);
    }
    cr_assert_str_eq(text_of_page(), "Apples 10.50 0%\nPears 11.50 3%\nPlums 12.50 6%\n"
                                     "Cherries 13.50 9%\nQuinces 14.50 12%\n\n");
}

Test(pdf_layout, a_table_of_numbers_drawn_by_columns_stays_in_rows)
{
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 8; i++) {
            char text[32];

            snprintf(text, sizeof(text), "%d%d", c + 1, i);
            sketch_text(&sketch, 60 + 100 * (float)c, 100 + 14 * (float)i, SKETCH_PLAIN, text);
        }
    }
    EXPECT_ORDER(text_of_page(), "10 20 30", "11 21 31", "17 27 37");
}

Test(pdf_layout, cards_in_a_grid_are_read_row_by_row)
{
    for (int row = 0; row < 2; row++) {
        for (int column = 0; column < 2; column++) {
            char text[48];
            float x = 50 + 270 * (float)column;
            float y = 150 + 200 * (float)row;

            snprintf(text, sizeof(text), "card %c is a product", 'A' + 2 * row + column);
            sketch_text(&sketch, x, y, SKETCH_PLAIN, text);
            snprintf(text, sizeof(text), "text of %c under it", 'A' + 2 * row + column);
            sketch_text(&sketch, x, y + 12, SKETCH_PLAIN, text);
        }
    }
    EXPECT_ORDER(text_of_page(), "card A", "text of A", "card B", "text of B", "card C",
                 "text of C", "card D");
}

Test(pdf_layout, headers_and_footers_are_not_columns)
{
    sketch_text(&sketch, 50, 40, SKETCH_PLAIN, "A running head");
    sketch_text(&sketch, 450, 40, SKETCH_PLAIN, "Chapter 3");
    draw_column(50, 100, "left", 50);
    draw_column(320, 100, "right", 50);
    sketch_text(&sketch, 50, 770, SKETCH_PLAIN, "17");
    EXPECT_ORDER(text_of_page(), "A running head", "Chapter 3", "left line 01", "left line 50",
                 "right line 01", "right line 50", "17\n");
    cr_assert_eq(sketch.record.blocks[0].margin, PAGE_MARGIN_TOP);
    cr_assert_eq(sketch.record.blocks[sketch.record.block_count - 1].margin, PAGE_MARGIN_BOTTOM);
}

Test(pdf_layout, margin_keys_do_not_see_numbers)
{
    uint64_t keys[3];
    static const char *const texts[] = {"Page 9 of 120", "Page 10 of 120", "Page ix of 120"};

    for (int i = 0; i < 3; i++) {
        sketch_deinit(&sketch);
        sketch_init(&sketch, 600, 800);
        sketch_text(&sketch, 280, 780, SKETCH_PLAIN, texts[i]);
        sketch_lay_out(&sketch);
        keys[i] = sketch.record.blocks[0].margin_key;
        cr_assert_eq(keys[i], layout_margin_key(&sketch.record.blocks[0]));
    }
    cr_assert_eq(keys[0], keys[1]);
    cr_assert_neq(keys[0], keys[2]);
    cr_assert_neq(keys[0], 0);
}

Test(pdf_layout, hyphens_are_joined_and_kept_in_their_line)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "this is an exam-");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "ple of well-");
    sketch_text(&sketch, 50, 124, SKETCH_PLAIN, "Known things");
    cr_assert_str_eq(text_of_page(), "this is an example of well-\nKnown things\n\n");
    cr_assert(sketch.record.blocks[0].lines[0].hyphenated);
    cr_assert_not(sketch.record.blocks[0].lines[1].hyphenated);
    cr_assert_str_eq(sketch_block(&sketch, 0), "this is an exam-|ple of well-|Known things|");
}

Test(pdf_layout, a_hyphen_in_a_span_of_its_own)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "this is an exam");
    sketch_text(&sketch, 125, 100, (struct sketch_style){.size_pt = 10, .style = PAGE_STYLE_ITALIC},
                "-");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "ple of a word");
    cr_assert_str_eq(text_of_page(), "this is an example of a word\n\n");
    cr_assert_str_eq(sketch_block(&sketch, 0), "this is an exam-|ple of a word|");
}

Test(pdf_layout, headings_lists_and_code)
{
    sketch_text(&sketch, 50, 100, (struct sketch_style){.size_pt = 16}, "1 Introduction");
    draw_column(50, 130, "body", 6);
    sketch_text(&sketch, 50, 220, (struct sketch_style){.size_pt = 10, .style = PAGE_STYLE_BOLD},
                "Materials");
    sketch_text(&sketch, 50, 240, SKETCH_PLAIN, "\xe2\x80\xa2 the first thing in the list, which");
    sketch_text(&sketch, 60, 252, SKETCH_PLAIN, "has two lines");
    sketch_text(&sketch, 50, 264, SKETCH_PLAIN, "\xe2\x80\xa2 the second thing");
    sketch_text(&sketch, 50, 276, SKETCH_PLAIN, "(a) the third thing");
    sketch_text(&sketch, 50, 310, (struct sketch_style){.size_pt = 10, .style = PAGE_STYLE_MONO},
                "int main(void)");
    sketch_lay_out(&sketch);
    cr_assert_eq(sketch.record.block_count, 7);
    cr_assert_eq(sketch.record.blocks[0].kind, PAGE_BLOCK_HEADING);
    cr_assert_eq(sketch.record.blocks[1].kind, PAGE_BLOCK_TEXT);
    cr_assert_eq(sketch.record.blocks[2].kind, PAGE_BLOCK_HEADING);
    cr_assert_eq(sketch.record.blocks[3].kind, PAGE_BLOCK_LIST_ITEM);
    cr_assert_eq(sketch.record.blocks[3].line_count, 2);
    cr_assert_eq(sketch.record.blocks[4].kind, PAGE_BLOCK_LIST_ITEM);
    cr_assert_eq(sketch.record.blocks[5].kind, PAGE_BLOCK_LIST_ITEM);
    cr_assert_eq(sketch.record.blocks[6].kind, PAGE_BLOCK_CODE);
}

Test(pdf_layout, code_keeps_its_spaces)
{
    struct sketch_style mono = {.size_pt = 10, .style = PAGE_STYLE_MONO};

    sketch_text(&sketch, 50, 100, mono, "if (x) {");
    sketch_text(&sketch, 70, 112, mono, "y = a-");
    sketch_text(&sketch, 130, 112, mono, "// why");
    sketch_text(&sketch, 50, 124, mono, "b;  }");
    cr_assert_str_eq(text_of_page(), "if (x) {\n    y = a-      // why\nb;  }\n\n");
    cr_assert_eq(sketch.record.blocks[0].kind, PAGE_BLOCK_CODE);
    cr_assert_float_eq(sketch.record.blocks[0].lines[1].box.x0, 70, 0.01);
}

Test(pdf_layout, a_page_of_bold_text_is_not_all_headings)
{
    for (int i = 0; i < 6; i++) {
        sketch_text(&sketch, 50, 100 + 30 * (float)i,
                    (struct sketch_style){.size_pt = 10, .style = PAGE_STYLE_BOLD},
                    "a bold paragraph");
    }
    sketch_lay_out(&sketch);
    for (uint32_t b = 0; b < sketch.record.block_count; b++) {
        cr_assert_eq(sketch.record.blocks[b].kind, PAGE_BLOCK_TEXT);
    }
}

Test(pdf_layout, indented_paragraphs)
{
    sketch_text(&sketch, 65, 100, SKETCH_PLAIN, "The first paragraph starts further in and");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "goes on at the margin until its end.");
    sketch_text(&sketch, 65, 124, SKETCH_PLAIN, "So does the second one, which follows at");
    sketch_text(&sketch, 50, 136, SKETCH_PLAIN, "the same distance as any other line does.");
    sketch_lay_out(&sketch);
    cr_assert_eq(sketch.record.block_count, 2);
}

Test(pdf_layout, raised_and_lowered_characters)
{
    struct sketch_style small = {.size_pt = 6};
    const struct page_line *line;

    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "E=mc");
    sketch_text(&sketch, 70, 96, small, "2");
    sketch_text(&sketch, 73, 100, SKETCH_PLAIN, " and H");
    sketch_text(&sketch, 103, 102, small, "2");
    sketch_text(&sketch, 106, 100, SKETCH_PLAIN, "O");
    cr_assert_str_eq(text_of_page(), "E=mc2 and H2O\n\n");
    line = &sketch.record.blocks[0].lines[0];
    cr_assert_eq(line->span_count, 5);
    cr_assert_eq(line->spans[1].style, PAGE_STYLE_SUPERSCRIPT);
    cr_assert_eq(line->spans[3].style, PAGE_STYLE_SUBSCRIPT);
    cr_assert_eq(line->spans[0].style, 0);
}

Test(pdf_layout, spans_follow_style_and_keep_spaces)
{
    struct sketch_style bold = {.size_pt = 10, .style = PAGE_STYLE_BOLD};
    const struct page_line *line;

    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "plain");
    sketch_text(&sketch, 79, 100, bold, "bold");
    cr_assert_str_eq(text_of_page(), "plain bold\n\n");
    line = &sketch.record.blocks[0].lines[0];
    cr_assert_eq(line->span_count, 2);
    cr_assert_eq(line->spans[1].style, PAGE_STYLE_BOLD);
    cr_assert_str_eq(sketch.record.fonts[line->spans[1].font].name, "Sketch-1");
    cr_assert_float_eq(line->spans[1].box.x0, 79, 0.01);
}

Test(pdf_layout, shadows_are_taken_once)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "shadowed");
    sketch_text(&sketch, 50.5F, 100.5F, SKETCH_PLAIN, "shadowed");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "shadowed");
    cr_assert_str_eq(text_of_page(), "shadowed\nshadowed\n\n");
}

Test(pdf_layout, leaders_stand_behind_what_they_lead_from)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "........................................");
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "Chapter");
    sketch_text(&sketch, 260, 100, SKETCH_PLAIN, "12");
    EXPECT_ORDER(text_of_page(), "Chapter", "....", "12");
}

Test(pdf_layout, rotated_text_is_laid_out_in_its_own_direction)
{
    struct sketch_style up = {.size_pt = 10, .angle_deg = -90};

    draw_column(100, 100, "upright", 10);
    sketch_text(&sketch, 30, 600, up, "sideways first");
    sketch_text(&sketch, 42, 600, up, "sideways second");
    EXPECT_ORDER(text_of_page(), "upright line 01", "upright line 10",
                 "sideways first\nsideways second");
    cr_assert_eq(sketch.record.blocks[sketch.record.block_count - 1].lines[0].angle_deg, -90);
    cr_assert_float_eq(sketch.record.blocks[sketch.record.block_count - 1].lines[0].box.x0, 22,
                       0.1);
}

Test(pdf_layout, vertical_writing_goes_from_right_to_left)
{
    struct sketch_style vertical = {.size_pt = 10, .vertical = true};

    sketch_text(&sketch, 300, 100, vertical, "\xe4\xb8\x80\xe4\xba\x8c\xe4\xb8\x89");
    sketch_text(&sketch, 285, 100, vertical, "\xe5\x9b\x9b\xe4\xba\x94");
    cr_assert_str_eq(text_of_page(),
                     "\xe4\xb8\x80\xe4\xba\x8c\xe4\xb8\x89\n\xe5\x9b\x9b\xe4\xba\x94"
                     "\n\n");
    cr_assert(sketch.record.blocks[0].lines[0].vertical);
    cr_assert_eq(sketch.record.blocks[0].lines[0].angle_deg, 0);
}

/* shin, lamed, vav, final mem */
#define SHALOM "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"
#define SHALOM_SEEN "\xd7\x9d\xd7\x95\xd7\x9c\xd7\xa9"

Test(pdf_layout, right_to_left_text_is_stored_in_logical_order)
{
    struct sketch_style leftwards = {.size_pt = 10, .leftwards = true};

    sketch_text(&sketch, 200, 100, SKETCH_PLAIN, SHALOM_SEEN); /* as it is seen */
    sketch_text(&sketch, 220, 112, leftwards, SHALOM);         /* as it is read */
    cr_assert_str_eq(text_of_page(), SHALOM "\n" SHALOM "\n\n");
    cr_assert(sketch.record.blocks[0].lines[0].right_to_left);
    cr_assert(sketch.record.blocks[0].lines[1].right_to_left);
}

Test(pdf_layout, numbers_and_brackets_in_right_to_left_text)
{
    /* Seen from left to right: "(12) MOLAHS". */
    sketch_text(&sketch, 200, 100, SKETCH_PLAIN, "(12) " SHALOM_SEEN);
    cr_assert_str_eq(text_of_page(), SHALOM " (12)\n\n");
}

Test(pdf_layout, right_to_left_words_in_left_to_right_text)
{
    sketch_text(&sketch, 100, 100, SKETCH_PLAIN, "the word " SHALOM_SEEN " is a greeting");
    cr_assert_str_eq(text_of_page(), "the word " SHALOM " is a greeting\n\n");
    cr_assert_not(sketch.record.blocks[0].lines[0].right_to_left);
}

Test(pdf_layout, text_off_the_page_is_kept_and_hidden)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "on the page");
    sketch_text(&sketch, 50, -3000, SKETCH_PLAIN, "off the page");
    cr_assert_str_eq(text_of_page(), "on the page\n\n");
    cr_assert_eq(sketch.record.block_count, 2);
    cr_assert_str_eq(sketch_block(&sketch, 1), "off the page|");
    cr_assert(sketch.record.blocks[1].lines[0].spans[0].style & PAGE_STYLE_HIDDEN);
    cr_assert_eq(sketch.record.blocks[1].margin, PAGE_MARGIN_NONE);
    cr_assert_eq(sketch.record.hidden_count, 10);
}

Test(pdf_layout, gaps_become_spaces_but_not_between_ideographs)
{
    struct glyph_run run = {.ux = 1, .size_pt = 10};

    glyphs_run_begin(&sketch.glyphs, &run, 100);
    glyphs_add(&sketch.glyphs, 50, 55, 'a');
    glyphs_add(&sketch.glyphs, 55.5F, 60, 'b'); /* too narrow for a space */
    glyphs_add(&sketch.glyphs, 62.5F, 67, 'c');
    glyphs_run_begin(&sketch.glyphs, &run, 130);
    glyphs_add(&sketch.glyphs, 50, 60, 0x4E00);
    glyphs_add(&sketch.glyphs, 63, 73, 0x4E8C);
    sketch_text(&sketch, 0, 0, SKETCH_PLAIN, ""); /* the runs' font */
    cr_assert_str_eq(text_of_page(), "ab c\n\n\xe4\xb8\x80\xe4\xba\x8c\n\n");
}

Test(pdf_layout, reasons_for_ocr)
{
    struct page_box whole = {0, 0, 600, 800};

    glyphs_add_image(&sketch.glyphs, &whole, 600, 800);
    sketch_lay_out(&sketch);
    cr_assert_str_eq(page_ocr_reason(&sketch.record, 0), "no_text");
    cr_assert_float_eq(sketch.record.image_cover, 1, 0.001);
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "a stamp");
    sketch_lay_out(&sketch);
    cr_assert_str_eq(page_ocr_reason(&sketch.record, 0), "sparse_text");
    draw_column(50, 120, "body", 5);
    sketch_lay_out(&sketch);
    cr_assert_null(page_ocr_reason(&sketch.record, 0));
}

Test(pdf_layout, garbled_and_outlined_pages_need_ocr)
{
    sketch_lay_out(&sketch);
    cr_assert_null(page_ocr_reason(&sketch.record, 10));
    cr_assert_str_eq(page_ocr_reason(&sketch.record, 5000), "no_text");
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "known");
    sketch_text(&sketch, 50, 120, SKETCH_PLAIN, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    sketch_lay_out(&sketch);
    cr_assert_eq(sketch.record.garbled_count, 3);
    cr_assert_str_eq(page_ocr_reason(&sketch.record, 0), "garbled");
}

Test(pdf_layout, image_cover_counts_overlaps_once)
{
    glyphs_add_image(&sketch.glyphs, &(struct page_box){0, 0, 300, 800}, 600, 800);
    glyphs_add_image(&sketch.glyphs, &(struct page_box){0, 0, 300, 800}, 600, 800);
    glyphs_add_image(&sketch.glyphs, &(struct page_box){-500, -500, -10, -10}, 600, 800);
    cr_assert_float_eq(glyphs_image_cover(&sketch.glyphs), 0.5, 0.01);
    cr_assert_eq(sketch.glyphs.image_count, 3);
}

Test(pdf_layout, too_many_glyphs_are_cut)
{
    struct glyphs few;
    struct glyph_run run = {.ux = 1, .size_pt = 10};

    glyphs_init(&few, 300);
    glyphs_run_begin(&few, &run, 100);
    for (int i = 0; i < 1000; i++) {
        glyphs_add(&few, (float)i, (float)i + 1, 'x');
    }
    cr_assert(few.full);
    cr_assert_leq(few.count, 512);
    glyphs_deinit(&few);
}

Test(pdf_layout, thousands_of_scattered_words_take_no_time)
{
    for (int i = 0; i < 20000; i++) {
        sketch_text(&sketch, (float)(i * 7919 % 590), (float)(i * 104729 % 790),
                    (struct sketch_style){.size_pt = (float)(1 + i % 9)}, "word");
    }
    sketch_lay_out(&sketch);
    cr_assert_gt(sketch.record.text_bytes, 80000);
}
