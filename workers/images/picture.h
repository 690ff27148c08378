/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A small picture in memory, and how a large one becomes small: rows go in as they are decoded,
 * each pixel of the result is the mean of a square of pixels of the source. What images are
 * measured by; the large one is never held.
 */
#ifndef EBB_WORKERS_IMAGES_PICTURE_H
#define EBB_WORKERS_IMAGES_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct picture {
    uint32_t width, height;
    uint32_t components; /* samples of a pixel, 8 bits each */
    uint8_t *samples;    /* row by row, without gaps */
};

/* ERROR_MEMORY; ERROR_LIMIT where a size is 0 or the picture would pass 64 MiB. */
int picture_init(struct picture *picture, uint32_t width, uint32_t height, uint32_t components,
                 struct error *err);
void picture_deinit(struct picture *picture);
/* Of one component (luma of Rec. 601) from one of 1 or 3. */
int picture_gray(const struct picture *picture, struct picture *ret_gray, struct error *err);

/* A source on its way to a picture whose longer side is at most max_side. */
struct reducer {
    struct picture picture; /* whole when as many rows were added as the source has */
    uint32_t width, height; /* of the source */
    uint32_t factor;        /* side of the squares */
    uint32_t rows;          /* added so far */
    uint32_t *sums;         /* of the row of squares at hand */
    uint64_t changes;       /* sum of what samples differ by from those left of them, so far */
};

int reducer_init(struct reducer *reducer, uint32_t width, uint32_t height, uint32_t components,
                 uint32_t max_side, struct error *err);
void reducer_deinit(struct reducer *reducer);
/* The next row: width * components samples. Rows past the source's height are ignored. */
void reducer_add(struct reducer *reducer, const uint8_t *row);
/* The mean difference between neighbours in the source: what is fine averages out in a picture. */
float reducer_roughness(const struct reducer *reducer);
/* Hands the picture over; the rows that never came are 0. The reducer is deinitialised. */
struct picture reducer_take(struct reducer *reducer);

#endif
