/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page as grey pixels.
 *
 * A scanned page's image is decoded and handed on as it is: no resampling blurs its letters, and
 * nothing is drawn twice. It is cut to the page, turned as the page turns it, and made smaller
 * where it has far more pixels than reading takes.
 *
 * Blocks: reads the document. Nothing is logged.
 */
#include "workers/ocr/raster.h"

#include <endian.h>
#include <leptonica/allheaders.h>
#include <math.h>
#include <string.h>

#define AS_IT_IS 1.15F /* an image's resolution over that asked for: not worth resampling */

void raster_deinit(struct raster *raster)
{
    pixDestroy(&raster->pix);
}

/* Leptonica's rows are words with the leftmost pixel in the highest byte. */
static void copy_row(l_uint32 *out, const unsigned char *row, int width)
{
    int x = 0;

    for (; x + 4 <= width; x += 4) {
        l_uint32 word;

        memcpy(&word, row + x, 4);
        out[x / 4] = be32toh(word);
    }
    for (; x < width; x++) {
        SET_DATA_BYTE(out, x, row[x]);
    }
}

static PIX *to_pix(fz_context *ctx, const fz_pixmap *pixmap)
{
    PIX *pix = pixCreateNoInit(pixmap->w, pixmap->h, 8);

    if (!pix) {
        fz_throw(ctx, FZ_ERROR_MEMORY, "no memory for %d x %d pixels", pixmap->w, pixmap->h);
    }
    for (int y = 0; y < pixmap->h; y++) {
        copy_row(pixGetData(pix) + (ptrdiff_t)y * pixGetWpl(pix),
                 pixmap->samples + y * pixmap->stride, pixmap->w);
    }
    return pix;
}

/* --- rendering --- */

static void draw(fz_context *ctx, fz_page *page, fz_matrix ctm, fz_pixmap *pixmap)
{
    fz_device *device = fz_new_draw_device(ctx, fz_identity, pixmap);

    fz_try(ctx)
    {
        fz_run_page(ctx, page, device, ctm, NULL);
        fz_close_device(ctx, device);
    }
    fz_always(ctx)
    {
        fz_drop_device(ctx, device);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void render(fz_context *ctx, fz_page *page, const struct look *look, float dpi,
                   struct raster *raster)
{
    float scale = dpi / 72;
    fz_matrix ctm = fz_concat(fz_translate(-look->page.x0, -look->page.y0), fz_scale(scale, scale));
    fz_irect box = fz_make_irect(0, 0, (int)ceilf(look->facts.width_pt * scale),
                                 (int)ceilf(look->facts.height_pt * scale));
    fz_pixmap *pixmap = fz_new_pixmap_with_bbox(ctx, fz_device_gray(ctx), box, NULL, 0);

    fz_try(ctx)
    {
        fz_clear_pixmap_with_value(ctx, pixmap, 0xFF);
        draw(ctx, page, ctm, pixmap);
        raster->pix = to_pix(ctx, pixmap);
        raster->dpi = dpi;
    }
    fz_always(ctx)
    {
        fz_drop_pixmap(ctx, pixmap);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* --- taking the one image --- */

/* By how many quarter turns clockwise an image is shown. */
static int quarters(fz_matrix ctm)
{
    if (fabsf(ctm.a) >= fabsf(ctm.b)) {
        return ctm.a > 0 ? 0 : 2;
    }
    return ctm.b > 0 ? 1 : 3;
}

/* Pixels in grey, with no alpha; drops pixmap. */
static fz_pixmap *to_grey(fz_context *ctx, fz_pixmap *pixmap)
{
    fz_pixmap *volatile grey = pixmap;

    if (pixmap->n == 1 && !pixmap->alpha && pixmap->colorspace == fz_device_gray(ctx)) {
        return pixmap;
    }
    fz_try(ctx)
    {
        grey = fz_convert_pixmap(ctx, pixmap, fz_device_gray(ctx), NULL, NULL,
                                 fz_default_color_params, 0);
    }
    fz_always(ctx)
    {
        fz_drop_pixmap(ctx, pixmap);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return grey;
}

/* What of the turned image lies on the page, in its pixels. */
static BOX *on_page(const struct look *look, fz_rect place, float scale, const PIX *pix)
{
    fz_rect page = fz_make_rect(0, 0, look->facts.width_pt, look->facts.height_pt);
    fz_rect seen = fz_intersect_rect(place, page);
    int left = (int)lrintf((seen.x0 - place.x0) * scale);
    int top = (int)lrintf((seen.y0 - place.y0) * scale);
    int right = (int)lrintf((seen.x1 - place.x0) * scale);
    int bottom = (int)lrintf((seen.y1 - place.y0) * scale);

    if (left <= 0 && top <= 0 && right >= pixGetWidth(pix) && bottom >= pixGetHeight(pix)) {
        return NULL;
    }
    return boxCreate(left, top, right - left, bottom - top);
}

/* Replaces *pix by what a step made of it. */
static void step(fz_context *ctx, PIX **pix, PIX *made)
{
    if (!made) {
        pixDestroy(pix);
        fz_throw(ctx, FZ_ERROR_MEMORY, "no memory for a page's pixels");
    }
    pixDestroy(pix);
    *pix = made;
}

static void take(fz_context *ctx, const struct look *look, float dpi, struct raster *raster)
{
    fz_pixmap *pixmap = to_grey(ctx, fz_get_unscaled_pixmap_from_image(ctx, look->only));
    fz_rect place = fz_transform_rect(fz_unit_rect, look->only_ctm);
    int turns = quarters(look->only_ctm);
    PIX *volatile taken = NULL;
    PIX *pix;
    BOX *part;

    fz_try(ctx)
    {
        taken = to_pix(ctx, pixmap);
    }
    fz_always(ctx)
    {
        fz_drop_pixmap(ctx, pixmap);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    pix = taken;
    if (turns) {
        step(ctx, &pix, pixRotateOrth(pix, turns));
    }
    raster->dpi = (float)pixGetWidth(pix) * 72 / (place.x1 - place.x0);
    part = on_page(look, place, raster->dpi / 72, pix);
    if (part) {
        PIX *cut = pixClipRectangle(pix, part, NULL);

        boxDestroy(&part);
        step(ctx, &pix, cut);
    }
    if (raster->dpi > dpi * AS_IT_IS) {
        float factor = dpi / raster->dpi;

        step(ctx, &pix, pixScaleAreaMap(pix, factor, factor));
        raster->dpi = dpi;
    }
    raster->left_pt = fmaxf(place.x0, 0);
    raster->top_pt = fmaxf(place.y0, 0);
    raster->pix = pix;
}

int raster_page(fz_context *ctx, fz_page *page, const struct look *look, float dpi,
                struct raster *ret_raster, struct error *err)
{
    struct raster raster = {0};
    int status = 0;

    fz_var(raster);
    fz_try(ctx)
    {
        if (look->only) {
            take(ctx, look, dpi, &raster);
        } else {
            render(ctx, page, look, dpi, &raster);
        }
    }
    fz_catch(ctx)
    {
        enum error_code code = fz_caught(ctx) == FZ_ERROR_MEMORY ? ERROR_MEMORY : ERROR_CORRUPT;

        status = error_set(err, code, "%s", fz_caught_message(ctx));
    }
    if (status == 0) {
        *ret_raster = raster;
    }
    return status;
}
