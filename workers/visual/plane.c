/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Square planes of numbers. Nothing blocks or logs.
 */
#include "workers/visual/plane.h"

/* What one value of the result is made of: count samples from first on, by their weights. */
struct taps {
    uint32_t first, count;
    const float *weights;
};

int plane_init(struct plane *plane, uint32_t side, struct arena *arena, struct error *err)
{
    plane->side = side;
    plane->values = arena_calloc(arena, (size_t)side * side, sizeof(float));
    return plane->values ? 0 : error_set(err, ERROR_MEMORY, "no memory for a plane");
}

/* The tent's height over the middle of a sample; 0 outside of it. */
static float tent(float center, float reach, int64_t sample)
{
    float distance = (float)sample + 0.5F - center;

    distance = distance < 0 ? -distance : distance;
    return distance < reach ? 1 - distance / reach : 0;
}

static int make_taps(struct taps *taps, uint32_t side, uint32_t size, struct arena *arena,
                     struct error *err)
{
    const float ratio = (float)size / (float)side;
    const float reach = ratio > 1 ? ratio : 1;

    for (uint32_t i = 0; i < side; i++) {
        const float center = ((float)i + 0.5F) * ratio;
        int64_t first = (int64_t)(center - reach);
        int64_t last = (int64_t)(center + reach) + 1;
        float *weights;
        float sum = 0;

        first = first < 0 ? 0 : first;
        last = last > (int64_t)size ? (int64_t)size : last;
        weights = arena_calloc(arena, (size_t)(last - first), sizeof(*weights));
        if (!weights) {
            return error_set(err, ERROR_MEMORY, "no memory for a filter");
        }
        for (int64_t at = first; at < last; at++) {
            weights[at - first] = tent(center, reach, at);
            sum += weights[at - first];
        }
        for (int64_t at = 0; at < last - first; at++) {
            weights[at] /= sum;
        }
        taps[i] = (struct taps){(uint32_t)first, (uint32_t)(last - first), weights};
    }
    return 0;
}

int plane_from_samples(struct plane *plane, const uint8_t *samples, uint32_t width, uint32_t height,
                       uint32_t components, uint32_t component, struct arena *arena,
                       struct error *err)
{
    struct taps *across = arena_calloc(arena, plane->side, sizeof(*across));
    struct taps *down = arena_calloc(arena, plane->side, sizeof(*down));
    float *rows = arena_calloc(arena, (size_t)plane->side * height, sizeof(*rows));

    if (!across || !down || !rows) {
        return error_set(err, ERROR_MEMORY, "no memory for a filter");
    }
    if (make_taps(across, plane->side, width, arena, err) < 0 ||
        make_taps(down, plane->side, height, arena, err) < 0) {
        return -1;
    }
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = samples + (size_t)y * width * components + component;

        for (uint32_t x = 0; x < plane->side; x++) {
            float sum = 0;

            for (uint32_t i = 0; i < across[x].count; i++) {
                sum +=
                    across[x].weights[i] * (float)row[(size_t)(across[x].first + i) * components];
            }
            rows[(size_t)y * plane->side + x] = sum;
        }
    }
    for (uint32_t y = 0; y < plane->side; y++) {
        float *values = plane->values + (size_t)y * plane->side;

        for (uint32_t i = 0; i < down[y].count; i++) {
            const float *row = rows + (size_t)(down[y].first + i) * plane->side;

            for (uint32_t x = 0; x < plane->side; x++) {
                values[x] += down[y].weights[i] * row[x];
            }
        }
    }
    return 0;
}

int plane_halve(const struct plane *plane, struct plane *ret_half, struct arena *arena,
                struct error *err)
{
    if (plane_init(ret_half, plane->side / 2, arena, err) < 0) {
        return -1;
    }
    for (uint32_t y = 0; y < ret_half->side; y++) {
        const float *above = plane->values + (size_t)(2 * y) * plane->side;
        const float *below = above + plane->side;

        for (uint32_t x = 0; x < ret_half->side; x++) {
            ret_half->values[(size_t)y * ret_half->side + x] =
                (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) / 4;
        }
    }
    return 0;
}
