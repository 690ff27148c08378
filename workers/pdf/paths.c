/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The path that a page's content is about to paint. Nothing blocks or logs.
 */
#include "workers/pdf/paths.h"

#include <math.h>
#include <stdlib.h>

#define SQUARE 0.02F /* of the product of two sides: so far from a right angle is square yet */

void path_deinit(struct path *path)
{
    free(path->points);
    *path = (struct path){.points = NULL};
}

static bool grow(struct path *path)
{
    uint32_t bigger = path->capacity ? path->capacity * 2 : 64;
    struct path_point *points;

    if (bigger > PATH_POINTS_MAX) {
        return false;
    }
    points = reallocarray(path->points, bigger, sizeof(*points));
    if (!points) {
        return false;
    }
    path->points = points;
    path->capacity = bigger;
    return true;
}

static struct path_point *append(struct path *path, fz_point at)
{
    struct path_point *point;

    if (path->count == path->capacity && !grow(path)) {
        path->full = true;
        return NULL;
    }
    point = &path->points[path->count++];
    *point = (struct path_point){.at = at, .starts = path->count == 1};
    return point;
}

void path_move(struct path *path, fz_point at)
{
    struct path_point *point;

    if (path->count > 0 && path->points[path->count - 1].starts) {
        path->count--; /* it led nowhere */
    }
    point = append(path, at);
    if (point) {
        point->starts = true;
    }
}

void path_line(struct path *path, fz_point at)
{
    append(path, at);
}

void path_curve(struct path *path, fz_point at)
{
    struct path_point *point = append(path, at);

    if (point) {
        point->curved = true;
    }
}

void path_close(struct path *path)
{
    if (path->count > 0 && !path->full) {
        path->points[path->count - 1].closed = true;
    }
}

void path_rectangle(struct path *path, fz_matrix ctm, float x, float y, float width, float height)
{
    path_move(path, fz_transform_point_xy(x, y, ctm));
    path_line(path, fz_transform_point_xy(x + width, y, ctm));
    path_line(path, fz_transform_point_xy(x + width, y + height, ctm));
    path_line(path, fz_transform_point_xy(x, y + height, ctm));
    path_close(path);
}

void path_stroke(const struct path *path, float thickness, uint32_t color_rgb,
                 struct rulings *rulings)
{
    uint32_t start = 0;

    if (path->full) {
        return;
    }
    for (uint32_t i = 0; i < path->count; i++) {
        const struct path_point *point = &path->points[i];

        start = point->starts ? i : start;
        if (!point->starts && !point->curved) {
            rulings_add_line(rulings, point[-1].at.x, point[-1].at.y, point->at.x, point->at.y,
                             thickness, color_rgb);
        }
        if (point->closed && i > start) {
            const fz_point *first = &path->points[start].at;

            rulings_add_line(rulings, point->at.x, point->at.y, first->x, first->y, thickness,
                             color_rgb);
        }
    }
}

static bool is_same(fz_point a, fz_point b)
{
    return fabsf(a.x - b.x) < 0.01F && fabsf(a.y - b.y) < 0.01F;
}

/* Whether the subpath is a rectangle, turned in whatever way. */
static bool is_rectangle(const struct path_point *points, uint32_t count)
{
    float side[4][2];

    if (count == 5 && is_same(points[0].at, points[4].at)) {
        count = 4;
    }
    if (count != 4) {
        return false;
    }
    for (uint32_t i = 0; i < 4; i++) {
        if (points[i].curved) {
            return false;
        }
        side[i][0] = points[(i + 1) % 4].at.x - points[i].at.x;
        side[i][1] = points[(i + 1) % 4].at.y - points[i].at.y;
    }
    for (uint32_t i = 0; i < 3; i++) {
        float dot = side[i][0] * side[i + 1][0] + side[i][1] * side[i + 1][1];
        float lengths = hypotf(side[i][0], side[i][1]) * hypotf(side[i + 1][0], side[i + 1][1]);

        if (fabsf(dot) > SQUARE * lengths) {
            return false;
        }
    }
    return true;
}

void path_fill(const struct path *path, uint32_t color_rgb, struct rulings *rulings)
{
    uint32_t start = 0;

    if (path->full) {
        return;
    }
    while (start < path->count) {
        const struct path_point *points = &path->points[start];
        uint32_t end = start + 1;

        while (end < path->count && !path->points[end].starts) {
            end++;
        }
        if (is_rectangle(points, end - start)) {
            rulings_add_fill(
                rulings, (float[4]){points[0].at.x, points[1].at.x, points[2].at.x, points[3].at.x},
                (float[4]){points[0].at.y, points[1].at.y, points[2].at.y, points[3].at.y},
                color_rgb);
        }
        start = end;
    }
}
