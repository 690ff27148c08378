/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The colours of text. Most colours that a page sets paint no text, so components are kept and
 * turned into red, green and blue when text is shown. Nothing blocks or logs.
 */
#include <math.h>
#include <string.h>

#include "workers/pdf/interpreter_state.h"

static uint32_t pack_rgb(float r, float g, float b)
{
    return (uint32_t)lrintf(fz_clamp(r, 0, 1) * 255) << 16 |
           (uint32_t)lrintf(fz_clamp(g, 0, 1) * 255) << 8 |
           (uint32_t)lrintf(fz_clamp(b, 0, 1) * 255);
}

void paint_keep(struct paint *paint, fz_context *ctx)
{
    fz_keep_colorspace(ctx, paint->space);
}

void paint_drop(struct paint *paint, fz_context *ctx)
{
    fz_drop_colorspace(ctx, paint->space);
    paint->space = NULL;
}

void paint_set_rgb(struct paint *paint, fz_context *ctx, float r, float g, float b)
{
    paint_drop(paint, ctx);
    paint->rgb = pack_rgb(r, g, b);
    paint->known = true;
}

void paint_set_gray(struct paint *paint, fz_context *ctx, float gray)
{
    paint_set_rgb(paint, ctx, gray, gray, gray);
}

void paint_set_cmyk(struct paint *paint, fz_context *ctx, float c, float m, float y, float k)
{
    paint_set_rgb(paint, ctx, 1 - fminf(c + k, 1), 1 - fminf(m + k, 1), 1 - fminf(y + k, 1));
}

void paint_set_space(struct paint *paint, fz_context *ctx, fz_colorspace *space)
{
    paint_set_gray(paint, ctx, 0);
    if (space && !fz_colorspace_is_device(ctx, space)) {
        paint->space = fz_keep_colorspace(ctx, space);
    }
}

/* The components in the colour space, of which there are at most FZ_MAX_COLORS. */
static uint32_t convert(fz_context *ctx, fz_colorspace *space, const float *components, int count)
{
    float all[FZ_MAX_COLORS] = {0};
    float rgb[3] = {0};

    memcpy(all, components, (size_t)count * sizeof(*components));
    fz_try(ctx)
    {
        fz_convert_color(ctx, space, all, fz_device_rgb(ctx), rgb, NULL, fz_default_color_params);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "colour: %s", fz_caught_message(ctx));
    }
    return pack_rgb(rgb[0], rgb[1], rgb[2]);
}

void paint_set_components(struct paint *paint, fz_context *ctx, int count, const float *components)
{
    float kept[PAINT_COMPONENTS] = {0};

    count = fz_clampi(count, 0, FZ_MAX_COLORS);
    memcpy(kept, components, (size_t)fz_mini(count, PAINT_COMPONENTS) * sizeof(*kept));
    if (!paint->space && count == 1) {
        paint_set_gray(paint, ctx, kept[0]);
    } else if (!paint->space && count == 3) {
        paint_set_rgb(paint, ctx, kept[0], kept[1], kept[2]);
    } else if (!paint->space && count > 0) {
        paint_set_cmyk(paint, ctx, kept[0], kept[1], kept[2], kept[3]);
    } else if (count > PAINT_COMPONENTS) {
        paint->rgb = convert(ctx, paint->space, components, count);
        paint->known = true;
    } else if (count > 0) {
        memcpy(paint->components, kept, sizeof(kept));
        paint->known = false;
    }
}

uint32_t paint_rgb(struct paint *paint, fz_context *ctx)
{
    if (!paint->known) {
        paint->rgb = convert(ctx, paint->space, paint->components, PAINT_COMPONENTS);
        paint->known = true;
    }
    return paint->rgb;
}
