/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rows, chunks and columns.
 *
 * Columns are found by the rows that have most chunks, as titles over several columns, and rows
 * with empty cells, hide gutters or show too many. What only marks the number beside it (a
 * currency, a bracket, a bullet) is no column. Nothing blocks or logs.
 */
#include "workers/tables/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_GAP 0.75F /* of the size: words so near are one chunk */
#define CHUNK_GAP_MONO 0.95F
#define WORD_GAP 0.33F
#define NUMBER_GAP 0.5F  /* between two numbers */
#define TITLE_GAP 0.5F   /* where a limit runs between words */
#define BODY_SHARE 0.7F  /* of the most chunks of a row: rows that tell columns */
#define CROSSED_SHARE 10 /* one in so many of them may cross a gutter */
#define GUTTER_MIN 0.3F  /* of the size */
#define ON_LIMIT 0.1F    /* of a chunk's width: so near is its middle to a limit */
#define FLUSH 0.35F
#define ON_EDGE 0.15F /* of the size */
#define PROSE_SHARE 0.5F
#define PART_GAP 1.5F /* of a chunk's narrowest gap: what parts it where columns meet */

static bool is_mono(const struct word *word)
{
    return (word->style & PAGE_STYLE_MONO) != 0;
}

/* Dots alone. */
static bool is_leader(const struct word *word)
{
    return word->leader && word->letters + word->digits == 0;
}

static bool is_number(const struct word *word)
{
    return word->digits > 0 && word->letters == 0;
}

static bool goes_on(const struct word *before, const struct word *word)
{
    float gap = is_mono(word) ? CHUNK_GAP_MONO : CHUNK_GAP;

    if (before->leader || is_leader(word)) {
        return is_leader(word);
    }
    if (!is_mono(word) && is_number(before) && is_number(word)) {
        gap = NUMBER_GAP;
    }
    return word->left - before->right < gap * fmaxf(word->size_pt, before->size_pt);
}

static int by_left(const void *a, const void *b)
{
    const struct word *x = *(const struct word *const *)a;
    const struct word *y = *(const struct word *const *)b;

    if (x->left != y->left) {
        return x->left < y->left ? -1 : 1;
    }
    return (x->first > y->first) - (x->first < y->first);
}

static void measure_chunk(const struct glyphs *glyphs, struct chunk *chunk)
{
    chunk->left = chunk->words[0]->left;
    chunk->right = chunk->words[0]->right;
    for (uint32_t i = 1; i < chunk->count; i++) {
        if (!is_leader(chunk->words[i])) {
            chunk->right = fmaxf(chunk->right, chunk->words[i]->right);
        }
    }
    chunk->data = words_are_data(glyphs, chunk->words, chunk->count);
}

/* Fills the row's chunks in; chunks: with room for count. */
static void find_chunks(const struct glyphs *glyphs, struct word **words, uint32_t count,
                        struct chunk *chunks, struct text_row *row)
{
    const struct word *before = NULL;

    qsort(words, count, sizeof(struct word *), by_left);
    *row = (struct text_row){.chunks = chunks,
                             .baseline = words[0]->baseline,
                             .top = INFINITY,
                             .bottom = -INFINITY,
                             .style = 0xFF};
    for (uint32_t i = 0; i < count; i++) {
        if (!before || !goes_on(before, words[i])) {
            chunks[row->count++] = (struct chunk){.words = &words[i]};
            before = words[i];
        }
        chunks[row->count - 1].count++;
        before = words[i]->right > before->right ? words[i] : before;
        row->top = fminf(row->top, words[i]->top);
        row->bottom = fmaxf(row->bottom, words[i]->bottom);
        row->style &= words[i]->style;
        if (words[i]->size_pt > row->size_pt) {
            row->size_pt = words[i]->size_pt;
            row->baseline = words[i]->baseline;
        }
    }
    for (uint32_t c = 0; c < row->count; c++) {
        measure_chunk(glyphs, &chunks[c]);
    }
}

