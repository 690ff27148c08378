/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables that only level rulings, or nothing but alignment, show; and what looks like one.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "table_sketch.h"

/* Rows of a label at 50 and numbers that end at 300, 400 and 500, 14 points apart. */
static void numbers(struct table_sketch *sketch, float y, uint32_t first, uint32_t count)
{
    static const char *const labels[] = {"Austria", "Belgium", "Canada", "Denmark", "Estonia"};

    for (uint32_t i = first; i < first + count; i++) {
        char text[16];

        table_sketch_text(sketch, 50, y, labels[i % 5]);
        for (uint32_t c = 0; c < 3; c++) {
            snprintf(text, sizeof(text), "%u", (i + 1) * (c == 1 ? 1000 : 9) + c);
            table_sketch_right(sketch, 300 + 100 * (float)c, y, text);
        }
        y += 14;
    }
}

#define BODY                                                                                       \
    "Austria#|9|1001|11/Belgium#|18|2001|20/Canada#|27|3001|29/Denmark#|36|4001|38/"               \
    "Estonia#|45|5001|47"

Test(aligned, numbers)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    table_sketch_text(&sketch, 50, 80,
                      "The following figures were given by the offices themselves:");
    numbers(&sketch, 120, 0, 5);
    table_sketch_text(&sketch, 50, 230,
                      "They are said to be right, and nobody has shown otherwise.");
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0), BODY);
    cr_assert_not(table_sketch_table(&sketch, 0)->ruled);
    cr_assert_eq(sketch.page.record.block_count, 3);
    cr_assert_not_null(sketch.page.record.blocks[1].table);
    table_sketch_deinit(&sketch);
}

/* Titles broken over lines, with their last lines beside each other. */
Test(aligned, titles_over_lines)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    table_sketch_right(&sketch, 400, 100, "Weighted");
    table_sketch_right(&sketch, 300, 112, "Number");
    table_sketch_right(&sketch, 400, 112, "school");
    table_sketch_text(&sketch, 50, 124, "Country");
    table_sketch_right(&sketch, 300, 124, "of schools");
    table_sketch_right(&sketch, 400, 124, "response");
    table_sketch_right(&sketch, 500, 124, "Rank");
    numbers(&sketch, 140, 0, 5);
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Country#|Number of schools#|Weighted school response#|Rank#/" BODY);
    table_sketch_deinit(&sketch);
}

/* Three rulings, as good books have them. */
Test(aligned, three_rulings)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    table_sketch_text(&sketch, 50, 90, "Table 1. What the countries sent");
    table_sketch_level(&sketch, 104, 50, 500);
    table_sketch_text(&sketch, 50, 116, "Country");
    table_sketch_right(&sketch, 300, 116, "Wool");
    table_sketch_right(&sketch, 400, 116, "Timber");
    table_sketch_right(&sketch, 500, 116, "Tar");
    table_sketch_level(&sketch, 121, 50, 500);
    numbers(&sketch, 133, 0, 5);
    table_sketch_level(&sketch, 195, 50, 500);
    table_sketch_text(&sketch, 50, 207, "In tons; those of the colonies are left out.");
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0), "Country#|Wool#|Timber#|Tar#/" BODY);
    cr_assert(table_sketch_table(&sketch, 0)->ruled);
    cr_assert_eq(sketch.page.record.block_count, 3);
    cr_assert_eq(sketch.page.record.blocks[0].kind, PAGE_BLOCK_CAPTION);
    table_sketch_deinit(&sketch);
}

/* The same with words in all cells, which alignment alone would not make a table. */
Test(aligned, words_between_rulings)
{
    struct table_sketch sketch;
    static const char *const cells[4][3] = {{"Fit", "Wants", "Meaning"},
                                            {"Whole", "nothing", "the page fills it"},
                                            {"Width", "its top", "it is as wide"},
                                            {"Height", "its left", "it is as high"}};

    table_sketch_init(&sketch);
    table_sketch_level(&sketch, 100, 50, 400);
    table_sketch_level(&sketch, 119, 50, 400);
    table_sketch_level(&sketch, 163, 50, 400);
    for (uint32_t r = 0; r < 4; r++) {
        for (uint32_t c = 0; c < 3; c++) {
            table_sketch_text(&sketch, 55 + 100 * (float)c, 113 + 14 * (float)r + (r > 0 ? 4 : 0),
                              cells[r][c]);
        }
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Fit#|Wants#|Meaning#/Whole|nothing|the page fills it/"
                     "Width|its top|it is as wide/Height|its left|it is as high");
    table_sketch_deinit(&sketch);
}

