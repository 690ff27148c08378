/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Turning an image by a few degrees: two shears, each along straight rows of memory, which takes a
 * tenth of the time of a rotation.
 */
#ifndef EBB_WORKERS_OCR_SHEAR_H
#define EBB_WORKERS_OCR_SHEAR_H

#include <mupdf/fitz.h>

struct Pix;

#define SHEAR_MAX_DEG 6.0F /* beyond, letters become visibly narrower */

/* The image (8 bits, grey) turned clockwise about its middle, as large as before, with paper where
 * nothing was. ret_back: from its pixels to the image's. NULL where there is no memory. Owns: the
 * caller. */
struct Pix *shear_turn(struct Pix *image, float degrees, unsigned char paper, fz_matrix *ret_back);

#endif
