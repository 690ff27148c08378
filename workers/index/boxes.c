/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Boxes of chunks. Nothing is allocated, blocks or logs.
 */
#include "workers/index/boxes.h"

#include <math.h>

/* How far apart two lines may lie that touch, in heights of the lower one of them. */
#define TOUCH_HEIGHTS 1.0F

static float gap(float a0, float a1, float b0, float b1)
{
    return fmaxf(fmaxf(b0 - a1, a0 - b1), 0);
}

/* The height of a line of text; of upright text its width. */
static float thickness(const struct page_box *box)
{
    return fminf(box->x1 - box->x0, box->y1 - box->y0);
}

static bool touch(const struct page_box *a, const struct page_box *b)
{
    float limit = TOUCH_HEIGHTS * fmaxf(fminf(thickness(a), thickness(b)), 0);

    return gap(a->x0, a->x1, b->x0, b->x1) <= limit && gap(a->y0, a->y1, b->y0, b->y1) <= limit;
}

static void widen(struct page_box *box, const struct page_box *by)
{
    box->x0 = fminf(box->x0, by->x0);
    box->y0 = fminf(box->y0, by->y0);
    box->x1 = fmaxf(box->x1, by->x1);
    box->y1 = fmaxf(box->y1, by->y1);
}

uint32_t boxes_of(const struct shown *shown, size_t shown_count, uint64_t start, uint64_t end,
                  struct chunk_box *ret_boxes)
{
    uint32_t count = 0;

    for (size_t i = 0; i < shown_count && (i == 0 || shown[i].byte < end); i++) {
        uint64_t from = shown[i].byte > start ? shown[i].byte - start : 0;
        struct chunk_box *last = count > 0 ? &ret_boxes[count - 1] : NULL;

        if (last && last->page == shown[i].page && shown[i - 1].block == shown[i].block &&
            touch(&shown[i - 1].box, &shown[i].box)) {
            widen(&last->box, &shown[i].box);
        } else if (last && last->offset == from) {
            /* The piece before it has only white space here. */
            *last = (struct chunk_box){(uint32_t)from, shown[i].page, shown[i].box};
        } else if (count < CHUNK_BOXES_MAX) {
            ret_boxes[count++] = (struct chunk_box){(uint32_t)from, shown[i].page, shown[i].box};
        }
    }
    return count;
}
