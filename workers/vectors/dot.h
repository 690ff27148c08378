/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The inner product of a vector in 8 bits and a question in 16: the one thing that a scan does a
 * million times. Integers, so that every way of reckoning it gives the same.
 */
#ifndef EBB_WORKERS_VECTORS_DOT_H
#define EBB_WORKERS_VECTORS_DOT_H

#include <stddef.h>
#include <stdint.h>

#define DOT_STEP 32U /* counts are multiples of it */

/* The caller sees to it that no partial sum leaves 32 bits (quantise.h). count: a multiple of
 * DOT_STEP; no alignment is asked for. */
typedef int32_t (*dot_function)(const int8_t *components, const int16_t *query, size_t count);

enum dot_kind { DOT_PLAIN, DOT_SSE2, DOT_AVX2, DOT_KIND_COUNT };

/* NULL where this processor does not have it. */
dot_function dot_of_kind(enum dot_kind kind);
/* The fastest there is. */
dot_function dot_best(void);

#endif
