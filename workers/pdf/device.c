/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A mupdf device that collects text.
 *
 * mupdf may hand the same fz_text to several calls (fill and stroke, clip and fill); it is taken
 * once. Diagnostics: none; out of memory is glyphs->failed.
 */
#include "workers/pdf/device.h"

#include <math.h>

#include "workers/pdf/device_paths.h"
#include "workers/pdf/fonts.h"
#include "workers/layout/text.h"

struct text_device {
    fz_device super;
    struct glyphs *glyphs;
    struct rulings *rulings; /* NULL: not collected */
    struct images *shown;    /* NULL: images are only counted */
    float width_pt, height_pt;
    const fz_text *last; /* kept, so that its address is not reused */
};

static uint32_t color_rgb(fz_context *ctx, fz_colorspace *space, const float *color)
{
    float rgb[3];

    if (!space || !color) {
        return 0;
    }
    fz_convert_color(ctx, space, color, fz_device_rgb(ctx), rgb, NULL, fz_default_color_params);
    return (uint32_t)fz_clampi((int)lrintf(rgb[0] * 255), 0, 255) << 16 |
           (uint32_t)fz_clampi((int)lrintf(rgb[1] * 255), 0, 255) << 8 |
           (uint32_t)fz_clampi((int)lrintf(rgb[2] * 255), 0, 255);
}

/* The font's index, learnt when new; -1 when that fails. */
static int font_index(fz_context *ctx, struct glyphs *glyphs, fz_font *font)
{
    int index = glyphs_font_find(glyphs, font);
    struct glyph_font described;

    if (index >= 0) {
        return index;
    }
    font_describe(ctx, font, &described);
    return glyphs_font_add(glyphs, &described);
}

/* The run that a span's matrix makes; false when its text has no direction or size. */
static bool style_of_span(const fz_text_span *span, fz_matrix trm, struct glyph_run *run)
{
    fz_point direction = span->wmode ? fz_make_point(-trm.c, -trm.d) : fz_make_point(trm.a, trm.b);
    float length = hypotf(direction.x, direction.y);

    run->size_pt = fz_matrix_expansion(trm);
    if (!(length > 1e-6F) || !(run->size_pt > 1e-6F) || !isfinite(length)) {
        return false;
    }
    run->ux = direction.x / length;
    run->uy = direction.y / length;
    run->angle_deg = glyphs_angle(run->ux, run->uy);
    run->vertical = span->wmode != 0;
    return true;
}

static void add_span(fz_context *ctx, struct text_device *device, const fz_text_span *span,
                     fz_matrix ctm, struct glyph_run run)
{
    fz_matrix trm = fz_concat(span->trm, ctm);
    int font = font_index(ctx, device->glyphs, span->font);
    float baseline = INFINITY;
    float along_scale;

    if (font < 0 || !style_of_span(span, trm, &run)) {
        return;
    }
    run.font = (uint16_t)font;
    run.ascent = device->glyphs->fonts[font].ascent;
    run.descent = device->glyphs->fonts[font].descent;
    run.style |= device->glyphs->fonts[font].style;
    along_scale = span->wmode ? hypotf(trm.c, trm.d) : hypotf(trm.a, trm.b);
    for (int i = 0; i < span->len; i++) {
        const fz_text_item *item = &span->items[i];
        fz_point at = fz_transform_point_xy(item->x, item->y, ctm);
        float start = run.ux * at.x + run.uy * at.y;
        float across = -run.uy * at.x + run.ux * at.y;
        float advance;

        if (item->ucs < 0) {
            continue;
        }
        if (item->gid < 0) {
            glyphs_add_more(device->glyphs, (uint32_t)item->ucs);
            continue;
        }
        if (!(fabsf(across - baseline) < 0.01F)) {
            glyphs_run_begin(device->glyphs, &run, across);
            baseline = across;
        }
        advance = fabsf(fz_advance_glyph(ctx, span->font, item->gid, span->wmode)) * along_scale;
        start -= span->wmode ? advance : 0; /* the origin of vertical glyphs is at their end */
        glyphs_add(device->glyphs, start, start + advance,
                   text_is_space((uint32_t)item->ucs) ? ' ' : (uint32_t)item->ucs);
    }
}

static void add_text(fz_context *ctx, fz_device *super, const fz_text *text, fz_matrix ctm,
                     uint32_t rgb, uint8_t style)
{
    struct text_device *device = (struct text_device *)super;
    struct glyph_run run = {.color_rgb = rgb, .style = style};

    if (text == device->last) {
        return;
    }
    for (const fz_text_span *span = text->head; span; span = span->next) {
        add_span(ctx, device, span, ctm, run);
    }
    fz_drop_text(ctx, device->last);
    device->last = fz_keep_text(ctx, text);
}

