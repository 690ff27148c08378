/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A look at a page: a mupdf device that only takes notes.
 *
 * Invisible text and clips that hold the whole page do not count; anything else that is drawn but
 * the one image means that the page has to be rendered. Nothing is logged; mupdf's warnings go
 * where its context sends them.
 */
#include "workers/ocr/look.h"

#include <math.h>
#include <string.h>

#define ALONG                                                                                      \
    0.002F /* of an image's longer side: how far its corners may be off the page's axes            \
            */
#define SAME_DPI 1.02F /* of its two resolutions: a direct reading has square pixels */
#define EDGE_PT 1.5F   /* so much a clip may take of the page's edges */
#define CLIPS_MAX 64

struct look_device {
    fz_device super;
    struct look *look; /* while the page runs */
    float largest_area;
    uint32_t images;
    bool spoilt; /* the one image is not all that there is */
    unsigned clip_count;
    uint64_t clips; /* a bit for each open clip, the outermost lowest: whether it cuts */
};

static fz_rect page_rect(const struct look *look)
{
    return fz_make_rect(0, 0, look->facts.width_pt, look->facts.height_pt);
}

static float rect_area(fz_rect rect)
{
    return fz_is_empty_rect(rect) ? 0 : (rect.x1 - rect.x0) * (rect.y1 - rect.y0);
}

static void ink(struct look_device *device, fz_rect box, float alpha)
{
    if (alpha > 0 && rect_area(fz_intersect_rect(box, page_rect(device->look))) > 0) {
        device->look->facts.other_ink = true;
        device->spoilt = true;
    }
}

/* --- clips --- */

static void push_clip(struct look_device *device, bool cuts)
{
    if (device->clip_count < CLIPS_MAX) {
        device->clips &= ~(UINT64_C(1) << device->clip_count);
        device->clips |= (uint64_t)cuts << device->clip_count;
    } else {
        device->spoilt = true;
    }
    device->clip_count++;
}

static bool is_clipped(const struct look_device *device)
{
    uint64_t open =
        device->clip_count < CLIPS_MAX ? (UINT64_C(1) << device->clip_count) - 1 : UINT64_MAX;

    return (device->clips & open) != 0;
}

/* Whether a path is an upright rectangle: all of its corners are its bounding box's. */
struct corners {
    fz_rect box;
    fz_matrix ctm;
    bool others;
};

static void corner(fz_context *ctx, void *user, float x, float y)
{
    struct corners *corners = user;
    fz_point point = fz_transform_point_xy(x, y, corners->ctm);
    float near = EDGE_PT / 2;

    (void)ctx;
    if (fminf(fabsf(point.x - corners->box.x0), fabsf(point.x - corners->box.x1)) > near ||
        fminf(fabsf(point.y - corners->box.y0), fabsf(point.y - corners->box.y1)) > near) {
        corners->others = true;
    }
}

static void curve(fz_context *ctx, void *user, float x1, float y1, float x2, float y2, float x3,
                  float y3)
{
    struct corners *corners = user;

    (void)ctx;
    (void)x1;
    (void)y1;
    (void)x2;
    (void)y2;
    (void)x3;
    (void)y3;
    corners->others = true;
}

static void close_path(fz_context *ctx, void *user)
{
    (void)ctx;
    (void)user;
}

static bool holds_page(fz_context *ctx, const struct look *look, const fz_path *path, fz_matrix ctm)
{
    static const fz_path_walker walker = {
        .moveto = corner, .lineto = corner, .curveto = curve, .closepath = close_path};
    struct corners corners = {.box = fz_bound_path(ctx, path, NULL, ctm), .ctm = ctm};
    fz_rect page = fz_expand_rect(page_rect(look), -EDGE_PT);

    if (!fz_contains_rect(corners.box, page)) {
        return false;
    }
    fz_walk_path(ctx, path, &walker, &corners);
    return !corners.others;
}

static void look_clip_path(fz_context *ctx, fz_device *super, const fz_path *path, int even_odd,
                           fz_matrix ctm, fz_rect scissor)
{
    struct look_device *device = (struct look_device *)super;

    (void)even_odd;
    (void)scissor;
    push_clip(device, !holds_page(ctx, device->look, path, ctm));
}

