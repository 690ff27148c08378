/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/layout: paragraphs that go on elsewhere, and what stands between their parts.
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

TestSuite(layout_flow, .init = setup, .fini = teardown);

static const struct sketch_style small = {.size_pt = 7};

/* Lines of 40 characters, 12 pt apart, the last one as given. */
static void draw_paragraph(float x, float y, int lines, const char *last)
{
    for (int i = 0; i < lines - 1; i++) {
        sketch_text(&sketch, x, y + 12 * (float)i, SKETCH_PLAIN,
                    "Words that fill a line of a narrow column");
    }
    sketch_text(&sketch, x, y + 12 * (float)(lines - 1), SKETCH_PLAIN, last);
}

static const char *text_of_page(void)
{
    sketch_lay_out(&sketch);
    return arena_strndup(sketch.arena, sketch.record.text, sketch.record.text_bytes);
}

static void expect_joined(const char *part, bool joined)
{
    const char *text = text_of_page();

    cr_assert_eq(strstr(text, part) != NULL, joined, "%s:\n%s", part, text);
}

Test(layout_flow, a_paragraph_goes_on_in_the_next_column)
{
    draw_paragraph(50, 100, 10, "and at its foot the sentence is not over,");
    draw_paragraph(320, 100, 10, "so it ends here.");
    sketch_text(&sketch, 320, 240, SKETCH_PLAIN, "Another one begins.");
    expect_joined("over,\nWords", false); /* a capital: another sentence */
    sketch_deinit(&sketch);
    sketch_init(&sketch, 600, 800);
    draw_paragraph(50, 100, 10, "and at its foot the sentence is not over,");
    sketch_text(&sketch, 320, 100, SKETCH_PLAIN, "it goes on at the top of the next column,");
    draw_paragraph(320, 112, 9, "and ends here.");
    expect_joined("not over,\nit goes on", true);
    cr_assert_eq(sketch.record.block_count, 1);
    cr_assert_eq(sketch.record.blocks[0].line_count, 20);
}

Test(layout_flow, a_word_goes_on_in_the_next_column)
{
    draw_paragraph(50, 100, 10, "and at its foot there is half of an exam-");
    sketch_text(&sketch, 320, 100, SKETCH_PLAIN, "ple of words that go on in another column,");
    draw_paragraph(320, 112, 9, "and ends here.");
    expect_joined("an example of", true);
}

Test(layout_flow, figures_and_notes_between_the_columns_follow)
{
    draw_paragraph(50, 100, 10, "and at its foot the sentence is not over,");
    sketch_text(&sketch, 100, 260, small, "a label in a picture");
    sketch_text(&sketch, 50, 400, small, "Figure 1. A picture at the foot of the column");
    sketch_text(&sketch, 320, 100, small, "Figure 2. A picture at the head of the column");
    sketch_text(&sketch, 320, 130, SKETCH_PLAIN, "it goes on under that of the next column,");
    draw_paragraph(320, 142, 20, "and ends here.");
    expect_joined("not over,\nit goes on", true);
    expect_joined("ends here.\n\na label in a picture", true);
    expect_joined("Figure 1. A picture at the foot of the column\n\nFigure 2.", true);
}

Test(layout_flow, a_heading_between_the_columns_parts_them)
{
    draw_paragraph(50, 100, 10, "and at its foot the sentence is not over,");
    sketch_text(&sketch, 320, 100, (struct sketch_style){.size_pt = 14}, "of another thing");
    sketch_text(&sketch, 320, 130, SKETCH_PLAIN, "it begins with a small letter as some do,");
    draw_paragraph(320, 142, 9, "and ends here.");
    expect_joined("not over,\nit begins", false);
}

Test(layout_flow, a_sentence_that_has_ended_does_not_go_on)
{
    draw_paragraph(50, 100, 10, "and at its foot the sentence comes to be.");
    sketch_text(&sketch, 320, 100, SKETCH_PLAIN, "it begins with a small letter as some do,");
    draw_paragraph(320, 112, 9, "and ends here.");
    expect_joined("to be.\n\nit begins", true);
}

Test(layout_flow, a_box_beside_a_paragraph_follows_it)
{
    draw_paragraph(50, 100, 20, "while a box stands at its right, it is not");
    for (int i = 0; i < 8; i++) {
        sketch_text(&sketch, 400, 120 + 20 * (float)i, small, "a fact in the box");
    }
    sketch_text(&sketch, 50, 340, SKETCH_PLAIN,
                "over before it has gone on under the box from the left edge to the right one, as"
                " text does.");
    expect_joined("it is not\nover before", true);
    expect_joined("text does.\n\na fact in the box", true);
}

Test(layout_flow, list_items_and_cells_stay_apart)
{
    draw_paragraph(50, 100, 10, "and at its foot the sentence is not over,");
    sketch_text(&sketch, 320, 100, SKETCH_PLAIN, "a) the first thing in a list of several things");
    sketch_text(&sketch, 320, 112, SKETCH_PLAIN, "b) the second thing in a list of many");
    sketch_text(&sketch, 320, 124, SKETCH_PLAIN, "c) the third thing in a list of many");
    sketch_text(&sketch, 320, 136, SKETCH_PLAIN, "d) the fourth thing in a list of many");
    expect_joined("over,\n\na)", true);
}

