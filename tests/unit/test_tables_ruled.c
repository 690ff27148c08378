/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Ruled tables: grids, spans, missing and double rulings, what is no table.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "table_sketch.h"

static const float XS[] = {50, 150, 250, 350};
static const float YS[] = {100, 120, 140, 160, 180};

/* A number, or a word at the left and top, in each cell of a grid over XS and YS. */
static void fill(struct table_sketch *sketch)
{
    static const char *const names[] = {"Item", "North", "South", "East"};

    for (uint32_t r = 0; r < 4; r++) {
        for (uint32_t c = 0; c < 3; c++) {
            char text[16];

            if (r == 0) {
                snprintf(text, sizeof(text), "%s", c == 0 ? "Region" : c == 1 ? "Sold" : "Left");
            } else if (c == 0) {
                snprintf(text, sizeof(text), "%s", names[r]);
            } else {
                snprintf(text, sizeof(text), "%u", r * 10 + c);
            }
            table_sketch_text(sketch, XS[c] + 4, YS[r] + 14, text);
        }
    }
}

Test(ruled, grid)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    table_sketch_grid(&sketch, XS, 4, YS, 5);
    fill(&sketch);
    table_sketch_text(&sketch, 50, 60, "What was sold, and what was left of it, by region.");
    table_sketch_text(&sketch, 50, 230, "These figures are of the year before the last.");
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Region#|Sold#|Left#/North#|11|12/South#|21|22/East#|31|32");
    cr_assert(table_sketch_table(&sketch, 0)->ruled);
    /* It stands between the texts, as a block of its own, and is in the plain text row by row. */
    cr_assert_eq(sketch.page.record.block_count, 3);
    cr_assert_not_null(sketch.page.record.blocks[1].table);
    cr_assert_float_eq(table_sketch_table(&sketch, 0)->cells[4].box.x0, 150, 1);
    cr_assert_float_eq(table_sketch_table(&sketch, 0)->cells[4].box.y1, 140, 1);
    cr_assert_not_null(strstr(sketch.page.record.text, "\n\nRegion\tSold\tLeft\nNorth\t11\t12\n"));
    table_sketch_deinit(&sketch);
}

Test(ruled, rulings_drawn_as_thin_rectangles_in_pieces)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t y = 0; y < 5; y++) {
        for (uint32_t x = 0; x < 3; x++) {
            float a = XS[x] + 0.5F;
            float b = XS[x + 1] - 0.5F;

            rulings_add_fill(&sketch.rulings, (float[4]){a, b, b, a},
                             (float[4]){YS[y], YS[y], YS[y] + 0.5F, YS[y] + 0.5F}, 0);
        }
    }
    for (uint32_t x = 0; x < 4; x++) {
        for (uint32_t y = 0; y < 4; y++) {
            table_sketch_upright(&sketch, XS[x], YS[y], YS[y + 1] - 1);
        }
    }
    fill(&sketch);
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Region#|Sold#|Left#/North#|11|12/South#|21|22/East#|31|32");
    table_sketch_deinit(&sketch);
}

Test(ruled, double_rulings)
{
    struct table_sketch sketch;
    float xs[4], ys[5];

    table_sketch_init(&sketch);
    table_sketch_grid(&sketch, XS, 4, YS, 5);
    for (uint32_t i = 0; i < 5; i++) {
        xs[i < 4 ? i : 3] = XS[i < 4 ? i : 3] + 1.5F;
        ys[i] = YS[i] + 1.5F;
    }
    table_sketch_grid(&sketch, xs, 4, ys, 5);
    fill(&sketch);
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_eq(table_sketch_table(&sketch, 0)->rows, 4);
    cr_assert_eq(table_sketch_table(&sketch, 0)->columns, 3);
    table_sketch_deinit(&sketch);
}

