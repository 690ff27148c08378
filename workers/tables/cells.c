/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From rows of text in columns to the rows and cells of a table.
 *
 * Most rows of text are rows of the table. Some go on with the row before, or begin the one that
 * follows: parts of a label or a text that is broken over lines. What tells is where they have
 * text, how near they stand, and how they begin. Nothing blocks or logs.
 */
#include "workers/tables/cells.h"

#include <math.h>
#include <stdlib.h>

#include "proto/page.h"
#include "workers/tables/build.h"
#include "workers/tables/fill.h"
#include "workers/tables/headers.h"

#define HEADER_ROWS_MAX 12U /* of text */
#define SAME_ROW 0.8F       /* of the size: baselines so near are of one row */
#define TIGHT 0.85F         /* of the usual distance of rows: lines of one cell */
#define LEADING_MAX 1.45F   /* of the size: lines of one cell */
#define PITCHES_MAX 256U

struct layout {
    const struct cells_request *request;
    const struct text_rows *rows;
    const struct glyphs *glyphs;
    struct arena *arena;
    struct row_plan *plan;
    float pitch; /* usual distance between rows; infinite where there is none */
};

bool cells_ruled_between(const struct segment *rules, uint32_t rule_count,
                         const struct text_rows *rows, const struct text_row *above,
                         const struct text_row *below)
{
    for (uint32_t i = 0; i < rule_count; i++) {
        const struct segment *rule = &rules[i];

        if (rule->at > above->baseline - 0.2F * above->size_pt && rule->at < below->baseline &&
            fminf(rule->to, rows->right) - fmaxf(rule->from, rows->left) >
                0.5F * (rows->right - rows->left)) {
            return true;
        }
    }
    return false;
}

static bool is_ruled_off(const struct layout *layout, uint32_t above, uint32_t below)
{
    return cells_ruled_between(layout->request->rules, layout->request->rule_count, layout->rows,
                               &layout->rows->items[above], &layout->rows->items[below]);
}

/* --- the header --- */

/* A year, or two: "2003", "2003-04", which name columns as well as they are numbers. */
static bool is_year(const struct chunk *chunk, const struct glyphs *glyphs)
{
    const struct word *word = chunk->words[0];
    uint32_t year = 0;

    if (word->digits < 4 || word->end - word->first < 4 || chunk->count > 3) {
        return false;
    }
    for (uint32_t g = word->first; g < word->first + 4; g++) {
        uint32_t c = glyphs->items[g].character;

        if (c < '0' || c > '9') {
            return false;
        }
        year = year * 10 + c - '0';
    }
    return year >= 1800 && year <= 2100 && (word->digits == 4 || word->chars > word->digits);
}

/* Whether the row has numbers beside the first column. */
static bool is_data_row(const struct layout *layout, uint32_t r)
{
    const struct text_row *row = &layout->rows->items[r];
    uint32_t beside = 0, data = 0, years = 0;

    for (uint32_t c = 0; c < row->count; c++) {
        const struct chunk *chunk = &row->chunks[c];

        if (chunk->first > 0) {
            beside++;
            data += chunk->data;
            years += chunk->data && is_year(chunk, layout->glyphs);
        }
    }
    return data > 0 && data * 2 >= beside && (years < data || years < 2);
}

static bool is_label_row(const struct text_row *row)
{
    return row->count == 1 && row->chunks[0].first == 0;
}

/* The last row of [first, end) behind which a ruling lies over the width, plus one; first where
 * there is none. */
static uint32_t ruled_header_end(const struct layout *layout, uint32_t first, uint32_t end)
{
    uint32_t header_end = first;

    for (uint32_t r = first; r + 1 < layout->request->end && r < end; r++) {
        if (is_ruled_off(layout, r, r + 1)) {
            header_end = r + 1;
        }
    }
    return header_end;
}

