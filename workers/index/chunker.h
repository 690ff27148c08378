/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a document's body to its chunks (docs/chunks.md): blocks in, records out, one after the
 * other. What is in memory at a time is the longest block and a few chunks, and 48 bytes for each
 * chunk of a level, by which duplicates are found.
 */
#ifndef EBB_WORKERS_INDEX_CHUNKER_H
#define EBB_WORKERS_INDEX_CHUNKER_H

#include <stdint.h>

#include "common/error.h"
#include "proto/body.h"
#include "proto/chunk.h"

#define CHUNK_SIZE_MIN 64U
#define CHUNK_SIZE_MAX 8192U

/* All in characters (Unicode code points). */
struct chunk_sizes {
    uint32_t sizes[CHUNK_LEVELS_MAX]; /* by level: rising, CHUNK_SIZE_MIN to CHUNK_SIZE_MAX */
    uint32_t count;                   /* of levels, at least 1 */
    uint32_t overlap;                 /* less than half of sizes[0] */
};

/* context is the caller's. */
struct chunker_ops {
    /* Back to the body's first block. Called before the first one too. */
    int (*rewind)(void *context, struct error *err);
    /* 1 and *ret_block, borrowed until the next call; 0 behind the last; -1. */
    int (*next)(void *context, struct body_block *ret_block, struct error *err);
    /* Takes a chunk, in the order of ordinals. Borrowed for the call; text is not terminated. */
    int (*emit)(void *context, const struct chunk_record *chunk, struct error *err);
};

/* A body is read once, or with several sizes once more than there are sizes. *ret_count: chunks
 * over all levels. Errors: those of ops, ERROR_LIMIT, ERROR_MEMORY. */
int chunk_body(const struct chunk_sizes *sizes, const struct chunker_ops *ops, void *context,
               uint32_t *ret_count, uint32_t *ret_searched_count, struct error *err);

#endif
