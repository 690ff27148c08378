/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An image as a document holds it. Blocks: reads the file. Diagnostics: throws.
 */
#include "workers/pdf/image_source.h"

#include <string.h>

#define SIDE_MAX 65536       /* as mupdf has it */
#define DECODED_BYTES 4U     /* of a sample, the copies counted, where all is decoded at once */
#define JP2_DECODED_BYTES 9U /* OpenJPEG has them as integers, twice */

/* --- what it is --- */

static const char *name_of_space(fz_context *ctx, fz_colorspace *space)
{
    switch (fz_colorspace_type(ctx, space)) {
    case FZ_COLORSPACE_GRAY:
        return "gray";
    case FZ_COLORSPACE_RGB:
    case FZ_COLORSPACE_BGR:
        return "rgb";
    case FZ_COLORSPACE_CMYK:
        return "cmyk";
    case FZ_COLORSPACE_LAB:
        return "lab";
    case FZ_COLORSPACE_INDEXED:
        return "indexed";
    case FZ_COLORSPACE_SEPARATION:
        return "separation";
    case FZ_COLORSPACE_NONE:
        break;
    }
    return "gray";
}

static bool is_screen_space(fz_context *ctx, fz_colorspace *space, int components)
{
    return !space || (fz_colorspace_n(ctx, space) == components &&
                      (fz_colorspace_is_gray(ctx, space) || fz_colorspace_is_rgb(ctx, space)));
}

/* Whether the JPEG shows as a file what it shows in the document. */
static bool jpeg_is_file(fz_context *ctx, const struct image_source *source,
                         const fz_compression_params *params)
{
    const fz_image *image = source->image;

    return jpeg_header_is_common(&source->jpeg) && !image->mask && !image->use_colorkey &&
           !image->use_decode && is_screen_space(ctx, image->colorspace, source->jpeg.components) &&
           /* Told to leave the colours as they are, where the file does not say so itself. */
           (source->jpeg.components == 1 || params->u.jpeg.color_transform != 0 ||
            source->jpeg.has_adobe || source->jpeg.rgb_names);
}

static void look_at_jpeg(struct image_source *source, const fz_compression_params *params)
{
    unsigned char *data;
    size_t size_bytes = fz_buffer_storage(source->ctx, source->bytes, &data);

    if (!jpeg_header_read(data, size_bytes, &source->jpeg)) {
        fz_throw(source->ctx, FZ_ERROR_GENERIC, "a JPEG without a header");
    }
    source->is_jpeg = true;
    source->width = source->jpeg.width;
    if (source->jpeg.height > 0) {
        source->height = source->jpeg.height;
    }
    source->bits = source->jpeg.bits;
    source->decode_bytes = jpeg_header_decode_bytes(&source->jpeg);
    if (jpeg_is_file(source->ctx, source, params)) {
        source->format = "jpeg";
    }
}

static void look_at_jp2(struct image_source *source)
{
    unsigned char *data;
    size_t size_bytes = fz_buffer_storage(source->ctx, source->bytes, &data);

    if (!jp2_header_read(data, size_bytes, &source->jp2)) {
        fz_throw(source->ctx, FZ_ERROR_GENERIC, "JPEG 2000 without a header");
    }
    source->is_jp2 = true;
    source->width = source->jp2.width;
    source->height = source->jp2.height;
    source->bits = source->jp2.bits;
    source->decode_bytes =
        (uint64_t)source->width * source->height * source->jp2.components * JP2_DECODED_BYTES;
}

/* What mupdf reads as a whole, or has read. */
static void look_at_other(struct image_source *source, int type)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};
    const fz_image *image = source->image;
    uint32_t components = image->colorspace ? (uint32_t)image->n : 1;

    source->decode_bytes =
        (uint64_t)source->width * source->height * (components + 1) * DECODED_BYTES;
    if (type == FZ_IMAGE_PNG && !image->mask && !image->use_decode && !image->use_colorkey) {
        unsigned char *data;
        size_t size_bytes = fz_buffer_storage(source->ctx, source->bytes, &data);

        if (size_bytes > sizeof(png) && memcmp(data, png, sizeof(png)) == 0) {
            source->format = "png";
        }
    }
}

static bool goes_by_rows(int type)
{
    switch (type) {
    case FZ_IMAGE_RAW:
    case FZ_IMAGE_FAX:
    case FZ_IMAGE_FLATE:
    case FZ_IMAGE_LZW:
    case FZ_IMAGE_RLD:
    case FZ_IMAGE_JBIG2:
    case FZ_IMAGE_JPEG:
        return true;
    default:
        return false;
    }
}

