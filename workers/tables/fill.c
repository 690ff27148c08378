/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Filling a table's cells. Invariants: no cell lies on another. Nothing blocks or logs.
 */
#include "workers/tables/fill.h"

#include <math.h>

#include "workers/tables/build.h"

/* Whether the places are empty, or all of cell. */
static bool is_free(const struct filling *filling, uint32_t row, uint32_t rows, uint32_t first,
                    uint32_t last, uint32_t cell)
{
    for (uint32_t r = row; r < row + rows; r++) {
        for (uint32_t c = first; c <= last; c++) {
            uint32_t there = filling->taken[r * filling->table->columns + c];

            if (there != 0 && there != cell) {
                return false;
            }
        }
    }
    return true;
}

static void occupy(struct filling *filling, uint32_t cell)
{
    const struct found_cell *found = &filling->table->cells[cell];

    for (uint32_t r = found->row; r < (uint32_t)found->row + found->row_span; r++) {
        for (uint32_t c = found->column; c < (uint32_t)found->column + found->column_span; c++) {
            filling->taken[r * filling->table->columns + c] = cell + 1;
        }
    }
}

/* The cell over these places; one that is there already grows as far as it can. */
static uint32_t cell_over(struct filling *filling, uint32_t row, uint32_t rows, uint32_t first,
                          uint32_t last)
{
    struct found_cell *cell;
    uint32_t there = 0;

    for (uint32_t c = first; c <= last && there == 0; c++) {
        there = filling->taken[row * filling->table->columns + c];
    }
    if (there == 0) {
        while (rows > 1 && !is_free(filling, row, rows, first, last, 0)) {
            rows--;
        }
        cell = &filling->table->cells[filling->cell_count++];
        *cell = (struct found_cell){.row = (uint16_t)row,
                                    .column = (uint16_t)first,
                                    .row_span = (uint16_t)rows,
                                    .column_span = (uint16_t)(last - first + 1),
                                    .left = INFINITY,
                                    .top = INFINITY,
                                    .right = -INFINITY,
                                    .bottom = -INFINITY};
    } else {
        uint32_t old_last;

        cell = &filling->table->cells[there - 1];
        old_last = (uint32_t)cell->column + cell->column_span - 1;
        first = first < cell->column ? first : cell->column;
        last = last > old_last ? last : old_last;
        if (is_free(filling, cell->row, cell->row_span, first, last, there)) {
            cell->column = (uint16_t)first;
            cell->column_span = (uint16_t)(last - first + 1);
        }
    }
    occupy(filling, (uint32_t)(cell - filling->table->cells));
    return (uint32_t)(cell - filling->table->cells);
}

static void add_chunk(struct filling *filling, const struct chunk *chunk, uint32_t cell)
{
    struct found_cell *found = &filling->table->cells[cell];

    for (uint32_t i = 0; i < chunk->count; i++) {
        const struct word *word = chunk->words[i];

        filling->words[filling->word_count] = chunk->words[i];
        filling->cell_of[filling->word_count++] = cell;
        found->left = fminf(found->left, word->left);
        found->top = fminf(found->top, word->top);
        found->right = fmaxf(found->right, word->right);
        found->bottom = fmaxf(found->bottom, word->bottom);
    }
}

static void fill_header(const struct row_plan *plan, struct filling *filling)
{
    uint32_t index = 0;

    for (uint32_t r = plan->first; r < plan->header_end; r++) {
        const struct text_row *row = &plan->rows->items[r];

        for (uint32_t c = 0; c < row->count; c++) {
            const struct title *title = &plan->titles.items[plan->titles.of_chunk[index++]];
            uint32_t cell =
                cell_over(filling, title->level, title->level_count, title->first, title->last);

            filling->table->cells[cell].header = true;
            add_chunk(filling, &row->chunks[c], cell);
        }
    }
}

static void fill_body(const struct row_plan *plan, struct filling *filling)
{
    for (uint32_t r = plan->header_end; r < plan->end; r++) {
        const struct text_row *row = &plan->rows->items[r];
        uint32_t at = plan->row_of[r - plan->first];

        for (uint32_t c = 0; c < row->count; c++) {
            const struct chunk *chunk = &row->chunks[c];

            add_chunk(filling, chunk, cell_over(filling, at, 1, chunk->first, chunk->last));
        }
    }
}

