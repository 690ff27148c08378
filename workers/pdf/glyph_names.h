/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Characters by glyph name.
 * Source: Adobe Glyph List Specification 1.7, section 2; the list itself is mupdf's.
 */
#ifndef EBB_WORKERS_PDF_GLYPH_NAMES_H
#define EBB_WORKERS_PDF_GLYPH_NAMES_H

#include <stdint.h>

#define GLYPH_NAME_CHARACTERS_MAX 8

/* The characters that a name stands for: "A", "f_f_i", "uni0041", "u1F600", "a.LP". Returns how
 * many; 0 where the name says nothing ("g123"). */
uint32_t glyph_name_characters(const char *name,
                               uint32_t ret_characters[GLYPH_NAME_CHARACTERS_MAX]);

#endif
