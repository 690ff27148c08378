/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vectors in few bits, with a bound on what that costs.
 *
 * A vector x becomes factor * q + d, q in whole numbers, and error is the length of d. For a
 * stored x and a question y, x·y differs from what the whole numbers give by at most
 * |x|·error(y) + error(x)·|factor(y)·q(y)|.
 */
#ifndef EBB_WORKERS_VECTORS_QUANTISE_H
#define EBB_WORKERS_VECTORS_QUANTISE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/vector.h"
#include "workers/vectors/dot.h"

#define QUANTISE_LENGTH_SLACK 1e-2 /* by how much a length may differ from 1 */
/* What reckoning in floats may add to an error; far below what 8 bits cost. */
#define QUANTISE_ROUNDING 2e-6F

/* dimensions, filled up to whole steps. */
static inline uint32_t quantise_padded(uint32_t dimensions)
{
    return (dimensions + DOT_STEP - 1) / DOT_STEP * DOT_STEP;
}

/* Whether it is finite and of length 1. */
bool quantise_is_unit(const float *vector, uint32_t dimensions);

struct quantised {
    float factor;
    float error; /* rounded up */
};

/* ret_components: quantise_padded(dimensions) of them. */
struct quantised quantise_stored(const float *vector, uint32_t dimensions, int8_t *ret_components);

struct quantised_query {
    float factor;
    float error;  /* of the question alone, for stored vectors of length 1 */
    float length; /* of factor * components: what a stored vector's error is multiplied with */
    int16_t components[VECTOR_DIMENSIONS_MAX];
};

/* So fine that no sum with a stored vector's components leaves 32 bits. */
void quantise_query(const float *vector, uint32_t dimensions, struct quantised_query *ret_query);

#endif
