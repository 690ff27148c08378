/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a grid and the words in it to a table of layout's. Nothing blocks or logs.
 */
#include "workers/tables/build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/layout/bidi.h"

struct found_table *build_start(uint32_t cell_count, struct arena *arena, struct error *err)
{
    struct found_table *table = arena_alloc(arena, sizeof(*table));

    if (table) {
        table->cells = arena_calloc(arena, cell_count, sizeof(*table->cells));
        table->cell_count = cell_count;
    }
    if (!table || !table->cells) {
        error_set(err, ERROR_MEMORY, "no memory for a table of %u cells", cell_count);
        return NULL;
    }
    return table;
}

static int by_place(const void *a, const void *b)
{
    const struct found_cell *x = a;
    const struct found_cell *y = b;

    if (x->row != y->row) {
        return x->row < y->row ? -1 : 1;
    }
    return (x->column > y->column) - (x->column < y->column);
}

int build_finish(struct glyphs *glyphs, struct word *const *words, const uint32_t *cell_of,
                 uint32_t word_count, struct found_table *table, struct arena *arena,
                 struct error *err)
{
    struct word **sorted = arena_calloc(arena, word_count + 1UL, sizeof(struct word *));
    uint32_t *ends = arena_calloc(arena, table->cell_count + 1UL, sizeof(*ends));
    uint32_t first = 0;

    if (!sorted || !ends) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", word_count);
    }
    for (uint32_t i = 0; i < word_count; i++) {
        ends[cell_of[i] == BUILD_NO_CELL ? table->cell_count : cell_of[i]]++;
    }
    for (uint32_t c = 0, end = 0; c < table->cell_count; c++) {
        uint32_t count = ends[c];

        ends[c] = end;
        end += count;
    }
    for (uint32_t i = 0; i < word_count; i++) {
        if (cell_of[i] != BUILD_NO_CELL) {
            sorted[ends[cell_of[i]]++] = words[i];
        }
    }
    table->line_count = 0;
    for (uint32_t c = 0; c < table->cell_count; c++) {
        struct found_cell *cell = &table->cells[c];

        if (ends[c] > first && words_make_lines(glyphs, &sorted[first], ends[c] - first, arena,
                                                &cell->lines, &cell->line_count, err) < 0) {
            return -1;
        }
        table->line_count += cell->line_count;
        first = ends[c];
    }
    qsort(table->cells, table->cell_count, sizeof(*table->cells), by_place);
    return 0;
}

void build_mirror(const struct glyphs *glyphs, struct word *const *words, uint32_t word_count,
                  struct found_table *table)
{
    uint32_t lettered = 0, leftwards = 0;

    if (!glyphs->may_be_right_to_left) {
        return;
    }
    for (uint32_t i = 0; i < word_count; i++) {
        bool is_leftwards = bidi_may_be_right_to_left(words[i]->initial);

        lettered += words[i]->letters > 0;
        leftwards += is_leftwards;
    }
    if (leftwards * 2 <= lettered) {
        return;
    }
    for (uint32_t i = 0; i < table->cell_count; i++) {
        struct found_cell *cell = &table->cells[i];

        cell->column = (uint16_t)(table->columns - cell->column - cell->column_span);
    }
    qsort(table->cells, table->cell_count, sizeof(*table->cells), by_place);
}

struct fragment *build_stand_in(const struct found_table *table, struct arena *arena,
                                struct error *err)
{
    struct fragment *stand_in = arena_alloc(arena, sizeof(*stand_in));
    const struct fragment *first = NULL;

    if (!stand_in) {
        error_set(err, ERROR_MEMORY, "no memory for a table");
        return NULL;
    }
    for (uint32_t c = 0; c < table->cell_count; c++) {
        for (uint32_t l = 0; l < table->cells[c].line_count; l++) {
            const struct line *line = &table->cells[c].lines[l];

            for (uint32_t f = 0; f < line->count; f++) {
                if (!first) {
                    first = line->fragments[f];
                    *stand_in = *first;
                    stand_in->chars = 0;
                    stand_in->letters = 0;
                }
                stand_in->chars += line->fragments[f]->chars;
                stand_in->letters += line->fragments[f]->letters;
            }
        }
    }
    stand_in->table = table;
    stand_in->left = table->left;
    stand_in->right = table->right;
    stand_in->top = table->top;
    stand_in->bottom = table->bottom;
    stand_in->baseline = fminf(table->top + stand_in->size_pt, table->bottom);
    stand_in->initial_bottom = stand_in->baseline;
    stand_in->dots = 0;
    stand_in->leader = false;
    return stand_in;
}
