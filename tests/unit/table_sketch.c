/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pages with rulings, for the tests of workers/tables.
 */
#include "table_sketch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "workers/layout/page_layout.h"
#include "workers/layout/text.h"
#include "workers/tables/tables.h"

#define WIDTH_PT 612.0F
#define HEIGHT_PT 792.0F
#define CHARACTER_PT 5.0F

void table_sketch_init(struct table_sketch *sketch)
{
    sketch_init(&sketch->page, WIDTH_PT, HEIGHT_PT);
    rulings_init(&sketch->rulings);
    rulings_reset(&sketch->rulings, WIDTH_PT, HEIGHT_PT);
}

void table_sketch_deinit(struct table_sketch *sketch)
{
    rulings_deinit(&sketch->rulings);
    sketch_deinit(&sketch->page);
}

void table_sketch_level(struct table_sketch *sketch, float y, float x0, float x1)
{
    rulings_add_line(&sketch->rulings, x0, y, x1, y, 0.5F, 0);
}

void table_sketch_upright(struct table_sketch *sketch, float x, float y0, float y1)
{
    rulings_add_line(&sketch->rulings, x, y0, x, y1, 0.5F, 0);
}

void table_sketch_grid(struct table_sketch *sketch, const float *xs, uint32_t count_x,
                       const float *ys, uint32_t count_y)
{
    for (uint32_t i = 0; i < count_y; i++) {
        table_sketch_level(sketch, ys[i], xs[0], xs[count_x - 1]);
    }
    for (uint32_t i = 0; i < count_x; i++) {
        table_sketch_upright(sketch, xs[i], ys[0], ys[count_y - 1]);
    }
}

void table_sketch_text(struct table_sketch *sketch, float x, float y, const char *text)
{
    sketch_text(&sketch->page, x, y, SKETCH_PLAIN, text);
}

void table_sketch_bold(struct table_sketch *sketch, float x, float y, const char *text)
{
    sketch_text(&sketch->page, x, y, (struct sketch_style){.size_pt = 10, .style = PAGE_STYLE_BOLD},
                text);
}

void table_sketch_right(struct table_sketch *sketch, float x, float y, const char *text)
{
    table_sketch_text(sketch, x - CHARACTER_PT * (float)strlen(text), y, text);
}

void table_sketch_centred(struct table_sketch *sketch, float x, float y, const char *text)
{
    table_sketch_text(sketch, x - CHARACTER_PT * (float)strlen(text) / 2, y, text);
}

static uint32_t count_text(const struct page_record *record)
{
    uint32_t count = 0;

    for (uint32_t b = 0; b < record->block_count; b++) {
        for (uint32_t l = 0; l < record->blocks[b].line_count; l++) {
            const struct page_line *line = &record->blocks[b].lines[l];

            for (uint32_t s = 0; s < line->span_count; s++) {
                count += text_count(line->spans[s].text,
                                    line->spans[s].text + line->spans[s].text_bytes);
            }
        }
    }
    return count;
}

static void demand_covered(const struct page_table *table)
{
    uint32_t fields = (uint32_t)table->rows * table->columns;
    uint8_t *covered = calloc(fields, 1);
    uint32_t count = 0;

    cr_assert_not_null(covered);
    for (uint32_t i = 0; i < table->cell_count; i++) {
        const struct page_cell *cell = &table->cells[i];

        cr_assert_leq(cell->row + cell->row_span, table->rows);
        cr_assert_leq(cell->column + cell->column_span, table->columns);
        for (uint32_t r = cell->row; r < (uint32_t)cell->row + cell->row_span; r++) {
            for (uint32_t c = cell->column; c < (uint32_t)cell->column + cell->column_span; c++) {
                cr_assert_eq(covered[r * table->columns + c]++, 0, "row %u column %u twice", r, c);
                count++;
            }
        }
    }
    cr_assert_eq(count, fields);
    free(covered);
}

uint32_t table_sketch_lay_out(struct table_sketch *sketch)
{
    struct table_finder finder = tables_finder(&sketch->rulings);
    struct page_record *record = &sketch->page.record;
    struct error err = ERROR_INIT;
    uint32_t plain, tables = 0;

    sketch_lay_out(&sketch->page);
    plain = count_text(record);
    *record = (struct page_record){
        .number = 1, .width_pt = sketch->page.width_pt, .height_pt = sketch->page.height_pt};
    cr_assert_eq(
        page_layout_with_tables(&sketch->page.glyphs, &finder, sketch->page.arena, record, &err), 0,
        "%s", err.msg);
    cr_assert_eq(count_text(record), plain, "text was lost, or given twice");
    for (uint32_t b = 0; b < record->block_count; b++) {
        if (record->blocks[b].table) {
            cr_assert_eq(record->blocks[b].kind, PAGE_BLOCK_TABLE);
            demand_covered(record->blocks[b].table);
            tables++;
        }
    }
    return tables;
}

const struct page_table *table_sketch_table(const struct table_sketch *sketch, uint32_t n)
{
    const struct page_record *record = &sketch->page.record;

    for (uint32_t b = 0; b < record->block_count; b++) {
        if (record->blocks[b].table && n-- == 0) {
            return record->blocks[b].table;
        }
    }
    cr_assert_fail("there are fewer tables");
    return NULL;
}

const char *table_sketch_show(struct table_sketch *sketch, uint32_t n)
{
    const struct page_table *table = table_sketch_table(sketch, n);
    struct buf buf;
    const char *shown;

    buf_init(&buf, 1 << 20);
    for (uint32_t i = 0; i < table->cell_count; i++) {
        const struct page_cell *cell = &table->cells[i];

        if (i > 0) {
            buf_append_str(&buf, cell->row == cell[-1].row ? "|" : "/", NULL);
        }
        buf_append(&buf, cell->text, cell->text_bytes, NULL);
        if (cell->row_span > 1 || cell->column_span > 1) {
            buf_printf(&buf, NULL, "<%ux%u>", cell->row_span, cell->column_span);
        }
        if (cell->header && cell->text_bytes > 0) {
            buf_append_str(&buf, "#", NULL);
        }
    }
    shown = arena_strdup(sketch->page.arena, buf_cstr(&buf, NULL));
    buf_deinit(&buf);
    return shown;
}
