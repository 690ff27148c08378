/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A small version of an image as it looks on white paper.
 *
 * Rows are reduced in the image's own colours, so that only the small version is converted.
 * Diagnostics: throws.
 */
#include "workers/pdf/image_measure.h"

#include <string.h>

#include "workers/images/quality.h"
#include "workers/pdf/image_reader.h"

#define HALVINGS_MAX 3    /* of JPEG's decoder */
#define ROUGH_LEVELS 3.0F /* between neighbours: more is a grain, and no gradient */
#define ROUGH_BITS 0.6    /* a pixel, from which JPEG holds a grain; a gradient takes half of it */

/* mupdf gives OpenJPEG its memory, and is told here for which context: nothing may throw between
 * the two. They are in its library and in no header. */
void opj_lock(fz_context *ctx);
void opj_unlock(fz_context *ctx);

static void throw_error(fz_context *ctx, const struct error *err)
{
    fz_throw(ctx, err->code == ERROR_MEMORY ? FZ_ERROR_MEMORY : FZ_ERROR_GENERIC, "%s", err->msg);
}

/* How often the decoder may halve the size: nothing that the small version needs is lost. */
static int choose_halvings(const struct image_source *source)
{
    uint32_t longer = source->width > source->height ? source->width : source->height;
    int halvings = 0;

    if (!source->is_jpeg || fz_colorspace_is_indexed(source->ctx, source->image->colorspace) ||
        source->image->use_colorkey) {
        return 0;
    }
    while (halvings < HALVINGS_MAX && longer >> (halvings + 1) >= QUALITY_SIDE) {
        halvings++;
    }
    return halvings;
}

/* Where the format's decoder gives a small version at once, the data's size tells of the grain. */
static bool is_rough_by_size(const struct image_source *source)
{
    double pixels = (double)source->width * source->height;

    return 8.0 * (double)source->bytes->len > ROUGH_BITS * pixels;
}

/* Every row of the reader, reduced: colours, and transparency where ret_alpha is not NULL. Returns
 * how rough it is. */
static float reduce_rows(struct image_reader *reader, uint32_t components,
                         struct picture *ret_colors, struct picture *ret_alpha)
{
    fz_context *ctx = reader->ctx;
    struct error err = ERROR_INIT;
    struct reducer colors = {0};
    struct reducer alphas = {0};
    uint8_t *row = NULL;
    float roughness = 0;

