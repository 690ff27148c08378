/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rulings out of mupdf's own paths, for formats that are not PDF.
 */
#ifndef EBB_WORKERS_PDF_DEVICE_PATHS_H
#define EBB_WORKERS_PDF_DEVICE_PATHS_H

#include <mupdf/fitz.h>
#include <stdint.h>

#include "workers/tables/rulings.h"

/* Takes the lines and rectangles of a path that is filled, or stroked. Neither throws. */
void device_path_fill(fz_context *ctx, const fz_path *path, fz_matrix ctm, uint32_t color_rgb,
                      struct rulings *rulings);
void device_path_stroke(fz_context *ctx, const fz_path *path, fz_matrix ctm, float line_width,
                        uint32_t color_rgb, struct rulings *rulings);

#endif