/* A title over two columns with a ruling of its own under it. */
Test(aligned, levels_of_titles)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    table_sketch_level(&sketch, 90, 50, 500);
    table_sketch_centred(&sketch, 350, 102, "Sent");
    table_sketch_level(&sketch, 106, 270, 402);
    table_sketch_text(&sketch, 50, 118, "Country");
    table_sketch_right(&sketch, 300, 118, "Wool");
    table_sketch_right(&sketch, 400, 118, "Timber");
    table_sketch_right(&sketch, 500, 118, "Tar");
    table_sketch_level(&sketch, 123, 50, 500);
    numbers(&sketch, 135, 0, 5);
    table_sketch_level(&sketch, 197, 50, 500);
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "|Sent<1x2>#|/Country#|Wool#|Timber#|Tar#/" BODY);
    table_sketch_deinit(&sketch);
}

/* Titles over groups of columns, in the middle of each. */
Test(aligned, groups_of_columns)
{
    struct table_sketch sketch;
    static const char *const names[] = {"Spring", "Summer"};

    table_sketch_init(&sketch);
    for (uint32_t g = 0; g < 2; g++) {
        table_sketch_centred(&sketch, 240 + 160 * (float)g, 100, names[g]);
        table_sketch_right(&sketch, 220 + 160 * (float)g, 114, "Sown");
        table_sketch_right(&sketch, 300 + 160 * (float)g, 114, "Cut");
    }
    for (uint32_t r = 0; r < 4; r++) {
        table_sketch_text(&sketch, 50, 130 + 14 * (float)r, "Barley");
        for (uint32_t c = 0; c < 4; c++) {
            table_sketch_right(&sketch, 220 + 80 * (float)c, 130 + 14 * (float)r, "12.5");
        }
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_eq(strncmp(table_sketch_show(&sketch, 0),
                         "|Spring<1x2>#|Summer<1x2>#/|Sown#|Cut#|Sown#|Cut#/Barley#|12.5|", 62),
                 0, "%s", table_sketch_show(&sketch, 0));
    table_sketch_deinit(&sketch);
}

/* A label over two lines, a title of a part, an empty cell, a row whose label alone is broken. */
Test(aligned, labels)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    numbers(&sketch, 100, 0, 2);
    table_sketch_text(&sketch, 50, 128, "Overseas territories");
    table_sketch_text(&sketch, 50, 142, "Guadeloupe and");
    table_sketch_text(&sketch, 50, 153, "dependencies");
    table_sketch_right(&sketch, 300, 153, "7");
    table_sketch_right(&sketch, 500, 153, "5");
    numbers(&sketch, 167, 2, 3);
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Austria#|9|1001|11/Belgium#|18|2001|20/Overseas territories|||/"
                     "Guadeloupe and dependencies#|7||5/Canada#|27|3001|29/"
                     "Denmark#|36|4001|38/Estonia#|45|5001|47");
    table_sketch_deinit(&sketch);
}

/* Currency signs that stand apart belong to their numbers; so do brackets and percent signs. */
Test(aligned, marks_of_numbers)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t r = 0; r < 4; r++) {
        float y = 100 + 14 * (float)r;
        char text[16];

        table_sketch_text(&sketch, 50, y, "Cash at the bank");
        table_sketch_text(&sketch, 250, y, "$");
        snprintf(text, sizeof(text), "%u,000", r + 1);
        table_sketch_right(&sketch, 320, y, text);
        table_sketch_right(&sketch, 400, y, "12");
        table_sketch_text(&sketch, 410, y, "%");
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Cash at the bank#|$ 1,000|12 %/Cash at the bank#|$ 2,000|12 %/"
                     "Cash at the bank#|$ 3,000|12 %/Cash at the bank#|$ 4,000|12 %");
    table_sketch_deinit(&sketch);
}

/* Dots lead from labels to numbers: they are no text of the cell, and are kept in the plain text.
 */
Test(aligned, leaders)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t r = 0; r < 4; r++) {
        float y = 100 + 14 * (float)r;

        table_sketch_text(&sketch, 50, y, "Wages");
        table_sketch_text(&sketch, 80, y, "..............................");
        table_sketch_right(&sketch, 300, y, "120");
        table_sketch_right(&sketch, 400, y, r == 0 ? "70" : r == 1 ? "95" : "60");
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Wages#|120|70/Wages#|120|95/Wages#|120|60/Wages#|120|60");
    cr_assert_not_null(strstr(sketch.page.record.text, "..............................\t120"));
    table_sketch_deinit(&sketch);
}

