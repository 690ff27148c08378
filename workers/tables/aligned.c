/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables by alignment.
 *
 * Text rows that belong together become one row of the table: a label or a title broken over
 * lines. What is no number, over the first numbers, is the header, in as many levels as titles
 * over several columns make. Nothing blocks or logs.
 */
#include "workers/tables/aligned.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/tables/cells.h"
#include "workers/tables/rows.h"

#define ROWS_MIN 3U        /* of a table that no rulings bound */
#define CROSSING_MAX 0.25F /* of the rows may be text over all columns */
#define DATA_SHARE 0.5F    /* of the cells beside the first column: a table of numbers */
#define DATA_LEAST 0.3F
#define FILLED_SHARE 0.5F
#define FILLED_LEAST 0.4F /* of the cells of a table that no rulings bound */
#define ALIKE_SHARE 0.7F
#define ALIKE_EM 0.75F /* of the size */
#define FEW_ROWS 5U
#define CAPTION_CENTRED 1.5F /* of the size: so near the table's middle is a caption's */
#define TITLE_LEADING 1.3F   /* of the size: lines of one title */
#define PAGE_DIGITS 5U
#define TOP_RULE 0.9F      /* of the width */
#define WIDE_TEXT_EM 14.0F /* mean width of chunks from which they are prose */

struct census {
    uint32_t all;
    uint32_t chunks, data; /* beside the first column */
    uint32_t rows, multi, prose;
    uint32_t columns_used;    /* with a chunk in a third of the rows at least */
    uint32_t columns_aligned; /* of those with some: at their left, right or middle */
    float widest_em; /* mean width of the chunks of the column where it is second largest */
};

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Whether most of the places are the same, or nearly. */
static bool are_alike(float *places, uint32_t count, float near)
{
    uint32_t alike = 0;
    float median;

    qsort(places, count, sizeof(*places), by_value);
    median = places[count / 2];
    for (uint32_t i = 0; i < count; i++) {
        alike += fabsf(places[i] - median) < near;
    }
    return (float)alike >= ALIKE_SHARE * (float)count;
}

/* Whether a column's chunks are aligned at one side or in their middle; a few may be indented. */
static bool is_aligned(const struct text_rows *rows, uint32_t first, uint32_t end, uint32_t column,
                       float *places)
{
    for (int side = 0; side < 3; side++) {
        uint32_t count = 0;

        for (uint32_t r = first; r < end; r++) {
            for (uint32_t c = 0; c < rows->items[r].count; c++) {
                const struct chunk *chunk = &rows->items[r].chunks[c];

                if (chunk->first == column && chunk->last == column) {
                    places[count++] = side == 0   ? chunk->left
                                      : side == 1 ? chunk->right
                                                  : (chunk->left + chunk->right) / 2;
                }
            }
        }
        if (count > 0 && are_alike(places, count, ALIKE_EM * rows->size_pt)) {
            return true;
        }
    }
    return false;
}

/* Counts of rows first to end. */
static int take_census(const struct text_rows *rows, uint32_t first, uint32_t end,
                       struct arena *arena, struct census *ret_census, struct error *err)
{
    uint32_t *used = arena_calloc(arena, rows->columns, sizeof(*used));
    float *widths = arena_calloc(arena, rows->columns, sizeof(*widths));
    float *places = arena_calloc(arena, end - first + 1UL, sizeof(*places));
    float widest = 0;

    *ret_census = (struct census){.rows = end - first};
    if (!used || !widths || !places) {
        return error_set(err, ERROR_MEMORY, "no memory for %u columns", rows->columns);
    }
    for (uint32_t r = first; r < end; r++) {
        const struct text_row *row = &rows->items[r];

        ret_census->multi += row->count >= 2;
        ret_census->prose += row->prose;
        for (uint32_t c = 0; c < row->count; c++) {
            const struct chunk *chunk = &row->chunks[c];

            if (chunk->first == chunk->last) {
                used[chunk->first]++;
                widths[chunk->first] += (chunk->right - chunk->left) / rows->size_pt;
            }
            ret_census->all++;
            ret_census->chunks += chunk->first > 0;
            ret_census->data += chunk->first > 0 && chunk->data;
        }
    }
    for (uint32_t c = 0; c < rows->columns; c++) {
        float width = used[c] > 0 ? widths[c] / (float)used[c] : 0;

        ret_census->columns_aligned += is_aligned(rows, first, end, c, places);
        ret_census->columns_used += used[c] * 3 >= ret_census->multi && used[c] > 0;
        if (width > widest) {
            ret_census->widest_em = widest;
            widest = width;
        } else {
            ret_census->widest_em = fmaxf(ret_census->widest_em, width);
        }
    }
    return 0;
}

