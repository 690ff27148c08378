/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Turning an image by two shears.
 *
 * First columns slide up or down, then rows to the sides, each pixel mixed from the two that it
 * falls between. Lines of text become straight exactly; what is left of a true rotation is a change
 * of size by the square of the angle, which ret_back knows. The inner loops run over neighbouring
 * bytes, so that a compiler makes vectors of them. Nothing blocks or logs.
 */
#include "workers/ocr/shear.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 256 /* between two pixels */

/* Bytes in the order of memory. */
struct plane {
    uint8_t *bytes;
    ptrdiff_t stride;
    int width, height;
};

static struct plane plane_of(PIX *pix)
{
    return (struct plane){(uint8_t *)pixGetData(pix), (ptrdiff_t)pixGetWpl(pix) * 4,
                          pixGetWidth(pix), pixGetHeight(pix)};
}

/* out = the mix of low and high, with so many steps of high in each column. */
static void mix_columns(uint8_t *restrict out, const uint8_t *restrict low,
                        const uint8_t *restrict high, const uint16_t *restrict steps, int count)
{
    for (int i = 0; i < count; i++) {
        out[i] = (uint8_t)((low[i] * (STEPS - steps[i]) + high[i] * steps[i]) / STEPS);
    }
}

/* The same with as many steps in all of them. */
static void mix_row(uint8_t *restrict out, const uint8_t *restrict low,
                    const uint8_t *restrict high, int steps, int count)
{
    for (int i = 0; i < count; i++) {
        out[i] = (uint8_t)((low[i] * (STEPS - steps) + high[i] * steps) / STEPS);
    }
}

/* A run of columns that slide by the same number of whole pixels. */
static void slide_run(const struct plane *from, const struct plane *to, int x, int count, int by,
                      const uint16_t *steps, uint8_t paper)
{
    for (int y = 0; y < to->height; y++) {
        uint8_t *out = to->bytes + y * to->stride + x;
        int low = y + by;

        if (low < 0 || low + 1 >= from->height) {
            memset(out, paper, (size_t)count);
        } else {
            const uint8_t *in = from->bytes + low * from->stride + x;

            mix_columns(out, in, in + from->stride, steps + x, count);
        }
    }
}

/* Column x of to is that of from, moved up by (x - middle) * slope. steps: room for each column. */
static void slide_columns(const struct plane *from, const struct plane *to, float slope,
                          uint16_t *steps, uint8_t paper)
{
    float middle = (float)from->width / 2;
    int run = 0;
    int run_by = 0;

    for (int x = 0; x < from->width; x++) {
        float offset = ((float)x - middle) * slope;
        float whole = floorf(offset);
        int by = (int)whole;

        steps[x] = (uint16_t)((offset - whole) * STEPS);
        if (x > run && by != run_by) {
            slide_run(from, to, run, x - run, run_by, steps, paper);
            run = x;
        }
        run_by = by;
    }
    slide_run(from, to, run, from->width - run, run_by, steps, paper);
}

/* Row y of to is that of from, moved to the left by (y - middle) * slope. */
static void slide_rows(const struct plane *from, const struct plane *to, float slope, uint8_t paper)
{
    float middle = (float)from->height / 2;

    for (int y = 0; y < from->height; y++) {
        float offset = ((float)y - middle) * slope;
        float whole = floorf(offset);
        int by = (int)whole;
        int first = by < 0 ? -by : 0;
        int end = by < 0 ? from->width : from->width - by - 1;
        const uint8_t *in = from->bytes + y * from->stride + by;
        uint8_t *out = to->bytes + y * to->stride;

        if (first >= end) {
            memset(out, paper, (size_t)to->width);
            continue;
        }
        memset(out, paper, (size_t)first);
        mix_row(out + first, in + first, in + first + 1, (int)((offset - whole) * STEPS),
                end - first);
        memset(out + end, paper, (size_t)(to->width - end));
    }
}

/* From the turned image to the one before: first rows, then columns, as they were slid last. */
static fz_matrix back_of(PIX *image, float across, float down)
{
    float x = (float)pixGetWidth(image) / 2;
    float y = (float)pixGetHeight(image) / 2;
    fz_matrix rows = {1, 0, across, 1, 0, 0};
    fz_matrix columns = {1, down, 0, 1, 0, 0};

    return fz_concat(fz_concat(fz_translate(-x, -y), fz_concat(rows, columns)), fz_translate(x, y));
}

PIX *shear_turn(PIX *image, float degrees, unsigned char paper, fz_matrix *ret_back)
{
    float radians = degrees * (float)M_PI / 180;
    float down = -tanf(radians);
    float across = sinf(radians);
    PIX *slid = pixCreateTemplateNoInit(image);
    PIX *turned = pixCreateTemplateNoInit(image);
    uint16_t *steps = calloc((size_t)pixGetWidth(image), sizeof(*steps));

    if (slid && turned && steps) {
        struct plane planes[3] = {plane_of(image), plane_of(slid), plane_of(turned)};

        pixEndianByteSwap(image);
        slide_columns(&planes[0], &planes[1], down, steps, paper);
        slide_rows(&planes[1], &planes[2], across, paper);
        pixEndianByteSwap(image);
        pixEndianByteSwap(turned);
        *ret_back = back_of(image, across, down);
    } else {
        pixDestroy(&turned);
    }
    free(steps);
    pixDestroy(&slid);
    return turned;
}
