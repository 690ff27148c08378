/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A small version of an image as it looks on white paper: what it is measured by.
 */
#ifndef EBB_WORKERS_PDF_IMAGE_MEASURE_H
#define EBB_WORKERS_PDF_IMAGE_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/images/picture.h"
#include "workers/pdf/image_source.h"

struct image_small {
    struct picture picture; /* of 1 or 3 components; its longer side is at most QUALITY_SIDE */
    bool rough;             /* the image has a grain finer than what the picture shows */
    bool cut_short;         /* rows were missing */
};

/* memory_bytes: for decoding JPEG 2000. May load the source's image. Owns: the caller, the picture.
 * Throws. */
void image_measure_small(struct image_source *source, uint64_t memory_bytes,
                         struct image_small *ret_small);

#endif
