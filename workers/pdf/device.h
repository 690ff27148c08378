/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A mupdf device that collects text and images: the way in for every format that is not PDF, and
 * for annotations. Draws nothing and decodes no image.
 */
#ifndef EBB_WORKERS_PDF_DEVICE_H
#define EBB_WORKERS_PDF_DEVICE_H

#include <mupdf/fitz.h>

#include "workers/layout/glyphs.h"
#include "workers/pdf/images.h"
#include "workers/tables/rulings.h"

/* width_pt, height_pt: of the page, for the cover of images. shown: where they go; NULL: they are
 * only counted. Borrows glyphs and shown. Throws as mupdf does. Close and drop it with
 * fz_close_device and fz_drop_device. */
fz_device *text_device_create(fz_context *ctx, struct glyphs *glyphs, struct images *shown,
                              float width_pt, float height_pt);
/* Has lines and rectangles collected too. Borrows rulings. */
void text_device_collect_rulings(fz_device *device, struct rulings *rulings);

#endif
