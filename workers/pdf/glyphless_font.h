/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The font of text that is read and not seen: every character is an empty glyph, half as wide as
 * the font is high. Its codes are two bytes: a character's own number up to U+FFFF, and for those
 * beyond one of the codes that Unicode keeps for surrogates, as they are met.
 */
#ifndef EBB_WORKERS_PDF_GLYPHLESS_FONT_H
#define EBB_WORKERS_PDF_GLYPHLESS_FONT_H

#include <stdint.h>

#include "workers/pdf/pdf_writer.h"

/* In parts of the font's size. */
#define GLYPHLESS_WIDTH 0.5F
#define GLYPHLESS_DESCENT 0.2F

#define GLYPHLESS_BEYOND_MAX 2048U

struct glyphless_font {
    uint32_t beyond[GLYPHLESS_BEYOND_MAX]; /* characters over U+FFFF that have a code */
    uint32_t beyond_count;
};

/* The code of a character; that of U+FFFD where none is left. */
uint16_t glyphless_font_code(struct glyphless_font *font, uint32_t character);

/* Writes the font as object number, with those that it needs; once all text is written. doc: any
 * document of the writer's context, to make objects with. */
void glyphless_font_write(const struct glyphless_font *font, struct pdf_writer *writer,
                          pdf_document *doc, uint32_t number);

#endif
