/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vectors as rows, with the files that are scanned (vector_upkeep.h) kept in step.
 */
#ifndef EBB_WORKERS_LIBRARY_VECTORS_H
#define EBB_WORKERS_LIBRARY_VECTORS_H

#include "proto/vector.h"
#include "workers/library/document.h"
#include "workers/library/persist.h"

/*
 * The artifact of kind "vectors", in one transaction: each vector whose chunk or image is there
 * gets the next slot of its model's set, which is made when it is the first; one that is there and
 * equal is left alone. source_path: where the texts are that they were made of (an artifact of
 * kind "chunks", or with rows "texts"): where another job may have cut the document meanwhile, a
 * vector of another text than its chunk has now is passed over. NULL for images. rows: targets are
 * rows of chunks, not ordinals of the job's document. Errors: as persist_pages.
 */
struct persist_vectors {
    enum vector_kind kind; /* that all its models must be of */
    bool rows;
    const char *source_path;
};
int persist_vectors(struct library *library, const struct persist_unit *unit,
                    const struct persist_vectors *what, struct outcome *ret_outcome,
                    struct error *err);

/* Removes the vectors of that kind whose targets are from first to last; in a transaction. */
int vectors_drop(struct library *library, enum vector_kind kind, int64_t first, int64_t last,
                 struct error *err);

#endif
