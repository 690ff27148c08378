/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a page shows, glyph by glyph.
 *
 * Invariants: the last run is open: it ends where items end. Every run but the last has at least
 * one glyph. Nothing blocks or logs.
 */
#include "workers/layout/glyphs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/layout/bidi.h"
#include "workers/layout/text.h"

#define KEEP_GLYPHS ((size_t)1 << 16)
#define FONTS_MAX 65535
#define BASELINE_SAME 0.02F /* points */
#define SIZE_SAME 0.02F

void glyphs_init(struct glyphs *glyphs, size_t max_glyphs)
{
    memset(glyphs, 0, sizeof(*glyphs));
    glyphs->max = max_glyphs;
}

void glyphs_deinit(struct glyphs *glyphs)
{
    free(glyphs->items);
    free(glyphs->runs);
    free(glyphs->fonts);
    memset(glyphs, 0, sizeof(*glyphs));
}

void glyphs_reset(struct glyphs *glyphs)
{
    if (glyphs->capacity > KEEP_GLYPHS) {
        size_t max = glyphs->max;

        glyphs_deinit(glyphs);
        glyphs->max = max;
    }
    glyphs->count = 0;
    glyphs->run_count = 0;
    glyphs->font_count = 0;
    glyphs->font_last = 0;
    glyphs->glyph_count = 0;
    glyphs->garbled_count = 0;
    glyphs->expanding_count = 0;
    glyphs->image_count = 0;
    memset(glyphs->image_rows, 0, sizeof(glyphs->image_rows));
    glyphs->may_be_right_to_left = false;
    glyphs->full = false;
    glyphs->failed = false;
}

/* Doubles an array and its capacity; NULL (failed set, the array as it was) when out of memory. */
static void *grow(struct glyphs *glyphs, void *array, size_t *capacity, size_t item_bytes)
{
    size_t bigger = *capacity ? *capacity * 2 : 256;
    size_t bigger_bytes;
    void *moved = NULL;

    if (!__builtin_mul_overflow(bigger, item_bytes, &bigger_bytes)) {
        moved = realloc(array, bigger_bytes);
    }
    if (!moved) {
        glyphs->failed = true;
        return NULL;
    }
    *capacity = bigger;
    return moved;
}

int glyphs_font_find(struct glyphs *glyphs, const void *key)
{
    if (glyphs->font_last < glyphs->font_count && glyphs->fonts[glyphs->font_last].key == key) {
        return (int)glyphs->font_last;
    }
    for (size_t i = 0; i < glyphs->font_count; i++) {
        if (glyphs->fonts[i].key == key) {
            glyphs->font_last = i;
            return (int)i;
        }
    }
    return -1;
}

int glyphs_font_add(struct glyphs *glyphs, const struct glyph_font *font)
{
    if (glyphs->font_count >= FONTS_MAX) {
        return -1;
    }
    if (glyphs->font_count == glyphs->font_capacity) {
        struct glyph_font *fonts =
            grow(glyphs, glyphs->fonts, &glyphs->font_capacity, sizeof(*fonts));

        if (!fonts) {
            return -1;
        }
        glyphs->fonts = fonts;
    }
    glyphs->font_last = glyphs->font_count;
    glyphs->fonts[glyphs->font_count] = *font;
    return (int)glyphs->font_count++;
}

int16_t glyphs_angle(float ux, float uy)
{
    if (uy == 0.0F && ux > 0.0F) {
        return 0;
    }
    long degrees = lrintf(atan2f(uy, ux) * (180.0F / (float)M_PI));

    return (int16_t)(degrees <= -180 ? 180 : degrees);
}

void glyphs_run_begin(struct glyphs *glyphs, const struct glyph_run *style, float baseline)
{
    struct glyph_run *run;

    if (glyphs->run_count > 0 && glyphs->runs[glyphs->run_count - 1].count == 0) {
        glyphs->run_count--;
    }
    if (glyphs->run_count == glyphs->run_capacity) {
        struct glyph_run *runs = grow(glyphs, glyphs->runs, &glyphs->run_capacity, sizeof(*runs));

        if (!runs) {
            return;
        }
        glyphs->runs = runs;
    }
    run = &glyphs->runs[glyphs->run_count++];
    *run = *style;
    run->baseline = baseline;
    run->first = (uint32_t)glyphs->count;
    run->count = 0;
}

void glyphs_run_continue(struct glyphs *glyphs, const struct glyph_run *style, float baseline,
                         float start)
{
    if (glyphs->run_count > 0) {
        const struct glyph_run *last = &glyphs->runs[glyphs->run_count - 1];

        if (last->count > 0 && last->font == style->font && last->style == style->style &&
            last->color_rgb == style->color_rgb && last->ux == style->ux && last->uy == style->uy &&
            last->vertical == style->vertical && fabsf(last->baseline - baseline) < BASELINE_SAME &&
            fabsf(last->size_pt - style->size_pt) < SIZE_SAME &&
            fabsf(start - glyphs->items[glyphs->count - 1].end) <
                GLYPHS_SPLIT_GAP * style->size_pt) {
            return;
        }
    }
    glyphs_run_begin(glyphs, style, baseline);
}