/* No ruling at the left and right, nor at the top and bottom. */
Test(ruled, open_sides)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 1; i < 4; i++) {
        table_sketch_level(&sketch, YS[i], 50, 350);
    }
    for (uint32_t i = 1; i < 3; i++) {
        table_sketch_upright(&sketch, XS[i], 100, 180);
    }
    fill(&sketch);
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Region#|Sold#|Left#/North#|11|12/South#|21|22/East#|31|32");
    table_sketch_deinit(&sketch);
}

/* A title over two columns, a label beside two rows, an empty cell. */
Test(ruled, spans)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 5; i++) {
        table_sketch_level(&sketch, YS[i], i == 3 ? 150 : 50, 350);
    }
    for (uint32_t i = 0; i < 4; i++) {
        table_sketch_upright(&sketch, XS[i], i == 2 ? 120 : 100, 180);
    }
    table_sketch_text(&sketch, 54, 114, "Region");
    table_sketch_centred(&sketch, 250, 114, "Both of them");
    table_sketch_text(&sketch, 154, 134, "Sold");
    table_sketch_text(&sketch, 254, 134, "Left");
    table_sketch_text(&sketch, 54, 164, "North");
    table_sketch_text(&sketch, 154, 154, "11");
    table_sketch_text(&sketch, 254, 154, "12");
    table_sketch_text(&sketch, 254, 174, "22");
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Region#|Both of them<1x2>#/|Sold#|Left#/North<2x1>#|11|12/|22");
    table_sketch_deinit(&sketch);
}

/* Titles over two columns each, between which the ruling is missing that runs further down. */
Test(ruled, titles_without_rulings_between)
{
    struct table_sketch sketch;
    const float xs[] = {50, 150, 200, 250, 300, 350};

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 5; i++) {
        table_sketch_level(&sketch, YS[i], 50, 350);
    }
    for (uint32_t i = 0; i < 6; i++) {
        table_sketch_upright(&sketch, xs[i], i == 0 || i == 1 || i == 5 ? 100 : 120, 180);
    }
    table_sketch_text(&sketch, 54, 114, "Region");
    table_sketch_centred(&sketch, 200, 114, "1990");
    table_sketch_centred(&sketch, 300, 114, "2000");
    for (uint32_t r = 1; r < 4; r++) {
        table_sketch_text(&sketch, 54, YS[r] + 14, "North");
        for (uint32_t c = 1; c < 5; c++) {
            table_sketch_text(&sketch, xs[c] + 4, YS[r] + 14, "12.5");
        }
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Region#|1990<1x2>#|2000<1x2>#/North#|12.5|12.5|12.5|12.5/"
                     "North#|12.5|12.5|12.5|12.5/North#|12.5|12.5|12.5|12.5");
    table_sketch_deinit(&sketch);
}

/* Text over several lines stays in its cell; its broken word is made whole. */
Test(ruled, lines_of_a_cell)
{
    struct table_sketch sketch;
    const float ys[] = {100, 120, 160, 180};

    table_sketch_init(&sketch);
    table_sketch_grid(&sketch, XS, 3, ys, 4);
    table_sketch_text(&sketch, 54, 114, "Topic");
    table_sketch_text(&sketch, 154, 114, "Questions");
    table_sketch_text(&sketch, 54, 134, "Employment, social");
    table_sketch_text(&sketch, 54, 146, "affairs and oppor-");
    table_sketch_text(&sketch, 54, 158, "tunities");
    table_sketch_text(&sketch, 154, 146, "1783");
    table_sketch_text(&sketch, 54, 174, "Total");
    table_sketch_text(&sketch, 154, 174, "1783");
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Topic#|Questions#/Employment, social affairs and opportunities#|1783/"
                     "Total#|1783");
    table_sketch_deinit(&sketch);
}

/* Rulings around the header and the body, and between columns, but not between rows. */
Test(ruled, rows_without_rulings_between)
{
    struct table_sketch sketch;
    const float ys[] = {100, 120, 180};

    table_sketch_init(&sketch);
    table_sketch_grid(&sketch, XS, 4, ys, 3);
    fill(&sketch);
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Region#|Sold#|Left#/North#|11|12/South#|21|22/East#|31|32");
    table_sketch_deinit(&sketch);
}

