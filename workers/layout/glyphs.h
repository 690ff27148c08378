/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a page shows, glyph by glyph in drawing order: what the readers of documents fill and
 * layout reads. Knows nothing of any document format.
 *
 * A run is what was drawn in one go: one font, size, colour, direction and baseline. Its glyphs
 * are placed in the run's own frame: "along" grows with the direction of writing, "across" grows
 * to the right-hand side of it (down, for upright text). For the unit vector (ux, uy) of the
 * direction, along = ux x + uy y and across = -uy x + ux y, so that for upright text along is x
 * and across is y.
 *
 * Units: points, origin at the top left of the page as a reader sees it.
 */
#ifndef EBB_WORKERS_LAYOUT_GLYPHS_H
#define EBB_WORKERS_LAYOUT_GLYPHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "proto/page.h"

#define GLYPH_UNKNOWN 0xFFFDU /* drawn, and nobody knows which character it is */

/* Parts of the font size: a gap from which a space is meant, and one from which the texts on both
 * sides are not one phrase (a table's cells, columns); a step back that starts anew. */
#define GLYPHS_SPACE_GAP 0.15F
#define GLYPHS_SPLIT_GAP 0.9F
#define GLYPHS_STEP_BACK 0.35F

#define GLYPHS_COVER_CELLS 64

struct glyph {
    float start, end;   /* along */
    uint32_t character; /* a Unicode scalar value */
};

struct glyph_run {
    float ux, uy;   /* direction of writing, a unit vector */
    float baseline; /* across */
    float size_pt;  /* > 0 */
    float ascent,
        descent; /* of the font, as parts of size: over and under the baseline, both >= 0 */
    uint32_t first, count; /* glyphs */
    uint32_t color_rgb;
    uint16_t font; /* index into fonts */
    int16_t angle_deg;
    uint8_t style; /* PAGE_STYLE bits */
    bool vertical; /* writing mode */
};

#define GLYPH_FONT_NAME_BYTES 96

struct glyph_font {
    const void *key; /* who it is to the reader; compared, never followed */
    char name[GLYPH_FONT_NAME_BYTES];
    uint8_t style; /* PAGE_STYLE bits that the font itself has */
    float ascent, descent;
};

struct glyphs {
    struct glyph *items;
    size_t count, capacity, max;
    struct glyph_run *runs;
    size_t run_count, run_capacity;
    struct glyph_font *fonts;
    size_t font_count, font_capacity;
    size_t font_last;         /* where the last look-up hit */
    struct glyph_run style;   /* of the next run */
    uint32_t glyph_count;     /* drawn ones; spaces that gaps imply are not among them */
    uint32_t garbled_count;   /* of these: unknown, or of a private use area */
    uint32_t expanding_count; /* characters that may become several in the text */
    uint32_t image_count;
    uint64_t image_rows[GLYPHS_COVER_CELLS]; /* the page as a grid, a bit where an image lies */
    bool may_be_right_to_left;               /* some character could be */
    bool full;                               /* max was reached and the rest dropped */
    bool failed;                             /* out of memory */
};

/* max_glyphs: of one page; further ones are dropped and full is set. */
void glyphs_init(struct glyphs *glyphs, size_t max_glyphs);
void glyphs_deinit(struct glyphs *glyphs);
/* Empties it for the next page and keeps its memory up to a bound. */
void glyphs_reset(struct glyphs *glyphs);

/* The index of the font with that key, or -1 when it is not known yet. */
int glyphs_font_find(struct glyphs *glyphs, const void *key);
/* Adds one; -1 when out of memory (failed is set) or past 65,535 fonts. */
int glyphs_font_add(struct glyphs *glyphs, const struct glyph_font *font);

/* Starts a run at a point of the page. style: its direction, size, font, colour, style bits and
 * writing mode; first, count and baseline are set here. Runs without glyphs vanish. */
void glyphs_run_begin(struct glyphs *glyphs, const struct glyph_run *style, float baseline);

/* The same, but text that goes on near start in the style of the last run becomes part of it. */
void glyphs_run_continue(struct glyphs *glyphs, const struct glyph_run *style, float baseline,
                         float start);

/* Whether the gap between a run and the run before it, on one line, means a space. Neither is
 * empty. */
bool glyphs_gap_is_space(const struct glyphs *glyphs, const struct glyph_run *run);

/* A glyph of the current run. Gaps become spaces or start a new run of the same style. */
void glyphs_add(struct glyphs *glyphs, float start, float end, uint32_t character);
/* A further character of the glyph before (an "ffi" in one glyph). */
void glyphs_add_more(struct glyphs *glyphs, uint32_t character);

/* An image that covers box (clipped to the page of that size). */
void glyphs_add_image(struct glyphs *glyphs, const struct page_box *box, float width_pt,
                      float height_pt);
/* The share of the page under images, 0 to 1, to 1/64 of its width and height. */
float glyphs_image_cover(const struct glyphs *glyphs);

/* The angle of a direction in degrees, -179 to 180, clockwise as seen (y grows down). */
int16_t glyphs_angle(float ux, float uy);

#endif
