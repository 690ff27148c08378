/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Right-to-left scripts: what stands on a page from left to right, in the order in which it is
 * read and stored.
 * Source: Unicode Standard Annex #9, whose reordering is undone here for a line at a time.
 */
#ifndef EBB_WORKERS_LAYOUT_BIDI_H
#define EBB_WORKERS_LAYOUT_BIDI_H

#include <stdbool.h>
#include <stdint.h>

#include "workers/layout/glyphs.h"

struct line;

/* Whether a character can belong to a right-to-left script at all; cheap. */
static inline bool bidi_may_be_right_to_left(uint32_t c)
{
    return c >= 0x590 && (c < 0x900 || c == 0x200F || (c >= 0xFB1D && c < 0xFF00) ||
                          (c >= 0x10800 && c < 0x11000) || (c >= 0x1E800 && c < 0x1F000));
}

/* A character of a line with the run it comes from. */
struct bidi_item {
    float start, end; /* along, where its glyph stands */
    uint32_t run;
    uint32_t character;
    uint32_t cluster; /* characters of one cluster stay together and in their order */
};

/* Whether a line is mainly right-to-left; false at once where no character can be. */
bool bidi_is_right_to_left(const struct glyphs *glyphs, const struct line *line);

/* Puts the characters of a line, given in drawing order and with clusters numbered upwards, in
 * visual order: from left to right. */
void bidi_sort_visually(struct bidi_item *items, uint32_t count);
/* From visual to logical order. scratch: as many items. */
void bidi_reorder(struct bidi_item *items, uint32_t count, bool right_to_left,
                  struct bidi_item *scratch);

/* Whether a character stays with the one before it: combining marks. */
bool bidi_is_mark(uint32_t character);

#endif
