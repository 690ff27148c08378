/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-texture-512: what a picture's surfaces are like, wherever they are in it. At four scales
 * (planes of 256, 128, 64 and 32):
 *
 * - 59 local binary patterns: which of a pixel's eight neighbours are lighter than it. Those that
 *   change at most twice on the way around count one by one (58), the others together. Lighter
 * means by over PATTERN_LEAST, so that noise and JPEG's blocks make no patterns.
 * - 36 co-occurrences: how often neighbours have which two of 8 lightnesses, in any order; at the
 *   first scale to the right, then below, and on both slants (so one direction a scale).
 * - 17 sizes of differences between those neighbours, by their square roots, 0 to 16.
 * - 16: in 8 directions the mean strength of edges, and how much it varies.
 *
 * 59 + 36 + 17 + 16 = 128 for each scale. Square roots of shares, each part brought to its weight.
 *
 * Nothing blocks or logs. Source: T. Ojala et al., "Multiresolution gray-scale and rotation
 * invariant texture classification with local binary patterns", PAMI 2002; R. Haralick et al.,
 * "Textural features for image classification", 1973.
 */
#include <math.h>
#include <string.h>

#include "workers/visual/descriptors.h"

#define SCALES 4U
#define PATTERNS 59U
#define LEVELS 8U
#define PAIRS (LEVELS * (LEVELS + 1) / 2)
#define DIFFERENCES 17U
#define DIRECTIONS 8U
#define SCALE_VALUES 128U
#define PATTERN_LEAST 3.0F

#define PATTERN_WEIGHT 1.0F
#define PAIR_WEIGHT 0.6F
#define DIFFERENCE_WEIGHT 0.6F
#define EDGE_WEIGHT 0.6F

_Static_assert(PATTERNS + PAIRS + DIFFERENCES + 2 * DIRECTIONS == SCALE_VALUES,
               "a scale's parts fill its share");
_Static_assert(SCALES *SCALE_VALUES == DESCRIPTOR_DIMENSIONS, "and the scales the vector");

/* Around a pixel, in order. */
static const int AROUND[8][2] = {{1, 0},  {1, 1},   {0, 1},  {-1, 1},
                                 {-1, 0}, {-1, -1}, {0, -1}, {1, -1}};
/* To the pair of a pixel, by scale. */
static const int PAIR_STEPS[SCALES][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};

static const float ACROSS[DIRECTIONS] = {1.0F, 0.92387953F,  0.70710678F,  0.38268343F,
                                         0.0F, -0.38268343F, -0.70710678F, -0.92387953F};
static const float DOWN[DIRECTIONS] = {0.0F, 0.38268343F, 0.70710678F, 0.92387953F,
                                       1.0F, 0.92387953F, 0.70710678F, 0.38268343F};

/* The place of each pattern of eight bits: 0 to 57 for those that change at most twice, 58. */
static void number_patterns(uint8_t ret_places[256])
{
    uint8_t next = 0;

    for (unsigned pattern = 0; pattern < 256; pattern++) {
        unsigned turned = (pattern >> 1) | ((pattern & 1U) << 7);
        unsigned changes = (unsigned)__builtin_popcount(pattern ^ turned);

        ret_places[pattern] = changes <= 2 ? next++ : (uint8_t)(PATTERNS - 1);
    }
}

static unsigned pattern_at(const struct plane *plane, uint32_t x, uint32_t y)
{
    const float center = plane_at(plane, x, y);
    unsigned pattern = 0;

    for (unsigned i = 0; i < 8; i++) {
        if (plane_at(plane, (int64_t)x + AROUND[i][0], (int64_t)y + AROUND[i][1]) >
            center + PATTERN_LEAST) {
            pattern |= 1U << i;
        }
    }
    return pattern;
}

static uint32_t level_of(float value)
{
    uint32_t level = value > 0 ? (uint32_t)(value * LEVELS / 256) : 0;

    return level < LEVELS ? level : LEVELS - 1;
}

static uint32_t pair_of(uint32_t one, uint32_t other)
{
    const uint32_t high = one > other ? one : other;
    const uint32_t low = one > other ? other : one;

    return high * (high + 1) / 2 + low;
}

/* Directions of edges at a pixel: sums and sums of squares. */
static void add_edge(const struct plane *plane, uint32_t x, uint32_t y, float *means,
                     float *squares)
{
    const float dx = plane_at(plane, x + 1, y) - plane_at(plane, (int64_t)x - 1, y);
    const float dy = plane_at(plane, x, y + 1) - plane_at(plane, x, (int64_t)y - 1);

    for (uint32_t i = 0; i < DIRECTIONS; i++) {
        float part = dx * ACROSS[i] + dy * DOWN[i];

        part = part < 0 ? -part : part;
        means[i] += part;
        squares[i] += part * part;
    }
}

/* Sums to means and deviations. */
static void finish_edges(float *means, float *squares, float count)
{
    for (uint32_t i = 0; i < DIRECTIONS; i++) {
        const float mean = means[i] / count;
        const float variance = squares[i] / count - mean * mean;

        means[i] = sqrtf(mean);
        squares[i] = variance > 0 ? sqrtf(sqrtf(variance)) : 0;
    }
}

static void take_roots(float *part, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        part[i] = sqrtf(part[i]);
    }
}

static void add_scale(const struct plane *plane, const int step[2], const uint8_t places[256],
                      float *ret_values)
{
    float *pairs = ret_values + PATTERNS;
    float *differences = pairs + PAIRS;
    float *means = differences + DIFFERENCES;
    float *squares = means + DIRECTIONS;

    for (uint32_t y = 0; y < plane->side; y++) {
        for (uint32_t x = 0; x < plane->side; x++) {
            const float value = plane_at(plane, x, y);
            const float other = plane_at(plane, (int64_t)x + step[0], (int64_t)y + step[1]);
            const float difference = sqrtf(value > other ? value - other : other - value);

            ret_values[places[pattern_at(plane, x, y)]] += 1;
            pairs[pair_of(level_of(value), level_of(other))] += 1;
            differences[(uint32_t)difference < DIFFERENCES ? (uint32_t)difference
                                                           : DIFFERENCES - 1] += 1;
            add_edge(plane, x, y, means, squares);
        }
    }
    finish_edges(means, squares, (float)plane->side * (float)plane->side);
    take_roots(ret_values, PATTERNS + PAIRS + DIFFERENCES);
    descriptor_scale(ret_values, PATTERNS, PATTERN_WEIGHT);
    descriptor_scale(pairs, PAIRS, PAIR_WEIGHT);
    descriptor_scale(differences, DIFFERENCES, DIFFERENCE_WEIGHT);
    descriptor_scale(means, 2 * DIRECTIONS, EDGE_WEIGHT);
}

int descriptor_texture(const struct plane *lightness, struct arena *scratch, float *ret_vector,
                       struct error *err)
{
    struct plane plane = *lightness;
    uint8_t places[256];

    number_patterns(places);
    memset(ret_vector, 0, DESCRIPTOR_DIMENSIONS * sizeof(*ret_vector));
    for (uint32_t scale = 0; scale < SCALES; scale++) {
        struct plane half;

        add_scale(&plane, PAIR_STEPS[scale], places, ret_vector + (size_t)scale * SCALE_VALUES);
        if (scale + 1 < SCALES) {
            if (plane_halve(&plane, &half, scratch, err) < 0) {
                return -1;
            }
            plane = half;
        }
    }
    return 0;
}
