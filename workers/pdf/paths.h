/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The path that a page's content is about to paint: of it, straight lines and rectangles become
 * rulings. Source: ISO 32000-1, 8.5.
 */
#ifndef EBB_WORKERS_PDF_PATHS_H
#define EBB_WORKERS_PDF_PATHS_H

#include <mupdf/fitz.h>
#include <stdbool.h>
#include <stdint.h>

#include "workers/tables/rulings.h"

#define PATH_POINTS_MAX 16384U /* of one path: one with more is a drawing */

struct path_point {
    fz_point at; /* on the page */
    bool starts; /* a new subpath */
    bool curved; /* reached by a curve: no line leads here */
    bool closed; /* a line leads from here to its subpath's start */
};

struct path {
    struct path_point *points;
    uint32_t count, capacity;
    bool full; /* there were more, or no memory for them: nothing of it counts */
};

void path_deinit(struct path *path);

static inline void path_reset(struct path *path)
{
    path->count = 0;
    path->full = false;
}

void path_move(struct path *path, fz_point at);
void path_line(struct path *path, fz_point at);
void path_curve(struct path *path, fz_point at);
void path_close(struct path *path);
void path_rectangle(struct path *path, fz_matrix ctm, float x, float y, float width, float height);

/* thickness: on the page. */
void path_stroke(const struct path *path, float thickness, uint32_t color_rgb,
                 struct rulings *rulings);
void path_fill(const struct path *path, uint32_t color_rgb, struct rulings *rulings);

#endif
