/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reads an image a band of rows at a time. Diagnostics: throws; the reader's cut_short.
 */
#include "workers/pdf/image_bands.h"

#include <string.h>

#define BAND_BYTES (1U << 20)

static bool is_device(fz_context *ctx, fz_colorspace *space)
{
    return !space || space == fz_device_gray(ctx) || space == fz_device_rgb(ctx);
}

static void open_mask(struct image_bands *bands, fz_image *mask)
{
    image_source_open_image(&bands->mask_source, bands->ctx, mask);
    image_reader_open(&bands->mask, &bands->mask_source, 0, false);
    if (bands->mask.components != 1) {
        fz_throw(bands->ctx, FZ_ERROR_GENERIC, "a mask of colours");
    }
    bands->mask_line = fz_malloc(bands->ctx, bands->mask.width);
    bands->mask_sums = fz_malloc(bands->ctx, bands->reader.width * sizeof(*bands->mask_sums));
    bands->has_alpha = true;
}

static void open_bands(struct image_bands *bands, const struct image_source *source, int halvings)
{
    fz_context *ctx = bands->ctx;
    const struct image_reader *reader = &bands->reader;
    uint32_t row_bytes;

    image_reader_open(&bands->reader, source, halvings, false);
    bands->has_alpha = reader->keyed || (reader->tile && reader->tile->alpha && reader->space);
    if (source->image->mask) {
        open_mask(bands, source->image->mask);
    }
    bands->components = !reader->space || fz_colorspace_is_gray(ctx, reader->space) ? 1 : 3;
    row_bytes = (uint32_t)image_reader_row_bytes(reader) + 4 * reader->width;
    bands->band_rows = BAND_BYTES / row_bytes > 0 ? BAND_BYTES / row_bytes : 1;
    bands->band_rows = bands->band_rows < reader->height ? bands->band_rows : reader->height;
    bands->colors = fz_malloc(ctx, (size_t)bands->band_rows * reader->width * bands->components);
    bands->alpha = fz_malloc(ctx, (size_t)bands->band_rows * reader->width);
    if (!is_device(ctx, reader->space)) {
        bands->coded =
            fz_new_pixmap(ctx, reader->space, (int)reader->width, (int)bands->band_rows, NULL, 0);
    }
}

void image_bands_open(struct image_bands *bands, const struct image_source *source, int halvings)
{
    memset(bands, 0, sizeof(*bands));
    bands->ctx = source->ctx;
    fz_try(source->ctx)
    {
        open_bands(bands, source, halvings);
    }
    fz_catch(source->ctx)
    {
        image_bands_close(bands);
        fz_rethrow(source->ctx);
    }
}

void image_bands_close(struct image_bands *bands)
{
    if (bands->ctx) {
        image_reader_close(&bands->reader);
        image_reader_close(&bands->mask);
        if (bands->mask_source.ctx) {
            image_source_close(&bands->mask_source);
        }
        fz_drop_pixmap(bands->ctx, bands->coded);
        fz_free(bands->ctx, bands->colors);
        fz_free(bands->ctx, bands->alpha);
        fz_free(bands->ctx, bands->mask_line);
        fz_free(bands->ctx, bands->mask_sums);
    }
    memset(bands, 0, sizeof(*bands));
}

/* --- the mask --- */

/* Adds the mask's line at hand to the sums of the pixels that lie under it. */
static void add_mask_line(const struct image_bands *bands)
{
    uint32_t width = bands->reader.width;
    uint32_t mask_width = bands->mask.width;

    if (mask_width == width) {
        for (uint32_t x = 0; x < width; x++) {
            bands->mask_sums[x] += bands->mask_line[x];
        }
        return;
    }
    for (uint32_t x = 0; x < width; x++) {
        uint32_t first = (uint32_t)((uint64_t)x * mask_width / width);
        uint32_t last = (uint32_t)((uint64_t)(x + 1) * mask_width / width);
        uint32_t sum = 0;

        last = last > first ? last : first + 1;
        for (uint32_t i = first; i < last; i++) {
            sum += bands->mask_line[i];
        }
        bands->mask_sums[x] += sum / (last - first);
    }
}

