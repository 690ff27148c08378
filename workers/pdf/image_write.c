/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The files of images. No image is in memory as a whole: a band of it is read, converted, and
 * handed on to the PNG row by row. Blocks: reads the document, writes files. Diagnostics: throws.
 */
#include "workers/pdf/image_write.h"

#include <string.h>

#include "workers/images/picture.h"
#include "workers/images/png_writer.h"
#include "workers/pdf/image_bands.h"

/* What the file system refuses ends the unit; what is over a bound ends the image. */
static void throw_error(struct image_store *store, const struct error *err)
{
    if (err->code != ERROR_LIMIT && err->code != ERROR_MEMORY && err->code != ERROR_INVALID) {
        store->err = *err;
    }
    fz_throw(store->ctx, err->code == ERROR_MEMORY ? FZ_ERROR_MEMORY : FZ_ERROR_GENERIC, "%s",
             err->msg);
}

struct png_output {
    struct image_file *file;
    struct png_writer *writer;
};

static void png_begin(struct image_store *store, const struct png_format *format,
                      struct png_output *output)
{
    struct error err = ERROR_INIT;

    output->file = image_file_create(&store->file, &err);
    if (output->file) {
        output->writer = png_writer_create(output->file, format, &err);
    }
    if (!output->writer) {
        throw_error(store, &err);
    }
}

static void png_row(struct image_store *store, const struct png_output *output, const uint8_t *row)
{
    struct error err = ERROR_INIT;

    if (png_writer_row(output->writer, row, &err) < 0) {
        throw_error(store, &err);
    }
}

static void png_commit(struct image_store *store, struct png_output *output,
                       struct image_facts *facts)
{
    struct error err = ERROR_INIT;
    struct png_writer *writer = output->writer;
    struct image_file *file = output->file;

    output->writer = NULL;
    if (png_writer_finish(writer, &err) < 0) {
        throw_error(store, &err);
    }
    output->file = NULL;
    if (image_file_commit(file, "png", &facts->name, &err) < 0) {
        throw_error(store, &err);
    }
    facts->format = "png";
}

static void png_discard(struct png_output *output)
{
    png_writer_discard(output->writer);
    image_file_discard(output->file);
}

