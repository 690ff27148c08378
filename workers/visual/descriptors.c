/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From pixels to the planes that the descriptors want. Nothing blocks or logs.
 */
#include "workers/visual/descriptors.h"

#include <math.h>

#include "proto/vector.h"

static const char *const models[] = {
#define DESCRIPTOR_MODEL(symbol, name) [DESCRIPTOR_##symbol] = (name),
    DESCRIPTOR_LIST(DESCRIPTOR_MODEL)
#undef DESCRIPTOR_MODEL
};

const char *descriptor_model(enum descriptor descriptor)
{
    return models[descriptor];
}

void descriptor_scale(float *part, uint32_t count, float weight)
{
    double square = 0;
    double factor;

    for (uint32_t i = 0; i < count; i++) {
        square += (double)part[i] * (double)part[i];
    }
    if (square <= 0) {
        return;
    }
    factor = (double)weight / sqrt(square);
    for (uint32_t i = 0; i < count; i++) {
        part[i] = (float)((double)part[i] * factor);
    }
}

void descriptor_center(float *part, uint32_t count)
{
    float sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum += part[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        part[i] -= sum / (float)count;
    }
}

static int make_colors(const uint8_t *samples, uint32_t width, uint32_t height,
                       struct plane ret_large[3], struct plane ret_small[3], struct arena *scratch,
                       struct error *err)
{
    for (uint32_t i = 0; i < 3; i++) {
        struct plane half;

        if (plane_init(&ret_large[i], PLANE_SIDE, scratch, err) < 0 ||
            plane_from_samples(&ret_large[i], samples, width, height, 3, i, scratch, err) < 0 ||
            plane_halve(&ret_large[i], &half, scratch, err) < 0 ||
            plane_halve(&half, &ret_small[i], scratch, err) < 0) {
            return -1;
        }
    }
    return 0;
}

int descriptors_of(const uint8_t *samples, uint32_t width, uint32_t height, struct arena *scratch,
                   struct descriptors *ret_descriptors, struct error *err)
{
    struct plane large[3];
    struct plane small[3];
    struct plane lightness;

    if (make_colors(samples, width, height, large, small, scratch, err) < 0 ||
        plane_init(&lightness, PLANE_SIDE, scratch, err) < 0) {
        return -1;
    }
    /* Luma of Rec. 601: about as light as it looks. */
    for (uint32_t i = 0; i < PLANE_SIDE * PLANE_SIDE; i++) {
        lightness.values[i] =
            0.299F * large[0].values[i] + 0.587F * large[1].values[i] + 0.114F * large[2].values[i];
    }
    if (descriptor_visual(&lightness, scratch, ret_descriptors->vectors[DESCRIPTOR_VISUAL], err) <
            0 ||
        descriptor_texture(&lightness, scratch, ret_descriptors->vectors[DESCRIPTOR_TEXTURE], err) <
            0) {
        return -1;
    }
    descriptor_color(small, ret_descriptors->vectors[DESCRIPTOR_COLOR]);
    for (uint32_t i = 0; i < DESCRIPTOR_COUNT; i++) {
        ret_descriptors->present[i] =
            vector_normalize(ret_descriptors->vectors[i], DESCRIPTOR_DIMENSIONS);
    }
    return 0;
}