/* One upright ruling beside the labels, none between the numbers. */
Test(ruled, columns_without_rulings_between)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 5; i++) {
        table_sketch_level(&sketch, YS[i], 50, 350);
    }
    table_sketch_upright(&sketch, 50, 100, 180);
    table_sketch_upright(&sketch, 150, 100, 180);
    table_sketch_upright(&sketch, 350, 100, 180);
    fill(&sketch);
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Region#|Sold#|Left#/North#|11|12/South#|21|22/East#|31|32");
    table_sketch_deinit(&sketch);
}

/* A row that was drawn as one text is parted between words where the rulings are. */
Test(ruled, rows_drawn_in_one_go)
{
    struct table_sketch sketch;
    const float xs[] = {50, 110, 170, 230};

    table_sketch_init(&sketch);
    table_sketch_grid(&sketch, xs, 4, YS, 4);
    table_sketch_text(&sketch, 54, 114, "Main region Sold on day Left");
    table_sketch_text(&sketch, 54, 134, "North side  101 dozens  102");
    table_sketch_text(&sketch, 54, 154, "South side  201 dozens  202");
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Main region#|Sold on day#|Left#/North side|101 dozens|102/"
                     "South side|201 dozens|202");
    table_sketch_deinit(&sketch);
}

/* The page lies on its side: text and rulings run down it. */
Test(ruled, turned)
{
    struct table_sketch sketch;
    const struct sketch_style down = {.size_pt = 10, .angle_deg = 90};
    static const char *const cells[3][3] = {
        {"Region", "Sold", "Left"}, {"North", "11", "12"}, {"South", "21", "22"}};

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 4; i++) {
        table_sketch_upright(&sketch, 400 - 20 * (float)i, 50, 350);
        table_sketch_level(&sketch, XS[i], 340, 400);
    }
    for (uint32_t r = 0; r < 3; r++) {
        for (uint32_t c = 0; c < 3; c++) {
            sketch_text(&sketch.page, 400 - 20 * (float)r - 14, XS[c] + 4, down, cells[r][c]);
        }
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "Region#|Sold#|Left#/North#|11|12/South#|21|22");
    table_sketch_deinit(&sketch);
}

Test(ruled, right_to_left)
{
    struct table_sketch sketch;
    const struct sketch_style leftwards = {.size_pt = 10, .leftwards = true};
    const float ys[] = {100, 120, 140};

    table_sketch_init(&sketch);
    table_sketch_grid(&sketch, XS, 4, ys, 3);
    for (uint32_t r = 0; r < 2; r++) {
        sketch_text(&sketch.page, 346, ys[r] + 14, leftwards, "\xd7\xa9\xd7\x9d");
        sketch_text(&sketch.page, 246, ys[r] + 14, leftwards, "\xd7\x9b\xd7\x9f");
        sketch_text(&sketch.page, 146, ys[r] + 14, leftwards, "\xd7\x9c\xd7\x90");
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 1);
    cr_assert_str_eq(table_sketch_show(&sketch, 0),
                     "\xd7\xa9\xd7\x9d|\xd7\x9b\xd7\x9f|\xd7\x9c\xd7\x90/"
                     "\xd7\xa9\xd7\x9d|\xd7\x9b\xd7\x9f|\xd7\x9c\xd7\x90");
    table_sketch_deinit(&sketch);
}