int rows_find(const struct glyphs *glyphs, struct word **words, uint32_t count, struct arena *arena,
              struct text_rows *ret_rows, struct error *err)
{
    struct chunk *chunks = arena_calloc(arena, count + 1UL, sizeof(*chunks));
    double sizes = 0;

    *ret_rows = (struct text_rows){.left = INFINITY, .right = -INFINITY};
    ret_rows->items = arena_calloc(arena, count + 1UL, sizeof(*ret_rows->items));
    if (!chunks || !ret_rows->items) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    words_sort(words, count);
    for (uint32_t first = 0, end; first < count; first = end) {
        const struct word *main = words[first];

        for (end = first + 1; end < count && words_on_one_line(main, words[end]); end++) {
            main = words[end]->size_pt > main->size_pt ? words[end] : main;
        }
        find_chunks(glyphs, &words[first], end - first, &chunks[first],
                    &ret_rows->items[ret_rows->count++]);
    }
    for (uint32_t i = 0; i < count; i++) {
        ret_rows->left = fminf(ret_rows->left, words[i]->left);
        ret_rows->right = fmaxf(ret_rows->right, words[i]->right);
        sizes += (double)words[i]->size_pt;
    }
    ret_rows->size_pt = count > 0 ? (float)(sizes / count) : 0;
    return 0;
}

/* --- columns --- */

struct edge {
    float at;
    int step; /* 1 where a chunk begins, -1 where one ends */
};

static int by_at(const void *a, const void *b)
{
    const struct edge *x = a;
    const struct edge *y = b;

    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    return y->step - x->step; /* what begins where another ends leaves no gap */
}

