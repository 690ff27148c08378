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

/*
 * A picture of 1 or 3 components whose longer side is at most QUALITY_SIDE. memory_bytes: for
 * decoding JPEG 2000. ret_cut_short: rows were missing. May load the source's image. Throws.
 */
void image_measure_small(struct image_source *source, uint64_t memory_bytes,
                         struct picture *ret_picture, bool *ret_cut_short);

#endif
