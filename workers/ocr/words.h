/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From words on an image to blocks on a page: layout, as of any other text, and where the words
 * lie on the page.
 */
#ifndef EBB_WORKERS_OCR_WORDS_H
#define EBB_WORKERS_OCR_WORDS_H

#include <mupdf/fitz.h>

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/layout/glyphs.h"
#include "workers/ocr/reading.h"

/* How the image that was read lies on the page. */
struct upright {
    fz_matrix to_page;   /* from the image's pixels to points of the page as a reader sees it */
    fz_matrix to_layout; /* from those to points of the page with its text upright */
    float width_pt, height_pt; /* of the page with its text upright */
    float turned_deg;          /* clockwise, from the page to the upright one: -180 to 180 */
};

/*
 * Fills blocks and text of the record as page_layout does; everything else of ret_record is its
 * own. Spans are words, with their confidences and their boxes on the page; they have font 0, which
 * the record's fonts need to hold. Blocks say that they are of ocr. glyphs: emptied first. All
 * memory comes from arena. ERROR_MEMORY.
 */
int words_lay_out(const struct ocr_reading *reading, const struct upright *upright,
                  struct glyphs *glyphs, struct arena *arena, struct page_record *ret_record,
                  struct error *err);

#endif