static void look_at_image(struct image_source *source)
{
    fz_context *ctx = source->ctx;
    fz_image *image = source->image;
    fz_compressed_buffer *compressed = fz_compressed_image_buffer(ctx, image);
    int type = compressed ? compressed->params.type : FZ_IMAGE_UNKNOWN;

    source->width = (uint32_t)image->w;
    source->height = (uint32_t)image->h;
    source->bits = image->bpc;
    source->stencil = image->imagemask;
    source->masked = image->mask || image->imagemask || image->use_colorkey;
    source->color_space = name_of_space(ctx, image->colorspace);
    if (compressed) {
        source->bytes = fz_keep_buffer(ctx, compressed->buffer);
    }
    source->by_rows = goes_by_rows(type);
    if (type == FZ_IMAGE_JPEG) {
        look_at_jpeg(source, &compressed->params);
    } else if (type == FZ_IMAGE_JPX) {
        look_at_jp2(source);
        source->format = jp2_header_is_common(&source->jp2) && !image->mask ? "jp2" : NULL;
    } else if (!source->by_rows) {
        look_at_other(source, type);
    } else if (type == FZ_IMAGE_JBIG2) {
        source->decode_bytes = (uint64_t)source->width * source->height / 8;
    }
}

/* --- JPEG 2000 in a PDF --- */

static const char *name_of_jp2_space(const struct jp2_header *header)
{
    return header->has_palette       ? "indexed"
           : header->components >= 4 ? "cmyk"
           : header->components == 3 ? "rgb"
                                     : "gray";
}

static void look_at_pdf_jp2(struct image_source *source)
{
    fz_context *ctx = source->ctx;
    pdf_obj *space_object = pdf_dict_get(ctx, source->object, PDF_NAME(ColorSpace));
    pdf_obj *mask = pdf_dict_geta(ctx, source->object, PDF_NAME(SMask), PDF_NAME(Mask));
    bool is_file;

    source->bytes = pdf_load_stream(ctx, source->object);
    look_at_jp2(source);
    source->masked = pdf_is_dict(ctx, mask) || pdf_is_array(ctx, mask);
    source->color_space = name_of_jp2_space(&source->jp2);
    is_file = jp2_header_is_common(&source->jp2) && !source->masked &&
              !pdf_dict_get(ctx, source->object, PDF_NAME(Decode)) &&
              pdf_dict_get_int(ctx, source->object, PDF_NAME(SMaskInData)) == 0;
    if (space_object) {
        fz_colorspace *space = pdf_load_colorspace(ctx, space_object);

        source->color_space = name_of_space(ctx, space);
        is_file = is_file && is_screen_space(ctx, space, source->jp2.components);
        fz_drop_colorspace(ctx, space);
    }
    source->format = is_file ? "jp2" : NULL;
}

void image_source_decode(struct image_source *source)
{
    if (!source->image) {
        source->image = pdf_load_image(source->ctx, source->doc, source->object);
        source->masked = source->masked || source->image->mask;
    }
}

/* --- opening --- */

void image_source_close(struct image_source *source)
{
    fz_drop_buffer(source->ctx, source->bytes);
    fz_drop_image(source->ctx, source->image);
    memset(source, 0, sizeof(*source));
}

void image_source_open(struct image_source *source, fz_context *ctx, pdf_document *doc,
                       pdf_obj *object)
{
    memset(source, 0, sizeof(*source));
    source->ctx = ctx;
    source->doc = doc;
    fz_try(ctx)
    {
        if (pdf_is_jpx_image(ctx, object)) {
            source->object = object;
            look_at_pdf_jp2(source);
        } else {
            source->image = pdf_load_image(ctx, doc, object);
            look_at_image(source);
        }
    }
    fz_catch(ctx)
    {
        image_source_close(source);
        fz_rethrow(ctx);
    }
}

void image_source_open_image(struct image_source *source, fz_context *ctx, fz_image *image)
{
    memset(source, 0, sizeof(*source));
    source->ctx = ctx;
    source->image = fz_keep_image(ctx, image);
    fz_try(ctx)
    {
        look_at_image(source);
    }
    fz_catch(ctx)
    {
        image_source_close(source);
        fz_rethrow(ctx);
    }
}

static uint32_t side(int value)
{
    return value > 0 && value <= SIDE_MAX ? (uint32_t)value : 0;
}

void image_source_size(fz_context *ctx, pdf_obj *object, uint32_t *ret_width, uint32_t *ret_height)
{
    *ret_width = side(pdf_dict_get_int(ctx, object, PDF_NAME(Width)));
    *ret_height = side(pdf_dict_get_int(ctx, object, PDF_NAME(Height)));
}
