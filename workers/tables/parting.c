/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Columns and cells of a ruled table that no ruling parts. Nothing blocks or logs.
 */
#include "workers/tables/parting.h"

#include <math.h>
#include <stdlib.h>

#include "proto/page.h"
#include "workers/tables/rows.h"

#define COLUMNS_MAX 100U
#define COLUMN_ROWS_MIN 3U
#define COLUMN_ROWS_SHARE 0.6F
#define BAND_LINES_MIN 3U
#define FULL_LINE 0.6F /* of a column: text that is broken over lines fills more */
#define ROOM 0.88F     /* of a column, for text */
#define TITLE_GAP 1.2F /* of the size: what is wider parts titles */
#define PART_BUDGET 20000000U

/* --- cells --- */

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

/* Parts a cell over several rows when it has a line of text in each of some, none of which goes on
 * with the one before. */
static void part_rows(struct grid *grid, const struct grid_cell *cell, struct word **words,
                      uint32_t count)
{
    float width = grid->xs[cell->column + cell->column_span] - grid->xs[cell->column];
    uint32_t last_row = UINT32_MAX;
    uint32_t lines = 0;
    uint32_t broken = 0;
    float before = 0;

    words_sort(words, count);
    for (uint32_t first = 0, end; first < count; first = end) {
        const struct word *head = words[first];
        uint32_t row = grid_locate(grid->ys, grid->rows, words_middle(head));
        float right = head->right;

        for (end = first + 1; end < count && words_on_one_line(words[first], words[end]); end++) {
            head = words[end]->left < head->left ? words[end] : head;
            right = fmaxf(right, words[end]->right);
        }
        if (row == last_row) {
            return;
        }
        broken += lines > 0 && before > FULL_LINE * width &&
                  before + head->right - head->left > ROOM * width;
        last_row = row;
        before = right - head->left;
        lines++;
    }
    for (uint32_t r = cell->row; lines >= BAND_LINES_MIN && broken * 2 < lines &&
                                 r + 1U < (uint32_t)cell->row + cell->row_span;
         r++) {
        grid_part_below(grid, r, cell->column, cell->column + cell->column_span - 1U);
    }
}

/* The words in the middle of whose letters lies in the cell; returns how many. */
static uint32_t cell_words(const struct grid *grid, const struct grid_cell *cell,
                           struct word *const *words, uint32_t count, struct word **ret_words)
{
    uint32_t n = 0;

    for (uint32_t w = 0; w < count; w++) {
        float x = (words[w]->left + words[w]->right) / 2;
        float y = words_middle(words[w]);

        if (x > grid->xs[cell->column] && x < grid->xs[cell->column + cell->column_span] &&
            y > grid->ys[cell->row] && y < grid->ys[cell->row + cell->row_span]) {
            ret_words[n++] = words[w];
        }
    }
    return n;
}

static int part_cells(struct grid *grid, bool by_rows, struct word *const *words, uint32_t count,
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
        uint32_t n;

        if ((by_rows ? cells[i].row_span < BAND_LINES_MIN : cells[i].column_span < 2) ||
            budget < count) {
            continue;
        }
        budget -= count;
        n = cell_words(grid, &cells[i], words, count, inside);
        if (n >= 2 && by_rows) {
            part_rows(grid, &cells[i], inside, n);
        } else if (n >= 2) {
            part_cell(grid, &cells[i], inside, n, spans);
        }
    }
    return 0;
}

/* --- columns --- */

/* The words of cells in one column, and that alone; returns how many. */
static uint32_t strip_words(const struct grid *grid, uint32_t column, struct word *const *words,
                            uint32_t count, struct word **ret_words)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < count; i++) {
        float x = (words[i]->left + words[i]->right) / 2;
        uint32_t row = grid_locate(grid->ys, grid->rows, words_middle(words[i]));
        size_t field = (size_t)row * grid->columns + column;

        if (x > grid->xs[column] && x <= grid->xs[column + 1] && row < grid->rows &&
            (column == 0 || grid->right[field - 1]) &&
            (column + 1 == grid->columns || grid->right[field])) {
            ret_words[n++] = words[i];
        }
    }
    return n;
}

/* Whether the rows are of several columns: most have a chunk in more than one, none fills the
 * width. */
static bool are_columns(const struct text_rows *rows)
{
    uint32_t multi = 0;

    for (uint32_t r = 0; r < rows->count; r++) {
        multi += rows->items[r].count >= 2;
    }
    return rows->columns >= 2 && multi >= COLUMN_ROWS_MIN &&
           (float)multi >= COLUMN_ROWS_SHARE * (float)rows->count;
}

/* Whether the limit runs through a chunk of the row. */
static bool is_crossed(const struct text_rows *rows, const struct text_row *row, uint32_t limit)
{
    for (uint32_t c = 0; c < row->count; c++) {
        if (row->chunks[c].left < rows->limits[limit] &&
            row->chunks[c].right > rows->limits[limit]) {
            return true;
        }
    }
    return false;
}

/* Splits the column at the rows' limits, but for rows of the grid where a chunk crosses. */
static int split_column(struct grid *grid, uint32_t column, const struct text_rows *rows,
                        struct arena *arena, struct error *err)
{
    if (!(rows->limits[1] > grid->xs[column]) ||
        !(rows->limits[rows->columns - 1] < grid->xs[column + 1])) {
        return 0;
    }
    if (grid_split_column(grid, column, &rows->limits[1], rows->columns - 1, arena, err) < 0) {
        return -1;
    }
    for (uint32_t r = 0; r < rows->count; r++) {
        uint32_t row = grid_locate(grid->ys, grid->rows,
                                   rows->items[r].baseline - 0.3F * rows->items[r].size_pt);

        for (uint32_t limit = 1; limit < rows->columns && row < grid->rows; limit++) {
            if (is_crossed(rows, &rows->items[r], limit)) {
                grid->right[(size_t)row * grid->columns + column + limit - 1] = false;
            }
        }
    }
    return 0;
}

int parting_columns(const struct glyphs *glyphs, struct grid *grid, struct word *const *words,
                    uint32_t count, struct arena *arena, struct error *err)
{
    struct word **inside = arena_calloc(arena, count + 1UL, sizeof(struct word *));

    if (!inside) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    if (grid->columns > COLUMNS_MAX) {
        return 0;
    }
    for (uint32_t column = 0; column < grid->columns && grid->columns <= COLUMNS_MAX; column++) {
        uint32_t n = strip_words(grid, column, words, count, inside);
        struct text_rows rows;

        if (n < 2 * COLUMN_ROWS_MIN) {
            continue;
        }
        if (rows_find(glyphs, inside, n, arena, &rows, err) < 0 ||
            rows_find_columns(glyphs, &rows, 0, rows.count, arena, err) < 0) {
            return -1;
        }
        if ((uint64_t)(grid->columns + rows.columns) * grid->rows < PAGE_TABLE_CELLS_MAX &&
            are_columns(&rows)) {
            uint32_t columns = grid->columns;

            if (split_column(grid, column, &rows, arena, err) < 0) {
                return -1;
            }
            column += grid->columns - columns;
        }
    }
    return 0;
}

int parting_cells(struct grid *grid, struct word *const *words, uint32_t count, struct arena *arena,
                  struct error *err)
{
    return part_cells(grid, false, words, count, arena, err) < 0 ||
                   part_cells(grid, true, words, count, arena, err) < 0
               ? -1
               : 0;
}