/* Rows as they are stored: one bit stays one bit, a palette a palette. */
static void copy_packed(struct image_store *store, struct image_reader *reader,
                        const struct png_output *output)
{
    fz_context *ctx = store->ctx;
    uint8_t *row = fz_malloc(ctx, image_reader_row_bytes(reader));

    fz_try(ctx)
    {
        while (reader->row < reader->height) {
            image_reader_row(reader, row, NULL);
            png_row(store, output, row);
        }
    }
    fz_always(ctx)
    {
        fz_free(ctx, row);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void write_packed(struct image_store *store, const struct image_source *source,
                         struct image_facts *facts)
{
    fz_context *ctx = store->ctx;
    struct image_reader reader;
    struct png_output output = {0};

    image_reader_open(&reader, source, 0, true);
    fz_try(ctx)
    {
        struct png_format format = {.width = reader.width,
                                    .height = reader.height,
                                    .bits = source->image->bpc,
                                    .components = 1,
                                    .palette = reader.palette};

        format.palette_count = (uint16_t)(reader.indexed ? 1U << format.bits : 0);
        png_begin(store, &format, &output);
        copy_packed(store, &reader, &output);
        png_commit(store, &output, facts);
    }
    fz_always(ctx)
    {
        png_discard(&output);
        image_reader_close(&reader);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* Colours and transparency of one row, side by side. */
static void interleave(const struct image_bands *bands, uint32_t y, uint8_t *row)
{
    uint32_t width = bands->reader.width;
    const uint8_t *color = bands->colors + (size_t)y * width * bands->components;
    const uint8_t *alpha = bands->alpha + (size_t)y * width;

    for (uint32_t x = 0; x < width; x++) {
        for (uint32_t c = 0; c < bands->components; c++) {
            *row++ = *color++;
        }
        if (bands->has_alpha) {
            *row++ = alpha[x];
        }
    }
}

static void copy_bands(struct image_store *store, struct image_bands *bands,
                       const struct png_output *output)
{
    fz_context *ctx = store->ctx;
    uint8_t *row = fz_malloc(ctx, (size_t)bands->reader.width * (bands->components + 1));
    uint32_t rows;

    fz_try(ctx)
    {
        while ((rows = image_bands_next(bands)) > 0) {
            for (uint32_t y = 0; y < rows; y++) {
                interleave(bands, y, row);
                png_row(store, output, row);
            }
        }
    }
    fz_always(ctx)
    {
        fz_free(ctx, row);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void write_bands(struct image_store *store, const struct image_source *source,
                        struct image_facts *facts)
{
    fz_context *ctx = store->ctx;
    struct image_bands bands;
    struct png_output output = {0};

    image_bands_open(&bands, source, 0);
    fz_try(ctx)
    {
        struct png_format format = {.width = bands.reader.width,
                                    .height = bands.reader.height,
                                    .bits = 8,
                                    .components = (uint8_t)bands.components,
                                    .alpha = bands.has_alpha};

        png_begin(store, &format, &output);
        copy_bands(store, &bands, &output);
        png_commit(store, &output, facts);
    }
    fz_always(ctx)
    {
        png_discard(&output);
        image_bands_close(&bands);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void write_as_is(struct image_store *store, const struct image_source *source,
                        struct image_facts *facts)
{
    struct error err = ERROR_INIT;
    unsigned char *data;
    size_t size_bytes = fz_buffer_storage(store->ctx, source->bytes, &data);

    if (image_file_store(&store->file, data, size_bytes, source->format, &facts->name, &err) < 0) {
        throw_error(store, &err);
    }
    facts->format = source->format;
}

void image_write(struct image_store *store, struct image_source *source, struct image_facts *facts)
{
    if (source->format) {
        write_as_is(store, source, facts);
        return;
    }
    image_source_decode(source);
    if (image_reader_can_pack(source)) {
        write_packed(store, source, facts);
    } else {
        write_bands(store, source, facts);
    }
}

/* --- slices --- */

/* The bands of slices side by side are read together; those under each other one after the
 * other. The whole is looked into while it is written. */
struct join {
    const struct image_source *sources;
    struct image_bands *bands; /* of those that are open: count of them, or one */
    uint32_t count;
    bool vertical;
    struct png_format format;
    struct png_output output;
    struct reducer reducer;
    uint8_t *row;    /* 8 bits a sample */
    uint8_t *packed; /* 1 bit a sample */
};

static bool is_gray(fz_context *ctx, const struct image_source *source)
{
    return source->is_jpeg ? source->jpeg.components == 1
                           : !source->image->colorspace ||
                                 fz_colorspace_is_gray(ctx, source->image->colorspace);
}

/* The size, the colours and the bits of the whole. */
static void plan_join(fz_context *ctx, struct join *join)
{
    struct png_format *format = &join->format;

    *format = (struct png_format){.bits = 1, .components = 1};
    for (uint32_t i = 0; i < join->count; i++) {
        const struct image_source *source = &join->sources[i];

        if (!is_gray(ctx, source)) {
            format->components = 3;
        }
        if (source->bits != 1 || format->components != 1) {
            format->bits = 8;
        }
        format->width = join->vertical ? source->width : format->width + source->width;
        format->height = join->vertical ? format->height + source->height : source->height;
    }
}

static void begin_join(struct image_store *store, struct join *join)
{
    fz_context *ctx = store->ctx;
    struct error err = ERROR_INIT;
    const struct png_format *format = &join->format;

    plan_join(ctx, join);
    if ((uint64_t)format->width * format->height > store->options.pixels) {
        fz_throw(ctx, FZ_ERROR_GENERIC, "%u x %u pixels are too many", format->width,
                 format->height);
    }
    if (reducer_init(&join->reducer, format->width, format->height, format->components,
                     QUALITY_SIDE, &err) < 0) {
        throw_error(store, &err);
    }
    join->bands = fz_calloc(ctx, join->vertical ? 1 : join->count, sizeof(*join->bands));
    join->row = fz_calloc(ctx, format->width, format->components);
    join->packed = fz_calloc(ctx, format->width / 8 + 1, 1);
    png_begin(store, format, &join->output);
}

static void end_join(fz_context *ctx, struct join *join)
{
    png_discard(&join->output);
    reducer_deinit(&join->reducer);
    for (uint32_t i = 0; join->bands && i < (join->vertical ? 1 : join->count); i++) {
        image_bands_close(&join->bands[i]);
    }
    fz_free(ctx, join->bands);
    fz_free(ctx, join->row);
    fz_free(ctx, join->packed);
}

/* Puts a row of one slice into the joined row, gray as colours where there are any. */
static uint8_t *put_row(const struct join *join, const struct image_bands *bands, uint32_t y,
                        uint8_t *out)
{
    const uint8_t *in = bands->colors + (size_t)y * bands->reader.width * bands->components;

    for (uint32_t x = 0; x < bands->reader.width; x++, in += bands->components) {
        for (uint32_t c = 0; c < join->format.components; c++) {
            *out++ = in[bands->components == 1 ? 0 : c];
        }
    }
    return out;
}

static void write_joined_row(struct image_store *store, struct join *join)
{
    reducer_add(&join->reducer, join->row);
    if (join->format.bits == 8) {
        png_row(store, &join->output, join->row);
        return;
    }
    memset(join->packed, 0, join->format.width / 8 + 1);
    for (uint32_t x = 0; x < join->format.width; x++) {
        join->packed[x / 8] |= (uint8_t)((join->row[x] >= 128) << (7 - x % 8));
    }
    png_row(store, &join->output, join->packed);
}

static void copy_below(struct image_store *store, struct join *join)
{
    struct image_bands *bands = &join->bands[0];
    uint32_t rows;

    for (uint32_t i = 0; i < join->count; i++) {
        image_bands_open(bands, &join->sources[i], 0);
        while ((rows = image_bands_next(bands)) > 0) {
            for (uint32_t y = 0; y < rows; y++) {
                put_row(join, bands, y, join->row);
                write_joined_row(store, join);
            }
        }
        image_bands_close(bands);
    }
}

static void copy_beside(struct image_store *store, struct join *join)
{
    for (uint32_t i = 0; i < join->count; i++) {
        image_bands_open(&join->bands[i], &join->sources[i], 0);
        join->bands[i].band_rows = 1; /* bands of one height, whatever the widths */
    }
    for (uint32_t y = 0; y < join->format.height; y++) {
        uint8_t *out = join->row;

        for (uint32_t i = 0; i < join->count; i++) {
            image_bands_next(&join->bands[i]);
            out = put_row(join, &join->bands[i], 0, out);
        }
        write_joined_row(store, join);
    }
}

void image_write_joined(struct image_store *store, const struct image_source *sources,
                        uint32_t count, bool vertical, struct image_facts *facts)
{
    fz_context *ctx = store->ctx;
    struct join join = {.sources = sources, .count = count, .vertical = vertical};
    struct picture picture = {0};

    fz_try(ctx)
    {
        begin_join(store, &join);
        if (vertical) {
            copy_below(store, &join);
        } else {
            copy_beside(store, &join);
        }
        png_commit(store, &join.output, facts);
        picture = reducer_take(&join.reducer);
        image_facts_measure(ctx, &picture, facts);
        facts->width = join.format.width;
        facts->height = join.format.height;
    }
    fz_always(ctx)
    {
        picture_deinit(&picture);
        end_join(ctx, &join);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}
