/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which cells of a table name its rows and columns. Nothing blocks or logs.
 */
#include "workers/tables/headers.h"

#include <stdbool.h>

#define HEADER_ROWS_MAX 6U
#define LABELS_SHARE 8U /* of ten cells of the first column that must have words */

/* What a cell says, counted. */
struct look {
    uint32_t chars, digits, letters;
    uint32_t slashes;
    uint32_t number; /* of its digits, as far as it is small */
    bool bold;       /* all of it */
};

static void look_add(struct look *look, const struct glyph_run *run, const struct glyph *items)
{
    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t c = items[i].character;

        if (c == ' ') {
            continue;
        }
        look->chars++;
        if (c >= '0' && c <= '9') {
            look->digits++;
            look->number = look->number < 100000 ? look->number * 10 + c - '0' : look->number;
        }
        look->slashes += c == '/';
        look->letters += (c | 0x20) - 'a' < 26 || c >= 0xC0;
        look->bold = look->bold && (run->style & PAGE_STYLE_BOLD);
    }
}

static struct look look_at(const struct glyphs *glyphs, const struct found_cell *cell)
{
    struct look look = {.bold = true};

    for (uint32_t l = 0; l < cell->line_count; l++) {
        for (uint32_t f = 0; f < cell->lines[l].count; f++) {
            const struct fragment *fragment = cell->lines[l].fragments[f];

            for (uint32_t r = 0; r < fragment->run_count; r++) {
                const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];

                look_add(&look, run, &glyphs->items[run->first]);
            }
        }
    }
    return look;
}

static bool is_data(const struct look *look)
{
    return look->digits > 0 && (look->letters == 0 || look->letters * 4 <= look->digits);
}

/* A year or a day, which name columns as words do. */
static bool is_date(const struct look *look)
{
    return look->letters == 0 &&
           ((look->digits == 4 && look->number >= 1800 && look->number <= 2100) ||
            (look->slashes == 2 && look->digits >= 3 && look->digits <= 8));
}

/* A row's cells that begin in it, but for the first column's. */
struct row_census {
    uint32_t filled, data, dates;
    uint32_t all, bold; /* with the first column's */
};

static struct row_census *take_census(const struct glyphs *glyphs, const struct found_table *table,
                                      struct arena *arena, struct error *err)
{
    struct row_census *rows = arena_calloc(arena, table->rows, sizeof(*rows));

    if (!rows) {
        error_set(err, ERROR_MEMORY, "no memory for %u rows", table->rows);
        return NULL;
    }
    for (uint32_t i = 0; i < table->cell_count; i++) {
        const struct found_cell *cell = &table->cells[i];
        struct row_census *row = &rows[cell->row];
        struct look look = look_at(glyphs, cell);

        if (look.chars == 0) {
            continue;
        }
        row->all++;
        row->bold += look.bold;
        if (cell->column > 0) {
            row->filled++;
            row->data += is_data(&look);
            row->dates += is_date(&look);
        }
    }
    return rows;
}

static bool is_data_row(const struct row_census *row)
{
    return row->data > 0 && row->data * 2 >= row->filled &&
           !(row->dates == row->data && row->data > 1);
}

static uint32_t count_header_rows(const struct row_census *rows, uint32_t count)
{
    uint32_t data = 0;

    while (data < count && data <= HEADER_ROWS_MAX && !is_data_row(&rows[data])) {
        data++;
    }
    if (data == 0 || data == count || data > HEADER_ROWS_MAX) {
        bool bold = rows[0].all > 1 && rows[0].bold == rows[0].all;

        return bold && count > 1 && rows[1].bold < rows[1].all ? 1 : 0;
    }
    /* Titles of the table's first part are none of its columns. */
    while (data > 1 && rows[data - 1].filled == 0) {
        data--;
    }
    return rows[0].filled == 0 && data == 1 ? 0 : data;
}

int headers_mark_rows(const struct glyphs *glyphs, struct found_table *table, struct arena *arena,
                      struct error *err)
{
    const struct row_census *rows = take_census(glyphs, table, arena, err);
    uint32_t count;

    if (!rows) {
        return -1;
    }
    count = count_header_rows(rows, table->rows);
    for (uint32_t i = 0; i < table->cell_count; i++) {
        table->cells[i].header = table->cells[i].row < count;
    }
    return 0;
}

int headers_mark_column(const struct glyphs *glyphs, struct found_table *table, struct arena *arena,
                        struct error *err)
{
    const struct row_census *rows = take_census(glyphs, table, arena, err);
    uint32_t labels = 0, numbers = 0, filled = 0, data = 0;

    if (!rows) {
        return -1;
    }
    for (uint32_t i = 0; i < table->cell_count; i++) {
        const struct found_cell *cell = &table->cells[i];

        if (cell->column == 0 && !cell->header && cell->line_count > 0) {
            struct look look = look_at(glyphs, cell);

            labels += look.letters > 0;
            numbers += look.letters == 0;
        }
    }
    for (uint32_t r = 0; r < table->rows; r++) {
        filled += rows[r].filled;
        data += rows[r].data;
    }
    if (data * 2 < filled || filled == 0 || labels * 10 < (labels + numbers) * LABELS_SHARE) {
        return 0;
    }
    for (uint32_t i = 0; i < table->cell_count; i++) {
        struct found_cell *cell = &table->cells[i];

        if (cell->column == 0 && cell->column_span == 1 && cell->line_count > 0 &&
            rows[cell->row].filled > 0) {
            cell->header = true;
        }
    }
    return 0;
}
