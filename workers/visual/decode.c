/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An image file to a small picture, by mupdf.
 *
 * Invariants: an image's size is known and judged before its pixels are. JPEG is decoded at a half,
 * a quarter or an eighth where that is enough; of other formats the whole image is in memory for a
 * moment, within RLIMIT_DATA. Nothing that mupdf throws leaves this file.
 *
 * Blocks on the disk. Nothing is logged.
 */
#include "workers/visual/decode.h"

#include <mupdf/fitz.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/file.h"
#include "workers/mupdf/document.h"
#include "workers/mupdf/heap.h"

#define STORE_BYTES ((size_t)8 << 20)
#define HALVINGS_MAX 3

struct decoder {
    struct heap heap;
    fz_context *ctx;
    struct buf file;
};

/* What mupdf has to say of a damaged image is in the error that it throws. */
static void ignore(void *user, const char *text)
{
    (void)user;
    (void)text;
}

struct decoder *decoder_create(struct error *err)
{
    struct decoder *decoder = calloc(1, sizeof(*decoder));

    if (!decoder) {
        error_set(err, ERROR_MEMORY, "no memory for a decoder");
        return NULL;
    }
    heap_init(&decoder->heap);
    decoder->ctx = fz_new_context(&decoder->heap.functions, NULL, STORE_BYTES);
    if (!decoder->ctx) {
        free(decoder);
        error_set(err, ERROR_MEMORY, "no memory for a decoder");
        return NULL;
    }
    fz_set_warning_callback(decoder->ctx, ignore, NULL);
    fz_set_error_callback(decoder->ctx, ignore, NULL);
    return decoder;
}

void decoder_destroy(struct decoder *decoder)
{
    if (decoder) {
        fz_drop_context(decoder->ctx);
        free(decoder);
    }
}

/* Onto white, to RGB. */
static fz_pixmap *to_rgb(fz_context *ctx, fz_pixmap *decoded)
{
    fz_pixmap *rgb = NULL;
    fz_pixmap *opaque = NULL;

    fz_var(rgb);
    fz_var(opaque);
    fz_try(ctx)
    {
        if (!decoded->colorspace) {
            fz_throw(ctx, FZ_ERROR_GENERIC, "an image without colours");
        }
        if (decoded->colorspace == fz_device_rgb(ctx)) {
            rgb = fz_keep_pixmap(ctx, decoded);
        } else {
            rgb = fz_convert_pixmap(ctx, decoded, fz_device_rgb(ctx), NULL, NULL,
                                    fz_default_color_params, 1);
        }
        if (rgb->alpha) {
            opaque = fz_new_pixmap(ctx, fz_device_rgb(ctx), rgb->w, rgb->h, NULL, 0);
        }
    }
    fz_catch(ctx)
    {
        fz_drop_pixmap(ctx, rgb);
        fz_rethrow(ctx);
    }
    if (!opaque) {
        return rgb;
    }
    /* Samples are multiplied by alpha already. */
    for (int y = 0; y < rgb->h; y++) {
        const uint8_t *from = rgb->samples + (ptrdiff_t)y * rgb->stride;
        uint8_t *to = opaque->samples + (ptrdiff_t)y * opaque->stride;

        for (int x = 0; x < rgb->w; x++) {
            for (int i = 0; i < 3; i++) {
                int value = from[4 * x + i] + 255 - from[4 * x + 3];

                to[3 * x + i] = (uint8_t)(value < 255 ? value : 255);
            }
        }
    }
    fz_drop_pixmap(ctx, rgb);
    return opaque;
}

static int reduce(const fz_pixmap *rgb, struct picture *ret_picture, struct error *err)
{
    struct reducer reducer;

    if (reducer_init(&reducer, (uint32_t)rgb->w, (uint32_t)rgb->h, 3, DECODE_SIDE, err) < 0) {
        return -1;
    }
    for (int y = 0; y < rgb->h; y++) {
        reducer_add(&reducer, rgb->samples + (ptrdiff_t)y * rgb->stride);
    }
    *ret_picture = reducer_take(&reducer);
    return 0;
}

