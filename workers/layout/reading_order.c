/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading order by recursive cuts.
 *
 * One step takes a set of fragments from top to bottom and finds its bands: sets of fragments
 * whose heights overlap. Bands are gathered as long as a gutter runs through all of them; the
 * gathered bands either become columns, each of which is cut again, or, as the decision in
 * columns.c says, rows. The depth is bounded, and each step does O(n log n) work.
 *
 * Invariants: every fragment ends up in exactly one region. Nothing blocks or logs.
 */
#include "workers/layout/reading_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/layout/columns.h"

#define DEPTH_MAX 12
#define MARGIN_GAP 0.8F /* what parts a header or footer from the text, at least */
#define GAP_SPLITS 2.5F /* of the mean size: a gap that no column crosses */
#define ROW_HEIGHT 1.5F /* bands so low are one row */

struct cutter {
    struct arena *arena;
    struct reading_order *order;
    const struct reading_order_options *options;
    bool open; /* the last region may still grow */
};

static int by_top(const void *a, const void *b)
{
    const struct fragment *x = *(const struct fragment *const *)a;
    const struct fragment *y = *(const struct fragment *const *)b;

    if (x->top != y->top) {
        return x->top < y->top ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

static void sort_by_top(struct fragment **fragments, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (by_top(&fragments[i - 1], &fragments[i]) > 0) {
            qsort(fragments, count, sizeof(struct fragment *), by_top);
            return;
        }
    }
}

static float bottom_of(struct fragment *const *fragments, uint32_t count)
{
    float bottom = fragments[0]->bottom;

    for (uint32_t i = 1; i < count; i++) {
        bottom = fmaxf(bottom, fragments[i]->bottom);
    }
    return bottom;
}

/* The end of the band that starts at first: what its heights do not overlap. */
static uint32_t band_end(struct fragment **fragments, uint32_t first, uint32_t count)
{
    float bottom = fragments[first]->bottom;
    uint32_t end = first + 1;

    while (end < count && fragments[end]->top < bottom) {
        bottom = fmaxf(bottom, fragments[end]->bottom);
        end++;
    }
    return end;
}

/* Adds fragments to the open region, or opens one. */
static int emit(struct cutter *cutter, struct fragment **fragments, uint32_t count,
                struct error *err)
{
    struct reading_order *order = cutter->order;
    struct region *last = order->count > 0 ? &order->regions[order->count - 1] : NULL;

    if (cutter->open && last && last->fragments + last->count == fragments) {
        last->count += count;
        return 0;
    }
    if (order->count == order->capacity) {
        uint32_t bigger = order->capacity ? order->capacity * 2 : 16;
        struct region *regions = arena_calloc(cutter->arena, bigger, sizeof(*regions));

        if (!regions) {
            return error_set(err, ERROR_MEMORY, "no memory for %u regions", bigger);
        }
        if (order->count > 0) {
            memcpy(regions, order->regions, order->count * sizeof(*regions));
        }
        order->regions = regions;
        order->capacity = bigger;
    }
    order->regions[order->count++] = (struct region){fragments, count};
    cutter->open = true;
    return 0;
}

static int cut(struct cutter *cutter, struct fragment **fragments, uint32_t count, int depth,
               struct error *err);

/* Reorders fragments column by column and cuts each. */
static int cut_columns(struct cutter *cutter, struct fragment **fragments, uint32_t count,
                       const struct columns *columns, int depth, struct error *err)
{
    struct fragment **sorted = arena_calloc(cutter->arena, count, sizeof(struct fragment *));
    uint32_t placed = 0;

    if (!sorted) {
        return error_set(err, ERROR_MEMORY, "no memory for %u fragments", count);
    }
    memcpy(sorted, fragments, count * sizeof(struct fragment *));
    for (uint32_t i = 0; i <= columns->cut_count; i++) {
        uint32_t column = cutter->options->right_to_left ? columns->cut_count - i : i;
        uint32_t start = placed;

        for (uint32_t f = 0; f < count; f++) {
            if (columns_find(columns, sorted[f]) == column) {
                fragments[placed++] = sorted[f];
            }
        }
        cutter->open = false;
        if (placed > start && cut(cutter, fragments + start, placed - start, depth + 1, err) < 0) {
            return -1;
        }
    }
    cutter->open = false;
    return 0;
}

/* Bands gathered one after the other. */
struct gathering {
    uint32_t first;           /* fragment */
    struct coverage coverage; /* of all of them */
    float bottom;
    bool guttered; /* one of them has a gutter of its own */
};

/* Columns where they are, else a region. end: of the gathered fragments. */
static int cut_gathering(struct cutter *cutter, struct fragment **fragments,
                         const struct gathering *gathering, uint32_t end, int depth,
                         struct error *err)
{
    uint32_t count = end - gathering->first;
    struct columns columns;

    fragments += gathering->first;
    if (depth < DEPTH_MAX && gathering->guttered && gathering->coverage.gap_count > 0) {
        if (columns_decide(fragments, count, &gathering->coverage, cutter->arena, &columns, err) <
            0) {
            return -1;
        }
        if (columns.cut_count > 0) {
            return cut_columns(cutter, fragments, count, &columns, depth, err);
        }
    }
    return emit(cutter, fragments, count, err);
}

/* Whether a band cannot be gathered with those before it: no gutter runs through both, a margin
 * parts them, or a wide gap does and both columns begin anew behind it, in one row. grown: the
 * coverage of all. */
static bool is_apart(const struct cutter *cutter, const struct gathering *gathering,
                     const struct coverage *band, const struct coverage *grown, float top,
                     float bottom)
{
    float size = band->min_gap / GUTTER_MIN;
    float gap = top - gathering->bottom;

    if ((gap > GAP_SPLITS * size && band->gap_count > 0 && bottom - top < ROW_HEIGHT * size) ||
        (gap > MARGIN_GAP * size && (gathering->bottom <= cutter->options->header_bottom ||
                                     top >= cutter->options->footer_top))) {
        return true;
    }
    return (gathering->guttered || band->gap_count > 0) && grown->gap_count == 0;
}

static int cut(struct cutter *cutter, struct fragment **fragments, uint32_t count, int depth,
               struct error *err)
{
    struct gathering gathering = {.bottom = -INFINITY};
    struct coverage grown, band;
    float bottom;
    uint32_t end;

    sort_by_top(fragments, count);
    coverage_init(&gathering.coverage, coverage_min_gap(fragments, count));
    for (uint32_t first = 0; first < count; first = end) {
        end = band_end(fragments, first, count);
        coverage_init(&band, gathering.coverage.min_gap);
        coverage_add(&band, fragments + first, end - first);
        grown = gathering.coverage;
        coverage_add(&grown, fragments + first, end - first);
        bottom = bottom_of(fragments + first, end - first);
        if (first > 0 &&
            is_apart(cutter, &gathering, &band, &grown, fragments[first]->top, bottom)) {
            if (cut_gathering(cutter, fragments, &gathering, first, depth, err) < 0) {
                return -1;
            }
            gathering = (struct gathering){.first = first, .bottom = -INFINITY};
            grown = band;
        }
        gathering.coverage = grown;
        gathering.guttered = gathering.guttered || band.gap_count > 0;
        gathering.bottom = fmaxf(gathering.bottom, bottom);
    }
    return cut_gathering(cutter, fragments, &gathering, count, depth, err);
}

int reading_order_find(struct fragment **fragments, uint32_t count,
                       const struct reading_order_options *options, struct arena *arena,
                       struct reading_order *ret_order, struct error *err)
{
    struct cutter cutter = {.arena = arena, .order = ret_order, .options = options};

    *ret_order = (struct reading_order){NULL, 0, 0};
    if (count == 0) {
        return 0;
    }
    return cut(&cutter, fragments, count, 0, err);
}