static void draw_initial(const char *initial, float text_x, const char *text)
{
    sketch_text(&sketch, 50, 122, (struct sketch_style){.size_pt = 34}, initial);
    sketch_text(&sketch, text_x, 100, SKETCH_PLAIN, text);
    sketch_text(&sketch, text_x, 112, SKETCH_PLAIN, "goes on beside its large first letter,");
    sketch_text(&sketch, 50, 124, SKETCH_PLAIN, "and then under it from the left edge of the page");
    sketch_text(&sketch, 50, 136, SKETCH_PLAIN, "to the right one.");
}

Test(layout_flow, an_initial_begins_its_first_line)
{
    draw_initial("W", 70, "hen the text of a chapter begins it");
    expect_joined("When the text of a chapter begins it\ngoes on beside its large first letter,\n"
                  "and then under it",
                  true);
    cr_assert_eq(sketch.record.block_count, 1);
    cr_assert_eq(sketch.record.blocks[0].kind, PAGE_BLOCK_TEXT);
}

Test(layout_flow, an_initial_may_be_a_word)
{
    draw_initial("A", 74, "text of a chapter begins and then it");
    expect_joined("A text of a chapter begins and then it\ngoes on beside", true);
}

Test(layout_flow, entries_of_a_table_of_contents_are_blocks)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "The sea ................... 7");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "Ships and those who sail in them and");
    sketch_text(&sketch, 50, 124, SKETCH_PLAIN, "never come home ......... xii");
    sketch_text(&sketch, 50, 136, SKETCH_PLAIN, "The land .................. 130");
    cr_assert_str_eq(text_of_page(), "The sea ................... 7\n\n"
                                     "Ships and those who sail in them and\n"
                                     "never come home ......... xii\n\n"
                                     "The land .................. 130\n\n");
}

Test(layout_flow, a_hyphen_stays_where_the_page_has_the_word_with_it)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "Rights of the bank-advised funds. A bank-");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "advised fund is one that banks have con-");
    sketch_text(&sketch, 50, 124, SKETCH_PLAIN, "sidered, in short.");
    expect_joined("A bank-\nadvised fund is one that banks have considered, in short.", true);
    cr_assert_not(sketch.record.blocks[0].lines[0].hyphenated);
    cr_assert(sketch.record.blocks[0].lines[1].hyphenated);
}

Test(layout_flow, stanzas_side_by_side_are_read_row_by_row)
{
    for (int stanza = 0; stanza < 4; stanza++) {
        float x = stanza % 2 == 0 ? 50 : 320;
        float y = stanza < 2 ? 100 : 175;

        for (int line = 0; line < 4; line++) {
            char text[64];

            snprintf(text, sizeof(text), "Stanza %d, line %d of a long poem.", stanza + 1,
                     line + 1);
            sketch_text(&sketch, x, y + 12 * (float)line, SKETCH_PLAIN, text);
        }
    }
    expect_joined("Stanza 1, line 4 of a long poem.\n\nStanza 2, line 1", true);
    expect_joined("Stanza 2, line 4 of a long poem.\n\nStanza 3, line 1", true);
    expect_joined("Stanza 3, line 4 of a long poem.\n\nStanza 4, line 1", true);
}

Test(layout_flow, a_hanging_paragraph_is_one_block)
{
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "A. Author. A book that is well known. See www.");
    sketch_text(&sketch, 65, 112, SKETCH_PLAIN, "example.org/book, 2024.");
    sketch_text(&sketch, 50, 124, SKETCH_PLAIN, "B. Writer. Another one of the kind. See https:");
    sketch_text(&sketch, 65, 136, SKETCH_PLAIN, "//example.org/other, 2024.");
    cr_assert_str_eq(text_of_page(),
                     "A. Author. A book that is well known. See www.\nexample.org/book, 2024.\n\n"
                     "B. Writer. Another one of the kind. See https:\n//example.org/other, 2024."
                     "\n\n");
}

Test(layout_flow, a_raised_mark_under_letters_is_of_the_line_below)
{
    struct sketch_style mark = {.size_pt = 7};

    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "A line that runs over the mark of another");
    sketch_text(&sketch, 90, 112, SKETCH_PLAIN, "with a note in tightly set lines.");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "A claim");
    sketch_text(&sketch, 85, 106.5F, mark, "1");
    expect_joined("of another\nA claim1 with", true);
    cr_assert(sketch.record.blocks[0].lines[1].spans[1].style & PAGE_STYLE_SUPERSCRIPT);
}

Test(layout_flow, a_lowered_mark_in_a_gap_is_of_the_line_above)
{
    struct sketch_style mark = {.size_pt = 7};

    sketch_text(&sketch, 79, 100, SKETCH_PLAIN, "O of the sea");
    sketch_text(&sketch, 50, 100, SKETCH_PLAIN, "The H");
    sketch_text(&sketch, 50, 112, SKETCH_PLAIN, "is salt and cold.");
    sketch_text(&sketch, 75, 103, mark, "2");
    expect_joined("The H2O of the sea\nis salt", true);
    cr_assert(sketch.record.blocks[0].lines[0].spans[1].style & PAGE_STYLE_SUBSCRIPT);
}