/* Where rows of the table begin and end, by their text: a boundary between each two. NULL: out of
 * memory. */
static float *find_limits(const struct filling *filling, struct arena *arena, struct error *err)
{
    uint32_t rows = filling->table->rows;
    float *limits = arena_calloc(arena, rows + 1UL, sizeof(*limits));
    float *bottoms = arena_calloc(arena, rows + 1UL, sizeof(*bottoms));

    if (!limits || !bottoms) {
        error_set(err, ERROR_MEMORY, "no memory for %u rows", rows);
        return NULL;
    }
    for (uint32_t r = 0; r < rows; r++) {
        limits[r] = INFINITY;
        bottoms[r] = -INFINITY;
    }
    for (uint32_t i = 0; i < filling->cell_count; i++) {
        const struct found_cell *cell = &filling->table->cells[i];

        limits[cell->row] = fminf(limits[cell->row], cell->top);
        bottoms[cell->row + cell->row_span - 1] =
            fmaxf(bottoms[cell->row + cell->row_span - 1], cell->bottom);
    }
    limits[0] = filling->table->top;
    limits[rows] = filling->table->bottom;
    for (uint32_t r = 1; r < rows; r++) {
        float top = isfinite(limits[r]) ? limits[r] : limits[r - 1];
        float bottom = isfinite(bottoms[r - 1]) ? bottoms[r - 1] : top;

        limits[r] = fmaxf((top + bottom) / 2, limits[r - 1]);
        limits[r] = fminf(limits[r], limits[rows]);
    }
    return limits;
}

/* Empty cells at the places that are left. */
static int fill_rest(const struct row_plan *plan, struct filling *filling, struct arena *arena,
                     struct error *err)
{
    struct found_table *table = filling->table;
    const float *limits = find_limits(filling, arena, err);

    if (!limits) {
        return -1;
    }
    for (uint32_t r = 0; r < table->rows; r++) {
        for (uint32_t c = 0; c < table->columns; c++) {
            if (filling->taken[r * table->columns + c] == 0) {
                table->cells[filling->cell_count++] = (struct found_cell){
                    .row = (uint16_t)r,
                    .column = (uint16_t)c,
                    .row_span = 1,
                    .column_span = 1,
                    .header = r < plan->titles.levels,
                    .left = c == 0 ? table->left : plan->rows->limits[c],
                    .right = c + 1U == table->columns ? table->right : plan->rows->limits[c + 1],
                    .top = limits[r],
                    .bottom = limits[r + 1]};
            }
        }
    }
    table->cell_count = filling->cell_count;
    return 0;
}

int fill_table(const struct row_plan *plan, struct filling *filling, struct arena *arena,
               struct error *err)
{
    uint32_t words = 0;
    uint32_t fields = plan->row_count * plan->rows->columns;

    for (uint32_t r = plan->first; r < plan->end; r++) {
        for (uint32_t c = 0; c < plan->rows->items[r].count; c++) {
            words += plan->rows->items[r].chunks[c].count;
        }
    }
    filling->taken = arena_calloc(arena, fields, sizeof(*filling->taken));
    filling->words = arena_calloc(arena, words, sizeof(struct word *));
    filling->cell_of = arena_calloc(arena, words, sizeof(*filling->cell_of));
    filling->table = build_start(fields, arena, err);
    if (!filling->taken || !filling->words || !filling->cell_of || !filling->table) {
        return error_set(err, ERROR_MEMORY, "no memory for a table of %u fields", fields);
    }
    filling->table->rows = (uint16_t)plan->row_count;
    filling->table->columns = (uint16_t)plan->rows->columns;
    fill_header(plan, filling);
    fill_body(plan, filling);
    filling->table->left = filling->table->top = INFINITY;
    filling->table->right = filling->table->bottom = -INFINITY;
    for (uint32_t i = 0; i < filling->cell_count; i++) {
        const struct found_cell *cell = &filling->table->cells[i];

        filling->table->left = fminf(filling->table->left, cell->left);
        filling->table->top = fminf(filling->table->top, cell->top);
        filling->table->right = fmaxf(filling->table->right, cell->right);
        filling->table->bottom = fmaxf(filling->table->bottom, cell->bottom);
    }
    return fill_rest(plan, filling, arena, err);
}