static uint32_t find_header_end(const struct layout *layout)
{
    uint32_t first = layout->request->first;
    uint32_t end = layout->request->end;
    uint32_t data = first;
    uint32_t ruled;

    while (data < end && !is_data_row(layout, data)) {
        data++;
    }
    if (data == end) { /* text in all cells */
        uint32_t few = end - first > 6 ? first + 3 : first + (end - first) / 2;

        ruled = ruled_header_end(layout, first, few);
        if (ruled > first) {
            return ruled;
        }
        return (layout->rows->items[first].style & ~layout->rows->items[first + 1].style &
                PAGE_STYLE_BOLD)
                   ? first + 1
                   : first;
    }
    if (data - first > HEADER_ROWS_MAX) {
        return first;
    }
    ruled = ruled_header_end(layout, first, data);
    if (ruled > first) {
        return ruled;
    }
    while (data > first + 1 && is_label_row(&layout->rows->items[data - 1])) {
        data--;
    }
    return data == first + 1 && is_label_row(&layout->rows->items[first]) ? first : data;
}

/* --- rows --- */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The usual distance between rows that have several cells and follow each other. */
static float find_pitch(const struct layout *layout)
{
    float pitches[PITCHES_MAX];
    uint32_t count = 0;

    for (uint32_t r = layout->plan->header_end + 1; r < layout->request->end && count < PITCHES_MAX;
         r++) {
        const struct text_row *row = &layout->rows->items[r];

        if (row->count >= 2 && row[-1].count >= 2 &&
            row->baseline - row[-1].baseline > SAME_ROW * row->size_pt) {
            pitches[count++] = row->baseline - row[-1].baseline;
        }
    }
    if (count == 0) {
        return INFINITY;
    }
    qsort(pitches, count, sizeof(pitches[0]), by_value);
    return pitches[count / 2];
}

static bool is_small_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7);
}

/* The chunk of the row that begins in column; NULL where there is none. */
static const struct chunk *chunk_at(const struct text_row *row, uint32_t column)
{
    for (uint32_t c = 0; c < row->count; c++) {
        if (row->chunks[c].first <= column && row->chunks[c].last >= column) {
            return &row->chunks[c];
        }
    }
    return NULL;
}

static uint32_t last_character(const struct glyphs *glyphs, const struct chunk *chunk)
{
    return glyphs->items[chunk->words[chunk->count - 1]->end - 1].character;
}

static bool begins_small(const struct chunk *chunk)
{
    return is_small_letter(chunk->words[0]->initial) && chunk->words[0]->chars > 1;
}

/* Whether the chunk ends in the middle of a phrase. */
static bool is_open(const struct glyphs *glyphs, const struct chunk *chunk)
{
    uint32_t c = last_character(glyphs, chunk);

    return c == '-' || c == ',' || c == 0x2010 || c == 0xAD || c == '/' || c == '&';
}

static bool has_data(const struct text_row *row)
{
    for (uint32_t c = 0; c < row->count; c++) {
        if (row->chunks[c].data) {
            return true;
        }
    }
    return false;
}

/* Whether every column of row has text in before too. */
static bool is_within(const struct text_row *row, const struct text_row *before)
{
    for (uint32_t c = 0; c < row->count; c++) {
        if (!chunk_at(before, row->chunks[c].first)) {
            return false;
        }
    }
    return true;
}

/* Whether a row with nothing but a label goes on with the label of the row before. */
static bool label_goes_on(const struct layout *layout, uint32_t r, float gap)
{
    const struct text_row *row = &layout->rows->items[r];
    const struct chunk *label = &row->chunks[0];
    const struct chunk *before = chunk_at(&row[-1], 0);

    if (!before || before->last > 0 || label->last > 0 ||
        ((row->style ^ row[-1].style) & PAGE_STYLE_BOLD && is_label_row(&row[-1]))) {
        return false;
    }
    if (begins_small(label) || is_open(layout->glyphs, before)) {
        return true;
    }
    return isfinite(layout->pitch) && gap < TIGHT * layout->pitch;
}

