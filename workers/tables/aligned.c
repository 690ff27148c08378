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
#define CAPTION_CENTRED 1.5F /* of the size: so near the table's middle is a caption's */
#define TOP_RULE 0.9F        /* of the width */
#define WIDE_TEXT_EM 14.0F   /* mean width of chunks from which they are prose */

struct census {
    uint32_t chunks, data; /* beside the first column */
    uint32_t rows, multi, prose;
    uint32_t columns_used; /* with a chunk in a third of the rows at least */
    float widest_em;       /* mean width of the chunks of the column where it is second largest */
};

/* Counts of rows first to end. */
static int take_census(const struct text_rows *rows, uint32_t first, uint32_t end,
                       struct arena *arena, struct census *ret_census, struct error *err)
{
    uint32_t *used = arena_calloc(arena, rows->columns, sizeof(*used));
    float *widths = arena_calloc(arena, rows->columns, sizeof(*widths));
    float widest = 0;

    *ret_census = (struct census){.rows = end - first};
    if (!used || !widths) {
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
            ret_census->chunks += chunk->first > 0;
            ret_census->data += chunk->first > 0 && chunk->data;
        }
    }
    for (uint32_t c = 0; c < rows->columns; c++) {
        float width = used[c] > 0 ? widths[c] / (float)used[c] : 0;

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
        return census->multi >= 2;
    }
    if (census->multi < ROWS_MIN) {
        return false;
    }
    return data >= (columns == 2 ? DATA_SHARE : DATA_LEAST);
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

/* A row over the core that can be part of the header: each of its chunks stands over columns, none
 * fills the width. */
static bool fits_above(const struct text_rows *rows, const struct text_row *row,
                       const struct text_row *below)
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

static void extend_up(const struct text_rows *rows, const struct aligned_request *request,
                      uint32_t *first)
{
    while (*first > 0 && fits_above(rows, &rows->items[*first - 1], &rows->items[*first]) &&
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
    if (!is_table(&census, request->bounded, rows.columns)) {
        return 0;
    }
    if (!request->bounded) {
        extend_up(&rows, request, &first);
    }
    return cells_make(glyphs,
                      &(struct cells_request){.rows = &rows,
                                              .first = first,
                                              .end = end,
                                              .rules = request->rules,
                                              .rule_count = request->rule_count},
                      arena, ret_table, ret_words, ret_word_count, err);
}
