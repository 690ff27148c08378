/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pictures that a document holds in slices: some programs cut what they draw into strips of a few
 * rows. Slices are joined where their places touch edge to edge, their pixels are of one size, and
 * what one shows goes on in the next.
 */
#ifndef EBB_WORKERS_IMAGES_SLICES_H
#define EBB_WORKERS_IMAGES_SLICES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/page.h"
#include "workers/images/picture.h"

#define SLICE_SAMPLES 64

enum slice_side { SLICE_TOP, SLICE_BOTTOM, SLICE_LEFT, SLICE_RIGHT, SLICE_SIDES };

/* What an image looks like along its sides. */
struct slice_edge {
    uint8_t levels[SLICE_SAMPLES]; /* the outermost row or column, reduced */
    float change;                  /* to the one behind it: mean absolute difference */
};
struct slice_edges {
    struct slice_edge sides[SLICE_SIDES];
};

/* gray: of one component. */
void slices_edges(const struct picture *gray, struct slice_edges *ret_edges);

/* One image where it is shown. */
struct slice {
    struct page_box box;
    int16_t angle_deg;
    bool mirrored;
    uint32_t width_px, height_px;
    uint8_t bits;
    bool masked;
    const char *color_space;
};

/* Whether b touches a edge to edge, and at which of a's sides (as the upright image has them), so
 * that the two can be slices of one picture. */
bool slices_touch(const struct slice *a, const struct slice *b, enum slice_side *ret_side);

/* Whether what a shows goes on in b, which touches it at side. */
bool slices_go_on(const struct slice *a, const struct slice_edges *a_edges, const struct slice *b,
                  const struct slice_edges *b_edges, enum slice_side side);

#endif
