/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rulings out of mupdf's own paths. Nothing blocks or logs.
 */
#include "workers/pdf/device_paths.h"

#include "workers/pdf/paths.h"

struct walk {
    struct path path;
    fz_matrix ctm;
};

static fz_point on_page(const struct walk *walk, float x, float y)
{
    return fz_transform_point_xy(x, y, walk->ctm);
}

static void walk_move(fz_context *ctx, void *user, float x, float y)
{
    struct walk *walk = user;

    (void)ctx;
    path_move(&walk->path, on_page(walk, x, y));
}

static void walk_line(fz_context *ctx, void *user, float x, float y)
{
    struct walk *walk = user;

    (void)ctx;
    path_line(&walk->path, on_page(walk, x, y));
}

static void walk_curve(fz_context *ctx, void *user, float x1, float y1, float x2, float y2,
                       float x3, float y3)
{
    struct walk *walk = user;

    (void)ctx;
    (void)x1;
    (void)y1;
    (void)x2;
    (void)y2;
    path_curve(&walk->path, on_page(walk, x3, y3));
}

static void walk_close(fz_context *ctx, void *user)
{
    struct walk *walk = user;

    (void)ctx;
    path_close(&walk->path);
}

static void run(fz_context *ctx, const fz_path *path, fz_matrix ctm, struct walk *walk)
{
    static const fz_path_walker walker = {
        .moveto = walk_move, .lineto = walk_line, .curveto = walk_curve, .closepath = walk_close};

    *walk = (struct walk){.ctm = ctm};
    fz_walk_path(ctx, path, &walker, walk);
}

void device_path_fill(fz_context *ctx, const fz_path *path, fz_matrix ctm, uint32_t color_rgb,
                      struct rulings *rulings)
{
    struct walk walk;

    run(ctx, path, ctm, &walk);
    path_fill(&walk.path, color_rgb, rulings);
    path_deinit(&walk.path);
}

void device_path_stroke(fz_context *ctx, const fz_path *path, fz_matrix ctm, float line_width,
                        uint32_t color_rgb, struct rulings *rulings)
{
    struct walk walk;

    run(ctx, path, ctm, &walk);
    path_stroke(&walk.path, line_width * fz_matrix_expansion(ctm), color_rgb, rulings);
    path_deinit(&walk.path);
}
