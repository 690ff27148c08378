/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where one block ends and the next begins: by leading, size, indentation, style and marks.
 */
#ifndef EBB_WORKERS_LAYOUT_BLOCKS_H
#define EBB_WORKERS_LAYOUT_BLOCKS_H

#include <stdint.h>

#include "workers/layout/glyphs.h"
#include "workers/layout/lines.h"

/* Sets starts_block in the lines of one region, from top to bottom. */
void blocks_split(const struct glyphs *glyphs, struct line *lines, uint32_t count);

#endif
