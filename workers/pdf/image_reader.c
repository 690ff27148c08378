/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reads an image row by row.
 *
 * Invariants: one of stream and tile is set. Blocks: nothing but mupdf's reading of what is in
 * memory. Diagnostics: throws; cut_short.
 */
#include "workers/pdf/image_reader.h"

#include <math.h>
#include <string.h>

bool image_reader_can_pack(const struct image_source *source)
{
    const fz_image *image = source->image;

    if (!image || !source->by_rows || source->is_jpeg || image->mask || image->use_colorkey ||
        image->n != 1 ||
        (image->bpc != 1 && image->bpc != 2 && image->bpc != 4 && image->bpc != 8)) {
        return false;
    }
    if (fz_colorspace_is_indexed(source->ctx, image->colorspace)) {
        return true;
    }
    return (!image->colorspace || fz_colorspace_is_gray(source->ctx, image->colorspace)) &&
           (!image->use_decode || (image->decode[0] == 1 && image->decode[1] == 0));
}

/* --- opening --- */

/* A JPEG may have other components than the document says; it is believed. */
static void set_jpeg_space(struct image_reader *reader, const struct jpeg_header *jpeg)
{
    fz_context *ctx = reader->ctx;

    if (jpeg->components == reader->components) {
        return;
    }
    reader->components = jpeg->components;
    reader->indexed = false;
    switch (jpeg->components) {
    case 1:
        reader->space = NULL;
        break;
    case 3:
        reader->space = fz_device_rgb(ctx);
        break;
    case 4:
        reader->space = fz_device_cmyk(ctx);
        break;
    default:
        fz_throw(ctx, FZ_ERROR_GENERIC, "a JPEG of %d components", jpeg->components);
    }
}

