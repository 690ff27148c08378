/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A small version of a JPEG 2000 image. OpenJPEG reads from memory, and only the resolution that
 * is wanted. Nothing blocks; OpenJPEG's messages are dropped, its failures are errors.
 */
#include <openjpeg.h>
#include <stdlib.h>
#include <string.h>

#include "workers/images/jp2.h"

#define STREAM_BUFFER_BYTES ((OPJ_SIZE_T)64 << 10)
#define COPIES 3U /* of its samples that the decoder may hold, 4 bytes each */

struct memory {
    const uint8_t *data;
    size_t size_bytes, at;
};

static OPJ_SIZE_T read_memory(void *buffer, OPJ_SIZE_T count, void *user)
{
    struct memory *memory = user;
    size_t left = memory->size_bytes - memory->at;

    if (left == 0) {
        return (OPJ_SIZE_T)-1;
    }
    count = count < left ? count : left;
    memcpy(buffer, memory->data + memory->at, count);
    memory->at += count;
    return count;
}

static OPJ_BOOL seek_memory(OPJ_OFF_T at, void *user)
{
    struct memory *memory = user;

    if (at < 0 || (uint64_t)at > memory->size_bytes) {
        return OPJ_FALSE;
    }
    memory->at = (size_t)at;
    return OPJ_TRUE;
}

static OPJ_OFF_T skip_memory(OPJ_OFF_T count, void *user)
{
    struct memory *memory = user;

    if (count < 0 || (uint64_t)count > memory->size_bytes - memory->at) {
        memory->at = memory->size_bytes;
        return -1;
    }
    memory->at += (size_t)count;
    return count;
}

static opj_stream_t *open_stream(struct memory *memory)
{
    opj_stream_t *stream = opj_stream_create(STREAM_BUFFER_BYTES, OPJ_TRUE);

    if (stream) {
        opj_stream_set_user_data(stream, memory, NULL);
        opj_stream_set_user_data_length(stream, memory->size_bytes);
        opj_stream_set_read_function(stream, read_memory);
        opj_stream_set_seek_function(stream, seek_memory);
        opj_stream_set_skip_function(stream, skip_memory);
    }
    return stream;
}

/* How many times the size can be halved, in the file and down to max_side. */
static uint32_t choose_reduction(opj_codec_t *codec, const struct jp2_header *header,
                                 uint32_t max_side)
{
    opj_codestream_info_v2_t *info = opj_get_cstr_info(codec);
    uint32_t longer = header->width > header->height ? header->width : header->height;
    uint32_t reduction = 0;
    uint32_t most = 0;

    if (info && info->m_default_tile_info.tccp_info) {
        most = info->m_default_tile_info.tccp_info[0].numresolutions;
        most -= most > 0;
    }
    if (info) {
        opj_destroy_cstr_info(&info);
    }
    while (reduction < most && longer >> (reduction + 1) >= max_side) {
        reduction++;
    }
    return reduction;
}

