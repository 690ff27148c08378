/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A heap of the k highest lower bounds, and beside it what may yet be among the best.
 *
 * Whatever falls below the threshold once is out for good, because the threshold only rises. When
 * more than max are above it the worst of them are cut, and the answer is exact all the same if
 * the threshold passes them in the end.
 *
 * Nothing blocks, nothing is logged.
 */
#include "workers/vectors/best.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int best_init(struct best *best, uint32_t k, size_t max, struct error *err)
{
    *best = (struct best){
        .threshold = -INFINITY, .dropped = -INFINITY, .k = k, .max = max, .capacity = 2 * max};
    best->lowest = calloc(k, sizeof *best->lowest);
    best->candidates = calloc(best->capacity, sizeof *best->candidates);
    if (!best->lowest || !best->candidates) {
        best_deinit(best);
        return error_set(err, ERROR_MEMORY, "no memory for the best %u of a scan", k);
    }
    return 0;
}

void best_deinit(struct best *best)
{
    free(best->lowest);
    free(best->candidates);
    best->lowest = NULL;
    best->candidates = NULL;
}

static void sift_up(float *heap, uint32_t at)
{
    while (at > 0 && heap[at] < heap[(at - 1) / 2]) {
        float held = heap[at];

        heap[at] = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = held;
        at = (at - 1) / 2;
    }
}

static void sift_down(float *heap, uint32_t count, uint32_t at)
{
    for (;;) {
        uint32_t least = at;
        float held = heap[at];

        for (uint32_t child = 2 * at + 1; child < count && child <= 2 * at + 2; child++) {
            least = heap[child] < heap[least] ? child : least;
        }
        if (least == at) {
            return;
        }
        heap[at] = heap[least];
        heap[least] = held;
        at = least;
    }
}

static void raise_threshold(struct best *best, float lowest)
{
    if (best->lowest_count < best->k) {
        best->lowest[best->lowest_count] = lowest;
        sift_up(best->lowest, best->lowest_count++);
    } else if (lowest > best->lowest[0]) {
        best->lowest[0] = lowest;
        sift_down(best->lowest, best->k, 0);
    }
    if (best->lowest_count == best->k) {
        best->threshold = best->lowest[0];
    }
}

static int by_score(const void *left, const void *right)
{
    const struct vector_candidate *a = left;
    const struct vector_candidate *b = right;

    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return (a->row > b->row) - (a->row < b->row);
}

/* Lets go of what the threshold has passed, and of the worst where over max are left. */
static void cut(struct best *best)
{
    size_t kept = 0;

    for (size_t i = 0; i < best->count; i++) {
        if (best->candidates[i].score + best->candidates[i].error >= best->threshold) {
            best->candidates[kept++] = best->candidates[i];
        }
    }
    best->count = kept;
    if (kept <= best->max) {
        return;
    }
    qsort(best->candidates, kept, sizeof *best->candidates, by_score);
    for (size_t i = best->max; i < kept; i++) {
        best->dropped = fmaxf(best->dropped, best->candidates[i].score + best->candidates[i].error);
    }
    best->count = best->max;
}

void best_offer(struct best *best, const struct vector_candidate *candidate)
{
    raise_threshold(best, candidate->score - candidate->error);
    if (candidate->score + candidate->error < best->threshold) {
        return;
    }
    if (best->count == best->capacity) {
        cut(best);
    }
    best->candidates[best->count++] = *candidate;
}

void best_finish(struct best *best, struct vector_candidate *ret_candidates, size_t *ret_count,
                 bool *ret_exact)
{
    cut(best);
    qsort(best->candidates, best->count, sizeof *best->candidates, by_score);
    memcpy(ret_candidates, best->candidates, best->count * sizeof *best->candidates);
    *ret_count = best->count;
    *ret_exact = best->dropped == -INFINITY || best->dropped < best->threshold;
}