static int by_count(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* How many chunks a row must have to tell columns. 0: none can. */
static uint32_t body_chunks(const struct text_rows *rows, uint32_t first, uint32_t end,
                            uint32_t *scratch)
{
    uint32_t count = 0;
    uint32_t most;

    for (uint32_t r = first; r < end; r++) {
        if (rows->items[r].count >= 2) {
            scratch[count++] = rows->items[r].count;
        }
    }
    if (count < 2) {
        return count == 1 ? 2 : 0;
    }
    qsort(scratch, count, sizeof(*scratch), by_count);
    most = scratch[count * 3 / 5];
    most = (uint32_t)ceilf(BODY_SHARE * (float)most);
    return most > 2 ? most : 2;
}

static bool is_data_row(const struct text_row *row)
{
    uint32_t data = 0;

    for (uint32_t c = 0; c < row->count; c++) {
        data += row->chunks[c].data;
    }
    return data * 2 >= row->count;
}

/* Whether rows of numbers alone tell columns well enough: titles are wider than what they name. */
static bool are_data_rows(const struct text_rows *rows, uint32_t first, uint32_t end,
                          uint32_t least)
{
    uint32_t data = 0, all = 0;

    for (uint32_t r = first; r < end; r++) {
        if (rows->items[r].count >= least) {
            all++;
            data += is_data_row(&rows->items[r]);
        }
    }
    return data >= 2 && data * 3 >= all;
}

/* The gutters between edges, which are sorted: where at most allowed chunks are. */
static void find_gutters(struct text_rows *rows, const struct edge *edges, uint32_t count,
                         int allowed)
{
    float min_width = fmaxf(GUTTER_MIN * rows->size_pt, 1.0F);
    int open = 0;
    float start = 0;
    float best_from = 0, best_to = 0;
    int best = -1;
    bool inside = false; /* behind the first column's start */

    rows->columns = 1;
    for (uint32_t i = 0; i + 1 < count; i++) {
        open += edges[i].step;
        if (open <= allowed) {
            start = edges[i].at;
            /* Of a stretch with few chunks, the widest part with fewest. */
            if (best < 0 || open < best ||
                (open == best && edges[i + 1].at - start > best_to - best_from)) {
                best_from = start;
                best_to = edges[i + 1].at;
                best = open;
            }
            continue;
        }
        if (best >= 0 && inside && best_to - best_from >= min_width) {
            if (rows->columns == ROWS_COLUMNS_MAX) {
                rows->columns = 0;
                return;
            }
            rows->limits[rows->columns++] = (best_from + best_to) / 2;
        }
        best = -1;
        inside = true;
    }
    rows->limits[0] = rows->left - 1;
    rows->limits[rows->columns] = rows->right + 1;
}

static uint16_t column_of(const struct text_rows *rows, float x)
{
    uint32_t column = 0;

    while (column + 1 < rows->columns && x > rows->limits[column + 1]) {
        column++;
    }
    return (uint16_t)column;
}

/* Whether the chunk begins or ends where the column's text does. */
static bool is_flush(const struct text_rows *rows, const struct chunk *chunk, uint32_t column)
{
    return fabsf(chunk->left - rows->cores[column][0]) < FLUSH * rows->size_pt ||
           fabsf(chunk->right - rows->cores[column][1]) < FLUSH * rows->size_pt;
}

/* By the columns' text where the chunk stands over one's alone: a title may be wider than that,
 * and reach over a limit. */
static void place_chunk(const struct text_rows *rows, struct chunk *chunk)
{
    float slack = fminf(0.1F * rows->size_pt, (chunk->right - chunk->left) / 4);
    float middle = (chunk->left + chunk->right) / 2;
    uint32_t touched = 0;
    uint32_t column = 0;

    chunk->first = column_of(rows, chunk->left + slack);
    chunk->last = column_of(rows, chunk->right - slack);
    if (chunk->first == chunk->last) {
        return;
    }
    for (uint32_t c = chunk->first; c <= chunk->last; c++) {
        if (chunk->left + slack < rows->cores[c][1] && chunk->right - slack > rows->cores[c][0]) {
            touched++;
            column = c;
        }
    }
    for (uint32_t c = chunk->first + 1U;
         c <= chunk->last && touched == 1 && !is_flush(rows, chunk, column); c++) {
        if (fabsf(middle - rows->limits[c]) < ON_LIMIT * (chunk->right - chunk->left)) {
            return; /* in the middle over two columns */
        }
    }
    if (touched == 1) {
        chunk->first = chunk->last = (uint16_t)column;
    }
}

/* The cores of the columns, by rows of at least so many chunks. */
static void find_cores(struct text_rows *rows, uint32_t first, uint32_t end, uint32_t least)
{
    for (uint32_t c = 0; c < rows->columns; c++) {
        rows->cores[c][0] = INFINITY;
        rows->cores[c][1] = -INFINITY;
    }
    for (uint32_t r = first; r < end; r++) {
        const struct text_row *row = &rows->items[r];

        for (uint32_t c = 0; row->count >= least && c < row->count; c++) {
            uint16_t left = column_of(rows, row->chunks[c].left);

            if (left == column_of(rows, row->chunks[c].right)) {
                rows->cores[left][0] = fminf(rows->cores[left][0], row->chunks[c].left);
                rows->cores[left][1] = fmaxf(rows->cores[left][1], row->chunks[c].right);
            }
        }
    }
}

/* What only marks the cell to its right, or left. */
static bool is_mark(const struct chunk *chunk, bool *ret_of_right)
{
    const struct word *word = chunk->words[0];
    uint32_t c = word->initial;

    if (chunk->count != 1 || word->chars > 2) {
        return false;
    }
    *ret_of_right = c == '$' || c == 0x20AC || c == 0xA3 || c == 0xA5 || c == '(' || c == 0x2022 ||
                    c == 0xB7 || c == 0x25AA || c == 0x25CF || c == 0x25A0;
    return *ret_of_right ||
           (word->digits == 0 && (c == '%' || c == ')' || c == '*' || c == 0x2020));
}

/* Drops limits beside columns of marks. */
static void join_mark_columns(struct text_rows *rows, uint32_t first, uint32_t end)
{
    for (uint32_t column = 0; column < rows->columns && rows->columns > 1;) {
        uint32_t marks = 0, others = 0, of_right = 0;
        uint32_t limit;
        bool right;

        for (uint32_t r = first; r < end; r++) {
            for (uint32_t c = 0; c < rows->items[r].count; c++) {
                const struct chunk *chunk = &rows->items[r].chunks[c];

                if (column_of(rows, chunk->left) == column &&
                    column_of(rows, chunk->right) == column) {
                    right = false;
                    if (is_mark(chunk, &right)) {
                        marks++;
                        of_right += right;
                    } else {
                        others++;
                    }
                }
            }
        }
        if (marks == 0 || others > 0) {
            column++;
            continue;
        }
        limit = of_right * 2 > marks ? column + 1 : column;
        limit = limit == 0 ? 1 : limit == rows->columns ? rows->columns - 1 : limit;
        memmove(&rows->limits[limit], &rows->limits[limit + 1],
                (rows->columns - limit) * sizeof(rows->limits[0]));
        rows->columns--;
    }
}

/* The narrowest gap between the chunk's words; not more than is usual. */
static float narrowest_gap(const struct chunk *chunk)
{
    float gap = WORD_GAP * chunk->words[0]->size_pt;

    for (uint32_t i = 1; i < chunk->count; i++) {
        gap = fminf(gap, chunk->words[i]->left - chunk->words[i - 1]->right);
    }
    return fmaxf(gap, 0.05F);
}

/* Whether the word begins, or ends, where its column's text does. */
static bool stands_in_core(const struct text_rows *rows, const struct word *word)
{
    uint32_t column = column_of(rows, (word->left + word->right) / 2);

    return fabsf(word->left - rows->cores[column][0]) < ON_EDGE * word->size_pt ||
           fabsf(word->right - rows->cores[column][1]) < ON_EDGE * word->size_pt;
}

/* Whether the words [first, i) and those from i to the chunk's end each stand in a column. */
static bool are_of_columns(const struct text_rows *rows, const struct chunk *chunk, uint32_t first,
                           uint32_t i)
{
    struct chunk left = {.left = chunk->words[first]->left, .right = chunk->words[i - 1]->right};
    struct chunk right = {.left = chunk->words[i]->left, .right = chunk->right};

    place_chunk(rows, &left);
    place_chunk(rows, &right);
    return left.first == left.last && left.last < right.first;
}

/* Whether the chunk, as far as it is left from word first on, is parted in front of word i: columns
 * meet there, and the gap is wide for this chunk, or what follows is a number or stands as its
 * column does. */
static bool parts_here(const struct glyphs *glyphs, const struct text_rows *rows,
                       const struct chunk *chunk, uint32_t first, uint32_t i, float narrowest)
{
    const struct word *before = chunk->words[i - 1];
    struct word *word = chunk->words[i];
    float gap = word->left - before->right;
    struct chunk rest = {.left = chunk->words[first]->left, .right = chunk->right};

    place_chunk(rows, &rest);
    if (rest.first == rest.last) {
        return false;
    }
    if (gap > PART_GAP * narrowest && gap > TITLE_GAP * word->size_pt &&
        are_of_columns(rows, chunk, first, i)) {
        return true;
    }
    if (column_of(rows, before->right - 0.1F * before->size_pt) ==
        column_of(rows, word->left + 0.1F * word->size_pt)) {
        return false;
    }
    return stands_in_core(rows, word) || gap > TITLE_GAP * word->size_pt ||
           (words_are_data(glyphs, &word, 1) && chunk->count == 2) ||
           (words_are_data(glyphs, &word, 1) && words_are_data(glyphs, chunk->words, i));
}

/* Parts chunks over several columns; a row's new chunks take the place of its old ones. */
static int part_chunks(const struct glyphs *glyphs, struct text_rows *rows, struct text_row *row,
                       struct arena *arena, struct error *err)
{
    struct chunk *parts;
    uint32_t count = 0;
    uint32_t words = 0;

    for (uint32_t c = 0; c < row->count; c++) {
        words += row->chunks[c].count;
    }
    parts = arena_calloc(arena, words, sizeof(*parts));
    if (!parts) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", words);
    }
    for (uint32_t c = 0; c < row->count; c++) {
        const struct chunk *chunk = &row->chunks[c];
        float narrowest = narrowest_gap(chunk);
        uint32_t first = 0;

        for (uint32_t i = 1; i <= chunk->count; i++) {
            if (i < chunk->count && (chunk->first == chunk->last ||
                                     !parts_here(glyphs, rows, chunk, first, i, narrowest))) {
                continue;
            }
            parts[count] = (struct chunk){.words = &chunk->words[first], .count = i - first};
            measure_chunk(glyphs, &parts[count]);
            place_chunk(rows, &parts[count]);
            count++;
            first = i;
        }
    }
    row->chunks = parts;
    row->count = count;
    return 0;
}

