/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A look at a page before it is rendered: which images it shows, and whether one of them is all
 * that there is to see. Runs the page's content and decodes no image.
 *
 * Units: points of the page as a reader sees it, origin at its top left.
 */
#ifndef EBB_WORKERS_OCR_LOOK_H
#define EBB_WORKERS_OCR_LOOK_H

#include <mupdf/fitz.h>
#include <stdbool.h>
#include <stdint.h>

#include "workers/ocr/resolution.h"

struct look {
    fz_rect page; /* the page's bounds, as mupdf counts */
    struct resolution_page facts;
    uint64_t largest_bytes; /* of one image, decoded */
    /* The one image that is all that the page shows: plain, opaque, not clipped, its sides along
     * the page's; NULL where there is none such. Owns: the look. */
    fz_image *only;
    fz_matrix only_ctm; /* from the unit square (y down) to the page, relative to its top left */
};

/* Throws what mupdf throws. ret_look is only touched on success. */
void look_at_page(fz_context *ctx, fz_page *page, struct look *ret_look);
void look_deinit(fz_context *ctx, struct look *look);

#endif
