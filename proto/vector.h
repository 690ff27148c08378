/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Embeddings on their way into the library, or to a search that asks with them: the artifact's kind
 * is "vectors" (PROTOCOL.md, "Vector records"). The first record says which models made them; each
 * other is a vector, or says that there is none and why.
 */
#ifndef EBB_PROTO_VECTOR_H
#define EBB_PROTO_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"

#define VECTOR_RECORD_VERSION 1
#define VECTOR_MODELS_MAX 8
#define VECTOR_MODEL_MAX_BYTES 128
#define VECTOR_DIMENSIONS_MAX 4096
#define VECTOR_REASON_MAX_BYTES 512

/* X(SYMBOL, "name"): of what a vector is one. */
#define VECTOR_KIND_LIST(X)                                                                        \
    X(TEXT, "text")                                                                                \
    X(IMAGE, "image")

enum vector_kind {
#define VECTOR_KIND_ENUM(symbol, name) VECTOR_KIND_##symbol,
    VECTOR_KIND_LIST(VECTOR_KIND_ENUM)
#undef VECTOR_KIND_ENUM
        VECTOR_KIND_COUNT
};

const char *vector_kind_name(enum vector_kind kind);

/* Vectors of one kind, model and number of dimensions can be compared; no others ever are. */
struct vector_model {
    enum vector_kind kind;
    const char *name; /* "ebb-lexical-512", "text-embedding-3-small" */
    uint32_t dimensions;
};

struct vector_head {
    struct vector_model models[VECTOR_MODELS_MAX];
    uint32_t model_count; /* at least 1 */
};

struct vector_record {
    uint64_t target;     /* a chunk's ordinal or an image's number in the job's document; of a job
                            that embeds again the row number in the library; 0 in a query */
    uint32_t model;      /* index into the head's */
    const float *vector; /* finite, of length 1; NULL where there is none */
    uint32_t dimensions; /* the model's */
    const char *reason;  /* why there is none: "CODE: text"; NULL where there is one */
};

int vector_head_encode(const struct vector_head *head, struct buf *out, struct error *err);
int vector_head_decode(const void *data, size_t size_bytes, struct arena *arena,
                       struct vector_head *ret_head, struct error *err);
/* head: what the artifact began with; a vector of other dimensions, of a length that differs from 1
 * by over 1e-3, or with a NaN in it is ERROR_INVALID, read back ERROR_CORRUPT. */
int vector_record_encode(const struct vector_record *record, const struct vector_head *head,
                         struct buf *out, struct error *err);
int vector_record_decode(const void *data, size_t size_bytes, const struct vector_head *head,
                         struct arena *arena, struct vector_record *ret_record, struct error *err);

/* Brings it to length 1; false, and nothing changed, for one that is zero or not finite. */
bool vector_normalize(float *vector, uint32_t dimensions);

#endif
