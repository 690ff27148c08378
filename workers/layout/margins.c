/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Headers and footers.
 *
 * Rows of blocks are looked at from the edge inward. The first row is always a candidate; further
 * ones are when they stand close to it in a stack that a clear gap parts from what follows.
 * Without that gap it is the text itself that begins at the edge, and a price or a product's
 * number, whose digits the key does not see, must not be taken for something that repeats.
 *
 * A page whose text runs up or down is looked at as its reader turns it. Nothing blocks or logs.
 */
#include "workers/layout/margins.h"

#include <math.h>
#include <string.h>

#include "workers/layout/layout.h"

#define MARGIN_SHARE 0.13F /* of the page's height, at the top and at the bottom */
#define SIDE_SHARE 0.1F    /* of the page's width */
#define LINES_MAX 3U       /* of a block */
#define NEAREST_MAX 32U    /* blocks looked at from each edge */
#define STACK_ROWS_MAX 3U
#define STACKS_MAX 2U /* a page number and a running title, some way apart */
#define CLEAR 0.9F    /* of a line's height: a gap that parts a stack from the text */
#define HALF_TURN 180
#define QUARTER_TURN 90

/* The page as the reader of its main text sees it, from one of its edges. */
struct view {
    struct page_record *record;
    int turn_deg; /* of the main text: 0, 90, -90 or 180 */
    enum page_margin margin;
    float extent; /* of the page, from this edge to the one across */
};

/* A block by its distance from the edge. */
struct place {
    struct page_block *block;
    float near, far;
    float line; /* height of its lines */
    bool small; /* enough to be furniture */
};

static int turn_of(const struct page_block *block)
{
    int turn = block->line_count > 0 && !block->lines[0].vertical ? block->lines[0].angle_deg : 0;

    return turn == -HALF_TURN ? HALF_TURN : turn;
}

/* The quarter turn of most of the page's lines. */
static int main_turn(const struct page_record *record)
{
    static const int turns[] = {0, QUARTER_TURN, HALF_TURN, -QUARTER_TURN};
    uint32_t lines[4] = {0};
    int best = 0;

    for (uint32_t b = 0; b < record->block_count; b++) {
        for (int i = 0; i < 4; i++) {
            lines[i] += turn_of(&record->blocks[b]) == turns[i] ? record->blocks[b].line_count : 0;
        }
    }
    for (int i = 1; i < 4; i++) {
        best = lines[i] > lines[best] ? i : best;
    }
    return turns[best];
}

/* Fills in how far the block reaches from the edge. */
static void measure(const struct view *view, struct place *place)
{
    const struct page_box *box = &place->block->box;
    bool sideways = view->turn_deg == QUARTER_TURN || view->turn_deg == -QUARTER_TURN;
    bool from_end = (view->turn_deg == QUARTER_TURN || view->turn_deg == HALF_TURN) !=
                    (view->margin == PAGE_MARGIN_BOTTOM);
    float low = sideways ? box->x0 : box->y0;
    float high = sideways ? box->x1 : box->y1;

    place->near = from_end ? view->extent - high : low;
    place->far = from_end ? view->extent - low : high;
    place->line = (place->far - place->near) / (float)place->block->line_count;
    place->small =
        place->block->line_count <= LINES_MAX && place->far <= MARGIN_SHARE * view->extent;
}

/* The blocks nearest to the edge, by distance; returns how many. */
static uint32_t find_nearest(const struct view *view, struct place places[NEAREST_MAX])
{
    uint32_t count = 0;

    for (uint32_t b = 0; b < view->record->block_count; b++) {
        struct place place = {.block = &view->record->blocks[b]};
        uint32_t at = count;

        if (place.block->line_count == 0 || turn_of(place.block) != view->turn_deg) {
            continue;
        }
        measure(view, &place);
        if (place.far < 0 || place.near > view->extent) {
            continue;
        }
        while (at > 0 && places[at - 1].near > place.near) {
            at--;
        }
        if (at == NEAREST_MAX) {
            continue;
        }
        count += count < NEAREST_MAX;
        memmove(&places[at + 1], &places[at], (count - 1 - at) * sizeof(*places));
        places[at] = place;
    }
    return count;
}

/* The end of the row that starts at first: blocks beside each other. ret_far: of those that could
 * be furniture. */
static uint32_t row_end(const struct place *places, uint32_t first, uint32_t count, float *ret_far)
{
    uint32_t end = first;

    *ret_far = places[first].far;
    while (end < count && (end == first || places[end].near < *ret_far - places[end].line / 2)) {
        *ret_far = places[end].small ? fmaxf(*ret_far, places[end].far) : *ret_far;
        end++;
    }
    return end;
}

static bool is_small(const struct place *places, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        if (!places[i].small) {
            return false;
        }
    }
    return true;
}

/* The end of the stack of rows that starts at first, when a clear gap follows it; else first. */
static uint32_t stack_end(const struct place *places, uint32_t first, uint32_t count)
{
    uint32_t at = first;

    for (uint32_t rows = 0; rows < STACK_ROWS_MAX; rows++) {
        float far;
        uint32_t end = row_end(places, at, count, &far);

        if (!is_small(places, at, end)) {
            return first;
        }
        if (end == count ||
            places[end].near - far > CLEAR * fmaxf(places[end - 1].line, places[end].line)) {
            return end;
        }
        at = end;
    }
    return first;
}

static void mark(struct place *places, uint32_t first, uint32_t end, enum page_margin margin)
{
    for (uint32_t i = first; i < end; i++) {
        if (places[i].small && places[i].block->margin == PAGE_MARGIN_NONE) {
            places[i].block->margin = margin;
            places[i].block->margin_key = layout_margin_key(places[i].block);
        }
    }
}

static void find_at_edge(const struct view *view)
{
    struct place places[NEAREST_MAX + 1];
    uint32_t count = find_nearest(view, places);
    uint32_t first = 0;

    for (uint32_t stacks = 0; stacks < STACKS_MAX && first < count; stacks++) {
        uint32_t end = stack_end(places, first, count);
        float far;

        if (end == first) {
            if (stacks == 0) {
                mark(places, 0, row_end(places, 0, count, &far), view->margin);
            }
            return;
        }
        mark(places, first, end, view->margin);
        first = end;
    }
}

/* Short lines that run up or down beside an upright page's text. */
static void find_at_sides(struct page_record *record)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        struct page_block *block = &record->blocks[b];
        int turn = turn_of(block);

        if ((turn != QUARTER_TURN && turn != -QUARTER_TURN) || block->line_count > LINES_MAX ||
            (block->box.x1 > SIDE_SHARE * record->width_pt &&
             block->box.x0 < (1 - SIDE_SHARE) * record->width_pt)) {
            continue;
        }
        block->margin = block->box.y0 + block->box.y1 < record->height_pt ? PAGE_MARGIN_TOP
                                                                          : PAGE_MARGIN_BOTTOM;
        block->margin_key = layout_margin_key(block);
    }
}

void margins_find(struct page_record *record)
{
    struct view view = {.record = record, .turn_deg = main_turn(record)};
    bool sideways = view.turn_deg == QUARTER_TURN || view.turn_deg == -QUARTER_TURN;

    view.extent = sideways ? record->width_pt : record->height_pt;
    for (view.margin = PAGE_MARGIN_TOP; view.margin <= PAGE_MARGIN_BOTTOM; view.margin++) {
        find_at_edge(&view);
    }
    if (!sideways) {
        find_at_sides(record);
    }
}