/* Whether a row with cells goes on with the label that stands alone in the row before. */
static bool label_leads_here(const struct layout *layout, uint32_t r, float gap)
{
    const struct text_row *row = &layout->rows->items[r];
    const struct chunk *label = chunk_at(row, 0);
    const struct chunk *before = &row[-1].chunks[0];

    if (before->last > 0) {
        return false;
    }
    if (!label) {
        return isfinite(layout->pitch) && gap < TIGHT * layout->pitch;
    }
    if (label->last > 0) {
        return false;
    }
    return begins_small(label) || is_open(layout->glyphs, before) ||
           (isfinite(layout->pitch) && gap < TIGHT * layout->pitch);
}

/* Whether row r of the text belongs to the same row of the table as the one before. */
static bool goes_on(const struct layout *layout, uint32_t r)
{
    const struct text_row *row = &layout->rows->items[r];
    const struct text_row *before = row - 1;
    float gap = row->baseline - before->baseline;
    float size = fmaxf(row->size_pt, before->size_pt);

    if (is_ruled_off(layout, r - 1, r)) {
        return false;
    }
    if (gap < SAME_ROW * size) {
        return true;
    }
    if (gap > LEADING_MAX * size || row->prose || before->prose) {
        return false;
    }
    if (is_label_row(row)) {
        return label_goes_on(layout, r, gap);
    }
    if (is_label_row(before)) {
        return label_leads_here(layout, r, gap);
    }
    if (has_data(row) || !is_within(row, before)) {
        return false;
    }
    if (!chunk_at(row, 0) && chunk_at(before, 0)) {
        return true; /* texts that go on beside a label */
    }
    for (uint32_t c = 0; c < row->count; c++) {
        if (!begins_small(&row->chunks[c])) {
            return false;
        }
    }
    return true;
}

static int find_rows(struct layout *layout, struct error *err)
{
    const struct cells_request *request = layout->request;

    layout->plan->row_of =
        arena_calloc(layout->arena, request->end - request->first + 1UL, sizeof(uint32_t));
    if (!layout->plan->row_of) {
        return error_set(err, ERROR_MEMORY, "no memory for a table's rows");
    }
    layout->plan->row_count = layout->plan->titles.levels;
    for (uint32_t r = layout->plan->header_end; r < request->end; r++) {
        layout->plan->row_count += r == layout->plan->header_end || !goes_on(layout, r);
        layout->plan->row_of[r - request->first] = layout->plan->row_count - 1;
    }
    return 0;
}

int cells_make(struct glyphs *glyphs, const struct cells_request *request, struct arena *arena,
               struct found_table **ret_table, struct word ***ret_words, uint32_t *ret_word_count,
               struct error *err)
{
    struct row_plan plan = {.rows = request->rows, .first = request->first, .end = request->end};
    struct layout layout = {
        .request = request, .rows = request->rows, .glyphs = glyphs, .arena = arena, .plan = &plan};
    struct filling filling = {.table = NULL};

    *ret_table = NULL;
    plan.header_end = find_header_end(&layout);
    if (titles_find(request->rows, request->first, plan.header_end, request->rules,
                    request->rule_count, arena, &plan.titles, err) < 0) {
        return -1;
    }
    if (plan.header_end > request->first && plan.titles.levels == 0) {
        plan.header_end = request->first;
    }
    layout.pitch = find_pitch(&layout);
    if (find_rows(&layout, err) < 0) {
        return -1;
    }
    if ((uint64_t)plan.row_count * request->rows->columns > PAGE_TABLE_CELLS_MAX) {
        return 0;
    }
    if (fill_table(&plan, &filling, arena, err) < 0 ||
        build_finish(glyphs, filling.words, filling.cell_of, filling.word_count, filling.table,
                     arena, err) < 0 ||
        headers_mark_column(glyphs, filling.table, arena, err) < 0) {
        return -1;
    }
    build_mirror(glyphs, filling.words, filling.word_count, filling.table);
    *ret_table = filling.table;
    *ret_words = filling.words;
    *ret_word_count = filling.word_count;
    return 0;
}
