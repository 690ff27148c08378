/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From regions to lines: fragments on one baseline, or nearly, from left to right.
 * Nothing blocks or logs.
 */
#include "workers/layout/lines.h"

#include <math.h>
#include <stdlib.h>

#include "workers/layout/bidi.h"
#include "workers/layout/blocks.h"
#include "workers/layout/initials.h"

#define SAME_LINE 0.5F /* of the smaller size, between baselines */
#define WIDE_GAP 1.5F  /* of the size */
#define SCRIPT_SHIFT 0.68F
#define COVERED 0.4F    /* of a script's width */
#define SCRIPT_CHARS 4U /* at most in a raised or lowered fragment */

static int by_baseline(const void *a, const void *b)
{
    const struct fragment *x = *(const struct fragment *const *)a;
    const struct fragment *y = *(const struct fragment *const *)b;

    if (x->baseline != y->baseline) {
        return x->baseline < y->baseline ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

/* Leaders are often drawn under the text that they lead from: their middle counts. */
static float place_of(const struct fragment *fragment)
{
    return fragment->leader ? (fragment->left + fragment->right) / 2 : fragment->left;
}

static int by_place(const void *a, const void *b)
{
    const struct fragment *x = *(const struct fragment *const *)a;
    const struct fragment *y = *(const struct fragment *const *)b;
    float place_x = place_of(x);
    float place_y = place_of(y);

    if (place_x != place_y) {
        return place_x < place_y ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

static void sort(struct fragment **fragments, uint32_t count,
                 int (*compare)(const void *, const void *))
{
    for (uint32_t i = 1; i < count; i++) {
        if (compare(&fragments[i - 1], &fragments[i]) > 0) {
            qsort(fragments, count, sizeof(struct fragment *), compare);
            return;
        }
    }
}

/* Whether fragment stands on the line that main, its largest part so far, began. A few smaller
 * characters may be raised or lowered further: they are scripts. */
static bool same_line(const struct fragment *main, const struct fragment *fragment)
{
    float apart = fabsf(fragment->baseline - main->baseline);
    float smaller = fminf(main->size_pt, fragment->size_pt);
    float larger = fmaxf(main->size_pt, fragment->size_pt);
    uint32_t chars = main->size_pt < fragment->size_pt ? main->chars : fragment->chars;

    return apart < SAME_LINE * smaller ||
           (chars <= SCRIPT_CHARS && smaller < 0.9F * larger && apart < SCRIPT_SHIFT * larger);
}

/* Whether a glyph of fragment stands where most of script does, as seen from the line's side. */
static bool covers(const struct glyphs *glyphs, const struct fragment *fragment,
                   const struct fragment *script)
{
    float least = COVERED * (script->right - script->left);

    if (fragment->left > script->right || fragment->right < script->left) {
        return false;
    }
    for (uint32_t r = 0; r < fragment->run_count; r++) {
        const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];

        for (uint32_t i = run->first; i < run->first + run->count; i++) {
            const struct glyph *glyph = &glyphs->items[i];

            if (glyph->character != ' ' &&
                fminf(glyph->end, script->right) - fmaxf(glyph->start, script->left) > least) {
                return true;
            }
        }
    }
    return false;
}

/* Whether a fragment between two lines that looks like a lowered script of the upper one stands
 * under letters of that: then it is a raised one of the lower line. */
static bool is_of_next_line(const struct glyphs *glyphs, const struct line *line,
                            const struct fragment *main, const struct fragment *fragment)
{
    if (fragment->size_pt > 0.9F * main->size_pt || fragment->baseline <= main->baseline ||
        fragment->chars > SCRIPT_CHARS) {
        return false;
    }
    for (uint32_t i = 0; i < line->count; i++) {
        if (covers(glyphs, line->fragments[i], fragment)) {
            return true;
        }
    }
    return false;
}

static uint8_t fragment_style(const struct glyphs *glyphs, const struct fragment *fragment)
{
    uint8_t style = 0xFF;

    for (uint32_t i = 0; i < fragment->run_count; i++) {
        const struct glyph_run *run = &glyphs->runs[fragment->run_first + i];

        if (run->count > 1 || glyphs->items[run->first].character != ' ') {
            style &= run->style;
        }
    }
    return style;
}

void lines_measure(const struct glyphs *glyphs, struct line *line)
{
    const struct fragment *before = NULL;

    line->size_pt = 0;
    line->chars = 0;
    line->dots = 0;
    line->wide_gaps = 0;
    sort(line->fragments, line->count, by_place);
    line->left = INFINITY;
    line->right = -INFINITY;
    line->top = INFINITY;
    line->bottom = -INFINITY;
    line->style = 0xFF;
    for (uint32_t i = 0; i < line->count; i++) {
        const struct fragment *fragment = line->fragments[i];

        line->left = fminf(line->left, fragment->left);
        line->right = fmaxf(line->right, fragment->right);
        line->top = fminf(line->top, fragment->top);
        line->bottom = fmaxf(line->bottom, fragment->bottom);
        line->chars += fragment->chars;
        line->dots += fragment->dots;
        line->style &= fragment_style(glyphs, fragment);
        if (fragment->size_pt > line->size_pt) {
            line->size_pt = fragment->size_pt;
            line->baseline = fragment->baseline;
        }
        if (before && fragment->left - before->right > WIDE_GAP * line->size_pt) {
            line->wide_gaps++;
        }
        before = fragment;
    }
    line->right_to_left = bidi_is_right_to_left(glyphs, line);
}

/* A table is a block of its own, and no line of it is prose. */
static void part_tables(struct line *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        lines[i].table = lines[i].fragments[0]->table;
        lines[i].wide_gaps += lines[i].table != NULL;
        if (lines[i].table || (i > 0 && lines[i - 1].table)) {
            lines[i].starts_block = true;
        }
    }
}

/* The lines of one region, appended. */
static void region_lines(const struct glyphs *glyphs, const struct region *region,
                         struct lines *lines)
{
    uint32_t first = lines->count;
    struct line *line = NULL;
    const struct fragment *main = NULL;

    initials_place(region);
    sort(region->fragments, region->count, by_baseline);
    for (uint32_t i = 0; i < region->count; i++) {
        struct fragment *fragment = region->fragments[i];

        if (!line || main->table || fragment->table || !same_line(main, fragment) ||
            is_of_next_line(glyphs, line, main, fragment)) {
            line = &lines->items[lines->count++];
            *line = (struct line){.fragments = &region->fragments[i]};
            main = fragment;
        } else if (fragment->size_pt > main->size_pt) {
            main = fragment;
        }
        line->count++;
    }
    for (uint32_t i = first; i < lines->count; i++) {
        lines_measure(glyphs, &lines->items[i]);
    }
    initials_align(&lines->items[first], lines->count - first);
    blocks_split(glyphs, &lines->items[first], lines->count - first);
    part_tables(&lines->items[first], lines->count - first);
}

int lines_build(const struct glyphs *glyphs, const struct reading_order *order, struct arena *arena,
                struct lines *ret_lines, struct error *err)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < order->count; i++) {
        most += order->regions[i].count;
    }
    ret_lines->count = 0;
    ret_lines->items = arena_calloc(arena, most ? most : 1, sizeof(*ret_lines->items));
    if (!ret_lines->items) {
        return error_set(err, ERROR_MEMORY, "no memory for %u lines", most);
    }
    for (uint32_t i = 0; i < order->count; i++) {
        region_lines(glyphs, &order->regions[i], ret_lines);
    }
    return 0;
}
