/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mupdf's memory.
 *
 * mupdf asks for the same again after it has emptied some of its cache; when it gets it then,
 * nothing was lost. Nothing blocks or logs.
 */
#include "workers/mupdf/heap.h"

#include <stdlib.h>

static void *answer(struct heap *heap, void *memory, size_t size_bytes)
{
    if (!memory) {
        heap->refused_bytes = size_bytes;
        heap->starved = true;
    } else if (heap->refused_bytes != 0) {
        heap->starved &= size_bytes != heap->refused_bytes;
        heap->refused_bytes = 0;
    }
    return memory;
}

static void *heap_malloc(void *user, size_t size_bytes)
{
    return answer(user, malloc(size_bytes), size_bytes);
}

static void *heap_realloc(void *user, void *old, size_t size_bytes)
{
    return answer(user, realloc(old, size_bytes), size_bytes);
}

static void heap_free(void *user, void *memory)
{
    (void)user;
    free(memory);
}

void heap_init(struct heap *heap)
{
    *heap = (struct heap){
        .functions = {
            .user = heap, .malloc = heap_malloc, .realloc = heap_realloc, .free = heap_free}};
}
