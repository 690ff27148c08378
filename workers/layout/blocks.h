/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where one block ends and the next begins: by leading, size, indentation, style and marks.
 */
#ifndef EBB_WORKERS_LAYOUT_BLOCKS_H
#define EBB_WORKERS_LAYOUT_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/layout/glyphs.h"
#include "workers/layout/lines.h"

/* Sets starts_block in the lines of one region, from top to bottom. */
void blocks_split(const struct glyphs *glyphs, struct line *lines, uint32_t count);

/* How many characters a list item's mark takes at the start of a text: a bullet, "1.", "(a)",
 * "iv)". A space must follow. 0 where there is none. */
uint32_t blocks_marker(const uint32_t *characters, uint32_t count);

/* The last character that is no space; 0 where there is none. */
uint32_t blocks_last_character(const struct glyphs *glyphs, const struct line *line);
/* Whether the line's text begins with a small letter, which is no list item's mark. */
bool blocks_starts_lower(const struct glyphs *glyphs, const struct line *line);

#endif
