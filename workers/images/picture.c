/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Small pictures. Nothing blocks or logs.
 */
#include "workers/images/picture.h"

#include <stdlib.h>
#include <string.h>

#define PICTURE_BYTES_MAX ((uint64_t)64 << 20)

int picture_init(struct picture *picture, uint32_t width, uint32_t height, uint32_t components,
                 struct error *err)
{
    uint64_t row = (uint64_t)width * components;
    uint8_t *samples;

    if (row == 0 || height == 0 || row > PICTURE_BYTES_MAX / height) {
        return error_set(err, ERROR_LIMIT, "a picture of %u x %u x %u", width, height, components);
    }
    samples = calloc(height, (size_t)row);
    if (!samples) {
        return error_set(err, ERROR_MEMORY, "no memory for a picture of %u x %u", width, height);
    }
    *picture = (struct picture){
        .width = width, .height = height, .components = components, .samples = samples};
    return 0;
}

void picture_deinit(struct picture *picture)
{
    free(picture->samples);
    memset(picture, 0, sizeof(*picture));
}

int picture_gray(const struct picture *picture, struct picture *ret_gray, struct error *err)
{
    const uint8_t *in = picture->samples;
    size_t count = (size_t)picture->width * picture->height;

    if (picture->components != 1 && picture->components != 3) {
        return error_set(err, ERROR_INVALID, "a picture of %u components", picture->components);
    }
    if (picture_init(ret_gray, picture->width, picture->height, 1, err) < 0) {
        return -1;
    }
    if (picture->components == 1) {
        memcpy(ret_gray->samples, in, count);
        return 0;
    }
    for (size_t i = 0; i < count; i++, in += 3) {
        ret_gray->samples[i] =
            (uint8_t)((in[0] * 299U + in[1] * 587U + in[2] * 114U + 500U) / 1000U);
    }
    return 0;
}

static uint32_t divide_up(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

int reducer_init(struct reducer *reducer, uint32_t width, uint32_t height, uint32_t components,
                 uint32_t max_side, struct error *err)
{
    uint32_t longer = width > height ? width : height;
    uint32_t factor = longer > max_side ? divide_up(longer, max_side) : 1;

    /* A sum of factor * factor samples must fit. */
    if (factor > 4096) {
        return error_set(err, ERROR_LIMIT, "an image of %u x %u", width, height);
    }
    memset(reducer, 0, sizeof(*reducer));
    reducer->width = width;
    reducer->height = height;
    reducer->factor = factor;
    if (picture_init(&reducer->picture, divide_up(width, factor), divide_up(height, factor),
                     components, err) < 0) {
        return -1;
    }
    reducer->sums = calloc((size_t)reducer->picture.width * components, sizeof(*reducer->sums));
    if (!reducer->sums) {
        picture_deinit(&reducer->picture);
        return error_set(err, ERROR_MEMORY, "no memory to reduce an image");
    }
    return 0;
}

void reducer_deinit(struct reducer *reducer)
{
    picture_deinit(&reducer->picture);
    free(reducer->sums);
    memset(reducer, 0, sizeof(*reducer));
}

/* Adds each square's part of a row to its sums. */
static void add_row(const struct reducer *reducer, const uint8_t *row)
{
    uint32_t components = reducer->picture.components;
    uint32_t *sum = reducer->sums;

    for (uint32_t x = 0; x < reducer->width; x += reducer->factor, sum += components) {
        uint32_t left = reducer->width - x;
        uint32_t count = left < reducer->factor ? left : reducer->factor;

        if (components == 1) {
            uint32_t total = 0;

            for (uint32_t i = 0; i < count; i++) {
                total += row[i];
            }
            sum[0] += total;
            row += count;
            continue;
        }
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t c = 0; c < components; c++) {
                sum[c] += *row++;
            }
        }
    }
}

static void add_changes(struct reducer *reducer, const uint8_t *row)
{
    size_t step = reducer->picture.components;
    size_t count = reducer->width * step;
    uint32_t changes = 0; /* at most 65,536 pixels of 32 components */

    for (size_t i = step; i < count; i++) {
        changes += (uint32_t)abs(row[i] - row[i - step]);
    }
    reducer->changes += changes;
}

float reducer_roughness(const struct reducer *reducer)
{
    uint64_t count = (uint64_t)reducer->width * reducer->rows * reducer->picture.components;

    return count > 0 ? (float)((double)reducer->changes / (double)count) : 0;
}

/* The means of the squares whose rows_in rows have come. */
static void flush_row(struct reducer *reducer, uint32_t out_row, uint32_t rows_in)
{
    struct picture *picture = &reducer->picture;
    uint8_t *out = picture->samples + (size_t)out_row * picture->width * picture->components;
    uint32_t *sum = reducer->sums;

    for (uint32_t x = 0; x < picture->width; x++) {
        uint32_t left = reducer->width - x * reducer->factor;
        uint32_t count = (left < reducer->factor ? left : reducer->factor) * rows_in;

        for (uint32_t c = 0; c < picture->components; c++, sum++) {
            *out++ = (uint8_t)((*sum + count / 2) / count);
            *sum = 0;
        }
    }
}

void reducer_add(struct reducer *reducer, const uint8_t *row)
{
    struct picture *picture = &reducer->picture;
    uint32_t in_square;

    if (reducer->rows == reducer->height) {
        return;
    }
    add_changes(reducer, row);
    if (reducer->factor == 1) {
        size_t row_bytes = (size_t)picture->width * picture->components;

        memcpy(picture->samples + reducer->rows++ * row_bytes, row, row_bytes);
        return;
    }
    add_row(reducer, row);
    in_square = reducer->rows % reducer->factor + 1;
    reducer->rows++;
    if (in_square == reducer->factor || reducer->rows == reducer->height) {
        flush_row(reducer, (reducer->rows - 1) / reducer->factor, in_square);
    }
}

struct picture reducer_take(struct reducer *reducer)
{
    struct picture picture = reducer->picture;

    if (reducer->factor > 1 && reducer->rows % reducer->factor != 0 &&
        reducer->rows < reducer->height) {
        flush_row(reducer, reducer->rows / reducer->factor, reducer->rows % reducer->factor);
    }
    memset(&reducer->picture, 0, sizeof(reducer->picture));
    reducer_deinit(reducer);
    return picture;
}
