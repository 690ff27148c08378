/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Initials. An initial's own baseline is that of the last line beside it; its fragment moves to
 * the first, with the size and height of that line's text, so that whoever looks at the line sees
 * a line of text. Its runs stay as they were drawn. Nothing blocks or logs.
 */
#include "workers/layout/initials.h"

#include <math.h>

#define LARGER 1.7F  /* than the text beside it, at least */
#define CHARS_MAX 2U /* a quotation mark may stand before the letter */
#define NEAR 1.5F    /* of the text's size: so far to the right its text begins, at most */
#define TEXT_CHARS 4U
#define LOOKED_AT_MAX                                                                              \
    32U /* large letters of a region; a page with more has other things in mind                    \
         */

static bool is_beside(const struct fragment *initial, const struct fragment *text)
{
    return text->chars >= TEXT_CHARS && initial->size_pt > LARGER * text->size_pt &&
           text->left > initial->right - 0.2F * text->size_pt &&
           text->left < initial->right + NEAR * text->size_pt && text->baseline > initial->top &&
           text->baseline < initial->baseline + 0.1F * text->size_pt;
}

/* The first text beside it, when there are at least two lines of it; else NULL. */
static const struct fragment *first_beside(const struct region *region,
                                           const struct fragment *initial)
{
    const struct fragment *first = NULL;
    const struct fragment *last = NULL;

    for (uint32_t i = 0; i < region->count; i++) {
        const struct fragment *text = region->fragments[i];

        if (text != initial && is_beside(initial, text)) {
            first = !first || text->baseline < first->baseline ? text : first;
            last = !last || text->baseline > last->baseline ? text : last;
        }
    }
    return first && last->baseline - first->baseline > 0.8F * first->size_pt ? first : NULL;
}

void initials_place(const struct region *region)
{
    uint32_t looked_at = 0;
    float smallest = INFINITY;

    for (uint32_t i = 0; i < region->count; i++) {
        if (region->fragments[i]->chars >= TEXT_CHARS) {
            smallest = fminf(smallest, region->fragments[i]->size_pt);
        }
    }
    for (uint32_t i = 0; i < region->count && looked_at < LOOKED_AT_MAX; i++) {
        struct fragment *initial = region->fragments[i];
        const struct fragment *first;

        if (initial->chars > CHARS_MAX || initial->letters == 0 ||
            initial->size_pt <= LARGER * smallest) {
            continue;
        }
        looked_at++;
        first = first_beside(region, initial);
        if (first) {
            initial->initial_bottom = initial->baseline + 0.1F * first->size_pt;
            initial->baseline = first->baseline;
            initial->size_pt = first->size_pt;
            initial->top = first->top;
            initial->bottom = first->bottom;
        }
    }
}

void initials_align(struct line *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct fragment *initial = lines[i].fragments[0];

        if (initial->initial_bottom <= initial->baseline) {
            continue;
        }
        for (uint32_t l = i + 1; l < count && lines[l].baseline < initial->initial_bottom; l++) {
            if (lines[l].left < initial->right + NEAR * lines[l].size_pt) {
                lines[l].left = initial->left;
            }
        }
    }
}
