/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Writes a PNG row by row.
 *
 * libpng reports errors by a jump; each call of it is behind a setjmp of its own, with nothing
 * between that a jump could leak. Blocks: writes the file. Logs nothing.
 */
#include "workers/images/png_writer.h"

#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

#define INCH_METRES 0.0254F
/* Photographs come as JPEG nearly always; what is left packs well enough, and much faster. */
#define COMPRESSION 3
/* Of a large one, time counts more: a page has a deadline. */
#define LARGE_PIXELS UINT64_C(16000000)
#define COMPRESSION_LARGE 1

struct png_writer {
    png_structp png;
    png_infop info;
    struct image_file *file;
    struct error err; /* of the append that failed; else libpng's own */
};

static void on_error(png_structp png, png_const_charp message)
{
    struct png_writer *writer = png_get_error_ptr(png);

    if (writer->err.code == ERROR_NONE) {
        error_set(&writer->err, ERROR_INVALID, "PNG: %s", message);
    }
    longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void on_write(png_structp png, png_bytep data, png_size_t size_bytes)
{
    struct png_writer *writer = png_get_io_ptr(png);

    if (image_file_append(writer->file, data, size_bytes, &writer->err) < 0) {
        png_error(png, "not written");
    }
}

static void on_flush(png_structp png)
{
    (void)png;
}

/* After a jump. */
static int failed(const struct png_writer *writer, struct error *err)
{
    if (err) {
        *err = writer->err;
    }
    return -1;
}

static int color_type(const struct png_format *format)
{
    if (format->palette_count > 0) {
        return PNG_COLOR_TYPE_PALETTE;
    }
    return (format->components == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY) |
           (format->alpha ? PNG_COLOR_MASK_ALPHA : 0);
}

static void write_head(const struct png_writer *writer, const struct png_format *format)
{
    png_color palette[PNG_PALETTE_MAX];
    bool is_large = (uint64_t)format->width * format->height > LARGE_PIXELS;

    png_set_IHDR(writer->png, writer->info, format->width, format->height, format->bits,
                 color_type(format), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (format->palette_count > 0) {
        for (int i = 0; i < format->palette_count; i++) {
            palette[i].red = format->palette[3 * i];
            palette[i].green = format->palette[3 * i + 1];
            palette[i].blue = format->palette[3 * i + 2];
        }
        png_set_PLTE(writer->png, writer->info, palette, format->palette_count);
    }
    if (format->dpi >= 1 && format->dpi < 100000) {
        png_uint_32 per_metre = (png_uint_32)lrintf(format->dpi / INCH_METRES);

        png_set_pHYs(writer->png, writer->info, per_metre, per_metre, PNG_RESOLUTION_METER);
    }
    png_set_compression_level(writer->png, is_large ? COMPRESSION_LARGE : COMPRESSION);
    if (format->bits < 8 || format->palette_count > 0) {
        png_set_filter(writer->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    } else if (is_large) {
        png_set_filter(writer->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    } else { /* all five tried for each row cost more than they gain over these */
        png_set_filter(writer->png, PNG_FILTER_TYPE_BASE,
                       PNG_FILTER_SUB | PNG_FILTER_UP | PNG_FILTER_PAETH);
    }
    png_write_info(writer->png, writer->info);
}

static int start(const struct png_writer *writer, const struct png_format *format,
                 struct error *err)
{
    if (setjmp(png_jmpbuf(writer->png))) {
        return failed(writer, err);
    }
    write_head(writer, format);
    return 0;
}

struct png_writer *png_writer_create(struct image_file *file, const struct png_format *format,
                                     struct error *err)
{
    struct png_writer *writer = calloc(1, sizeof(*writer));

    if (!writer) {
        error_set(err, ERROR_MEMORY, "no memory for a PNG");
        return NULL;
    }
    writer->file = file;
    writer->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer, on_error, on_warning);
    writer->info = writer->png ? png_create_info_struct(writer->png) : NULL;
    if (!writer->info) {
        png_writer_discard(writer);
        error_set(err, ERROR_MEMORY, "no memory for a PNG");
        return NULL;
    }
    png_set_write_fn(writer->png, writer, on_write, on_flush);
    if (start(writer, format, err) < 0) {
        png_writer_discard(writer);
        return NULL;
    }
    return writer;
}

int png_writer_row(struct png_writer *writer, const uint8_t *row, struct error *err)
{
    if (setjmp(png_jmpbuf(writer->png))) {
        return failed(writer, err);
    }
    png_write_row(writer->png, row);
    return 0;
}

static int end(const struct png_writer *writer, struct error *err)
{
    if (setjmp(png_jmpbuf(writer->png))) {
        return failed(writer, err);
    }
    png_write_end(writer->png, NULL);
    return 0;
}

int png_writer_finish(struct png_writer *writer, struct error *err)
{
    int status = end(writer, err);

    png_writer_discard(writer);
    return status;
}

void png_writer_discard(struct png_writer *writer)
{
    if (writer) {
        png_destroy_write_struct(writer->png ? &writer->png : NULL,
                                 writer->info ? &writer->info : NULL);
        free(writer);
    }
}