static bool is_table(const struct census *census, bool bounded, uint32_t columns)
{
    float data = census->chunks > 0 ? (float)census->data / (float)census->chunks : 0;

    if (columns < 2 || census->columns_used < 2 || census->multi < 2 ||
        (float)census->prose > CROSSING_MAX * (float)census->rows ||
        (float)census->multi < FILLED_SHARE * (float)census->rows ||
        census->widest_em > WIDE_TEXT_EM) {
        return false;
    }
    if (bounded) {
        return census->columns_aligned * 2 >= columns && (census->rows > 2 || data >= DATA_LEAST);
    }
    if (census->multi < ROWS_MIN || census->data < ROWS_MIN ||
        census->columns_aligned * 3 < columns * 2) {
        return false;
    }
    return (float)(census->all) >= FILLED_LEAST * (float)(census->rows * columns) &&
           data >= (columns == 2 ? DATA_SHARE : DATA_LEAST);
}

/* The whole number that the chunk is; -1 where it is none. */
static int64_t page_number(const struct glyphs *glyphs, const struct chunk *chunk)
{
    const struct word *word = chunk->words[chunk->count - 1];
    int64_t number = 0;

    if (word->chars > PAGE_DIGITS || word->digits != word->chars) {
        return -1;
    }
    for (uint32_t g = word->first; g < word->end; g++) {
        uint32_t c = glyphs->items[g].character;

        if (c < '0' || c > '9') {
            return -1;
        }
        number = number * 10 + c - '0';
    }
    return number;
}

static bool has_leader(const struct chunk *chunk)
{
    for (uint32_t w = 0; w < chunk->count; w++) {
        if (chunk->words[w]->leader) {
            return true;
        }
    }
    return false;
}

/* Contents and indexes: dots that lead to numbers which do not fall, or from further columns than
 * the first. */
static bool is_contents(const struct glyphs *glyphs, const struct text_rows *rows, uint32_t first,
                        uint32_t end)
{
    uint32_t numbers = 0, falls = 0, leaders = 0, others = 0, beside = 0;
    int64_t before = 0;

    for (uint32_t r = first; r < end; r++) {
        const struct text_row *row = &rows->items[r];
        int64_t number = row->count > 0 ? page_number(glyphs, &row->chunks[row->count - 1]) : -1;

        for (uint32_t c = 0; c < row->count; c++) {
            bool leads = has_leader(&row->chunks[c]);

            leaders += leads;
            beside += leads && row->chunks[c].first > 0;
        }
        if (number < 0) {
            others += row->count >= 2;
            continue;
        }
        numbers++;
        falls += number < before;
        before = number;
    }
    if (beside >= 2 && beside * 5 >= leaders) {
        return true;
    }
    return leaders * 3 >= numbers && leaders >= 2 && falls * 8 <= numbers && others <= numbers;
}

static bool is_math(uint32_t c)
{
    return (c >= 0x2190 && c < 0x2212) || (c > 0x2212 && c < 0x2260) ||
           (c > 0x2265 && c < 0x2300) || (c >= 0x239B && c < 0x23B4) || (c >= 0xE000 && c < 0xF900);
}

/* A chunk of a formula: it has a sign of mathematics, or is a bracket, or begins with a "=". */
static bool is_formula(const struct glyphs *glyphs, const struct chunk *chunk)
{
    uint32_t brackets = 0, others = 0;

    for (uint32_t w = 0; w < chunk->count; w++) {
        for (uint32_t g = chunk->words[w]->first; g < chunk->words[w]->end; g++) {
            uint32_t c = glyphs->items[g].character;

            if (is_math(c)) {
                return true;
            }
            if (c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}') {
                brackets++;
            } else {
                others++;
            }
        }
    }
    return (brackets > 0 && others == 0) || chunk->words[0]->initial == '=';
}

/* Formulas, matrices, and what a program answers. */
static bool is_mathematics(const struct glyphs *glyphs, const struct text_rows *rows,
                           uint32_t first, uint32_t end)
{
    uint32_t formulas = 0;

    for (uint32_t r = first; r < end; r++) {
        const struct text_row *row = &rows->items[r];
        uint32_t c = 0;

        while (c < row->count && !is_formula(glyphs, &row->chunks[c])) {
            c++;
        }
        formulas += c < row->count;
    }
    return formulas * 5 >= (end - first) * 2;
}

/* Code and what programs print, in a box. */
static bool is_code(const struct aligned_request *request, const struct text_rows *rows)
{
    for (uint32_t r = 0; r < rows->count; r++) {
        if (!(rows->items[r].style & PAGE_STYLE_MONO)) {
            return false;
        }
    }
    for (uint32_t r = 0; r + 1 < rows->count; r++) {
        if (cells_ruled_between(request->rules, request->rule_count, rows, &rows->items[r],
                                &rows->items[r + 1])) {
            return false;
        }
    }
    return true;
}

/* Rows that the table keeps: from the core outward, as far as they fit. */
static void find_extent(const struct text_rows *rows, const struct aligned_request *request,
                        uint32_t *ret_first, uint32_t *ret_end)
{
    uint32_t first = 0;
    uint32_t end = rows->count;

    if (!request->bounded) {
        while (first < end && rows->items[first].baseline < request->core_top) {
            first++;
        }
        while (end > first && rows->items[end - 1].baseline > request->core_bottom) {
            end--;
        }
    }
    *ret_first = first;
    *ret_end = end;
}

