/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What layout wants to know of a mupdf font.
 */
#ifndef EBB_WORKERS_PDF_FONTS_H
#define EBB_WORKERS_PDF_FONTS_H

#include <mupdf/fitz.h>

#include "workers/layout/glyphs.h"

/* Fills name (without a subset prefix), style and metrics; key is the font. */
void font_describe(fz_context *ctx, fz_font *font, struct glyph_font *ret_font);
/* A name without a subset prefix: "ABCDEF+Garamond" to "Garamond". Points into name. */
const char *font_plain_name(const char *name);
/* PAGE_STYLE bits that a name tells: "Bold", "Oblique", "Mono", ... */
uint8_t font_style_of_name(const char *name);

#endif
