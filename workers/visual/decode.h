/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An image file to a small picture, as it looks on white paper.
 */
#ifndef EBB_WORKERS_VISUAL_DECODE_H
#define EBB_WORKERS_VISUAL_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "workers/images/picture.h"

/* The longer side of the picture, at most. */
#define DECODE_SIDE 768U

struct decoder;
struct decoder *decoder_create(struct error *err);
void decoder_destroy(struct decoder *decoder); /* NULL is a no-op */

struct decode_bounds {
    uint64_t file_bytes; /* of the file */
    uint64_t pixels;     /* of the image */
};

/* The file at path: JPEG, PNG, JPEG 2000, GIF, BMP, TIFF, PNM, ... An RGB picture. ret_code, on
 * failure: "not_an_image", "too_large", "memory_exceeded", "io"; static storage. */
int decode_file(struct decoder *decoder, const char *path, const struct decode_bounds *bounds,
                struct picture *ret_picture, const char **ret_code, struct error *err);

#endif