/* A sample as 8 bits. */
static uint8_t sample_of(const opj_image_comp_t *component, uint32_t x, uint32_t y)
{
    int64_t value = component->data[(size_t)y * component->w + x];

    value += component->sgnd ? (int64_t)1 << (component->prec - 1) : 0;
    value = component->prec > 8 ? value >> (component->prec - 8)
                                : value * 255 / (((int64_t)1 << component->prec) - 1);
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static uint8_t clamp(double value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

static void ycc_to_rgb(uint8_t *pixel)
{
    double y = pixel[0];
    double cb = pixel[1] - 128.0;
    double cr = pixel[2] - 128.0;

    pixel[0] = clamp(y + 1.402 * cr);
    pixel[1] = clamp(y - 0.344136 * cb - 0.714136 * cr);
    pixel[2] = clamp(y + 1.772 * cb);
}

/* Components of other sizes (subsampled colours) are stretched to the first one's. */
static void fill_row(const opj_image_t *image, uint32_t y, uint32_t components, uint8_t *row)
{
    const opj_image_comp_t *first = &image->comps[0];

    for (uint32_t x = 0; x < first->w; x++, row += components) {
        for (uint32_t c = 0; c < components; c++) {
            const opj_image_comp_t *from = &image->comps[c];

            row[c] = sample_of(from, (uint32_t)((uint64_t)x * from->w / first->w),
                               (uint32_t)((uint64_t)y * from->h / first->h));
        }
        if (components == 3 && image->color_space == OPJ_CLRSPC_SYCC) {
            ycc_to_rgb(row);
        }
    }
}

static bool is_whole(const opj_image_t *image, uint32_t components)
{
    for (uint32_t c = 0; c < components; c++) {
        const opj_image_comp_t *component = &image->comps[c];

        if (!component->data || component->w == 0 || component->h == 0 || component->prec == 0 ||
            component->prec > 31) {
            return false;
        }
    }
    return true;
}

static int reduce(const opj_image_t *image, uint32_t max_side, struct picture *ret_picture,
                  struct error *err)
{
    uint32_t components = !image || image->numcomps == 0 ? 0 : image->numcomps >= 3 ? 3 : 1;
    struct reducer reducer;
    uint8_t *row;

    if (components == 0 || !is_whole(image, components)) {
        return error_set(err, ERROR_CORRUPT, "JPEG 2000: not all of it is there");
    }
    row = malloc((size_t)image->comps[0].w * components);
    if (!row || reducer_init(&reducer, image->comps[0].w, image->comps[0].h, components, max_side,
                             err) < 0) {
        free(row);
        return error_set(err, ERROR_MEMORY, "no memory for a JPEG 2000 image");
    }
    for (uint32_t y = 0; y < image->comps[0].h; y++) {
        fill_row(image, y, components, row);
        reducer_add(&reducer, row);
    }
    free(row);
    *ret_picture = reducer_take(&reducer);
    return 0;
}

static int decode(opj_codec_t *codec, opj_stream_t *stream, const struct jp2_header *header,
                  uint32_t max_side, uint64_t max_bytes, opj_image_t **ret_image, struct error *err)
{
    opj_dparameters_t parameters;
    uint32_t reduction;

    opj_set_default_decoder_parameters(&parameters);
    if (!opj_setup_decoder(codec, &parameters) || !opj_decoder_set_strict_mode(codec, OPJ_FALSE) ||
        !opj_read_header(stream, codec, ret_image)) {
        return error_set(err, ERROR_CORRUPT, "JPEG 2000: damaged header");
    }
    reduction = choose_reduction(codec, header, max_side);
    if ((((uint64_t)header->width * header->height) >> (2 * reduction)) * header->components *
            sizeof(OPJ_INT32) * COPIES >
        max_bytes) {
        return error_set(err, ERROR_LIMIT, "JPEG 2000: %u x %u pixels need too much memory",
                         header->width, header->height);
    }
    if (!opj_set_decoded_resolution_factor(codec, reduction) ||
        !opj_decode(codec, stream, *ret_image)) {
        return error_set(err, ERROR_CORRUPT, "JPEG 2000: damaged");
    }
    return 0;
}

int jp2_decode_small(const uint8_t *data, size_t size_bytes, uint32_t max_side, uint64_t max_bytes,
                     struct picture *ret_picture, struct error *err)
{
    struct memory memory = {.data = data, .size_bytes = size_bytes};
    struct jp2_header header;
    opj_image_t *image = NULL;
    opj_codec_t *codec;
    opj_stream_t *stream;
    int status = -1;

    if (!jp2_header_read(data, size_bytes, &header)) {
        return error_set(err, ERROR_CORRUPT, "JPEG 2000: no header");
    }
    codec = opj_create_decompress(header.is_file ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
    stream = open_stream(&memory);
    if (!codec || !stream) {
        error_set(err, ERROR_MEMORY, "no memory for a JPEG 2000 image");
    } else if (decode(codec, stream, &header, max_side, max_bytes, &image, err) == 0) {
        status = reduce(image, max_side, ret_picture, err);
    }
    opj_image_destroy(image);
    if (stream) {
        opj_stream_destroy(stream);
    }
    if (codec) {
        opj_destroy_codec(codec);
    }
    return status;
}
