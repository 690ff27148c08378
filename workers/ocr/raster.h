/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page as grey pixels: taken from the page's one image where that is all that there is, else
 * rendered.
 */
#ifndef EBB_WORKERS_OCR_RASTER_H
#define EBB_WORKERS_OCR_RASTER_H

#include <mupdf/fitz.h>

#include "common/error.h"
#include "workers/ocr/look.h"

struct Pix;

struct raster {
    struct Pix *pix;       /* 8 bits, grey. Owns: the raster */
    float dpi;             /* pixels per inch of the page */
    float left_pt, top_pt; /* where its top left corner lies on the page */
};

/* Renders the page, or takes look's one image, scaled to dpi where that is less than what it has.
 * ERROR_MEMORY; ERROR_CORRUPT for what mupdf cannot draw. */
int raster_page(fz_context *ctx, fz_page *page, const struct look *look, float dpi,
                struct raster *ret_raster, struct error *err);
void raster_deinit(struct raster *raster);

#endif
