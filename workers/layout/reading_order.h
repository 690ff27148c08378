/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading order by recursive cuts. A page is cut into bands where nothing crosses from side to
 * side, and a band into columns where a gutter runs through it; columns come before rows where
 * the gutter is clear, that is where what stands left and right of it is text that flows and not
 * the cells of a table. What cannot be cut any further is a region: its lines go from edge to
 * edge and are read from top to bottom.
 *
 * Source: Nagy and Seth, "Hierarchical representation of optically scanned documents", 1984 (the
 * recursive X-Y cut).
 */
#ifndef EBB_WORKERS_LAYOUT_READING_ORDER_H
#define EBB_WORKERS_LAYOUT_READING_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/fragments.h"

struct region {
    struct fragment **fragments; /* from top to bottom */
    uint32_t count;
};

struct reading_order {
    struct region *regions; /* in reading order */
    uint32_t count, capacity;
};

struct reading_order_options {
    bool right_to_left; /* columns are read from right to left */
    /* Across: a band of fragments over or under these is a header or footer and not the start or
     * end of columns. -INFINITY and INFINITY where there are no such margins. */
    float header_bottom, footer_top;
};

/* fragments: of one direction; the pointers are put in another order. Memory comes from arena.
 * ERROR_MEMORY. */
int reading_order_find(struct fragment **fragments, uint32_t count,
                       const struct reading_order_options *options, struct arena *arena,
                       struct reading_order *ret_order, struct error *err);

#endif
