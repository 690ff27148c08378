/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The finder of tables over any words and rulings. Each stroke of 6 bytes draws a line, a filled
 * rectangle or a few words, near the points of a coarse grid, so that much of it meets and aligns.
 * No word may be lost or be given twice, the cells of each table must cover it, and the record
 * must be one that can be written and read back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/page.h"
#include "workers/layout/page_layout.h"
#include "workers/layout/text.h"
#include "workers/tables/rulings.h"
#include "workers/tables/tables.h"

#define STROKE_BYTES 6
#define WIDTH_PT 600.0F
#define HEIGHT_PT 800.0F
#define STEP_PT 24.0F
#define CHARACTERS_MAX 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

/* A coordinate near a point of the grid: 5 bits say which, 3 bits how far off it is. */
static float place(uint8_t byte)
{
    return (float)(byte & 31) * STEP_PT + (float)(byte >> 5) * 1.1F - 3;
}

static uint32_t character(uint8_t byte)
{
    static const uint32_t kinds[] = {' ', ' ', '1', '2',    '9',   '.', ',', '$',
                                     '%', '-', 'a', 'b',    'T',   '(', ')', '.',
                                     ' ', '=', '*', 0x2022, 0x5D0, 'e', 'n', '3'};

    return kinds[byte % (sizeof(kinds) / sizeof(kinds[0]))];
}

static void draw_text(struct glyphs *glyphs, const uint8_t stroke[STROKE_BYTES])
{
    struct glyph_run run = {.ux = 1,
                            .size_pt = 6 + (float)(stroke[3] & 7),
                            .ascent = 0.8F,
                            .descent = 0.2F,
                            .style = stroke[3] & 8 ? PAGE_STYLE_BOLD : 0};
    float x = place(stroke[1]);
    float y = place(stroke[2]) + 12;
    uint32_t state = stroke[5];
    uint32_t count = stroke[4] % CHARACTERS_MAX + 1U;

    if (stroke[3] & 0x10) {
        run.ux = 0.9659258F;
        run.uy = 0.258819F;
    }
    run.angle_deg = glyphs_angle(run.ux, run.uy);
    glyphs_run_continue(glyphs, &run, -run.uy * x + run.ux * y, run.ux * x + run.uy * y);
    for (uint32_t i = 0; i < count; i++) {
        float along = run.ux * x + run.uy * y + (float)i * run.size_pt / 2;

        state = state * 1103515245U + 12345U;
        glyphs_add(glyphs, along, along + run.size_pt / 2,
                   stroke[3] & 0x20 ? character((uint8_t)(state >> 16)) : '0' + (state >> 16) % 10);
    }
}

static void draw(struct glyphs *glyphs, struct rulings *rulings, const uint8_t stroke[STROKE_BYTES])
{
    float x0 = place(stroke[1]);
    float y0 = place(stroke[2]);
    float x1 = place(stroke[3]);
    float y1 = place(stroke[4]);

    switch (stroke[0] & 7) {
    case 0:
        rulings_add_line(rulings, x0, y0, x1, y0, (float)(stroke[5] & 7), 0);
        break;
    case 1:
        rulings_add_line(rulings, x0, y0, x0, y1, (float)(stroke[5] & 7),
                         0xFFFFFF * (stroke[5] >> 7));
        break;
    case 2:
        rulings_add_fill(rulings, (float[4]){x0, x1, x1, x0}, (float[4]){y0, y0, y1, y1},
                         stroke[5] * 0x010101U);
        break;
    case 3:
        rulings_add_line(rulings, x0, y0, x1, y1, 1, 0);
        break;
    default:
        draw_text(glyphs, stroke);
        break;
    }
}

/* Characters of all spans. */
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

static void check_table(const struct page_table *table)
{
    size_t fields = (size_t)table->rows * table->columns;
    uint8_t *covered = calloc(fields, 1);
    size_t count = 0;

    demand(covered != NULL);
    for (uint32_t i = 0; i < table->cell_count; i++) {
        const struct page_cell *cell = &table->cells[i];

        demand(cell->row + cell->row_span <= table->rows);
        demand(cell->column + cell->column_span <= table->columns);
        for (uint32_t r = cell->row; r < (uint32_t)cell->row + cell->row_span; r++) {
            for (uint32_t c = cell->column; c < (uint32_t)cell->column + cell->column_span; c++) {
                demand(covered[r * table->columns + c]++ == 0);
                count++;
            }
        }
    }
    demand(count == fields);
    free(covered);
}

static void check_record(const struct page_record *record, struct arena *arena)
{
    struct page_record back;
    struct error err = ERROR_INIT;
    struct buf out;

    for (uint32_t b = 0; b < record->block_count; b++) {
        demand(record->blocks[b].line_count > 0);
        if (record->blocks[b].table) {
            check_table(record->blocks[b].table);
        }
    }
    buf_init(&out, (size_t)64 << 20);
    demand(page_record_encode(record, &out, &err) == 0);
    demand(page_record_decode(out.data, out.size, arena, &back, &err) == 0);
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static struct arena *arena;
    static struct glyphs glyphs;
    static struct rulings rulings;
    struct glyph_font font = {.key = &glyphs, .name = "F", .ascent = 0.8F, .descent = 0.2F};
    struct page_record plain = {.number = 1, .width_pt = WIDTH_PT, .height_pt = HEIGHT_PT};
    struct page_record record = plain;
    struct table_finder finder = tables_finder(&rulings);
    struct error err = ERROR_INIT;

    if (!arena) {
        arena = arena_create(0);
        glyphs_init(&glyphs, 100000);
        rulings_init(&rulings);
    }
    arena_reset(arena);
    glyphs_reset(&glyphs);
    rulings_reset(&rulings, WIDTH_PT, HEIGHT_PT);
    demand(glyphs_font_add(&glyphs, &font) == 0);
    for (; size_bytes >= STROKE_BYTES; size_bytes -= STROKE_BYTES, data += STROKE_BYTES) {
        draw(&glyphs, &rulings, data);
    }
    demand(page_layout(&glyphs, arena, &plain, &err) == 0);
    demand(page_layout_with_tables(&glyphs, &finder, arena, &record, &err) == 0);
    demand(count_text(&plain) == count_text(&record));
    check_record(&record, arena);
    return 0;
}
