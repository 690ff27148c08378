/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * JPEG 2000: what a file says of itself, and a small version of what it shows.
 * Source: ISO/IEC 15444-1, annexes A (codestream) and I (JP2); OpenJPEG decodes.
 */
#ifndef EBB_WORKERS_IMAGES_JP2_H
#define EBB_WORKERS_IMAGES_JP2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "workers/images/picture.h"

struct jp2_header {
    uint32_t width, height;
    uint16_t components;
    uint8_t bits; /* of the first component */
    bool is_file; /* a JP2 file; else a bare codestream, which few programs open */
    /* Of a file: 16 sRGB, 17 gray, 18 sYCC, or 0 where it is another one, or a profile's. */
    uint32_t color_space;
    bool has_palette;  /* its components are places in a palette */
    bool has_channels; /* it says what its channels are: one of them may be opacity */
};

/* False where data is no JPEG 2000 or is cut off before it says how large it is. */
bool jp2_header_read(const uint8_t *data, size_t size_bytes, struct jp2_header *ret_header);

/* Whether programs that read JPEG 2000 at all show the file right: gray or sRGB or sYCC of 8 bits,
 * nothing beside. */
bool jp2_header_is_common(const struct jp2_header *header);

/*
 * Decodes to a picture of 1 or 3 components whose longer side is at most max_side, at the lowest
 * resolution in the file that is as large as that. ERROR_CORRUPT where it cannot be decoded,
 * ERROR_LIMIT where doing so would take more than max_bytes. In a program that has MuPDF in it, it
 * is MuPDF that gives OpenJPEG its memory: see workers/pdf/image_measure.c.
 */
int jp2_decode_small(const uint8_t *data, size_t size_bytes, uint32_t max_side, uint64_t max_bytes,
                     struct picture *ret_picture, struct error *err);

#endif
