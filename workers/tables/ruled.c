/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Ruled tables. Nothing blocks or logs.
 */
#include "workers/tables/ruled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/tables/bands.h"
#include "workers/tables/build.h"
#include "workers/tables/headers.h"
#include "workers/tables/parting.h"

#define FILLED_MIN 0.25F     /* of the cells must have text */
#define PAGE_CELL_WORDS 120U /* a cell with more, and most of all text, is a frame's inside */
#define PAGE_CELL_SHARE 0.6F
#define FIELDS_MAX 6U /* that a cell covers, on average: more is a drawing */
#define WORDS_MIN 3U
#define RULED_SHARE 0.3F /* of all sides of fields: less is a drawing */

/* --- what is a table --- */

struct census {
    uint32_t filled, rows, columns; /* cells, and rows and columns with text where a cell begins */
    uint32_t most;                  /* words in one cell */
    uint32_t fields;                /* that cells with text cover */
};

static int take_census(const struct grid *grid, const struct grid_cell *cells, uint32_t cell_count,
                       const uint32_t *words_in, struct arena *arena, struct census *ret_census,
                       struct error *err)
{
    bool *rows = arena_calloc(arena, grid->rows, sizeof(*rows));
    bool *columns = arena_calloc(arena, grid->columns, sizeof(*columns));

    *ret_census = (struct census){.filled = 0};
    if (!rows || !columns) {
        return error_set(err, ERROR_MEMORY, "no memory for a grid");
    }
    for (uint32_t i = 0; i < cell_count; i++) {
        if (words_in[i] > 0) {
            ret_census->filled++;
            ret_census->fields += (uint32_t)cells[i].row_span * cells[i].column_span;
            rows[cells[i].row] = true;
            columns[cells[i].column] = true;
            ret_census->most = words_in[i] > ret_census->most ? words_in[i] : ret_census->most;
        }
    }
    for (uint32_t r = 0; r < grid->rows; r++) {
        ret_census->rows += rows[r];
    }
    for (uint32_t c = 0; c < grid->columns; c++) {
        ret_census->columns += columns[c];
    }
    return 0;
}

static bool is_table(const struct census *census, uint32_t cell_count, uint32_t word_count)
{
    return census->rows >= 2 && census->columns >= 2 && census->filled >= 3 &&
           (float)census->filled >= FILLED_MIN * (float)cell_count &&
           census->fields <= FIELDS_MAX * census->filled &&
           !(census->most > PAGE_CELL_WORDS &&
             (float)census->most > PAGE_CELL_SHARE * (float)word_count);
}

/* The cell of each word, and how many words each cell has. */
static void place_words(const struct grid *grid, const uint32_t *cell_of_field,
                        struct word *const *words, uint32_t count, uint32_t *cell_of,
                        uint32_t *words_in)
{
    for (uint32_t i = 0; i < count; i++) {
        float x = (words[i]->left + words[i]->right) / 2;
        float y = words_middle(words[i]);
        uint32_t column = grid_locate(grid->xs, grid->columns,
                                      fminf(fmaxf(x, grid->xs[0]), grid->xs[grid->columns]));
        uint32_t row =
            grid_locate(grid->ys, grid->rows, fminf(fmaxf(y, grid->ys[0]), grid->ys[grid->rows]));

        cell_of[i] = cell_of_field[row * grid->columns + column];
        words_in[cell_of[i]]++;
    }
}

/* A table with the grid's cells. NULL: out of memory. */
static struct found_table *start_table(const struct grid *grid, const struct grid_cell *cells,
                                       uint32_t cell_count, struct arena *arena, struct error *err)
{
    struct found_table *table = build_start(cell_count, arena, err);

    if (!table) {
        return NULL;
    }
    table->rows = (uint16_t)grid->rows;
    table->columns = (uint16_t)grid->columns;
    table->ruled = true;
    table->left = grid->xs[0];
    table->right = grid->xs[grid->columns];
    table->top = grid->ys[0];
    table->bottom = grid->ys[grid->rows];
    for (uint32_t i = 0; i < cell_count; i++) {
        table->cells[i] =
            (struct found_cell){.row = cells[i].row,
                                .column = cells[i].column,
                                .row_span = cells[i].row_span,
                                .column_span = cells[i].column_span,
                                .left = grid->xs[cells[i].column],
                                .top = grid->ys[cells[i].row],
                                .right = grid->xs[cells[i].column + cells[i].column_span],
                                .bottom = grid->ys[cells[i].row + cells[i].row_span]};
    }
    return table;
}

/* Parts what the rulings left whole. */
static int part(const struct glyphs *glyphs, struct grid *grid, struct word *const *words,
                uint32_t count, struct arena *arena, struct error *err)
{
    if (parting_columns(glyphs, grid, words, count, arena, err) < 0 ||
        bands_split(glyphs, grid, words, count, arena, err) < 0) {
        return -1;
    }
    return parting_cells(grid, words, count, arena, err);
}

int ruled_make(struct glyphs *glyphs, struct grid *grid, struct word **words, uint32_t count,
               struct arena *arena, struct found_table **ret_table, struct error *err)
{
    struct found_table *table;
    struct grid_cell *cells;
    struct census census;
    uint32_t *cell_of_field, *cell_of, *words_in;
    uint32_t cell_count;

    *ret_table = NULL;
    if (count < WORDS_MIN || grid_ruled_share(grid) < RULED_SHARE) {
        return 0;
    }
    if (part(glyphs, grid, words, count, arena, err) < 0 ||
        grid_cells(grid, arena, &cells, &cell_count, &cell_of_field, err) < 0) {
        return -1;
    }
    cell_of = arena_calloc(arena, count, sizeof(*cell_of));
    words_in = arena_calloc(arena, cell_count, sizeof(*words_in));
    if (!cell_of || !words_in) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    place_words(grid, cell_of_field, words, count, cell_of, words_in);
    if (take_census(grid, cells, cell_count, words_in, arena, &census, err) < 0) {
        return -1;
    }
    if (!is_table(&census, cell_count, count)) {
        return 0;
    }
    table = start_table(grid, cells, cell_count, arena, err);
    if (!table || build_finish(glyphs, words, cell_of, count, table, arena, err) < 0 ||
        headers_mark_rows(glyphs, table, arena, err) < 0 ||
        headers_mark_column(glyphs, table, arena, err) < 0) {
        return -1;
    }
    build_mirror(glyphs, words, count, table);
    *ret_table = table;
    return 0;
}