static void look_clip_stroke_path(fz_context *ctx, fz_device *super, const fz_path *path,
                                  const fz_stroke_state *stroke, fz_matrix ctm, fz_rect scissor)
{
    (void)ctx;
    (void)path;
    (void)stroke;
    (void)ctm;
    (void)scissor;
    push_clip((struct look_device *)super, true);
}

static void look_clip_text(fz_context *ctx, fz_device *super, const fz_text *text, fz_matrix ctm,
                           fz_rect scissor)
{
    (void)ctx;
    (void)text;
    (void)ctm;
    (void)scissor;
    push_clip((struct look_device *)super, true);
}

static void look_clip_stroke_text(fz_context *ctx, fz_device *super, const fz_text *text,
                                  const fz_stroke_state *stroke, fz_matrix ctm, fz_rect scissor)
{
    (void)stroke;
    look_clip_text(ctx, super, text, ctm, scissor);
}

static void look_clip_image_mask(fz_context *ctx, fz_device *super, fz_image *image, fz_matrix ctm,
                                 fz_rect scissor)
{
    (void)ctx;
    (void)image;
    (void)ctm;
    (void)scissor;
    push_clip((struct look_device *)super, true);
}

static void look_pop_clip(fz_context *ctx, fz_device *super)
{
    struct look_device *device = (struct look_device *)super;

    (void)ctx;
    device->clip_count -= device->clip_count > 0;
}

/* What is drawn into a mask is not seen itself, but what comes behind it is cut. */
static void look_end_mask(fz_context *ctx, fz_device *super)
{
    (void)ctx;
    push_clip((struct look_device *)super, true);
}

static void look_begin_group(fz_context *ctx, fz_device *super, fz_rect area, fz_colorspace *space,
                             int isolated, int knockout, int blend_mode, float alpha)
{
    struct look_device *device = (struct look_device *)super;

    (void)ctx;
    (void)area;
    (void)space;
    (void)isolated;
    (void)knockout;
    device->spoilt = device->spoilt || blend_mode != FZ_BLEND_NORMAL || alpha < 1;
}

/* --- ink --- */

static void look_fill_path(fz_context *ctx, fz_device *super, const fz_path *path, int even_odd,
                           fz_matrix ctm, fz_colorspace *space, const float *color, float alpha,
                           fz_color_params params)
{
    (void)even_odd;
    (void)space;
    (void)color;
    (void)params;
    ink((struct look_device *)super, fz_bound_path(ctx, path, NULL, ctm), alpha);
}

static void look_stroke_path(fz_context *ctx, fz_device *super, const fz_path *path,
                             const fz_stroke_state *stroke, fz_matrix ctm, fz_colorspace *space,
                             const float *color, float alpha, fz_color_params params)
{
    (void)space;
    (void)color;
    (void)params;
    ink((struct look_device *)super, fz_bound_path(ctx, path, stroke, ctm), alpha);
}

static void look_fill_text(fz_context *ctx, fz_device *super, const fz_text *text, fz_matrix ctm,
                           fz_colorspace *space, const float *color, float alpha,
                           fz_color_params params)
{
    (void)space;
    (void)color;
    (void)params;
    ink((struct look_device *)super, fz_bound_text(ctx, text, NULL, ctm), alpha);
}

static void look_stroke_text(fz_context *ctx, fz_device *super, const fz_text *text,
                             const fz_stroke_state *stroke, fz_matrix ctm, fz_colorspace *space,
                             const float *color, float alpha, fz_color_params params)
{
    (void)space;
    (void)color;
    (void)params;
    ink((struct look_device *)super, fz_bound_text(ctx, text, stroke, ctm), alpha);
}

static void look_fill_shade(fz_context *ctx, fz_device *super, fz_shade *shade, fz_matrix ctm,
                            float alpha, fz_color_params params)
{
    (void)params;
    ink((struct look_device *)super, fz_bound_shade(ctx, shade, ctm), alpha);
}

/* --- images --- */

/* Pixels per inch along the image's own axes, the smaller first. */
static void image_dpi(const fz_image *image, fz_matrix ctm, float *ret_low, float *ret_high)
{
    float across = hypotf(ctm.a, ctm.b);
    float down = hypotf(ctm.c, ctm.d);
    float x = across > 0 ? (float)image->w * 72 / across : 0;
    float y = down > 0 ? (float)image->h * 72 / down : 0;

    *ret_low = fminf(x, y);
    *ret_high = fmaxf(x, y);
}

