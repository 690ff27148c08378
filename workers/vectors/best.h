/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The candidates of a scan: those whose score, at its highest, is not below the k-th best at its
 * lowest. Memory is bounded by what the caller has room for.
 */
#ifndef EBB_WORKERS_VECTORS_BEST_H
#define EBB_WORKERS_VECTORS_BEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "workers/vectors/vector_file.h"

struct best {
    float threshold; /* the k-th best score at its lowest; -INFINITY while there are fewer */
    float *lowest;   /* a heap, the least on top */
    uint32_t lowest_count, k;
    struct vector_candidate *candidates;
    size_t count, max, capacity; /* capacity: twice max, so that a cut is seldom */
    float dropped;               /* the highest that a score may be that was cut */
};

/* ERROR_MEMORY; k and max over 0. */
int best_init(struct best *best, uint32_t k, size_t max, struct error *err);
void best_deinit(struct best *best);
/* Only those with score + error >= threshold need be offered. */
void best_offer(struct best *best, const struct vector_candidate *candidate);
/* Best first. */
void best_finish(struct best *best, struct vector_candidate *ret_candidates, size_t *ret_count,
                 bool *ret_exact);

#endif
