/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-visual-512: where a picture is light and dark, where its edges are and how they run.
 *
 * - 0 to 63: mean lightness of 8 x 8 fields, less the mean of all.
 * - 64 to 127: strength of the edges in 8 x 8 fields, less the mean of all.
 * - 128 to 511: at three scales (planes of 128, 64 and 32), in 4 x 4 fields, how strong the edges
 *   are in 8 directions, less the mean of all. An edge counts in the fields around it by their
 *   nearness, and in each direction by the square of its part in it: nothing jumps when the picture
 *   is moved, turned or cut a little. Light on dark and dark on light are the same.
 *
 * Square roots are taken of strengths, so that one strong edge does not drown the others. A picture
 * whose edges are all weaker than EDGE_LEAST has no structure.
 *
 * Nothing blocks or logs. Source: N. Dalal, B. Triggs, "Histograms of oriented gradients for human
 * detection", CVPR 2005; A. Oliva, A. Torralba, "Modeling the shape of the scene", IJCV 2001.
 */
#include <math.h>
#include <string.h>

#include "workers/visual/descriptors.h"

#define FIELDS 8U
#define CELLS 4U
#define DIRECTIONS 8U
#define HISTOGRAM (CELLS * CELLS * DIRECTIONS)
#define EDGE_LEAST 2.0F /* levels of 255, between neighbours */

#define LAYOUT_WEIGHT 0.7F
#define STRENGTH_WEIGHT 0.5F
static const float SCALE_WEIGHTS[] = {0.7F, 0.8F, 0.8F}; /* 128, 64, 32 */

/* Unit vectors at 0, 22.5, ... 157.5 degrees. */
static const float ACROSS[DIRECTIONS] = {1.0F, 0.92387953F,  0.70710678F,  0.38268343F,
                                         0.0F, -0.38268343F, -0.70710678F, -0.92387953F};
static const float DOWN[DIRECTIONS] = {0.0F, 0.38268343F, 0.70710678F, 0.92387953F,
                                       1.0F, 0.92387953F, 0.70710678F, 0.38268343F};

/* Adds value to the fields (side x side of them) around a place, by nearness. at: 0 to 1. */
static void spread(float *fields, uint32_t side, uint32_t stride, float x_at, float y_at,
                   float value)
{
    const float x = x_at * (float)side - 0.5F;
    const float y = y_at * (float)side - 0.5F;
    const int64_t left = (int64_t)(x + 1) - 1; /* rounded down: x is over -1 */
    const int64_t top = (int64_t)(y + 1) - 1;
    const float right_part = x - (float)left;
    const float bottom_part = y - (float)top;

    for (uint32_t i = 0; i < 4; i++) {
        const int64_t column = left + (i & 1);
        const int64_t row = top + (i >> 1);
        const float part =
            ((i & 1) ? right_part : 1 - right_part) * ((i >> 1) ? bottom_part : 1 - bottom_part);

        if (column >= 0 && column < side && row >= 0 && row < side) {
            fields[((uint64_t)row * side + (uint64_t)column) * stride] += part * value;
        }
    }
}

/* fields: HISTOGRAM of directions, or NULL; strength: FIELDS x FIELDS, or NULL. */
static void add_edges(const struct plane *plane, float *fields, float *strength)
{
    for (uint32_t y = 0; y < plane->side; y++) {
        for (uint32_t x = 0; x < plane->side; x++) {
            const float dx = plane_at(plane, x + 1, y) - plane_at(plane, (int64_t)x - 1, y);
            const float dy = plane_at(plane, x, y + 1) - plane_at(plane, x, (int64_t)y - 1);
            const float length = sqrtf(dx * dx + dy * dy);
            const float x_at = ((float)x + 0.5F) / (float)plane->side;
            const float y_at = ((float)y + 0.5F) / (float)plane->side;

            if (length < EDGE_LEAST) {
                continue;
            }
            for (uint32_t i = 0; i < DIRECTIONS; i++) {
                const float part = (dx * ACROSS[i] + dy * DOWN[i]) / length;

                /* The fourth power is narrow enough for eight directions. */
                spread(fields + i, CELLS, DIRECTIONS, x_at, y_at,
                       length * part * part * part * part);
            }
            if (strength) {
                spread(strength, FIELDS, 1, x_at, y_at, length);
            }
        }
    }
}

static void take_roots(float *part, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        part[i] = sqrtf(part[i]);
    }
}

static void add_layout(const struct plane *plane, float *fields)
{
    for (uint32_t y = 0; y < plane->side; y++) {
        for (uint32_t x = 0; x < plane->side; x++) {
            spread(fields, FIELDS, 1, ((float)x + 0.5F) / (float)plane->side,
                   ((float)y + 0.5F) / (float)plane->side, plane_at(plane, x, y));
        }
    }
}

static bool has_edges(const float *vector)
{
    for (uint32_t i = FIELDS * FIELDS; i < DESCRIPTOR_DIMENSIONS; i++) {
        if (vector[i] != 0) {
            return true;
        }
    }
    return false;
}

int descriptor_visual(const struct plane *lightness, struct arena *scratch, float *ret_vector,
                      struct error *err)
{
    float *strength = ret_vector + FIELDS * FIELDS;
    float *histogram = strength + FIELDS * FIELDS;
    struct plane plane = *lightness;

    memset(ret_vector, 0, DESCRIPTOR_DIMENSIONS * sizeof(*ret_vector));
    for (uint32_t scale = 0; scale < 3; scale++) {
        struct plane half;

        if (plane_halve(&plane, &half, scratch, err) < 0) {
            return -1;
        }
        plane = half;
        add_edges(&plane, histogram, scale == 1 ? strength : NULL);
        take_roots(histogram, HISTOGRAM);
        descriptor_center(histogram, HISTOGRAM);
        descriptor_scale(histogram, HISTOGRAM, SCALE_WEIGHTS[scale]);
        histogram += HISTOGRAM;
    }
    take_roots(strength, FIELDS * FIELDS);
    descriptor_center(strength, FIELDS * FIELDS);
    descriptor_scale(strength, FIELDS * FIELDS, STRENGTH_WEIGHT);
    if (!has_edges(ret_vector)) {
        return 0; /* the layout would be noise, brought to full length */
    }
    add_layout(&plane, ret_vector);
    descriptor_center(ret_vector, FIELDS * FIELDS);
    descriptor_scale(ret_vector, FIELDS * FIELDS, LAYOUT_WEIGHT);
    return 0;
}
