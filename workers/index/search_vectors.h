/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rows of the library by how near their vectors are to a question's.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_VECTORS_H
#define EBB_WORKERS_INDEX_SEARCH_VECTORS_H

#include <stdbool.h>

#include "proto/vector.h"
#include "workers/index/search_filter.h"
#include "workers/index/search_list.h"

/* A question as a vector of a model. */
struct search_probe {
    struct vector_model model;
    const float *vector;
};

/* Reads those of a "vectors" artifact. Owns: arena. ret_count: at most VECTOR_MODELS_MAX. */
int search_probes_read(const char *path, struct arena *arena, struct search_probe *ret_probes,
                       size_t *ret_count, struct error *err);

enum search_vectors_state {
    SEARCH_VECTORS_FOUND,
    SEARCH_VECTORS_NONE,      /* the library has no vector of the model */
    SEARCH_VECTORS_FILE_GONE, /* the set's file is not there, or not as long as the set */
};

struct search_vectors {
    struct search_db *db;
    const char *library_folder;
    struct search_filter *filter;
    /* Whether a row (of a chunk, of an image) qualifies. */
    bool (*accept)(struct search_filter *filter, int64_t row);
    bool (*progress)(void *context, uint64_t done); /* false ends it; NULL where nobody asks */
    void *context;
    struct arena *arena;
};

/* The nearest, best first; the score is the cosine, from the vectors as the library has them.
 * Everything but SEARCH_VECTORS_FOUND leaves the list empty. */
int search_vectors(const struct search_vectors *search, const struct search_probe *probe,
                   struct search_list *list, enum search_vectors_state *ret_state,
                   struct error *err);
/* How many chunks that are searched have no vector of the probe's model. */
int search_vectors_lacking(struct search_db *db, const struct search_probe *probe,
                           int64_t *ret_lacking, struct error *err);
/* The cosine of one row's vector; *ret_has is false where it has none of the model. */
int search_vector_score(struct search_db *db, const struct search_probe *probe, int64_t row,
                        double *ret_score, bool *ret_has, struct error *err);

#endif
