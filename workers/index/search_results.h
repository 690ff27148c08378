/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Several ranked lists as one.
 *
 * Reciprocal rank fusion: each list gives a row its weight / (60 + rank), and a row's score is the
 * sum, so that scores of different kinds need not be compared. With an image asked for besides
 * words, a chunk on a page of a found image and an image on a page of a found chunk have half of
 * what the other has.
 *
 * Source: Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual
 * Rank Learning Methods", SIGIR 2009.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_RESULTS_H
#define EBB_WORKERS_INDEX_SEARCH_RESULTS_H

#include "common/hash.h"
#include "workers/index/search_db.h"
#include "workers/index/search_list.h"

struct search_result {
    int64_t row;
    bool image;
    double score;
    size_t text_rank, vector_rank, image_rank; /* from 1; 0: not in that list */
    uint32_t duplicates;                       /* others that show the same */
    char identity[HASH_SHA256_HEX_BYTES];      /* of what it shows; those with the same are one */
};

struct search_lists {
    struct search_list text, vector, image; /* sorted; empty where nobody asked */
    double text_weight, vector_weight, image_weight;
};

/* Owns: arena. Best first; of those that show the same the best. */
int search_results_fuse(struct search_db *db, const struct search_lists *lists, struct arena *arena,
                        struct search_result **ret_results, size_t *ret_count, struct error *err);

#endif
