/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables of real PDFs: what content draws becomes rulings, whichever way it draws them.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "pdf_sketch.h"

#define TEXTS                                                                                      \
    "BT /F1 10 Tf 1 0 0 1 54 705 Tm (Region) Tj 1 0 0 1 154 705 Tm (Sold) Tj "                     \
    "1 0 0 1 54 685 Tm (North) Tj 1 0 0 1 154 685 Tm (11) Tj "                                     \
    "1 0 0 1 54 665 Tm (South) Tj 1 0 0 1 154 665 Tm (21) Tj ET\n"

/* The first table of the page with that content, as "a|b/c|d"; "" where there is none. */
static const char *show(struct sketch_document *sketch, const char *content, const char *page_more)
{
    struct page_record record;
    struct buf buf;
    const char *shown;

    sketch_document_init(sketch);
    sketch_pdf_page(content, page_more, "", sketch->path);
    cr_assert_null(sketch_document_open(sketch, "", 10));
    record = sketch_document_extract(sketch, 1);
    cr_assert_null(record.failure_code);
    buf_init(&buf, 1 << 16);
    for (uint32_t b = 0; b < record.block_count; b++) {
        const struct page_table *table = record.blocks[b].table;

        for (uint32_t i = 0; table && i < table->cell_count; i++) {
            const struct page_cell *cell = &table->cells[i];

            if (i > 0) {
                buf_append_str(&buf, cell->row == cell[-1].row ? "|" : "/", NULL);
            }
            buf_append(&buf, cell->text, cell->text_bytes, NULL);
        }
    }
    shown = arena_strdup(sketch->arena, buf_cstr(&buf, NULL));
    buf_deinit(&buf);
    return shown;
}

static void expect(const char *content, const char *page_more, const char *expected)
{
    struct sketch_document sketch;

    cr_assert_str_eq(show(&sketch, content, page_more), expected, "%s", content);
    sketch_document_deinit(&sketch);
}

#define TABLE "Region|Sold/North|11/South|21"

Test(tables_pdf, stroked_lines)
{
    expect("50 720 m 250 720 l S 50 700 m 250 700 l S 50 680 m 250 680 l 50 660 m 250 660 l S "
           "50 660 m 50 720 l S 150 660 m 150 720 l S 250 660 m 250 720 l s " TEXTS,
           "", TABLE);
}

Test(tables_pdf, stroked_rectangles)
{
    expect("50 700 100 20 re 150 700 100 20 re 50 680 100 20 re 150 680 100 20 re "
           "50 660 100 20 re 150 660 100 20 re S " TEXTS,
           "", TABLE);
}

Test(tables_pdf, filled_rectangles)
{
    expect("50 720 200 .5 re f 50 700 200 .5 re f 50 680 200 .5 re f 50 660 200 .5 re f* "
           "50 660 .5 60 re 150 660 .5 60 re 250 660 .5 60 re f " TEXTS,
           "", TABLE);
}

Test(tables_pdf, closed_shapes_and_other_units)
{
    expect("q .5 0 0 .5 0 0 cm 100 1320 m 500 1320 l 500 1440 l 100 1440 l h S "
           "100 1360 m 500 1360 l 100 1400 m 500 1400 l 300 1320 m 300 1440 l S Q " TEXTS,
           "", TABLE);
}

/* The page is shown on its side: its text runs down, and the table is the same. */
Test(tables_pdf, turned_page)
{
    expect("50 700 100 20 re 150 700 100 20 re 50 680 100 20 re 150 680 100 20 re "
           "50 660 100 20 re 150 660 100 20 re S " TEXTS,
           "/Rotate 90", TABLE);
}

/* Paths that are not painted, only clip, or are curved, rule nothing. */
Test(tables_pdf, paths_that_rule_nothing)
{
    expect("50 700 100 20 re 150 700 100 20 re 50 680 100 20 re 150 680 100 20 re "
           "50 660 100 20 re 150 660 100 20 re W n " TEXTS,
           "", "");
    expect("50 700 100 20 re 150 700 100 20 re 50 680 100 20 re 150 680 100 20 re "
           "50 660 100 20 re 150 660 100 20 re n " TEXTS,
           "", "");
    expect("50 720 m 90 740 200 740 250 720 c 50 700 m 90 720 250 700 v 50 680 m 90 700 250 680 y "
           "50 660 m 90 680 200 680 250 660 c 150 660 m 170 680 170 700 150 720 c S " TEXTS,
           "", "");
}

/* A path of more points than are kept costs its rulings, and nothing else. */
Test(tables_pdf, a_path_without_end)
{
    struct sketch_document sketch;
    struct buf buf;

    buf_init(&buf, 1 << 22);
    for (int i = 0; i < 20000; i++) {
        buf_printf(&buf, NULL, "%d 660 m %d 720 l\n", i % 600, i % 600);
    }
    buf_append_str(&buf, "S " TEXTS, NULL);
    cr_assert_str_eq(show(&sketch, buf_cstr(&buf, NULL), ""), "");
    buf_deinit(&buf);
    sketch_document_deinit(&sketch);
}