/* Rows of spaces part the columns of a text drawn in one go. */
Test(aligned, spaces)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    table_sketch_text(&sketch, 50, 100, "Austria      120     7.5");
    table_sketch_text(&sketch, 50, 114, "Belgium       80    12.5");
    table_sketch_text(&sketch, 50, 128, "Canada      1000     0.5");
    table_sketch_text(&sketch, 50, 142, "Denmark        -    10.0");
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Austria#|120|7.5/Belgium#|80|12.5/Canada#|1000|0.5/Denmark#|-|10.0");
    table_sketch_deinit(&sketch);
}

Test(aligned, two_tables_with_text_between)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    numbers(&sketch, 100, 0, 5);
    table_sketch_text(&sketch, 50, 184,
                      "In the year that followed the figures were not as good as these had been,");
    table_sketch_text(&sketch, 50, 196, "and some of the countries did not give any.");
    numbers(&sketch, 220, 0, 5);
    cr_assert_eq(table_sketch_lay_out(&sketch), 2);
    cr_assert_str_eq(table_sketch_show(&sketch, 0), BODY);
    cr_assert_str_eq(table_sketch_show(&sketch, 1), BODY);
    table_sketch_deinit(&sketch);
}

/* --- what is no table --- */

static const char *const prose[] = {
    "It was said of the old house that",    "nobody had lived there since the",
    "mill was closed, and that was many",   "years ago, in the time of those",
    "who built the bridge over the stream", "and the road that leads to the sea.",
    "Since then it stood empty, and the",   "garden grew over its lower walls."};

Test(aligned, columns_of_prose)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 8; i++) {
        table_sketch_text(&sketch, 50, 100 + 12 * (float)i, prose[i]);
        table_sketch_text(&sketch, 320, 100 + 12 * (float)i, prose[7 - i]);
    }
    table_sketch_level(&sketch, 85, 50, 560);
    table_sketch_level(&sketch, 205, 50, 560);
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}

Test(aligned, table_of_contents)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 8; i++) {
        float y = 100 + 14 * (float)i;
        char number[8];

        snprintf(number, sizeof(number), "%u", 3 + i * i);
        table_sketch_text(&sketch, 50, y, "Of the old house");
        table_sketch_text(&sketch, 140, y, ". . . . . . . . . . . . . . . . . . . .");
        table_sketch_right(&sketch, 400, y, number);
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}

Test(aligned, lists)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 6; i++) {
        char mark[8];

        snprintf(mark, sizeof(mark), "%u.", i + 1);
        table_sketch_text(&sketch, 50, 100 + 14 * (float)i, mark);
        table_sketch_text(&sketch, 75, 100 + 14 * (float)i, prose[i]);
        table_sketch_text(&sketch, 50, 300 + 14 * (float)i, "\xe2\x80\xa2");
        table_sketch_text(&sketch, 75, 300 + 14 * (float)i, prose[i]);
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}

Test(aligned, code)
{
    struct table_sketch sketch;
    const struct sketch_style mono = {.size_pt = 10, .style = PAGE_STYLE_MONO};

    table_sketch_init(&sketch);
    sketch_text(&sketch.page, 50, 100, mono, "ans =      1      2      3");
    sketch_text(&sketch.page, 50, 112, mono, "ans =      4      5      6");
    sketch_text(&sketch.page, 50, 124, mono, "ans =      7      8      9");
    sketch_text(&sketch.page, 50, 136, mono, "ans =     10     11     12");
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}

Test(aligned, addresses)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    table_sketch_text(&sketch, 50, 100, "Miller and Sons");
    table_sketch_text(&sketch, 350, 100, "The Old House");
    table_sketch_text(&sketch, 50, 112, "12 Mill Lane");
    table_sketch_text(&sketch, 350, 112, "4 Bridge Street");
    table_sketch_text(&sketch, 50, 124, "Northampton");
    table_sketch_text(&sketch, 350, 124, "Seaton");
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}

Test(aligned, equations)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 4; i++) {
        float y = 100 + 24 * (float)i;

        table_sketch_text(&sketch, 80, y, "f(x)");
        table_sketch_text(&sketch, 130, y, "=");
        table_sketch_text(&sketch, 160, y, "2x + 1");
        table_sketch_text(&sketch, 500, y, "(1)");
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}
