/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Own code of workers/images over any bytes. The first byte says what they are: the start of a JPEG
 * or JPEG 2000 file, a picture that is reduced and looked into, or a page whose images look for
 * their places. (What decodes is mupdf and OpenJPEG, which have fuzzers of their own.)
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workers/images/image_blocks.h"
#include "workers/images/jp2.h"
#include "workers/images/jpeg_header.h"
#include "workers/images/plain.h"
#include "workers/images/quality.h"
#include "workers/images/roles.h"
#include "workers/images/slices.h"

#define BOX_BYTES 5
#define BLOCKS_MAX 64U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

static void run_headers(const uint8_t *data, size_t size_bytes)
{
    struct jpeg_header jpeg;
    struct jp2_header jp2;

    if (jpeg_header_read(data, size_bytes, &jpeg)) {
        demand(jpeg.width > 0 && jpeg.components > 0);
        jpeg_header_is_common(&jpeg);
        jpeg_header_decode_bytes(&jpeg);
    }
    if (jp2_header_read(data, size_bytes, &jp2)) {
        demand(jp2.width > 0 && jp2.height > 0 && jp2.components > 0);
        jp2_header_is_common(&jp2);
    }
}

static int is_share(float value)
{
    return value >= 0 && value <= 1;
}

/* width, components and the largest side, then samples as far as there are rows. */
static void run_picture(const uint8_t *data, size_t size_bytes)
{
    uint32_t components = size_bytes > 1 && data[1] & 1 ? 3 : 1;
    uint32_t width, height;
    struct reducer reducer;
    struct picture picture, gray;
    struct quality quality;
    struct slice_edges edges;

    if (size_bytes < 3) {
        return;
    }
    width = data[0] + 1U;
    height = (uint32_t)((size_bytes - 3) / ((size_t)width * components));
    if (reducer_init(&reducer, width, height, components, data[2] + 1U, NULL) < 0) {
        return;
    }
    for (uint32_t y = 0; y < height; y++) {
        reducer_add(&reducer, data + 3 + (size_t)y * width * components);
    }
    demand(reducer_roughness(&reducer) >= 0);
    picture = reducer_take(&reducer);
    demand(picture.width <= data[2] + 1U && picture.height <= data[2] + 1U);
    plain_is(&picture);
    demand(picture_gray(&picture, &gray, NULL) == 0);
    quality_measure(&gray, &quality);
    demand(is_share(quality.sharpness) && is_share(quality.contrast) && is_share(quality.noise) &&
           is_share(quality.brightness) && is_share(quality.quality));
    quality_perceptual_hash(&gray);
    slices_edges(&gray, &edges);
    picture_deinit(&gray);
    picture_deinit(&picture);
}

static struct page_box box_of(const uint8_t *data)
{
    float x = (float)data[0] * 3 - 100;
    float y = (float)data[1] * 4 - 100;

    return (struct page_box){x, y, x + (float)data[2] * 2, y + (float)data[3] * 2};
}

static struct slice slice_of(const uint8_t *data)
{
    return (struct slice){.box = box_of(data),
                          .angle_deg = (int16_t)(90 * (data[4] & 3) - 90),
                          .mirrored = data[4] & 4,
                          .width_px = data[2] + 1U,
                          .height_px = data[3] + 1U,
                          .bits = 8,
                          .color_space = data[4] & 8 ? "gray" : "rgb"};
}

/* Boxes: images, or blocks of a line of text each. */
static void run_page(const uint8_t *data, size_t size_bytes)
{
    static struct arena *arena;
    static struct page_span span = {.text = "Figure 1: words", .text_bytes = 15, .size_pt = 9};
    static struct page_line line = {.spans = &span, .span_count = 1};
    struct page_block blocks[BLOCKS_MAX];
    struct page_image images[BLOCKS_MAX];
    struct page_record record = {
        .width_pt = 600, .height_pt = 800, .blocks = blocks, .images = images};
    struct role_page page = {.width_pt = 600, .height_pt = 800, .visible_glyphs = 100};
    uint32_t content = 0;
    uint32_t texts;

    arena = arena ? arena : arena_create(0);
    arena_reset(arena);
    for (; size_bytes >= BOX_BYTES && record.block_count < BLOCKS_MAX &&
           record.image_record_count < BLOCKS_MAX;
         size_bytes -= BOX_BYTES, data += BOX_BYTES) {
        struct role_place place = {.box = box_of(data), .width_px = 60, .height_px = 60};
        enum slice_side side;

        if (data[4] & 0x80) {
            images[record.image_record_count++] =
                (struct page_image){.role = roles_of(&page, &place, data[4] & 3), .box = place.box};
        } else {
            blocks[record.block_count++] = (struct page_block){.kind = data[4] % PAGE_BLOCK_COUNT,
                                                               .box = place.box,
                                                               .lines = &line,
                                                               .line_count = 1};
        }
        if (size_bytes >= 2 * (size_t)BOX_BYTES) {
            struct slice a = slice_of(data);
            struct slice b = slice_of(data + BOX_BYTES);

            slices_touch(&a, &b, &side);
        }
    }
    for (uint32_t i = 0; i < record.image_record_count; i++) {
        content += images[i].role == PAGE_IMAGE_ROLE_CONTENT;
    }
    texts = record.block_count;
    demand(image_blocks_insert(&record, arena, NULL) == 0);
    demand(record.block_count == texts + content);
    for (uint32_t b = 0; b < record.block_count; b++) {
        texts -= record.blocks[b].line_count;
    }
    demand(texts == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    if (size_bytes == 0) {
        return 0;
    }
    switch (data[0] % 3) {
    case 0:
        run_headers(data + 1, size_bytes - 1);
        break;
    case 1:
        run_picture(data + 1, size_bytes - 1);
        break;
    default:
        run_page(data + 1, size_bytes - 1);
        break;
    }
    return 0;
}
