/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Square planes of numbers, in which pictures are looked at: whatever a picture's size and shape,
 * it is brought to the same square first.
 *
 * Arithmetic is addition, multiplication, division and square root alone, which IEEE 754 rounds in
 * one way: the same picture gives the same vector on every machine.
 */
#ifndef EBB_WORKERS_VISUAL_PLANE_H
#define EBB_WORKERS_VISUAL_PLANE_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"

#define PLANE_SIDE 256U

struct plane {
    uint32_t side;
    float *values; /* row by row */
};

/* Zeros, in arena. */
int plane_init(struct plane *plane, uint32_t side, struct arena *arena, struct error *err);
/*
 * One component (0 to components - 1) of a picture of 8 bits, 0 to 255, brought to the plane's
 * side: a tent filter, as wide as two pixels of whichever is coarser.
 */
int plane_from_samples(struct plane *plane, const uint8_t *samples, uint32_t width, uint32_t height,
                       uint32_t components, uint32_t component, struct arena *arena,
                       struct error *err);
/* Half the side: means of four. */
int plane_halve(const struct plane *plane, struct plane *ret_half, struct arena *arena,
                struct error *err);

/* The value at a place, the nearest one inside where it is outside. */
static inline float plane_at(const struct plane *plane, int64_t x, int64_t y)
{
    const int64_t last = (int64_t)plane->side - 1;

    x = x < 0 ? 0 : x > last ? last : x;
    y = y < 0 ? 0 : y > last ? last : y;
    return plane->values[(uint64_t)y * plane->side + (uint64_t)x];
}

#endif