/* "Table", "Tabelle", "Tabla", "Figure": how captions begin. */
static bool is_caption(const struct glyphs *glyphs, const struct chunk *chunk)
{
    const struct glyph *glyph = &glyphs->items[chunk->words[0]->first];

    return chunk->words[0]->chars >= 3 &&
           ((glyph[0].character == 'T' && glyph[1].character == 'a' && glyph[2].character == 'b') ||
            (glyph[0].character == 'F' && glyph[1].character == 'i' && glyph[2].character == 'g'));
}

/* Whether a row with nothing but the first column's title has that go on in the row below. */
static bool goes_on_below(const struct glyphs *glyphs, const struct text_row *row,
                          const struct text_row *below)
{
    return below->chunks[0].first == 0 && below->chunks[0].last == 0 && below->count >= 2 &&
           below->baseline - row->baseline < TITLE_LEADING * row->size_pt &&
           fabsf(below->chunks[0].left - row->chunks[0].left) < row->size_pt &&
           !is_caption(glyphs, &row->chunks[0]);
}

/* A row over the core that can be part of the header: each of its chunks stands over columns, none
 * fills the width. */
static bool fits_above(const struct glyphs *glyphs, const struct text_rows *rows,
                       const struct text_row *row, const struct text_row *below)
{
    float apart = below->baseline - row->baseline;

    if (row->prose || apart > 2.2F * fmaxf(row->size_pt, below->size_pt) ||
        row->chunks[0].left < rows->limits[0] - rows->size_pt ||
        row->chunks[row->count - 1].right > rows->limits[rows->columns] + rows->size_pt) {
        return false;
    }
    if (row->count >= 2) {
        return true;
    }
    if (row->chunks[0].last == 0) {
        return goes_on_below(glyphs, row, below);
    }
    return row->chunks[0].first > 0 &&
           fabsf(row->chunks[0].left + row->chunks[0].right - rows->left - rows->right) / 2 >
               CAPTION_CENTRED * row->size_pt;
}

/* Whether a ruling over all of the width ends the table there: shorter ones are a header's. */
static bool is_top(const struct text_rows *rows, const struct aligned_request *request,
                   const struct text_row *above, const struct text_row *below)
{
    for (uint32_t i = 0; i < request->rule_count; i++) {
        const struct segment *rule = &request->rules[i];

        if (rule->at > above->baseline - 0.2F * above->size_pt && rule->at < below->baseline &&
            fminf(rule->to, rows->right) - fmaxf(rule->from, rows->left) >
                TOP_RULE * (rows->right - rows->left)) {
            return true;
        }
    }
    return false;
}

static void extend_up(const struct glyphs *glyphs, const struct text_rows *rows,
                      const struct aligned_request *request, uint32_t *first)
{
    while (*first > 0 && fits_above(glyphs, rows, &rows->items[*first - 1], &rows->items[*first]) &&
           !is_top(rows, request, &rows->items[*first - 1], &rows->items[*first])) {
        (*first)--;
    }
}

int aligned_make(struct glyphs *glyphs, const struct aligned_request *request, struct arena *arena,
                 struct found_table **ret_table, struct word ***ret_words, uint32_t *ret_word_count,
                 struct error *err)
{
    struct text_rows rows;
    struct census census;
    uint32_t first, end;

    *ret_table = NULL;
    if (request->count < 4) {
        return 0;
    }
    if (rows_find(glyphs, request->words, request->count, arena, &rows, err) < 0) {
        return -1;
    }
    find_extent(&rows, request, &first, &end);
    if (end - first < 2) {
        return 0;
    }
    if (rows_find_columns(glyphs, &rows, first, end, arena, err) < 0) {
        return -1;
    }
    if (rows.columns < 2) {
        return 0;
    }
    if (take_census(&rows, first, end, arena, &census, err) < 0) {
        return -1;
    }
    if (is_contents(glyphs, &rows, first, end)) {
        if (request->hopeless) {
            *request->hopeless = true;
        }
        return 0;
    }
    if (!is_table(&census, request->bounded, rows.columns) || is_code(request, &rows) ||
        ((!request->bounded || end - first < FEW_ROWS) &&
         is_mathematics(glyphs, &rows, first, end))) {
        return 0;
    }
    if (!request->bounded) {
        extend_up(glyphs, &rows, request, &first);
    }
    if (cells_make(glyphs,
                   &(struct cells_request){.rows = &rows,
                                           .first = first,
                                           .end = end,
                                           .rules = request->rules,
                                           .rule_count = request->rule_count},
                   arena, ret_table, ret_words, ret_word_count, err) < 0) {
        return -1;
    }
    if (*ret_table && (*ret_table)->rows < (request->bounded ? ROWS_MIN - 1 : ROWS_MIN)) {
        *ret_table = NULL;
    }
    return 0;
}