/* The colours of an indexed image, by what is stored. */
static void make_palette(struct image_reader *reader, const fz_image *image)
{
    fz_context *ctx = reader->ctx;
    int most = (1 << image->bpc) - 1;
    fz_pixmap *places = NULL;
    fz_pixmap *colors = NULL;

    fz_var(places);
    fz_var(colors);
    fz_try(ctx)
    {
        places = fz_new_pixmap(ctx, image->colorspace, most + 1, 1, NULL, 0);
        for (int i = 0; i <= most; i++) {
            float place =
                image->decode[0] + (float)i * (image->decode[1] - image->decode[0]) / (float)most;

            places->samples[i] = (uint8_t)fz_clampi((int)lrintf(place), 0, 255);
        }
        colors = fz_convert_pixmap(ctx, places, fz_device_rgb(ctx), NULL, NULL,
                                   fz_default_color_params, 0);
        memcpy(reader->palette, colors->samples, 3 * (size_t)(most + 1));
    }
    fz_always(ctx)
    {
        fz_drop_pixmap(ctx, places);
        fz_drop_pixmap(ctx, colors);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* /Decode, and what turns a stencil's or a mask's paint into 255 or 0. */
static void make_table(struct image_reader *reader, const fz_image *image)
{
    reader->decoded = true;
    reader->table = fz_malloc(reader->ctx, reader->components * sizeof(*reader->table));
    for (uint32_t c = 0; c < reader->components; c++) {
        float least = image->decode[2 * c];
        float most = image->decode[2 * c + 1];

        for (int v = 0; v < 256; v++) {
            float value = least * 255 + (float)v * (most - least);

            reader->table[c][v] = (uint8_t)fz_clampi((int)lrintf(value), 0, 255);
        }
    }
}

static void open_stream(struct image_reader *reader, const fz_image *image, int halvings)
{
    fz_context *ctx = reader->ctx;
    const struct image_source *source = reader->source;
    int left = halvings;

    reader->indexed = fz_colorspace_is_indexed(ctx, image->colorspace);
    reader->keyed = image->use_colorkey && !image->mask;
    reader->components = image->n;
    reader->space = image->colorspace;
    reader->coded = fz_open_image_decomp_stream_from_buffer(
        ctx, fz_compressed_image_buffer(ctx, source->image), &left);
    if (source->is_jpeg) {
        set_jpeg_space(reader, &source->jpeg);
        reader->keyed = false; /* its values are not what was stored: a key means nothing */
    }
    reader->width = (source->width + (1U << (halvings - left)) - 1) >> (halvings - left);
    reader->height = (source->height + (1U << (halvings - left)) - 1) >> (halvings - left);
    if (reader->indexed) {
        make_palette(reader, image);
    } else if (image->use_decode && !reader->packed && image->n == (int)reader->components) {
        make_table(reader, image);
    }
    reader->inverted = reader->packed && !reader->indexed && image->use_decode;
    reader->coded_per_pixel = reader->components + reader->keyed;
    if (reader->packed || source->is_jpeg || (image->bpc == 8 && !reader->keyed)) {
        reader->stream = fz_keep_stream(ctx, reader->coded);
    } else {
        reader->stream = fz_unpack_stream(ctx, reader->coded, image->bpc, (int)reader->width,
                                          (int)reader->height, (int)reader->components,
                                          reader->indexed, reader->keyed, 0);
    }
    reader->line_bytes = reader->packed ? ((size_t)reader->width * image->bpc + 7) / 8
                                        : (size_t)reader->width * reader->coded_per_pixel;
    reader->line = fz_malloc(ctx, reader->line_bytes);
}

static void open_tile(struct image_reader *reader)
{
    fz_context *ctx = reader->ctx;
    fz_pixmap *tile = fz_get_unscaled_pixmap_from_image(ctx, reader->source->image);

    reader->tile = tile;
    reader->width = (uint32_t)tile->w;
    reader->height = (uint32_t)tile->h;
    reader->space = tile->colorspace;
    reader->components = tile->colorspace ? (uint32_t)(tile->n - tile->alpha - tile->s) : 1;
}

void image_reader_open(struct image_reader *reader, const struct image_source *source, int halvings,
                       bool packed)
{
    memset(reader, 0, sizeof(*reader));
    reader->ctx = source->ctx;
    reader->source = source;
    reader->packed = packed;
    fz_try(reader->ctx)
    {
        if (source->by_rows) {
            open_stream(reader, source->image, halvings);
        } else {
            open_tile(reader);
        }
        if (reader->indexed && !packed) {
            reader->space = fz_device_rgb(reader->ctx);
        }
    }
    fz_catch(reader->ctx)
    {
        image_reader_close(reader);
        fz_rethrow(source->ctx);
    }
}

void image_reader_close(struct image_reader *reader)
{
    if (reader->ctx) {
        fz_drop_stream(reader->ctx, reader->stream);
        fz_drop_stream(reader->ctx, reader->coded);
        fz_drop_pixmap(reader->ctx, reader->tile);
        fz_free(reader->ctx, reader->table);
        fz_free(reader->ctx, reader->line);
    }
    memset(reader, 0, sizeof(*reader));
}

/* --- rows --- */

size_t image_reader_row_bytes(const struct image_reader *reader)
{
    if (reader->packed) {
        return reader->line_bytes;
    }
    return (size_t)reader->width * (reader->indexed ? 3 : reader->components);
}

/* Transparent where every component is within the key's bounds, in the values as unpacked. */
static bool is_keyed_out(const struct image_reader *reader, const uint8_t *pixel)
{
    const fz_image *image = reader->source->image;
    int most = image->bpc >= 8 ? 255 : (1 << image->bpc) - 1;
    int scale = reader->indexed || image->bpc >= 8 ? 1 : 255 / most;
    int shift = image->bpc == 16 ? 8 : 0;

    for (uint32_t c = 0; c < reader->components; c++) {
        int least = fz_clampi(image->colorkey[2 * c] >> shift, 0, most) * scale;
        int top = fz_clampi(image->colorkey[2 * c + 1] >> shift, 0, most) * scale;

        if (pixel[c] < least || pixel[c] > top) {
            return false;
        }
    }
    return true;
}

static void finish_packed(const struct image_reader *reader, uint8_t *ret_row)
{
    for (size_t i = 0; i < reader->line_bytes; i++) {
        ret_row[i] = reader->inverted ? (uint8_t)~reader->line[i] : reader->line[i];
    }
}

static void finish_row(const struct image_reader *reader, uint8_t *ret_row, uint8_t *ret_alpha)
{
    const uint8_t *in = reader->line;

    for (uint32_t x = 0; x < reader->width; x++, in += reader->coded_per_pixel) {
        if (ret_alpha) {
            ret_alpha[x] = reader->keyed && is_keyed_out(reader, in) ? 0 : 255;
        }
        if (reader->indexed) {
            memcpy(ret_row, reader->palette + 3 * (size_t)in[0], 3);
            ret_row += 3;
            continue;
        }
        for (uint32_t c = 0; c < reader->components; c++) {
            *ret_row++ = reader->decoded ? reader->table[c][in[c]] : in[c];
        }
    }
}

static void read_stream_row(struct image_reader *reader, uint8_t *ret_row, uint8_t *ret_alpha)
{
    size_t got = reader->cut_short
                     ? 0
                     : fz_read(reader->ctx, reader->stream, reader->line, reader->line_bytes);

    if (got < reader->line_bytes) {
        reader->cut_short = true;
        memset(reader->line + got, 0, reader->line_bytes - got);
    }
    /* CMYK in the JPEGs of XPS is the other way round; PDF says so where it is. */
    if (reader->source->image->invert_cmyk_jpeg && reader->source->is_jpeg &&
        reader->components == 4) {
        for (size_t i = 0; i < reader->line_bytes; i++) {
            reader->line[i] = (uint8_t)~reader->line[i];
        }
    }
    if (reader->packed) {
        finish_packed(reader, ret_row);
    } else if (!reader->indexed && !reader->decoded && !reader->keyed) {
        memcpy(ret_row, reader->line, reader->line_bytes);
        if (ret_alpha) {
            memset(ret_alpha, 255, reader->width);
        }
    } else {
        finish_row(reader, ret_row, ret_alpha);
    }
}

/* mupdf multiplies colours by their opacity; a file has them apart. */
static void read_tile_row(const struct image_reader *reader, uint8_t *ret_row, uint8_t *ret_alpha)
{
    const fz_pixmap *tile = reader->tile;
    const uint8_t *in = tile->samples + (ptrdiff_t)reader->row * tile->stride;

    for (int x = 0; x < tile->w; x++, in += tile->n) {
        uint32_t alpha = tile->alpha ? in[tile->n - 1] : 255;

        for (uint32_t c = 0; c < reader->components; c++) {
            uint32_t value = !tile->colorspace ? alpha : in[c];

            if (tile->colorspace && alpha > 0 && alpha < 255) {
                value = value * 255 / alpha;
            }
            *ret_row++ = (uint8_t)(value < 255 ? value : 255);
        }
        if (ret_alpha) {
            *ret_alpha++ = tile->colorspace ? (uint8_t)alpha : 255;
        }
    }
}

void image_reader_row(struct image_reader *reader, uint8_t *ret_row, uint8_t *ret_alpha)
{
    if (reader->tile) {
        read_tile_row(reader, ret_row, ret_alpha);
    } else {
        read_stream_row(reader, ret_row, ret_alpha);
    }
    reader->row++;
}
