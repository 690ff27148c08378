/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks and vectors put straight into a library, for the tests of its care: as persist does it,
 * with no artifacts.
 */
#ifndef EBB_TESTS_UNIT_LIBRARY_CHUNKS_H
#define EBB_TESTS_UNIT_LIBRARY_CHUNKS_H

#include "library_shelf.h"
#include "workers/library/missing.h"
#include "workers/library/vector_set.h"

#define CHUNKS_DIMENSIONS 32U
#define CHUNKS_MODEL "model-a"

extern const struct missing_model chunks_model; /* CHUNKS_MODEL */

/* Makes a document of one page with so many chunks, as a job's; the n-th has the text "WORD n" and
 * the headings ["Part"]. Returns its row. */
int64_t chunks_document(struct shelf *shelf, const char *job, unsigned seed, uint32_t count,
                        const char *word);
/* Gives chunks first to last a vector made of row and model, in one transaction. */
void chunks_vectors(struct shelf *shelf, int64_t document, uint32_t first, uint32_t last,
                    const char *kind, const char *model);
/* The vector that chunks_vectors gives. */
void chunks_vector_of(int64_t target, const char *model, float ret_vector[CHUNKS_DIMENSIONS]);

/* As SHELF_QUERY, for a library whose settings name that model. */
const char *chunks_query(struct shelf *shelf, const struct missing_model *model, const char *kind,
                         const char *const *params);
#define CHUNKS_QUERY(shelf, model, kind, ...)                                                      \
    chunks_query(shelf, model, kind, (const char *const[]){__VA_ARGS__, NULL})

/* The only set of kind and model. */
struct vector_set chunks_set(struct shelf *shelf, const char *kind, const char *model);
/* Whether a scan of the set's file finds exactly the targets that the library has in the slots that
 * it has them in, with their vectors. */
bool chunks_file_fits(struct shelf *shelf, const char *kind, const char *model);
/* Whether any file below the library's folder has these bytes. */
bool chunks_bytes_anywhere(struct shelf *shelf, const void *bytes, size_t size_bytes);

#endif
