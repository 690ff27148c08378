/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mupdf's memory. It gets over much that it has no room for (a font, an image, an array) with a
 * warning and without it: a page of which that is true must not pass for a whole one.
 */
#ifndef EBB_WORKERS_MUPDF_HEAP_H
#define EBB_WORKERS_MUPDF_HEAP_H

#include <mupdf/fitz.h>
#include <stdbool.h>
#include <stddef.h>

struct heap {
    fz_alloc_context functions; /* for fz_new_context; user is the heap */
    size_t refused_bytes;       /* of the last request that was refused; 0 for none */
    bool starved;               /* a request was refused, and not granted when asked again */
};

/* heap: must not move, and outlive the context. */
void heap_init(struct heap *heap);

#endif