/* The transparency of the image's row: the mean of the mask's rows that lie on it. */
static void mask_row(struct image_bands *bands, uint32_t row, uint8_t *ret_alpha)
{
    const struct image_reader *reader = &bands->reader;
    uint64_t height = bands->mask.height;
    uint32_t first = (uint32_t)(row * height / reader->height);
    uint32_t last = (uint32_t)((row + 1) * height / reader->height);
    /* A stencil lets through where it is 0, and is read as black there. */
    uint8_t flip = bands->mask_source.stencil ? 255 : 0;

    last = last > first ? last : first + 1;
    memset(bands->mask_sums, 0, reader->width * sizeof(*bands->mask_sums));
    while (bands->mask.row < first) {
        image_reader_row(&bands->mask, bands->mask_line, NULL);
    }
    if (bands->mask.row > first) { /* the same row again, for a mask of fewer rows */
        add_mask_line(bands);
    }
    while (bands->mask.row < last) {
        image_reader_row(&bands->mask, bands->mask_line, NULL);
        add_mask_line(bands);
    }
    for (uint32_t x = 0; x < reader->width; x++) {
        ret_alpha[x] = (uint8_t)(bands->mask_sums[x] / (last - first)) ^ flip;
    }
}

/* Takes out the colour with which the image was blended beforehand. */
static void unblend(const struct image_bands *bands, uint8_t *row, const uint8_t *alpha)
{
    const struct image_reader *reader = &bands->reader;
    const fz_image *image = reader->source->image;

    for (uint32_t x = 0; x < reader->width; x++) {
        for (uint32_t c = 0; c < reader->components; c++, row++) {
            int matte = image->colorkey[c];
            int value = alpha[x] > 0 ? matte + (*row - matte) * 255 / alpha[x] : matte;

            *row = (uint8_t)fz_clampi(value, 0, 255);
        }
    }
}

/* --- bands --- */

static void read_row(struct image_bands *bands, uint8_t *row, uint8_t *alpha)
{
    struct image_reader *reader = &bands->reader;
    const fz_image *image = reader->source->image;
    uint32_t number = reader->row;

    image_reader_row(reader, row, alpha);
    if (bands->mask.ctx) {
        mask_row(bands, number, alpha);
        if (image->use_colorkey && !reader->indexed && !reader->tile &&
            reader->components == image->n && bands->mask.width == reader->width &&
            bands->mask.height == reader->height) {
            unblend(bands, row, alpha);
        }
    }
}

/* From the image's own colours to gray or RGB. */
static void convert(struct image_bands *bands, uint32_t rows)
{
    fz_context *ctx = bands->ctx;
    size_t row_bytes = (size_t)bands->reader.width * bands->components;
    fz_pixmap *converted;

    bands->coded->h = (int)rows;
    converted = fz_convert_pixmap(ctx, bands->coded,
                                  bands->components == 1 ? fz_device_gray(ctx) : fz_device_rgb(ctx),
                                  NULL, NULL, fz_default_color_params, 0);
    for (uint32_t y = 0; y < rows; y++) {
        memcpy(bands->colors + y * row_bytes, converted->samples + (ptrdiff_t)y * converted->stride,
               row_bytes);
    }
    fz_drop_pixmap(ctx, converted);
}

uint32_t image_bands_next(struct image_bands *bands)
{
    struct image_reader *reader = &bands->reader;
    uint32_t left = reader->height - reader->row;
    uint32_t rows = left < bands->band_rows ? left : bands->band_rows;
    size_t row_bytes = image_reader_row_bytes(reader);

    for (uint32_t y = 0; y < rows; y++) {
        uint8_t *row = bands->coded ? bands->coded->samples + (ptrdiff_t)y * bands->coded->stride
                                    : bands->colors + y * row_bytes;

        read_row(bands, row, bands->alpha + (size_t)y * reader->width);
    }
    if (bands->coded && rows > 0) {
        convert(bands, rows);
    }
    return rows;
}