static void note_image(struct look_device *device, const fz_image *image, fz_matrix ctm)
{
    struct look *look = device->look;
    fz_rect box = fz_intersect_rect(fz_transform_rect(fz_unit_rect, ctm), page_rect(look));
    float area = rect_area(box);
    uint64_t bytes = (uint64_t)image->w * (uint64_t)image->h * (image->n > 0 ? image->n : 1);
    float high;

    if (area <= 0) {
        return;
    }
    device->images++;
    look->largest_bytes = bytes > look->largest_bytes ? bytes : look->largest_bytes;
    if (area > device->largest_area) {
        device->largest_area = area;
        look->facts.image_cover = area / (look->facts.width_pt * look->facts.height_pt);
        image_dpi(image, ctm, &look->facts.image_dpi, &high);
    }
}

/* Upright or turned by quarters, not mirrored, with square pixels. */
static bool is_plain(const fz_image *image, fz_matrix ctm)
{
    float longer = fmaxf(hypotf(ctm.a, ctm.b), hypotf(ctm.c, ctm.d)) * ALONG;
    bool along = (fabsf(ctm.b) <= longer && fabsf(ctm.c) <= longer) ||
                 (fabsf(ctm.a) <= longer && fabsf(ctm.d) <= longer);
    float low, high;

    image_dpi(image, ctm, &low, &high);
    return along && ctm.a * ctm.d - ctm.b * ctm.c > 0 && high <= low * SAME_DPI;
}

static void look_fill_image(fz_context *ctx, fz_device *super, fz_image *image, fz_matrix ctm,
                            float alpha, fz_color_params params)
{
    struct look_device *device = (struct look_device *)super;

    (void)params;
    note_image(device, image, ctm);
    if (device->images == 1 && !device->look->only && alpha >= 1 && !image->mask &&
        !image->use_colorkey && !is_clipped(device) && is_plain(image, ctm)) {
        device->look->only = fz_keep_image(ctx, image);
        device->look->only_ctm = ctm;
    } else {
        device->spoilt = true;
    }
}

static void look_fill_image_mask(fz_context *ctx, fz_device *super, fz_image *image, fz_matrix ctm,
                                 fz_colorspace *space, const float *color, float alpha,
                                 fz_color_params params)
{
    struct look_device *device = (struct look_device *)super;

    (void)ctx;
    (void)space;
    (void)color;
    (void)alpha;
    (void)params;
    note_image(device, image, ctm);
    device->spoilt = true;
}

static struct look_device *create_device(fz_context *ctx, struct look *look)
{
    struct look_device *device = fz_new_derived_device(ctx, struct look_device);

    device->look = look;
    device->super.fill_path = look_fill_path;
    device->super.stroke_path = look_stroke_path;
    device->super.clip_path = look_clip_path;
    device->super.clip_stroke_path = look_clip_stroke_path;
    device->super.fill_text = look_fill_text;
    device->super.stroke_text = look_stroke_text;
    device->super.clip_text = look_clip_text;
    device->super.clip_stroke_text = look_clip_stroke_text;
    device->super.fill_shade = look_fill_shade;
    device->super.fill_image = look_fill_image;
    device->super.fill_image_mask = look_fill_image_mask;
    device->super.clip_image_mask = look_clip_image_mask;
    device->super.pop_clip = look_pop_clip;
    device->super.end_mask = look_end_mask;
    device->super.begin_group = look_begin_group;
    return device;
}

void look_at_page(fz_context *ctx, fz_page *page, struct look *ret_look)
{
    struct look look = {.page = fz_bound_page(ctx, page)};
    struct look_device *device;

    look.facts.width_pt = look.page.x1 - look.page.x0;
    look.facts.height_pt = look.page.y1 - look.page.y0;
    device = create_device(ctx, &look);
    fz_try(ctx)
    {
        fz_run_page(ctx, page, &device->super, fz_translate(-look.page.x0, -look.page.y0), NULL);
        fz_close_device(ctx, &device->super);
    }
    fz_always(ctx)
    {
        if (device->spoilt) {
            fz_drop_image(ctx, look.only);
            look.only = NULL;
        }
        fz_drop_device(ctx, &device->super);
    }
    fz_catch(ctx)
    {
        fz_drop_image(ctx, look.only);
        fz_rethrow(ctx);
    }
    *ret_look = look;
}

void look_deinit(fz_context *ctx, struct look *look)
{
    fz_drop_image(ctx, look->only);
    look->only = NULL;
}