/* Chunks of a row that lie in one column are one. */
static void join_chunks(const struct glyphs *glyphs, struct text_row *row)
{
    uint32_t kept = 0;

    for (uint32_t c = 0; c < row->count; c++) {
        struct chunk *last = kept > 0 ? &row->chunks[kept - 1] : NULL;

        if (last && row->chunks[c].first <= last->last &&
            last->words + last->count == row->chunks[c].words) {
            last->count += row->chunks[c].count;
            last->last = row->chunks[c].last > last->last ? row->chunks[c].last : last->last;
            measure_chunk(glyphs, last);
        } else {
            row->chunks[kept++] = row->chunks[c];
        }
    }
    row->count = kept;
}

int rows_find_columns(const struct glyphs *glyphs, struct text_rows *rows, uint32_t first,
                      uint32_t end, struct arena *arena, struct error *err)
{
    uint32_t chunks = 0;
    uint32_t body_rows = 0;
    uint32_t least;
    bool by_data;
    struct edge *edges;
    uint32_t *scratch = arena_calloc(arena, end - first + 1UL, sizeof(*scratch));

    rows->columns = 0;
    for (uint32_t r = first; r < end; r++) {
        chunks += rows->items[r].count;
    }
    edges = arena_calloc(arena, 2UL * chunks + 1, sizeof(*edges));
    if (!edges || !scratch) {
        return error_set(err, ERROR_MEMORY, "no memory for %u chunks", chunks);
    }
    least = body_chunks(rows, first, end, scratch);
    if (least == 0) {
        return 0;
    }
    by_data = are_data_rows(rows, first, end, least);
    chunks = 0;
    for (uint32_t r = first; r < end; r++) {
        const struct text_row *row = &rows->items[r];

        if (row->count < least || (by_data && !is_data_row(row))) {
            continue;
        }
        body_rows++;
        for (uint32_t c = 0; c < row->count; c++) {
            edges[chunks++] = (struct edge){row->chunks[c].left, 1};
            edges[chunks++] = (struct edge){row->chunks[c].right, -1};
        }
    }
    qsort(edges, chunks, sizeof(*edges), by_at);
    find_gutters(rows, edges, chunks, (int)(body_rows / CROSSED_SHARE));
    if (rows->columns < 2) {
        rows->columns = 0;
        return 0;
    }
    join_mark_columns(rows, first, end);
    find_cores(rows, first, end, least);
    for (uint32_t r = 0; r < rows->count; r++) {
        struct text_row *row = &rows->items[r];

        for (uint32_t c = 0; c < row->count; c++) {
            place_chunk(rows, &row->chunks[c]);
        }
        if (part_chunks(glyphs, rows, row, arena, err) < 0) {
            return -1;
        }
        join_chunks(glyphs, row);
        row->prose =
            row->count == 1 && row->chunks[0].first < row->chunks[0].last &&
            row->chunks[0].right - row->chunks[0].left > PROSE_SHARE * (rows->right - rows->left);
    }
    return 0;
}
