/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The straight lines and filled rectangles of a page. Nothing blocks or logs.
 */
#include "workers/tables/rulings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_ITEMS 4096U
#define LIGHT 0xF4U /* all three components of a colour, for white */

void rulings_init(struct rulings *rulings)
{
    memset(rulings, 0, sizeof(*rulings));
}

void rulings_deinit(struct rulings *rulings)
{
    free(rulings->items);
    free(rulings->fills);
    memset(rulings, 0, sizeof(*rulings));
}

void rulings_reset(struct rulings *rulings, float width_pt, float height_pt)
{
    if (rulings->capacity > KEEP_ITEMS || rulings->fill_capacity > KEEP_ITEMS) {
        rulings_deinit(rulings);
    }
    rulings->count = 0;
    rulings->fill_count = 0;
    rulings->width_pt = width_pt;
    rulings->height_pt = height_pt;
    rulings->full = false;
    rulings->failed = false;
}

/* Makes room for one more; the array, or NULL (failed or full set). */
static void *reserve(struct rulings *rulings, void *array, uint32_t count, uint32_t *capacity,
                     uint32_t max, size_t item_bytes)
{
    uint32_t bigger = *capacity ? *capacity * 2 : 256;
    void *moved;

    if (count >= max) {
        rulings->full = true;
        return NULL;
    }
    if (count < *capacity) {
        return array;
    }
    moved = reallocarray(array, bigger, item_bytes);
    if (!moved) {
        rulings->failed = true;
        return NULL;
    }
    *capacity = bigger;
    return moved;
}

static bool is_light(uint32_t color_rgb)
{
    return (color_rgb >> 16 & 0xFF) >= LIGHT && (color_rgb >> 8 & 0xFF) >= LIGHT &&
           (color_rgb & 0xFF) >= LIGHT;
}

/* Whether anything of the box lies on the page. */
static bool is_on_page(const struct rulings *rulings, float x0, float y0, float x1, float y1)
{
    return fmaxf(x0, x1) >= 0 && fminf(x0, x1) <= rulings->width_pt && fmaxf(y0, y1) >= 0 &&
           fminf(y0, y1) <= rulings->height_pt;
}

static float clamp(float value, float max)
{
    return fminf(fmaxf(value, 0), max);
}

/* A line along an axis ends where the page ends. */
static void clip(const struct rulings *rulings, struct ruling *ruling)
{
    if (fabsf(ruling->y1 - ruling->y0) <= RULINGS_THICK) {
        ruling->x0 = clamp(ruling->x0, rulings->width_pt);
        ruling->x1 = clamp(ruling->x1, rulings->width_pt);
    }
    if (fabsf(ruling->x1 - ruling->x0) <= RULINGS_THICK) {
        ruling->y0 = clamp(ruling->y0, rulings->height_pt);
        ruling->y1 = clamp(ruling->y1, rulings->height_pt);
    }
}

static void add(struct rulings *rulings, float x0, float y0, float x1, float y1, uint32_t color_rgb)
{
    struct ruling *items;

    if (!isfinite(x0 + y0 + x1 + y1) || !is_on_page(rulings, x0, y0, x1, y1)) {
        return;
    }
    items = reserve(rulings, rulings->items, rulings->count, &rulings->capacity, RULINGS_MAX,
                    sizeof(*items));
    if (items) {
        rulings->items = items;
        items[rulings->count] = (struct ruling){x0, y0, x1, y1, is_light(color_rgb)};
        clip(rulings, &items[rulings->count++]);
    }
}

void rulings_add_line(struct rulings *rulings, float x0, float y0, float x1, float y1,
                      float thickness, uint32_t color_rgb)
{
    float length = hypotf(x1 - x0, y1 - y0);

    if (thickness <= RULINGS_THICK) {
        add(rulings, x0, y0, x1, y1, color_rgb);
    } else if (length > RULINGS_THICK) {
        float over_x = -(y1 - y0) / length * thickness / 2;
        float over_y = (x1 - x0) / length * thickness / 2;

        rulings_add_fill(rulings, (float[4]){x0 + over_x, x1 + over_x, x1 - over_x, x0 - over_x},
                         (float[4]){y0 + over_y, y1 + over_y, y1 - over_y, y0 - over_y}, color_rgb);
    }
}

void rulings_add_fill(struct rulings *rulings, const float x[4], const float y[4],
                      uint32_t color_rgb)
{
    float along = hypotf(x[1] - x[0], y[1] - y[0]);
    float across = hypotf(x[2] - x[1], y[2] - y[1]);
    struct ruling_fill *fills;

    if (across <= RULINGS_THICK && along >= across) {
        add(rulings, (x[0] + x[3]) / 2, (y[0] + y[3]) / 2, (x[1] + x[2]) / 2, (y[1] + y[2]) / 2,
            color_rgb);
        return;
    }
    if (along <= RULINGS_THICK) {
        add(rulings, (x[0] + x[1]) / 2, (y[0] + y[1]) / 2, (x[2] + x[3]) / 2, (y[2] + y[3]) / 2,
            color_rgb);
        return;
    }
    if (!isfinite(along + across) || !is_on_page(rulings, fminf(x[0], x[2]), fminf(y[0], y[2]),
                                                 fmaxf(x[0], x[2]), fmaxf(y[0], y[2]))) {
        return;
    }
    fills = reserve(rulings, rulings->fills, rulings->fill_count, &rulings->fill_capacity,
                    RULINGS_FILLS_MAX, sizeof(*fills));
    if (fills) {
        rulings->fills = fills;
        fills += rulings->fill_count++;
        memcpy(fills->x, x, sizeof(fills->x));
        memcpy(fills->y, y, sizeof(fills->y));
        fills->color_rgb = color_rgb;
    }
}
