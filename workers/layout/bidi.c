/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Right-to-left scripts.
 *
 * Where glyphs stand is sure, the order in which they were drawn is not: some writers draw in
 * logical order, some from left to right. So a line is first put in visual order, by position,
 * and then back into logical order: a right-to-left line is turned round as a whole, and then
 * what runs from left to right inside it (numbers, Latin words) once more; in a left-to-right
 * line the right-to-left stretches are turned. Nothing blocks or logs.
 */
#include "workers/layout/bidi.h"

#include <stdlib.h>
#include <string.h>

#include <mupdf/ucdn.h>

#include "workers/layout/lines.h"

enum strength { NEUTRAL, LEFT_TO_RIGHT, RIGHT_TO_LEFT, NUMBER };

static enum strength strength_of(uint32_t c)
{
    switch (ucdn_get_bidi_class(c)) {
    case UCDN_BIDI_CLASS_L:
        return LEFT_TO_RIGHT;
    case UCDN_BIDI_CLASS_R:
    case UCDN_BIDI_CLASS_AL:
        return RIGHT_TO_LEFT;
    case UCDN_BIDI_CLASS_EN:
    case UCDN_BIDI_CLASS_AN:
        return NUMBER;
    default:
        return NEUTRAL;
    }
}

bool bidi_is_mark(uint32_t character)
{
    return character >= 0x300 && ucdn_get_bidi_class(character) == UCDN_BIDI_CLASS_NSM;
}

bool bidi_is_right_to_left(const struct glyphs *glyphs, const struct line *line)
{
    uint32_t right_to_left = 0;
    uint32_t left_to_right = 0;

    if (!glyphs->may_be_right_to_left) {
        return false;
    }
    for (uint32_t f = 0; f < line->count; f++) {
        const struct fragment *fragment = line->fragments[f];
        const struct glyph_run *last = &glyphs->runs[fragment->run_first + fragment->run_count - 1];
        uint32_t end = last->first + last->count;

        for (uint32_t i = glyphs->runs[fragment->run_first].first; i < end; i++) {
            enum strength strength = strength_of(glyphs->items[i].character);

            right_to_left += strength == RIGHT_TO_LEFT;
            left_to_right += strength == LEFT_TO_RIGHT;
        }
    }
    return right_to_left > left_to_right;
}

static int by_start(const void *a, const void *b)
{
    const struct bidi_item *x = a;
    const struct bidi_item *y = b;

    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

/* Turns items [first, end) round, clusters as wholes. What has a left and a right form ("(") stands
 * on the page in the form that is seen, and is stored in the other one. */
static void reverse(struct bidi_item *items, uint32_t first, uint32_t end,
                    struct bidi_item *scratch)
{
    uint32_t to = end;

    for (uint32_t from = first; from < end;) {
        uint32_t next = from + 1;

        while (next < end && items[next].cluster == items[from].cluster) {
            next++;
        }
        to -= next - from;
        memcpy(&scratch[to], &items[from], (next - from) * sizeof(*items));
        from = next;
    }
    memcpy(&items[first], &scratch[first], (end - first) * sizeof(*items));
    for (uint32_t i = first; i < end; i++) {
        items[i].character = ucdn_mirror(items[i].character);
    }
}

/* Whether a neutral or a number's punctuation belongs to the stretch of other: a stretch goes on
 * over neutrals when a character like its own follows. */
static uint32_t stretch_end(const struct bidi_item *items, uint32_t first, uint32_t count,
                            bool right_to_left)
{
    uint32_t end = first;

    for (uint32_t i = first; i < count; i++) {
        enum strength strength = strength_of(items[i].character);
        bool other = right_to_left ? strength == LEFT_TO_RIGHT || strength == NUMBER
                                   : strength == RIGHT_TO_LEFT;
        bool own = right_to_left ? strength == RIGHT_TO_LEFT
                                 : strength == LEFT_TO_RIGHT || strength == NUMBER;

        if (own) {
            break;
        }
        if (other) {
            end = i + 1;
        }
    }
    return end;
}

void bidi_sort_visually(struct bidi_item *items, uint32_t count)
{
    qsort(items, count, sizeof(*items), by_start);
}

void bidi_reorder(struct bidi_item *items, uint32_t count, bool right_to_left,
                  struct bidi_item *scratch)
{
    uint32_t end;

    if (right_to_left) {
        reverse(items, 0, count, scratch);
    }
    for (uint32_t i = 0; i<count; i = end> i ? end : i + 1) {
        end = stretch_end(items, i, count, right_to_left);
        if (end > i) {
            /* Start at the stretch's first character, not at the neutrals before it. */
            while (strength_of(items[i].character) == NEUTRAL) {
                i++;
            }
            reverse(items, i, end, scratch);
        }
    }
}
