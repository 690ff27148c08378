/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An array that grows at its end and is let go of at its front.
 */
#ifndef EBB_WORKERS_INDEX_VEC_H
#define EBB_WORKERS_INDEX_VEC_H

#include <stddef.h>

#include "common/error.h"

struct vec {
    unsigned char *items;
    size_t item_bytes;
    size_t first, count, capacity; /* items; the first ones before `first` are let go of */
    size_t max;                    /* count never exceeds this */
};

void vec_init(struct vec *vec, size_t item_bytes, size_t max);
void vec_deinit(struct vec *vec);
/* Room for one more at the end, zeroed; NULL and err: ERROR_LIMIT, ERROR_MEMORY. */
void *vec_add(struct vec *vec, struct error *err);
/* Lets go of the first count (at most all). */
void vec_drop(struct vec *vec, size_t count);

static inline void *vec_items(const struct vec *vec)
{
    return vec->items ? vec->items + vec->first * vec->item_bytes : NULL;
}

#endif
