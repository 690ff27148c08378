/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts to be embedded, where they come from and where their vectors go.
 */
#ifndef EBB_WORKERS_EMBED_TEXTS_H
#define EBB_WORKERS_EMBED_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "proto/vector.h"

/* Of a unit. */
#define TEXTS_MAX 32768U
#define TEXTS_MAX_BYTES ((size_t)96 << 20)

struct text_item {
    uint64_t target;
    const char *text; /* UTF-8, terminated */
    uint32_t text_bytes;
    const float *vector; /* of length 1, with as many dimensions as all have; NULL: none (yet) */
    const char *reason;  /* "CODE: text": why there is none */
};

struct texts {
    struct text_item *items;
    uint32_t count;
    uint32_t dimensions; /* of the vectors; 0 while there are none */
};

/* The chunks of level 0 whose ordinals are first to last, in their order, from an artifact of kind
 * "chunks". Everything is in arena. ERROR_LIMIT past the bounds; artifact_open's errors. */
int texts_read_chunks(const char *path, uint32_t first, uint32_t last, struct arena *arena,
                      struct texts *ret_texts, struct error *err);
/* All of an artifact of kind "texts". */
int texts_read_gathered(const char *path, struct arena *arena, struct texts *ret_texts,
                        struct error *err);
/* Writes the artifact of kind "vectors". An item without vector and reason is a mistake of ours. */
int texts_write(const struct texts *texts, const char *model, uint32_t dimensions, const char *path,
                struct error *err);
/* Those that have no vector. */
uint32_t texts_missing(const struct texts *texts);

#endif
