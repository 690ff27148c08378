/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reads an image a band of rows at a time, as gray or red, green and blue, with its transparency
 * beside: masks of any size scaled to it, a preblended matte taken out.
 */
#ifndef EBB_WORKERS_PDF_IMAGE_BANDS_H
#define EBB_WORKERS_PDF_IMAGE_BANDS_H

#include <mupdf/fitz.h>
#include <stdbool.h>
#include <stdint.h>

#include "workers/pdf/image_reader.h"

struct image_bands {
    fz_context *ctx;
    struct image_reader reader;
    struct image_source mask_source;
    struct image_reader mask; /* ctx NULL where there is no mask */
    uint32_t components;      /* 1 or 3 */
    bool has_alpha;
    uint32_t band_rows; /* most in a band */
    uint8_t *colors;    /* of the band: rows of width * components; owned */
    uint8_t *alpha;     /* rows of width; owned */
    fz_pixmap *coded;   /* the band in the image's own space, where that differs; owned */
    uint8_t *mask_line; /* owned */
    uint32_t *mask_sums;
};

/* The source must have its image and outlive the bands. Throws; nothing is left open then. */
void image_bands_open(struct image_bands *bands, const struct image_source *source, int halvings);
void image_bands_close(struct image_bands *bands);
/* Reads the next band. Returns its rows; 0 at the end. Throws. */
uint32_t image_bands_next(struct image_bands *bands);

#endif
