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

void paint_set_rgb(struct paint *paint, float r, float g, float b)
{
    paint->rgb = pack_rgb(r, g, b);
    paint->known = true;
    paint->space = NULL;
    paint->count = 3;
}

void paint_set_gray(struct paint *paint, float gray)
{
    paint_set_rgb(paint, gray, gray, gray);
    paint->count = 1;
}

void paint_set_cmyk(struct paint *paint, float c, float m, float y, float k)
{
    paint_set_rgb(paint, 1 - fminf(c + k, 1), 1 - fminf(m + k, 1), 1 - fminf(y + k, 1));
    paint->count = 4;
}

void paint_set_space(struct paint *paint, struct stream *stream, const char *name)
{
    fz_context *ctx = stream->interpreter->ctx;

    paint_set_gray(paint, 0);
    if (strcmp(name, "DeviceGray") == 0 || strcmp(name, "Pattern") == 0) {
        return;
    }
    if (strcmp(name, "DeviceRGB") == 0) {
        paint->count = 3;
    } else if (strcmp(name, "DeviceCMYK") == 0) {
        paint_set_cmyk(paint, 0, 0, 0, 1);
    } else {
        paint->space =
            pdf_dict_gets(ctx, pdf_dict_get(ctx, stream->resources, PDF_NAME(ColorSpace)), name);
    }
}

/* The components in the paint's colour space. */
static uint32_t convert(fz_context *ctx, pdf_obj *space, const float *components, uint32_t count)
{
    fz_colorspace *loaded = NULL;
    float all[FZ_MAX_COLORS] = {0};
    float rgb[3] = {0};

    memcpy(all, components, (count < FZ_MAX_COLORS ? count : FZ_MAX_COLORS) * sizeof(*components));
    fz_var(loaded);
    fz_try(ctx)
    {
        loaded = pdf_load_colorspace(ctx, space);
        if (loaded) {
            fz_convert_color(ctx, loaded, all, fz_device_rgb(ctx), rgb, NULL,
                             fz_default_color_params);
        }
    }
    fz_always(ctx)
    {
        fz_drop_colorspace(ctx, loaded);
    }
    fz_catch(ctx)
    {
        fz_rethrow_if(ctx, FZ_ERROR_MEMORY);
        fz_warn(ctx, "colour: %s", fz_caught_message(ctx));
    }
    return pack_rgb(rgb[0], rgb[1], rgb[2]);
}

void paint_set_components(struct paint *paint, struct stream *stream)
{
    const float *numbers = stream->numbers;
    uint32_t count = stream->number_count;

    if (stream->names[0].kind == TOKEN_NAME || count == 0) { /* a pattern */
        paint->rgb = 0;
        paint->known = true;
    } else if (!paint->space && count == 1) {
        paint_set_gray(paint, numbers[0]);
    } else if (!paint->space && count == 3) {
        paint_set_rgb(paint, numbers[0], numbers[1], numbers[2]);
    } else if (!paint->space) {
        paint_set_cmyk(paint, numbers[0], numbers[1], numbers[2], numbers[3]);
    } else if (count > PAINT_COMPONENTS) {
        paint->rgb = convert(stream->interpreter->ctx, paint->space, numbers, count);
        paint->known = true;
    } else {
        memcpy(paint->components, numbers, count * sizeof(*numbers));
        paint->count = (uint8_t)count;
        paint->known = false;
    }
}

uint32_t paint_rgb(struct paint *paint, fz_context *ctx)
{
    if (!paint->known) {
        paint->rgb = convert(ctx, paint->space, paint->components, paint->count);
        paint->known = true;
    }
    return paint->rgb;
}
