/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rows of a ruled table that no ruling parts.
 *
 * What lies between two level rulings is several rows when a column has a number on each line, or
 * all columns have the same lines and none of them is text broken over lines. Nothing blocks or
 * logs.
 */
#include "workers/tables/bands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/page.h"

#define BAND_LINES_MIN 3U
#define COPIED_MAX 4000000U
#define FULL_LINE 0.6F /* of a column: text that is broken over lines fills more */
#define ROOM 0.88F     /* of a column, for text */

struct band_line {
    float baseline, top, bottom;
    bool data;  /* some column but the first has a number here */
    bool small; /* its leftmost word begins with a small letter */
    float left;
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
        if (line->left > words[i]->left || first == words[i]) {
            line->left = words[i]->left;
            line->small = words[i]->initial >= 'a' && words[i]->initial <= 'z';
        }
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

/* What a column has in a band. */
struct band_column {
    uint32_t lines;   /* of text */
    uint32_t on_band; /* of these, on lines of the band */
    uint32_t pairs;   /* of lines one under the other */
    uint32_t broken;  /* of these, where the lower one's first word had no room above */
    bool wordy;       /* some line has several words */
};

/* words: sorted. */
static struct band_column look_at_column(struct word *const *words, uint32_t count,
                                         const struct band_line *lines, uint32_t line_count,
                                         float width)
{
    struct band_column column = {.lines = 0};
    uint32_t line = 0;
    float before = 0;

    for (uint32_t first = 0, end; first < count; first = end) {
        const struct word *head = words[first];
        float right = head->right;
        float left = head->left;

        for (end = first + 1; end < count && words_on_one_line(words[first], words[end]); end++) {
            head = words[end]->left < head->left ? words[end] : head;
            left = fminf(left, words[end]->left);
            right = fmaxf(right, words[end]->right);
            column.wordy = true;
        }
        while (line + 1 < line_count && fabsf(lines[line + 1].baseline - head->baseline) <
                                            fabsf(lines[line].baseline - head->baseline)) {
            line++;
        }
        column.on_band += fabsf(lines[line].baseline - head->baseline) < 0.25F * head->size_pt;
        if (column.lines++ > 0) {
            column.pairs++;
            column.broken +=
                before > FULL_LINE * width && before + head->right - head->left > ROOM * width;
        }
        before = right - left;
    }
    return column;
}

/* The words of a column of the band; returns how many. */
static uint32_t column_words(const struct grid *grid, uint32_t column, struct word *const *words,
                             uint32_t count, struct word **ret_words)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < count; i++) {
        float x = (words[i]->left + words[i]->right) / 2;

        if (x > grid->xs[column] && x <= grid->xs[column + 1]) {
            ret_words[n++] = words[i];
        }
    }
    return n;
}

/* Marks the band's lines that begin a row of the table. False where it is one row. */
static bool find_band_rows(const struct glyphs *glyphs, const struct grid *grid,
                           struct word *const *words, uint32_t count, struct band_line *lines,
                           uint32_t line_count, struct word **scratch)
{
    uint32_t data = 0, even = 0, others = 0;

    for (uint32_t c = 0; c < grid->columns; c++) {
        uint32_t n = column_words(grid, c, words, count, scratch);
        struct band_column column;

        if (n == 0) {
            continue;
        }
        column = look_at_column(scratch, n, lines, line_count, grid->xs[c + 1] - grid->xs[c]);
        if (column.broken * 2 > column.pairs || column.on_band < column.lines) {
            others += column.wordy || column.on_band < column.lines;
        } else if (column.lines * 5 >= line_count * 3) {
            even++;
        } else {
            others++;
        }
        if (c > 0 && n >= 2 && column_is_data(glyphs, scratch, n, lines, line_count, false)) {
            column_is_data(glyphs, scratch, n, lines, line_count, true);
            data++;
        }
    }
    if (data == 0 && even >= 2 && others * 3 <= even && line_count >= BAND_LINES_MIN) {
        for (uint32_t i = 0; i < line_count; i++) {
            lines[i].data = true;
        }
        return true;
    }
    return data > 0;
}

