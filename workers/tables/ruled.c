/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Ruled tables. Nothing blocks or logs.
 */
#include "workers/tables/ruled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/tables/build.h"

#define FILLED_MIN 0.25F     /* of the cells must have text */
#define PAGE_CELL_WORDS 120U /* a cell with more, and most of all text, is a frame's inside */
#define PAGE_CELL_SHARE 0.6F
#define BAND_LINES_MIN 3U
#define BAND_SPLITS_MAX 256U
#define TITLE_GAP 1.2F /* of the size: what is wider parts titles */
#define PART_BUDGET 20000000U

/* The middle of a word's lower-case letters. */
static float middle_of(const struct word *word)
{
    return word->baseline - 0.3F * word->size_pt;
}

/* --- rows that no ruling parts --- */

struct band_line {
    float baseline, top, bottom;
    bool data; /* some column but the first has a number here */
};

/* The lines of a band's words, which are sorted; returns how many. */
static uint32_t band_lines(struct word *const *words, uint32_t count, struct band_line *lines)
{
    uint32_t line_count = 0;
    const struct word *first = NULL;

    for (uint32_t i = 0; i < count; i++) {
        struct band_line *line;

        if (!first || !words_on_one_line(first, words[i])) {
            first = words[i];
            lines[line_count++] = (struct band_line){
                .baseline = first->baseline, .top = first->top, .bottom = first->bottom};
        }
        line = &lines[line_count - 1];
        line->top = fminf(line->top, words[i]->top);
        line->bottom = fmaxf(line->bottom, words[i]->bottom);
    }
    return line_count;
}

/* Whether the words of one column, sorted, are data, one number on each line; marks these. */
static bool column_is_data(const struct glyphs *glyphs, struct word **words, uint32_t count,
                           struct band_line *lines, uint32_t line_count, bool apply)
{
    uint32_t line = 0;
    uint32_t found = 0;

    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && words_on_one_line(words[first], words[end]);) {
            end++;
        }
        if (!words_are_data(glyphs, &words[first], end - first)) {
            return false;
        }
        while (line + 1 < line_count && fabsf(lines[line + 1].baseline - words[first]->baseline) <
                                            fabsf(lines[line].baseline - words[first]->baseline)) {
            line++;
        }
        lines[line].data = lines[line].data || apply;
        found++;
    }
    return found >= 2;
}

/* Parts a row of the grid where its words are several rows: lines of numbers in one column at
 * least. words: those of the row's cells that reach over no other row, sorted. */
static int split_band(const struct glyphs *glyphs, struct grid *grid, uint32_t *row,
                      struct word **words, uint32_t count, struct arena *arena, struct error *err)
{
    struct band_line *lines = arena_calloc(arena, count + 1UL, sizeof(*lines));
    struct word **column_words = arena_calloc(arena, count + 1UL, sizeof(struct word *));
    uint32_t line_count;
    uint32_t columns = 0;
    const struct band_line *before = NULL;

    if (!lines || !column_words) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    line_count = band_lines(words, count, lines);
    if (line_count < 2 || (line_count < BAND_LINES_MIN && grid->rows > 3)) {
        return 0;
    }
    for (uint32_t c = 1; c < grid->columns; c++) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < count; i++) {
            float x = (words[i]->left + words[i]->right) / 2;

            if (x > grid->xs[c] && x <= grid->xs[c + 1]) {
                column_words[n++] = words[i];
            }
        }
        if (n >= 2 && column_is_data(glyphs, column_words, n, lines, line_count, false)) {
            column_is_data(glyphs, column_words, n, lines, line_count, true);
            columns++;
        }
    }
    if (columns == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < line_count; i++) {
        if (!lines[i].data) {
            continue;
        }
        if (before) {
            if (grid_split_row(grid, *row, (before->bottom + lines[i].top) / 2, arena, err) < 0) {
                return -1;
            }
            (*row)++;
        }
        before = &lines[i];
    }
    return 0;
}

/* Words by the grid's rows. */
static int split_bands(const struct glyphs *glyphs, struct grid *grid, struct word *const *words,
                       uint32_t count, struct arena *arena, struct error *err)
{
    struct word **band = arena_calloc(arena, count + 1UL, sizeof(struct word *));
    uint32_t most = grid->rows + BAND_SPLITS_MAX;

    if (!band) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    for (uint32_t row = 0; row < grid->rows && grid->rows < most; row++) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < count; i++) {
            float y = middle_of(words[i]);

            if (y > grid->ys[row] && y <= grid->ys[row + 1]) {
                band[n++] = words[i];
            }
        }
        words_sort(band, n);
        if (n >= 4 && split_band(glyphs, grid, &row, band, n, arena, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* --- cells whose titles have gaps where rulings run further down --- */

struct span {
    float left, right;
};

static int by_left(const void *a, const void *b)
{
    const struct span *x = a;
    const struct span *y = b;

    return (x->left > y->left) - (x->left < y->left);
}

/* What the words of a cell cover, from left to right; spans: with room for all. */
static uint32_t cover(struct word *const *words, uint32_t count, struct span *spans)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        spans[i] = (struct span){words[i]->left, words[i]->right};
    }
    qsort(spans, count, sizeof(*spans), by_left);
    for (uint32_t i = 0; i < count; i++) {
        if (kept > 0 && spans[i].left < spans[kept - 1].right + TITLE_GAP * words[0]->size_pt) {
            spans[kept - 1].right = fmaxf(spans[kept - 1].right, spans[i].right);
        } else {
            spans[kept++] = spans[i];
        }
    }
    return kept;
}

