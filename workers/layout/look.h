/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a block of a record looks like as a whole, and how it starts.
 */
#ifndef EBB_WORKERS_LAYOUT_LOOK_H
#define EBB_WORKERS_LAYOUT_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/page.h"

#define LOOK_START_CHARS 24

struct block_look {
    float size_pt;  /* of its largest text */
    float usual_pt; /* of most of its text */
    uint8_t style;  /* bits that all of it has */
    uint32_t chars; /* bytes */
    uint32_t letters;
    uint32_t start[LOOK_START_CHARS]; /* its first characters, of the first line */
    uint8_t start_style[LOOK_START_CHARS];
    uint32_t start_count;
};

/* block: with at least one line. */
void block_look_at(const struct page_block *block, struct block_look *ret_look);

#endif
