/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Gutters and columns.
 *
 * Four things tell columns from cells. Rows that stand on the same baselines on both sides speak
 * for cells. Numbers and very short rows do too. The order of drawing speaks: who writes columns
 * draws one after the other, who writes a table goes to and fro. And long rows are text that
 * flows. Nothing blocks or logs.
 */
#include "workers/layout/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BASELINE_NEAR 0.25F   /* of the size: rows so near stand on one baseline */
#define BASELINE_BESIDE 0.65F /* rows so near stand side by side: cells centred in their row */
#define CELL_EM 4.0F          /* mean row width under which rows are cells, not text */
#define CHANGES_FEW 0.2F
#define PROSE_EM 12.0F    /* mean row width from which text flows */
#define PROSE_ROWS 6U     /* fewer may be a table's after all */
#define SIDE_BY_SIDE 0.3F /* of the lower side's height that must stand beside the other */

float coverage_min_gap(struct fragment *const *fragments, uint32_t count)
{
    double sizes = 0;
    double chars = 0;

    for (uint32_t i = 0; i < count; i++) {
        sizes += (double)fragments[i]->size_pt * fragments[i]->chars;
        chars += fragments[i]->chars;
    }
    return chars > 0 ? GUTTER_MIN * (float)(sizes / chars) : 1.0F;
}

void coverage_init(struct coverage *coverage, float min_gap)
{
    coverage->min_gap = min_gap;
    coverage->part_count = 0;
    coverage->gap_count = 0;
}

/* Removes the gap after part i. */
static void close_gap(struct coverage *coverage, uint32_t i)
{
    struct interval *parts = coverage->parts;

    parts[i].to = fmaxf(parts[i].to, parts[i + 1].to);
    memmove(&parts[i + 1], &parts[i + 2], (coverage->part_count - i - 2) * sizeof(*parts));
    coverage->part_count--;
}

static void close_smallest_gap(struct coverage *coverage)
{
    const struct interval *parts = coverage->parts;
    uint32_t smallest = 0;

    for (uint32_t i = 1; i + 1 < coverage->part_count; i++) {
        if (parts[i + 1].from - parts[i].to < parts[smallest + 1].from - parts[smallest].to) {
            smallest = i;
        }
    }
    close_gap(coverage, smallest);
}

static void add_interval(struct coverage *coverage, float from, float to)
{
    struct interval *parts = coverage->parts;
    uint32_t i = 0;

    while (i < coverage->part_count && parts[i].to + coverage->min_gap <= from) {
        i++;
    }
    if (i < coverage->part_count && parts[i].from < to + coverage->min_gap) {
        parts[i].from = fminf(parts[i].from, from);
        parts[i].to = fmaxf(parts[i].to, to);
        while (i + 1 < coverage->part_count &&
               parts[i + 1].from < parts[i].to + coverage->min_gap) {
            close_gap(coverage, i);
        }
        return;
    }
    if (coverage->part_count == COVERAGE_PARTS_MAX) {
        close_smallest_gap(coverage);
        add_interval(coverage, from, to);
        return;
    }
    memmove(&parts[i + 1], &parts[i], (coverage->part_count - i) * sizeof(*parts));
    parts[i] = (struct interval){from, to};
    coverage->part_count++;
}

void coverage_add(struct coverage *coverage, struct fragment *const *fragments, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        add_interval(coverage, fragments[i]->left, fragments[i]->right);
    }
    coverage->gap_count = coverage->part_count > 0 ? coverage->part_count - 1 : 0;
}

uint32_t columns_find(const struct columns *columns, const struct fragment *fragment)
{
    float middle = (fragment->left + fragment->right) / 2;
    uint32_t column = 0;

    while (column < columns->cut_count && middle > columns->cuts[column]) {
        column++;
    }
    return column;
}

/* What stands between two cuts. */
struct side {
    float *baselines; /* of its rows, from top to bottom */
    uint32_t rows;
    float top, bottom;
    double row_em; /* widths of what all rows show, in sizes */
    float row_size;
    uint32_t chars, letters;
};

static void side_add(struct side *side, const struct fragment *fragment)
{
    bool same_row = side->rows > 0 && fabsf(fragment->baseline - side->baselines[side->rows - 1]) <
                                          0.5F * fmaxf(fragment->size_pt, side->row_size);

    if (!same_row) {
        side->baselines[side->rows++] = fragment->baseline;
        side->row_size = fragment->size_pt;
    }
    side->row_em += (double)(fragment->right - fragment->left) / (double)fragment->size_pt;
    side->chars += fragment->chars;
    side->letters += fragment->letters;
    side->top = fminf(side->top, fragment->top);
    side->bottom = fmaxf(side->bottom, fragment->bottom);
}