/* Lines without numbers, as far from the one before as lines with some are, begin a row too, unless
 * their text goes on from there. */
static void mark_label_lines(struct band_line *lines, uint32_t count)
{
    float pitch = INFINITY;

    for (uint32_t i = 1; i < count; i++) {
        if (lines[i].data && lines[i - 1].data) {
            pitch = fminf(pitch, lines[i].baseline - lines[i - 1].baseline);
        }
    }
    for (uint32_t i = 1; i < count; i++) {
        if (!lines[i].data && !lines[i].small &&
            lines[i].baseline - lines[i - 1].baseline > 0.95F * pitch) {
            lines[i].data = true;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Parts a row of the grid where its words are several rows: lines of numbers in one column at
 * least, or the same lines in all. words: those of the row, sorted. */
static int split_band(const struct glyphs *glyphs, struct grid *grid, uint32_t *row,
                      struct word **words, uint32_t count, struct arena *arena, struct error *err)
{
    struct band_line *lines = arena_calloc(arena, count + 1UL, sizeof(*lines));
    struct word **scratch = arena_calloc(arena, count + 1UL, sizeof(struct word *));
    float *ys = arena_calloc(arena, count + 1UL, sizeof(*ys));
    uint32_t line_count;
    uint32_t y_count = 0;
    const struct band_line *before = NULL;

    if (!lines || !scratch || !ys) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    line_count = band_lines(words, count, lines);
    if (line_count < 2 || (line_count < BAND_LINES_MIN && grid->rows > 3) ||
        !find_band_rows(glyphs, grid, words, count, lines, line_count, scratch)) {
        return 0;
    }
    mark_label_lines(lines, line_count);
    for (uint32_t i = 0; i < line_count; i++) {
        if (!lines[i].data) {
            continue;
        }
        if (before) {
            ys[y_count++] = (before->bottom + lines[i].top) / 2;
        }
        before = &lines[i];
    }
    if (y_count == 0 || (uint64_t)(grid->rows + y_count) * grid->columns > PAGE_TABLE_CELLS_MAX) {
        return 0;
    }
    qsort(ys, y_count, sizeof(*ys), by_value);
    if (!(ys[0] > grid->ys[*row]) || !(ys[y_count - 1] < grid->ys[*row + 1])) {
        return 0;
    }
    *row += y_count;
    return grid_split_row(grid, *row - y_count, ys, y_count, arena, err);
}

static int by_middle(const void *a, const void *b)
{
    const struct word *x = *(const struct word *const *)a;
    const struct word *y = *(const struct word *const *)b;
    float middle_x = words_middle(x);
    float middle_y = words_middle(y);

    if (middle_x != middle_y) {
        return middle_x < middle_y ? -1 : 1;
    }
    return (x->first > y->first) - (x->first < y->first);
}

int bands_split(const struct glyphs *glyphs, struct grid *grid, struct word *const *words,
                uint32_t count, struct arena *arena, struct error *err)
{
    struct word **sorted = arena_calloc(arena, count + 1UL, sizeof(struct word *));
    uint32_t first = 0;
    size_t copied = 0; /* fields, by parting rows */

    if (!sorted) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    memcpy(sorted, words, count * sizeof(struct word *));
    qsort(sorted, count, sizeof(struct word *), by_middle);
    for (uint32_t row = 0; row < grid->rows && copied < COPIED_MAX; row++) {
        uint32_t rows = grid->rows;
        uint32_t end;

        while (first < count && words_middle(sorted[first]) <= grid->ys[row]) {
            first++;
        }
        end = first;
        while (end < count && words_middle(sorted[end]) <= grid->ys[row + 1]) {
            end++;
        }
        words_sort(&sorted[first], end - first);
        if (end - first >= 4 &&
            split_band(glyphs, grid, &row, &sorted[first], end - first, arena, err) < 0) {
            return -1;
        }
        copied += grid->rows > rows ? (size_t)grid->rows * grid->columns : 0;
        first = end;
    }
    return 0;
}