/* Parts a cell over several columns at the limit in the middle of each wide gap. */
static void part_cell(struct grid *grid, const struct grid_cell *cell, struct word *const *words,
                      uint32_t count, struct span *spans)
{
    uint32_t span_count = cover(words, count, spans);

    for (uint32_t s = 0; s + 1 < span_count; s++) {
        float middle = (spans[s].right + spans[s + 1].left) / 2;
        uint32_t best = UINT32_MAX;

        for (uint32_t c = cell->column + 1U; c < (uint32_t)cell->column + cell->column_span; c++) {
            if (grid->xs[c] > spans[s].right && grid->xs[c] < spans[s + 1].left &&
                (best == UINT32_MAX ||
                 fabsf(grid->xs[c] - middle) < fabsf(grid->xs[best] - middle))) {
                best = c;
            }
        }
        if (best != UINT32_MAX) {
            grid_part(grid, best - 1, cell->row, cell->row + cell->row_span - 1U);
        }
    }
}

static int part_titles(struct grid *grid, struct word *const *words, uint32_t count,
                       struct arena *arena, struct error *err)
{
    struct word **inside = arena_calloc(arena, count + 1UL, sizeof(struct word *));
    struct span *spans = arena_calloc(arena, count + 1UL, sizeof(*spans));
    struct grid_cell *cells;
    uint32_t cell_count;
    uint32_t *cell_of;
    uint32_t budget = PART_BUDGET;

    if (!inside || !spans) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    if (grid_cells(grid, arena, &cells, &cell_count, &cell_of, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < cell_count; i++) {
        const struct grid_cell *cell = &cells[i];
        uint32_t n = 0;

        if (cell->column_span < 2 || budget < count) {
            continue;
        }
        budget -= count;
        for (uint32_t w = 0; w < count; w++) {
            float x = (words[w]->left + words[w]->right) / 2;
            float y = middle_of(words[w]);

            if (x > grid->xs[cell->column] && x < grid->xs[cell->column + cell->column_span] &&
                y > grid->ys[cell->row] && y < grid->ys[cell->row + cell->row_span]) {
                inside[n++] = words[w];
            }
        }
        if (n >= 2) {
            part_cell(grid, cell, inside, n, spans);
        }
    }
    return 0;
}

/* --- what is a table --- */

struct census {
    uint32_t filled, rows, columns; /* cells, and rows and columns with text where a cell begins */
    uint32_t most;                  /* words in one cell */
};

static int take_census(const struct grid *grid, const struct grid_cell *cells, uint32_t cell_count,
                       const uint32_t *words_in, struct arena *arena, struct census *ret_census,
                       struct error *err)
{
    bool *rows = arena_calloc(arena, grid->rows, sizeof(*rows));
    bool *columns = arena_calloc(arena, grid->columns, sizeof(*columns));

    *ret_census = (struct census){0, 0, 0, 0};
    if (!rows || !columns) {
        return error_set(err, ERROR_MEMORY, "no memory for a grid");
    }
    for (uint32_t i = 0; i < cell_count; i++) {
        if (words_in[i] > 0) {
            ret_census->filled++;
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
           !(census->most > PAGE_CELL_WORDS &&
             (float)census->most > PAGE_CELL_SHARE * (float)word_count);
}

static void find_headers(struct found_table *table)
{
    for (uint32_t i = 0; i < table->cell_count; i++) {
        table->cells[i].header = table->cells[i].row == 0;
    }
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
    if (count < 3 || split_bands(glyphs, grid, words, count, arena, err) < 0 ||
        part_titles(grid, words, count, arena, err) < 0 ||
        grid_cells(grid, arena, &cells, &cell_count, &cell_of_field, err) < 0) {
        return count < 3 ? 0 : -1;
    }
    cell_of = arena_calloc(arena, count, sizeof(*cell_of));
    words_in = arena_calloc(arena, cell_count, sizeof(*words_in));
    if (!cell_of || !words_in) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        float x = (words[i]->left + words[i]->right) / 2;
        float y = middle_of(words[i]);
        uint32_t column = grid_locate(grid->xs, grid->columns,
                                      fminf(fmaxf(x, grid->xs[0]), grid->xs[grid->columns]));
        uint32_t row =
            grid_locate(grid->ys, grid->rows, fminf(fmaxf(y, grid->ys[0]), grid->ys[grid->rows]));

        cell_of[i] = cell_of_field[row * grid->columns + column];
        words_in[cell_of[i]]++;
    }
    if (take_census(grid, cells, cell_count, words_in, arena, &census, err) < 0) {
        return -1;
    }
    if (!is_table(&census, cell_count, count)) {
        return 0;
    }
    table = build_start(cell_count, arena, err);
    if (!table) {
        return -1;
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
    find_headers(table);
    if (build_finish(glyphs, words, cell_of, count, table, arena, err) < 0) {
        return -1;
    }
    *ret_table = table;
    return 0;
}
