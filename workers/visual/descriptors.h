/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a picture looks like, as three vectors: its structure (ebb-visual-512), its colours
 * (ebb-color-512) and its texture (ebb-texture-512). docs/embeddings.md says what each is made of.
 * They come from pixels alone: alike is what looks alike, not what means the same.
 */
#ifndef EBB_WORKERS_VISUAL_DESCRIPTORS_H
#define EBB_WORKERS_VISUAL_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/visual/plane.h"

#define DESCRIPTOR_DIMENSIONS 512U

/* X(SYMBOL, "model") */
#define DESCRIPTOR_LIST(X)                                                                         \
    X(VISUAL, "ebb-visual-512")                                                                    \
    X(COLOR, "ebb-color-512")                                                                      \
    X(TEXTURE, "ebb-texture-512")

enum descriptor {
#define DESCRIPTOR_ENUM(symbol, name) DESCRIPTOR_##symbol,
    DESCRIPTOR_LIST(DESCRIPTOR_ENUM)
#undef DESCRIPTOR_ENUM
        DESCRIPTOR_COUNT
};

const char *descriptor_model(enum descriptor descriptor);

struct descriptors {
    /* Of length 1 where present. One that is all of one colour has no structure, and so no vector
     * of that. */
    float vectors[DESCRIPTOR_COUNT][DESCRIPTOR_DIMENSIONS];
    bool present[DESCRIPTOR_COUNT];
};

/* samples: RGB, sRGB of 8 bits, width x height, at least 1 x 1. scratch: what is needed on the way
 * is there afterwards, to be reset. ERROR_MEMORY. */
int descriptors_of(const uint8_t *samples, uint32_t width, uint32_t height, struct arena *scratch,
                   struct descriptors *ret_descriptors, struct error *err);

/* The three, each of DESCRIPTOR_DIMENSIONS components, not yet brought to length 1. lightness is of
 * PLANE_SIDE; colors are red, green and blue of COLOR_SIDE. */
#define COLOR_SIDE 64U
int descriptor_visual(const struct plane *lightness, struct arena *scratch, float *ret_vector,
                      struct error *err);
void descriptor_color(const struct plane colors[3], float *ret_vector);
int descriptor_texture(const struct plane *lightness, struct arena *scratch, float *ret_vector,
                       struct error *err);

/* Brings a part of a vector to length weight; one that is zero stays so. */
void descriptor_scale(float *part, uint32_t count, float weight);
/* Takes the mean from a part, so that what all pictures have in common does not count. */
void descriptor_center(float *part, uint32_t count);

#endif