    fz_var(row);
    fz_var(roughness);
    fz_try(ctx)
    {
        row = fz_malloc(ctx, image_reader_row_bytes(reader) + reader->width);
        if (reducer_init(&colors, reader->width, reader->height, components, QUALITY_SIDE, &err) <
                0 ||
            (ret_alpha &&
             reducer_init(&alphas, reader->width, reader->height, 1, QUALITY_SIDE, &err) < 0)) {
            throw_error(ctx, &err);
        }
        for (uint32_t y = 0; y < reader->height; y++) {
            uint8_t *alpha = ret_alpha ? row + image_reader_row_bytes(reader) : NULL;

            image_reader_row(reader, row, alpha);
            reducer_add(&colors, row);
            if (alpha) {
                reducer_add(&alphas, alpha);
            }
        }
        roughness = reducer_roughness(&colors);
        *ret_colors = reducer_take(&colors);
        if (ret_alpha) {
            *ret_alpha = reducer_take(&alphas);
        }
    }
    fz_always(ctx)
    {
        fz_free(ctx, row);
        reducer_deinit(&colors);
        reducer_deinit(&alphas);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
    return roughness;
}

/* From the image's own colours to gray or RGB. */
static void convert(fz_context *ctx, fz_colorspace *space, struct picture *picture)
{
    bool gray = !space || fz_colorspace_is_gray(ctx, space);
    fz_pixmap *coded = NULL;
    fz_pixmap *converted = NULL;
    struct picture result = {0};
    struct error err = ERROR_INIT;

    if (!space || space == fz_device_rgb(ctx) || space == fz_device_gray(ctx)) {
        return;
    }
    fz_var(coded);
    fz_var(converted);
    fz_try(ctx)
    {
        coded =
            fz_new_pixmap_with_data(ctx, space, (int)picture->width, (int)picture->height, NULL, 0,
                                    (int)(picture->width * picture->components), picture->samples);
        converted = fz_convert_pixmap(ctx, coded, gray ? fz_device_gray(ctx) : fz_device_rgb(ctx),
                                      NULL, NULL, fz_default_color_params, 0);
        if (picture_init(&result, picture->width, picture->height, gray ? 1 : 3, &err) < 0) {
            throw_error(ctx, &err);
        }
        memcpy(result.samples, converted->samples,
               (size_t)result.width * result.height * result.components);
        picture_deinit(picture);
        *picture = result;
    }
    fz_always(ctx)
    {
        fz_drop_pixmap(ctx, coded);
        fz_drop_pixmap(ctx, converted);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* Puts the picture on white, as opaque as alpha says; alpha may be of another size. flip: it says
 * how transparent. */
static void put_on_white(struct picture *picture, const struct picture *alpha, bool flip)
{
    uint8_t *at = picture->samples;

    for (uint32_t y = 0; y < picture->height; y++) {
        const uint8_t *row =
            alpha->samples + (uint64_t)y * alpha->height / picture->height * alpha->width;

        for (uint32_t x = 0; x < picture->width; x++) {
            uint32_t opaque = row[(uint64_t)x * alpha->width / picture->width];

            opaque = flip ? 255 - opaque : opaque;
            for (uint32_t c = 0; c < picture->components; c++, at++) {
                *at = (uint8_t)((*at * opaque + 255 * (255 - opaque) + 127) / 255);
            }
        }
    }
}

static void apply_mask(fz_context *ctx, fz_image *mask, struct picture *picture)
{
    struct image_source source;
    struct image_reader reader = {0};
    struct picture alpha = {0};

    image_source_open_image(&source, ctx, mask);
    fz_try(ctx)
    {
        image_reader_open(&reader, &source, choose_halvings(&source), false);
        reduce_rows(&reader, 1, &alpha, NULL);
        put_on_white(picture, &alpha, source.stencil);
    }
    fz_always(ctx)
    {
        picture_deinit(&alpha);
        image_reader_close(&reader);
        image_source_close(&source);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void measure_rows(const struct image_source *source, struct image_small *small)
{
    fz_context *ctx = source->ctx;
    struct picture *picture = &small->picture;
    struct image_reader reader = {0};
    struct picture alpha = {0};

    fz_try(ctx)
    {
        int halvings = choose_halvings(source);
        float roughness;
        bool has_alpha;

        image_reader_open(&reader, source, halvings, false);
        has_alpha = reader.keyed || (reader.tile && reader.tile->alpha && reader.space);
        roughness = reduce_rows(&reader, reader.indexed ? 3 : reader.components, picture,
                                has_alpha ? &alpha : NULL);
        small->rough = halvings > 0 ? is_rough_by_size(source) : roughness > ROUGH_LEVELS;
        convert(ctx, reader.space, picture);
        if (has_alpha) {
            put_on_white(picture, &alpha, false);
        }
        if (source->image->mask) {
            apply_mask(ctx, source->image->mask, picture);
        }
        small->cut_short = reader.cut_short;
    }
    fz_always(ctx)
    {
        picture_deinit(&alpha);
        image_reader_close(&reader);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

void image_measure_small(struct image_source *source, uint64_t memory_bytes,
                         struct image_small *ret_small)
{
    fz_context *ctx = source->ctx;
    struct image_small small = {0};
    struct error err = ERROR_INIT;

    if (source->is_jp2 && source->format) {
        unsigned char *data;
        size_t size_bytes = fz_buffer_storage(ctx, source->bytes, &data);
        int status;

        opj_lock(ctx);
        status =
            jp2_decode_small(data, size_bytes, QUALITY_SIDE, memory_bytes, &small.picture, &err);
        opj_unlock(ctx);
        if (status < 0) {
            throw_error(ctx, &err);
        }
        small.rough = is_rough_by_size(source);
        *ret_small = small;
        return;
    }
    image_source_decode(source);
    fz_try(ctx)
    {
        measure_rows(source, &small);
        *ret_small = small;
    }
    fz_catch(ctx)
    {
        picture_deinit(&small.picture);
        fz_rethrow(ctx);
    }
}
