/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How good an image is, and what it looks like, from a reduced grey version of it.
 *
 * With g the grey levels 0 to 255 of a picture whose longer side is at most QUALITY_SIDE:
 *
 *   sharpness   v / (v + 200), v the variance of g's Laplacian (4-neighbour kernel)
 *   contrast    the standard deviation of g over 64, at most 1
 *   brightness  the mean of g over 255
 *   noise       s / 25, at most 1; s after Immerkaer: sqrt(pi / 2) times the mean of |g * N| / 6,
 *               N = (1 -2 1, -2 4 -2, 1 -2 1). Fine texture counts as noise, as it does for him.
 *   quality     0.35 sharpness + 0.25 contrast + 0.20 exposure + 0.20 (1 - noise),
 *               exposure = 1 - (2 brightness - 1)^2
 *
 * A picture too small for a kernel (under 3 x 3) has sharpness 0 and noise 0.
 *
 * Source: J. Immerkaer, "Fast Noise Variance Estimation", Computer Vision and Image Understanding
 * 64, 1996. Variance of the Laplacian as a measure of focus: J. L. Pech-Pacheco et al., ICPR 2000.
 */
#ifndef EBB_WORKERS_IMAGES_QUALITY_H
#define EBB_WORKERS_IMAGES_QUALITY_H

#include <stdint.h>

#include "workers/images/picture.h"

#define QUALITY_SIDE 512U

struct quality {
    float sharpness, contrast, brightness, noise, quality; /* 0 to 1 */
};

/* gray: of one component. */
void quality_measure(const struct picture *gray, struct quality *ret_quality);

/*
 * 64 bits that stay mostly the same when an image is rescaled, recompressed or a little brightened:
 * reduced to 32 x 32 means, cosine transform, the 64 lowest frequencies but the mean in zigzag
 * order from the most significant bit, each 1 where it is over their median. Two pictures with few
 * bits of difference (about 10 or fewer) look alike.
 */
uint64_t quality_perceptual_hash(const struct picture *gray);

#endif