static void append(struct glyphs *glyphs, struct glyph_run *run, float start, float end,
                   uint32_t character)
{
    if (glyphs->count == glyphs->capacity) {
        struct glyph *items;

        if (glyphs->count >= glyphs->max) {
            glyphs->full = true;
            return;
        }
        items = grow(glyphs, glyphs->items, &glyphs->capacity, sizeof(*items));
        if (!items) {
            return;
        }
        glyphs->items = items;
    }
    glyphs->items[glyphs->count++] = (struct glyph){start, end, character};
    glyphs->expanding_count += character >= TEXT_EXPANDS;
    run->count++;
}

/* Han, Kana and their punctuation: written without spaces. */
static bool is_unspaced(uint32_t c)
{
    return c >= 0x2E80 && (c < 0xAC00 || (c >= 0xF900 && c < 0xFB00) ||
                           (c >= 0xFE30 && c < 0xFFF0) || (c >= 0x20000 && c < 0x40000));
}

/* No known character: none at all, or one whose meaning is the font's secret. */
static bool is_unknown(uint32_t c)
{
    return c == GLYPH_UNKNOWN || (c >= 0xE000 && c < 0xF900) || c >= 0xF0000;
}

bool glyphs_gap_is_space(const struct glyphs *glyphs, const struct glyph_run *run)
{
    const struct glyph *first = &glyphs->items[run->first];
    const struct glyph *last = first - 1;

    return first->start - last->end > GLYPHS_SPACE_GAP * fmaxf(run->size_pt, run[-1].size_pt) &&
           !(is_unspaced(last->character) && is_unspaced(first->character));
}

void glyphs_add(struct glyphs *glyphs, float start, float end, uint32_t character)
{
    struct glyph_run *run;

    if (glyphs->run_count == 0 || !isfinite(start) || !isfinite(end)) {
        return;
    }
    run = &glyphs->runs[glyphs->run_count - 1];
    glyphs->glyph_count++;
    glyphs->garbled_count += is_unknown(character);
    if (bidi_may_be_right_to_left(character)) {
        glyphs->may_be_right_to_left = true;
    }
    if (run->count > 0) {
        const struct glyph *last = &glyphs->items[glyphs->count - 1];
        float gap = start - last->end;

        if (gap > GLYPHS_SPLIT_GAP * run->size_pt || gap < -GLYPHS_STEP_BACK * run->size_pt) {
            glyphs->style = *run;
            glyphs_run_begin(glyphs, &glyphs->style, run->baseline);
            run = &glyphs->runs[glyphs->run_count - 1];
        } else if (gap > GLYPHS_SPACE_GAP * run->size_pt && last->character != ' ' &&
                   character != ' ' && !(is_unspaced(last->character) && is_unspaced(character))) {
            append(glyphs, run, last->end, start, ' ');
        }
    }
    append(glyphs, run, start, end, character);
}

void glyphs_add_more(struct glyphs *glyphs, uint32_t character)
{
    struct glyph_run *run;
    float end;

    if (glyphs->run_count == 0) {
        return;
    }
    run = &glyphs->runs[glyphs->run_count - 1];
    if (run->count == 0) {
        return;
    }
    end = glyphs->items[glyphs->count - 1].end;
    append(glyphs, run, end, end, character);
}

/* The cells of a grid over 0 to extent whose centres lie between from and to. */
static void cell_range(float from, float to, float extent, int *ret_first, int *ret_end)
{
    float cell = extent / GLYPHS_COVER_CELLS;

    *ret_first = (int)fmaxf(ceilf(from / cell - 0.5F), 0.0F);
    *ret_end = (int)fminf(ceilf(to / cell - 0.5F), (float)GLYPHS_COVER_CELLS);
}

void glyphs_add_image(struct glyphs *glyphs, const struct page_box *box, float width_pt,
                      float height_pt)
{
    int first_x, end_x, first_y, end_y;
    uint64_t bits;

    glyphs->image_count++;
    if (!(box->x1 > 0 && box->y1 > 0 && box->x0 < width_pt && box->y0 < height_pt)) {
        return;
    }
    cell_range(fmaxf(box->x0, 0), fminf(box->x1, width_pt), width_pt, &first_x, &end_x);
    cell_range(fmaxf(box->y0, 0), fminf(box->y1, height_pt), height_pt, &first_y, &end_y);
    if (first_x >= end_x) {
        return;
    }
    bits = (~UINT64_C(0) >> (GLYPHS_COVER_CELLS - (end_x - first_x))) << first_x;
    for (int y = first_y; y < end_y; y++) {
        glyphs->image_rows[y] |= bits;
    }
}

float glyphs_image_cover(const struct glyphs *glyphs)
{
    int covered = 0;

    for (int y = 0; y < GLYPHS_COVER_CELLS; y++) {
        covered += __builtin_popcountll(glyphs->image_rows[y]);
    }
    return (float)covered / (GLYPHS_COVER_CELLS * GLYPHS_COVER_CELLS);
}