/* White lines between shaded cells rule; white lines on white paper do not. */
Test(ruled, white_rulings)
{
    for (int shaded = 0; shaded <= 1; shaded++) {
        struct table_sketch sketch;

        table_sketch_init(&sketch);
        if (shaded) {
            rulings_add_fill(&sketch.rulings, (float[4]){50, 350, 350, 50},
                             (float[4]){100, 100, 180, 180}, 0xC0D0E0);
        }
        for (uint32_t i = 1; i < 4; i++) {
            rulings_add_line(&sketch.rulings, 50, YS[i], 350, YS[i], 1, 0xFFFFFF);
            if (i < 3) {
                rulings_add_line(&sketch.rulings, XS[i], 100, XS[i], 180, 1, 0xFFFFFF);
            }
        }
        table_sketch_text(&sketch, 54, 114, "alpha beta");
        table_sketch_text(&sketch, 154, 114, "gamma delta");
        table_sketch_text(&sketch, 54, 134, "epsilon");
        table_sketch_text(&sketch, 154, 134, "zeta eta");
        cr_assert_eq(table_sketch_lay_out(&sketch), shaded ? 1 : 0);
        table_sketch_deinit(&sketch);
    }
}

/* --- what is no table --- */

Test(ruled, a_frame_is_no_table)
{
    struct table_sketch sketch;
    const float xs[] = {40, 560};
    const float ys[] = {40, 400};

    table_sketch_init(&sketch);
    table_sketch_grid(&sketch, xs, 2, ys, 2);
    for (uint32_t i = 0; i < 12; i++) {
        table_sketch_text(
            &sketch, 50, 60 + 12 * (float)i,
            "A box around the text of a page does not make a table of it, of course.");
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}

/* The lines of a chart, with its labels outside of them and one inside. */
Test(ruled, a_chart_is_no_table)
{
    struct table_sketch sketch;
    const float xs[] = {100, 150, 200, 250, 300, 350};
    const float ys[] = {100, 150, 200, 250, 300};

    table_sketch_init(&sketch);
    table_sketch_grid(&sketch, xs, 6, ys, 5);
    for (uint32_t i = 0; i < 5; i++) {
        table_sketch_right(&sketch, 95, ys[i] + 3, "100");
        table_sketch_centred(&sketch, xs[i] + 25, 314, "May");
    }
    table_sketch_text(&sketch, 205, 120, "Sales");
    table_sketch_text(&sketch, 155, 220, "Costs");
    table_sketch_text(&sketch, 255, 270, "Gains");
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}

Test(ruled, underlined_words_are_no_table)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 6; i++) {
        float y = 100 + 14 * (float)i;

        table_sketch_text(&sketch, 50, y,
                          "Some of these words lead elsewhere when they are clicked");
        table_sketch_level(&sketch, y + 2, 80 + 10 * (float)i, 140);
    }
    cr_assert_eq(table_sketch_lay_out(&sketch), 0);
    table_sketch_deinit(&sketch);
}

/* --- bounds --- */

Test(ruled, a_drawing_of_many_lines)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    fill(&sketch);
    for (uint32_t i = 0; i < RULINGS_MAX + 1; i++) {
        rulings_add_line(&sketch.rulings, (float)(i % 600), 10, (float)(i % 600), 700, 1, 0);
        rulings_add_line(&sketch.rulings, 10, (float)(i % 700), 600, (float)(i % 700), 1, 0);
    }
    cr_assert(sketch.rulings.full);
    cr_assert_leq(sketch.rulings.count, RULINGS_MAX);
    table_sketch_lay_out(&sketch);
    table_sketch_deinit(&sketch);
}

/* More fields than a table may have: no ruled table; its text is kept. */
Test(ruled, too_many_fields)
{
    struct table_sketch sketch;

    table_sketch_init(&sketch);
    for (uint32_t i = 0; i < 300; i++) {
        table_sketch_level(&sketch, 10 + 2.5F * (float)i * 1.01F, 5, 600);
        table_sketch_upright(&sketch, 5 + 2 * (float)i, 10, 770);
    }
    for (uint32_t i = 0; i < 20; i++) {
        table_sketch_text(&sketch, 20, 30 + 20 * (float)i, "far too many");
    }
    table_sketch_lay_out(&sketch);
    for (uint32_t i = 0; i < sketch.page.record.block_count; i++) {
        const struct page_table *table = sketch.page.record.blocks[i].table;

        cr_assert(!table || (uint32_t)table->rows * table->columns <= PAGE_TABLE_CELLS_MAX);
    }
    table_sketch_deinit(&sketch);
}