static void fill_text(fz_context *ctx, fz_device *super, const fz_text *text, fz_matrix ctm,
                      fz_colorspace *space, const float *color, float alpha, fz_color_params params)
{
    (void)alpha;
    (void)params;
    add_text(ctx, super, text, ctm, color_rgb(ctx, space, color), 0);
}

static void stroke_text(fz_context *ctx, fz_device *super, const fz_text *text,
                        const fz_stroke_state *stroke, fz_matrix ctm, fz_colorspace *space,
                        const float *color, float alpha, fz_color_params params)
{
    (void)stroke;
    (void)alpha;
    (void)params;
    add_text(ctx, super, text, ctm, color_rgb(ctx, space, color), 0);
}

static void clip_text(fz_context *ctx, fz_device *super, const fz_text *text, fz_matrix ctm,
                      fz_rect scissor)
{
    (void)scissor;
    add_text(ctx, super, text, ctm, 0, 0);
}

static void clip_stroke_text(fz_context *ctx, fz_device *super, const fz_text *text,
                             const fz_stroke_state *stroke, fz_matrix ctm, fz_rect scissor)
{
    (void)stroke;
    (void)scissor;
    add_text(ctx, super, text, ctm, 0, 0);
}

static void ignore_text(fz_context *ctx, fz_device *super, const fz_text *text, fz_matrix ctm)
{
    add_text(ctx, super, text, ctm, 0, PAGE_STYLE_HIDDEN);
}

static void add_image(fz_device *super, fz_image *image, fz_matrix ctm)
{
    struct text_device *device = (struct text_device *)super;
    fz_rect box = fz_transform_rect(fz_unit_rect, ctm);

    glyphs_add_image(device->glyphs, &(struct page_box){box.x0, box.y0, box.x1, box.y1},
                     device->width_pt, device->height_pt);
    if (device->shown) {
        images_add(device->shown, NULL, image, ctm, device->glyphs->glyph_count);
    }
}

static void fill_image(fz_context *ctx, fz_device *super, fz_image *image, fz_matrix ctm,
                       float alpha, fz_color_params params)
{
    (void)ctx;
    (void)alpha;
    (void)params;
    add_image(super, image, ctm);
}

static void fill_image_mask(fz_context *ctx, fz_device *super, fz_image *image, fz_matrix ctm,
                            fz_colorspace *space, const float *color, float alpha,
                            fz_color_params params)
{
    (void)ctx;
    (void)space;
    (void)color;
    (void)alpha;
    (void)params;
    add_image(super, image, ctm);
}

static void fill_path(fz_context *ctx, fz_device *super, const fz_path *path, int even_odd,
                      fz_matrix ctm, fz_colorspace *space, const float *color, float alpha,
                      fz_color_params params)
{
    (void)even_odd;
    (void)alpha;
    (void)params;
    device_path_fill(ctx, path, ctm, color_rgb(ctx, space, color),
                     ((struct text_device *)super)->rulings);
}

static void stroke_path(fz_context *ctx, fz_device *super, const fz_path *path,
                        const fz_stroke_state *stroke, fz_matrix ctm, fz_colorspace *space,
                        const float *color, float alpha, fz_color_params params)
{
    (void)alpha;
    (void)params;
    device_path_stroke(ctx, path, ctm, stroke->linewidth, color_rgb(ctx, space, color),
                       ((struct text_device *)super)->rulings);
}

void text_device_collect_rulings(fz_device *device, struct rulings *rulings)
{
    ((struct text_device *)device)->rulings = rulings;
    device->fill_path = fill_path;
    device->stroke_path = stroke_path;
}

static void drop_device(fz_context *ctx, fz_device *super)
{
    fz_drop_text(ctx, ((struct text_device *)super)->last);
}

fz_device *text_device_create(fz_context *ctx, struct glyphs *glyphs, struct images *shown,
                              float width_pt, float height_pt)
{
    struct text_device *device = fz_new_derived_device(ctx, struct text_device);

    device->super.drop_device = drop_device;
    device->super.fill_text = fill_text;
    device->super.stroke_text = stroke_text;
    device->super.clip_text = clip_text;
    device->super.clip_stroke_text = clip_stroke_text;
    device->super.ignore_text = ignore_text;
    device->super.fill_image = fill_image;
    device->super.fill_image_mask = fill_image_mask;
    device->glyphs = glyphs;
    device->shown = shown;
    device->width_pt = width_pt;
    device->height_pt = height_pt;
    return &device->super;
}
