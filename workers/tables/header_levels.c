/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The header of a table that is known by alignment.
 *
 * Lines of text over the same columns, one right under the other, are one title. A title stands
 * on the level over all titles under it; the lowest are the columns' own. Nothing blocks or logs.
 */
#include "workers/tables/header_levels.h"

#include <math.h>
#include <string.h>

#define TITLES_MAX 600U
#define LEADING_MAX 1.9F    /* of the size: lines of one title are nearer */
#define CENTRED 1.5F        /* of the size */
#define UNDERLINE 1.4F      /* of the size: so near under a title a ruling is its own */
#define GROUP_CENTRED 0.15F /* of the width of the columns of one title */
#define RULE_SHARE 0.9F     /* of the width: longer rulings are the table's */

struct header {
    const struct text_rows *rows;
    const struct segment *rules;
    uint32_t rule_count;
    struct titles *titles;
};

static float middle(float from, float to)
{
    return (from + to) / 2;
}

static bool overlap(const struct title *a, const struct title *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Whether a ruling lies between the rows over chunk's extent. */
static bool is_ruled_off(const struct header *header, const struct text_row *above,
                         const struct text_row *below, const struct chunk *chunk)
{
    for (uint32_t i = 0; i < header->rule_count; i++) {
        const struct segment *rule = &header->rules[i];

        if (rule->at > above->baseline - 0.2F * above->size_pt && rule->at < below->baseline &&
            fminf(rule->to, chunk->right) - fmaxf(rule->from, chunk->left) >
                0.5F * (chunk->right - chunk->left)) {
            return true;
        }
    }
    return false;
}

/* Titles over groups of columns, equally many each, stand in the middle of these; the chunks then
 * are given all of their columns. */
static void widen_groups(const struct text_rows *rows, struct text_row *row)
{
    for (uint32_t skip = 0; skip < 2; skip++) {
        uint32_t columns = rows->columns - skip;
        uint32_t skipped = row->count > 0 && skip == 1 && row->chunks[0].last == 0 ? 1 : 0;
        uint32_t count = row->count - skipped;
        uint32_t group;
        bool fits = true;

        if (count < 2 || columns % count != 0 || columns / count < 2 ||
            (skip == 1 && row->chunks[skipped].first == 0)) {
            continue;
        }
        group = columns / count;
        for (uint32_t i = 0; i < count && fits; i++) {
            const struct chunk *chunk = &row->chunks[skipped + i];
            uint32_t first = skip + i * group;
            float from = i == 0 && skip == 0 ? rows->left : rows->limits[first];
            float to = i + 1 == count ? rows->right : rows->limits[first + group];

            fits = chunk->first >= first && chunk->last < first + group &&
                   chunk->left < middle(from, to) && chunk->right > middle(from, to) &&
                   fabsf(middle(chunk->left, chunk->right) - middle(from, to)) <
                       GROUP_CENTRED * (to - from);
        }
        for (uint32_t i = 0; i < count && fits; i++) {
            row->chunks[skipped + i].first = (uint16_t)(skip + i * group);
            row->chunks[skipped + i].last = (uint16_t)(skip + (i + 1) * group - 1);
        }
        if (fits) {
            return;
        }
    }
}

/* The one title over further columns that a row has may stand in the middle of them all. */
static void widen_alone(const struct text_rows *rows, struct text_row *row)
{
    struct chunk *chunk = &row->chunks[row->count - 1];
    float size = row->size_pt;
    uint32_t from = row->count == 1 ? 0 : 1;

    if (row->count > 2 || chunk->first == chunk->last || chunk->first == 0 ||
        (row->count == 2 && row->chunks[0].last > 0)) {
        return;
    }
    for (uint32_t first = 1; first + 1U > from; first--) {
        float left = first == 0 ? rows->left : rows->limits[first];

        if (fabsf(middle(chunk->left, chunk->right) - middle(left, rows->right)) < CENTRED * size) {
            chunk->first = (uint16_t)first;
            chunk->last = (uint16_t)(rows->columns - 1);
            return;
        }
    }
}

/* A ruling right under a chunk, and longer than that, says over which columns it stands. */
static void widen_to_rule(const struct header *header, const struct text_row *row,
                          struct chunk *chunk)
{
    const struct chunk *next = chunk + 1 < row->chunks + row->count ? chunk + 1 : NULL;
    const struct chunk *before = chunk > row->chunks ? chunk - 1 : NULL;
    const struct text_rows *rows = header->rows;
    float width = rows->right - rows->left;

    for (uint32_t i = 0; i < header->rule_count; i++) {
        const struct segment *rule = &header->rules[i];

        if (rule->at < row->baseline - 0.1F * row->size_pt ||
            rule->at > row->baseline + UNDERLINE * row->size_pt ||
            rule->to - rule->from > RULE_SHARE * width || rule->from > chunk->left + row->size_pt ||
            rule->to < chunk->right - row->size_pt || (next && next->left < rule->to) ||
            (before && before->right > rule->from)) {
            continue;
        }
        for (uint32_t c = 0; c < rows->columns; c++) {
            bool has_core = rows->cores[c][0] < rows->cores[c][1];
            float from = has_core ? rows->cores[c][0] : rows->limits[c];
            float to = has_core ? rows->cores[c][1] : rows->limits[c + 1];

            if (fminf(to, rule->to) - fmaxf(from, rule->from) > 0.5F * (to - from)) {
                chunk->first = c < chunk->first ? (uint16_t)c : chunk->first;
                chunk->last = c > chunk->last ? (uint16_t)c : chunk->last;
            }
        }
        return;
    }
}

/* Whether chunk, of row r, goes on with title. */
static bool continues(const struct header *header, const struct title *title, uint32_t r,
                      const struct chunk *chunk, const struct chunk *title_chunk)
{
    const struct text_row *row = &header->rows->items[r];
    const struct text_row *before = &header->rows->items[title->last_row];

    if (title->last_row >= r ||
        row->baseline - before->baseline > LEADING_MAX * fmaxf(row->size_pt, before->size_pt) ||
        is_ruled_off(header, before, row, chunk)) {
        return false;
    }
    if (chunk->first == title->first && chunk->last == title->last) {
        return true;
    }
    if (title->first == title->last || chunk->first < title->first || chunk->last > title->last) {
        return false;
    }
    /* A further line of a title over several columns, alone under it and in its middle. */
    for (uint32_t c = 0; c < row->count; c++) {
        if (&row->chunks[c] != chunk && row->chunks[c].first <= title->last &&
            row->chunks[c].last >= title->first) {
            return false;
        }
    }
    return fabsf(middle(chunk->left, chunk->right) -
                 middle(title_chunk->left, title_chunk->right)) < CENTRED * row->size_pt;
}

/* Whether another title stands between title and row r, over some of its columns. */
static bool is_covered(const struct titles *titles, const struct title *title, uint32_t r)
{
    for (uint32_t i = 0; i < titles->count; i++) {
        const struct title *other = &titles->items[i];

        if (other != title && other->last_row > title->last_row && other->first_row < r &&
            overlap(other, title)) {
            return true;
        }
    }
    return false;
}

static void collect(struct header *header, uint32_t first, uint32_t end,
                    const struct chunk **last_chunks)
{
    struct titles *titles = header->titles;
    uint32_t index = 0;

    for (uint32_t r = first; r < end; r++) {
        struct text_row *row = &header->rows->items[r];

        if (r + 1 < end) {
            widen_groups(header->rows, row);
            widen_alone(header->rows, row);
        }
        for (uint32_t c = 0; c < row->count; c++) {
            struct chunk *chunk = &row->chunks[c];
            uint32_t t = 0;

            widen_to_rule(header, row, chunk);
            while (t < titles->count &&
                   (!continues(header, &titles->items[t], r, chunk, last_chunks[t]) ||
                    is_covered(titles, &titles->items[t], r))) {
                t++;
            }
            if (t == titles->count) {
                titles->items[titles->count++] = (struct title){
                    .first = chunk->first, .last = chunk->last, .first_row = r, .last_row = r};
            }
            titles->items[t].last_row = r;
            last_chunks[t] = chunk;
            titles->of_chunk[index++] = t;
        }
    }
}

/* Levels counted from the bottom: 0 for a title with none under it. */
static void find_depths(struct titles *titles)
{
    for (uint32_t i = titles->count; i-- > 0;) {
        struct title *title = &titles->items[i];

        title->level = 0;
        for (uint32_t j = i + 1; j < titles->count; j++) {
            const struct title *other = &titles->items[j];

            if (other->first_row > title->last_row && overlap(other, title) &&
                other->level + 1 > title->level) {
                title->level = (uint16_t)(other->level + 1);
            }
        }
        titles->levels = titles->levels > title->level + 1U ? titles->levels : title->level + 1U;
    }
}

static bool has_neighbour(const struct titles *titles, uint32_t i)
{
    for (uint32_t j = 0; j < titles->count; j++) {
        const struct title *a = &titles->items[i];
        const struct title *b = &titles->items[j];

        if (i != j && overlap(a, b) && (a->last_row < b->first_row || b->last_row < a->first_row)) {
            return true;
        }
    }
    return false;
}

/* A title with none over or under it belongs to the levels beside which its lines stand. */
static void place_lone(struct titles *titles, uint32_t i)
{
    struct title *title = &titles->items[i];
    uint32_t lowest = UINT32_MAX;
    uint32_t highest = 0;

    for (uint32_t j = 0; j < titles->count; j++) {
        const struct title *other = &titles->items[j];

        if (j != i && has_neighbour(titles, j) && other->first_row <= title->last_row &&
            other->last_row >= title->first_row) {
            lowest = other->level < lowest ? other->level : lowest;
            highest = other->level > highest ? other->level : highest;
        }
    }
    if (lowest != UINT32_MAX) {
        title->level = (uint16_t)highest;
        title->level_count = (uint16_t)(highest - lowest + 1);
    }
}

int titles_find(const struct text_rows *rows, uint32_t first, uint32_t end,
                const struct segment *rules, uint32_t rule_count, struct arena *arena,
                struct titles *ret_titles, struct error *err)
{
    struct header header = {rows, rules, rule_count, ret_titles};
    const struct chunk **last_chunks;
    uint32_t chunks = 0;

    *ret_titles = (struct titles){.count = 0};
    for (uint32_t r = first; r < end; r++) {
        chunks += rows->items[r].count;
    }
    ret_titles->items = arena_calloc(arena, chunks + 1UL, sizeof(*ret_titles->items));
    ret_titles->of_chunk = arena_calloc(arena, chunks + 1UL, sizeof(*ret_titles->of_chunk));
    last_chunks = arena_calloc(arena, chunks + 1UL, sizeof(struct chunk *));
    if (!ret_titles->items || !ret_titles->of_chunk || !last_chunks) {
        return error_set(err, ERROR_MEMORY, "no memory for %u titles", chunks);
    }
    if (chunks > TITLES_MAX) {
        return 0;
    }
    collect(&header, first, end, last_chunks);
    find_depths(ret_titles);
    for (uint32_t i = 0; i < ret_titles->count; i++) {
        ret_titles->items[i].level_count = 1;
    }
    for (uint32_t i = 0; i < ret_titles->count; i++) {
        if (ret_titles->levels > 1 && !has_neighbour(ret_titles, i)) {
            place_lone(ret_titles, i);
        }
    }
    for (uint32_t i = 0; i < ret_titles->count; i++) {
        struct title *title = &ret_titles->items[i];

        title->level = (uint16_t)(ret_titles->levels - 1 - title->level);
    }
    return 0;
}