/* Of what mupdf is asked for, it gives a size down to which its decoder can halve. */
static fz_pixmap *decode_image(fz_context *ctx, fz_image *image)
{
    const int longer = image->w > image->h ? image->w : image->h;
    int halvings = 0;
    fz_matrix matrix;
    int width;
    int height;

    while (halvings < HALVINGS_MAX && longer >> (halvings + 1) >= (int)DECODE_SIDE) {
        halvings++;
    }
    width = image->w >> halvings;
    height = image->h >> halvings;
    width = width > 0 ? width : 1;
    height = height > 0 ? height : 1;
    matrix = fz_scale((float)width, (float)height);
    return fz_get_pixmap_from_image(ctx, image, NULL, &matrix, &width, &height);
}

/* mupdf's part. ret_code is set before what it is the code of may throw. */
static int decode(struct decoder *decoder, const struct decode_bounds *bounds,
                  struct picture *ret_picture, const char **ret_code, struct error *err)
{
    fz_context *ctx = decoder->ctx;
    fz_buffer *buffer = NULL;
    fz_image *image = NULL;
    fz_pixmap *decoded = NULL;
    fz_pixmap *rgb = NULL;
    int status = 0;

    fz_var(buffer);
    fz_var(image);
    fz_var(decoded);
    fz_var(rgb);
    fz_var(status);
    fz_try(ctx)
    {
        buffer = fz_new_buffer_from_shared_data(ctx, decoder->file.data, decoder->file.size);
        image = fz_new_image_from_buffer(ctx, buffer);
        if (image->w <= 0 || image->h <= 0) {
            fz_throw(ctx, FZ_ERROR_GENERIC, "an image without pixels");
        }
        if ((uint64_t)image->w * (uint64_t)image->h > bounds->pixels) {
            *ret_code = "too_large";
            status = error_set(err, ERROR_LIMIT, "%d x %d pixels are more than %llu", image->w,
                               image->h, (unsigned long long)bounds->pixels);
        } else {
            decoded = decode_image(ctx, image);
            rgb = to_rgb(ctx, decoded);
            status = reduce(rgb, ret_picture, err);
            *ret_code = status < 0 ? "memory_exceeded" : *ret_code;
        }
    }
    fz_always(ctx)
    {
        fz_drop_pixmap(ctx, rgb);
        fz_drop_pixmap(ctx, decoded);
        fz_drop_image(ctx, image);
        fz_drop_buffer(ctx, buffer);
    }
    fz_catch(ctx)
    {
        if (fz_caught(ctx) == FZ_ERROR_MEMORY) {
            *ret_code = "memory_exceeded";
            return error_set(err, ERROR_LIMIT, "no memory to decode it: %s",
                             fz_caught_message(ctx));
        }
        *ret_code = "not_an_image";
        return error_set(err, ERROR_CORRUPT, "%s", fz_caught_message(ctx));
    }
    fz_empty_store(ctx);
    return status;
}

int decode_file(struct decoder *decoder, const char *path, const struct decode_bounds *bounds,
                struct picture *ret_picture, const char **ret_code, struct error *err)
{
    struct error read_err = ERROR_INIT;
    int status;

    buf_init(&decoder->file, (size_t)bounds->file_bytes);
    status = file_read(path, (size_t)bounds->file_bytes, &decoder->file, &read_err);
    if (status < 0) {
        *ret_code = read_err.code == ERROR_LIMIT    ? "too_large"
                    : read_err.code == ERROR_MEMORY ? "memory_exceeded"
                                                    : "io";
        if (err) {
            *err = read_err;
        }
    } else {
        status = decode(decoder, bounds, ret_picture, ret_code, err);
    }
    buf_deinit(&decoder->file);
    return status;
}