static int side_build(struct fragment *const *fragments, uint32_t count, struct interval within,
                      struct arena *arena, struct side *ret_side, struct error *err)
{
    *ret_side = (struct side){.top = INFINITY, .bottom = -INFINITY};
    ret_side->baselines = arena_calloc(arena, count, sizeof(float));
    if (!ret_side->baselines) {
        return error_set(err, ERROR_MEMORY, "no memory for %u rows", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        float middle = (fragments[i]->left + fragments[i]->right) / 2;

        if (middle > within.from && middle <= within.to) {
            side_add(ret_side, fragments[i]);
        }
    }
    return 0;
}

/* The share of the rows of few that stand on a baseline of many, give or take near. */
static float aligned_share(const struct side *few, const struct side *many, float near)
{
    uint32_t aligned = 0;
    uint32_t m = 0;

    for (uint32_t f = 0; f < few->rows; f++) {
        float baseline = few->baselines[f];

        while (m < many->rows && many->baselines[m] < baseline - near) {
            m++;
        }
        aligned += m < many->rows && many->baselines[m] < baseline + near;
    }
    return few->rows > 0 ? (float)aligned / (float)few->rows : 0;
}

static int by_order(const void *a, const void *b)
{
    const struct fragment *x = *(const struct fragment *const *)a;
    const struct fragment *y = *(const struct fragment *const *)b;

    return x->order < y->order ? -1 : 1;
}

/* How often drawing went from one side to the other, of what it would at every row: 0 to 1. */
static float to_and_fro(struct fragment *const *drawn, uint32_t count, struct interval within,
                        float cut, uint32_t rows)
{
    uint32_t changes = 0;
    int last = -1;

    for (uint32_t i = 0; i < count; i++) {
        float middle = (drawn[i]->left + drawn[i]->right) / 2;
        int side = middle > cut;

        if (middle <= within.from || middle > within.to) {
            continue;
        }
        changes += last >= 0 && side != last;
        last = side;
    }
    return rows > 0 && changes > 1 ? fminf((float)(changes - 1) / (float)(2 * rows - 1), 1.0F) : 0;
}

static bool is_prose(const struct side *side)
{
    return side->rows > 0 && side->row_em / side->rows >= (double)PROSE_EM;
}

/* Numbers, marks, words: what stands in a table's cells. */
static bool is_cells(const struct side *side)
{
    return side->letters * 2 < side->chars || side->row_em < (double)CELL_EM * side->rows;
}

/* Whether the two sides of a cut are columns. changes: to_and_fro of them. */
static bool are_columns(const struct side *left, const struct side *right, float size_pt,
                        float changes)
{
    const struct side *few = left->rows <= right->rows ? left : right;
    const struct side *many = few == left ? right : left;
    float beside = fminf(left->bottom, right->bottom) - fmaxf(left->top, right->top);
    bool cells = is_cells(left) || is_cells(right);
    float aligned;

    if (few->rows == 0 || beside < SIDE_BY_SIDE * (few->bottom - few->top)) {
        return false;
    }
    aligned = aligned_share(few, many, (cells ? BASELINE_BESIDE : BASELINE_NEAR) * size_pt);
    if (few->rows == 1) {
        return many->rows >= 3 && aligned < 0.5F && changes < 0.5F;
    }
    if (aligned < 0.5F) {
        return true;
    }
    return !cells && (changes <= CHANGES_FEW ||
                      (is_prose(left) && is_prose(right) && few->rows >= PROSE_ROWS));
}

static float gap_middle(const struct coverage *coverage, uint32_t gap)
{
    return (coverage->parts[gap].to + coverage->parts[gap + 1].from) / 2;
}

int columns_decide(struct fragment *const *fragments, uint32_t count,
                   const struct coverage *coverage, struct arena *arena,
                   struct columns *ret_columns, struct error *err)
{
    struct fragment **drawn = arena_calloc(arena, count, sizeof(struct fragment *));
    float size_pt = coverage->min_gap / GUTTER_MIN;
    struct interval left_of = {-INFINITY, 0};

    ret_columns->cut_count = 0;
    if (!drawn) {
        return error_set(err, ERROR_MEMORY, "no memory for %u fragments", count);
    }
    memcpy(drawn, fragments, count * sizeof(struct fragment *));
    qsort(drawn, count, sizeof(struct fragment *), by_order);
    for (uint32_t gap = 0; gap < coverage->gap_count; gap++) {
        float cut = gap_middle(coverage, gap);
        struct interval right_of = {
            cut, gap + 1 < coverage->gap_count ? gap_middle(coverage, gap + 1) : INFINITY};
        struct side left, right;
        uint32_t rows;

        left_of.to = cut;
        if (side_build(fragments, count, left_of, arena, &left, err) < 0 ||
            side_build(fragments, count, right_of, arena, &right, err) < 0) {
            return -1;
        }
        rows = left.rows < right.rows ? left.rows : right.rows;
        if (are_columns(&left, &right, size_pt,
                        to_and_fro(drawn, count, (struct interval){left_of.from, right_of.to}, cut,
                                   rows))) {
            ret_columns->cuts[ret_columns->cut_count++] = cut;
            left_of.from = cut;
        }
    }
    return 0;
}
