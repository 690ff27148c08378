/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The straight lines and filled rectangles of a page: what tables are ruled and shaded with. What
 * readers of documents fill while they read, and tables are found by. Knows no document format.
 *
 * Units: points, origin at the top left of the page as a reader sees it.
 */
#ifndef EBB_WORKERS_TABLES_RULINGS_H
#define EBB_WORKERS_TABLES_RULINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one page. One with more is a drawing, and nothing of it is taken for a table's. */
#define RULINGS_MAX 40000U
#define RULINGS_FILLS_MAX 8000U

#define RULINGS_THICK 4.0F /* points: what is thicker is an area */

struct ruling {
    float x0, y0, x1, y1;
    bool light; /* white, or nearly */
};

/* A filled parallelogram, corner by corner. */
struct ruling_fill {
    float x[4], y[4];
    uint32_t color_rgb;
};

struct rulings {
    struct ruling *items;
    uint32_t count, capacity;
    struct ruling_fill *fills; /* in drawing order */
    uint32_t fill_count, fill_capacity;
    float width_pt, height_pt; /* of the page: what lies off it is left out */
    bool full;                 /* there were more */
    bool failed;               /* out of memory */
};

void rulings_init(struct rulings *rulings);
void rulings_deinit(struct rulings *rulings);
/* Empties it for a page of that size and keeps its memory up to a bound. */
void rulings_reset(struct rulings *rulings, float width_pt, float height_pt);

/* A stroked line. */
void rulings_add_line(struct rulings *rulings, float x0, float y0, float x1, float y1,
                      float thickness, uint32_t color_rgb);
/* A filled rectangle, its corners one after the other; a thin one is a line. */
void rulings_add_fill(struct rulings *rulings, const float x[4], const float y[4],
                      uint32_t color_rgb);

#endif
