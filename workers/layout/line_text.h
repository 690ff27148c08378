/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How lines start and end: with marks of list items and footnotes, small letters, dots that lead
 * to a number.
 */
#ifndef EBB_WORKERS_LAYOUT_LINE_TEXT_H
#define EBB_WORKERS_LAYOUT_LINE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/layout/glyphs.h"
#include "workers/layout/lines.h"

/* How many characters a list item's mark takes at the start of a text: a bullet, "1.", "(a)",
 * "iv)". A space must follow. 0 where there is none. */
uint32_t line_marker(const uint32_t *characters, uint32_t count);
/* Whether the line begins with one. */
bool line_has_marker(const struct glyphs *glyphs, const struct line *line);
/* Whether it begins with a small raised one, as a footnote does. */
bool line_has_raised_mark(const struct glyphs *glyphs, const struct line *line);

/* The first character in reading order, and the last of what stands furthest right, that is no
 * space; 0 where there is none. */
uint32_t line_first_character(const struct glyphs *glyphs, const struct line *line);
uint32_t line_last_character(const struct glyphs *glyphs, const struct line *line);

bool line_is_lower(uint32_t c);
/* Whether the line's text begins with a small letter, which is no list item's mark. */
bool line_starts_lower(const struct glyphs *glyphs, const struct line *line);

/* Whether it is of a table of contents: dots lead to a number at its end. */
bool line_is_entry(const struct glyphs *glyphs, const struct line *line);

#endif
