/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where a chunk ends, and where its overlap begins (docs/chunks.md, "Packing"): pure functions over
 * atoms.
 */
#ifndef EBB_WORKERS_INDEX_PACKING_H
#define EBB_WORKERS_INDEX_PACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workers/index/window.h"

struct packing {
    const struct atom *atoms;
    size_t count;       /* the chunk lies within these */
    bool complete;      /* nothing follows them; else they are at least twice the size */
    uint32_t size;      /* characters, at most */
    uint32_t overlap;   /* characters, at most; less than half of size */
    uint8_t level;      /* of the nearest heading above the first atom; 0 for none */
    size_t first;       /* the chunk's first atom */
    struct place lower; /* its overlap begins here at the earliest; its own start for no overlap */
    const char *text;   /* of the body, from text_byte on, which is lower's or before it */
    uint64_t text_byte;
};

struct packing_cut {
    struct place start; /* of the chunk's text: with its overlap */
    enum seam seam;     /* at that place */
    size_t end;         /* index of the atom behind its last */
};

struct packing_cut packing_next(const struct packing *packing);

#endif
