/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An array as a window over a stream. What was let go of is moved over when it is more than what
 * is left, so that each item is moved about once. Nothing blocks or logs.
 */
#include "workers/index/vec.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 256U

void vec_init(struct vec *vec, size_t item_bytes, size_t max)
{
    *vec = (struct vec){.item_bytes = item_bytes, .max = max};
}

void vec_deinit(struct vec *vec)
{
    free(vec->items);
    *vec = (struct vec){.item_bytes = vec->item_bytes, .max = vec->max};
}

static int make_room(struct vec *vec, struct error *err)
{
    size_t capacity = vec->capacity > 0 ? 2 * vec->capacity : CAPACITY_FIRST;
    void *items;

    if (vec->first > vec->count) {
        memcpy(vec->items, vec_items(vec), vec->count * vec->item_bytes);
        vec->first = 0;
        return 0;
    }
    items = reallocarray(vec->items, capacity, vec->item_bytes);
    if (!items) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu items", capacity);
    }
    vec->items = items;
    vec->capacity = capacity;
    return 0;
}

void *vec_add(struct vec *vec, struct error *err)
{
    void *item;

    if (vec->count >= vec->max) {
        error_set(err, ERROR_LIMIT, "over %zu items at once", vec->max);
        return NULL;
    }
    if (vec->first + vec->count == vec->capacity && make_room(vec, err) < 0) {
        return NULL;
    }
    item = vec->items + (vec->first + vec->count) * vec->item_bytes;
    vec->count++;
    return memset(item, 0, vec->item_bytes);
}

void vec_drop(struct vec *vec, size_t count)
{
    if (count >= vec->count) {
        vec->first = 0;
        vec->count = 0;
        return;
    }
    vec->first += count;
    vec->count -= count;
}
