/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A library with chunks, vectors and images that came as artifacts, and searches in it.
 */
#ifndef EBB_TESTS_UNIT_SEARCH_SHELF_H
#define EBB_TESTS_UNIT_SEARCH_SHELF_H

#include "library_shelf.h"
#include "proto/chunk.h"
#include "proto/vector.h"
#include "workers/index/search.h"

/* A chunk to be; its heading may be NULL. */
struct search_shelf_chunk {
    uint32_t page;
    const char *heading;
    const char *text;
};

/* A document of pages pages: survey, one page of text each, chunks, and a lexical vector for each
 * chunk where embed is true. */
void search_shelf_document(struct shelf *shelf, const char *job, unsigned seed, uint32_t pages,
                           const struct search_shelf_chunk *chunks, uint32_t count, bool embed);
/* A document of one page with that many chunks of made-up words. */
void search_shelf_many(struct shelf *shelf, const char *job, unsigned seed, uint32_t count);

/* The answer to a search with these parameters, "key", "value", …, NULL; NULL and shelf->err where
 * it failed. Opens the library anew. Owns: the arena. */
const char *search_shelf_ask(struct shelf *shelf, const char *const *params);
#define SEARCH_ASK(shelf, ...) search_shelf_ask(shelf, (const char *const[]){__VA_ARGS__, NULL})
/* Values of that key in the answer, in order, parted by spaces: numbers and texts as JSON has
 * them. */
const char *search_shelf_values(struct shelf *shelf, const char *answer, const char *key);
/* Writes a "vectors" artifact with one vector a model, target 0. Owns: the arena. */
const char *search_shelf_probe(struct shelf *shelf, const struct vector_model *models,
                               const float *const *vectors, uint32_t count);

#endif
