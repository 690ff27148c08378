/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Images that show nothing. Nothing blocks or logs; out of memory, an image is taken to show
 * something.
 */
#include "workers/images/plain.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define FAR_LEVELS 24.0
#define FAR_SHARE 0.0002
#define MEAN_LEVELS 3.0
#define SMOOTH_SIDE 64U
#define SMOOTH_LEVELS 4
#define SMOOTH_SHARE 0.002
#define SAME_LEVELS 2.0 /* root of the mean square of what differs between rows */
#define STEP_LEVELS 24.0
#define STEPS_MAX 6U
#define LINES_MIN 4U

/* A plane a + b x + c y through one component, x and y counted from the middle. */
struct plane {
    double a, b, c;
};

static struct plane fit_plane(const struct picture *picture, uint32_t component)
{
    const uint8_t *at = picture->samples + component;
    double middle_x = (picture->width - 1) / 2.0;
    double middle_y = (picture->height - 1) / 2.0;
    double width = picture->width;
    double height = picture->height;
    double sum = 0;
    double sum_x = 0;
    double sum_y = 0;
    struct plane plane;

    for (uint32_t y = 0; y < picture->height; y++) {
        double row = 0;

        for (uint32_t x = 0; x < picture->width; x++, at += picture->components) {
            row += *at;
            sum_x += *at * (x - middle_x);
        }
        sum += row;
        sum_y += row * (y - middle_y);
    }
    /* Sums of (x - middle)^2 over the grid, in closed form. */
    plane.a = sum / (width * height);
    plane.b = width > 1 ? sum_x / (height * width * (width * width - 1) / 12) : 0;
    plane.c = height > 1 ? sum_y / (width * height * (height * height - 1) / 12) : 0;
    return plane;
}

static bool is_plane(const struct picture *picture)
{
    double most = (double)picture->width * picture->height;
    double middle_x = (picture->width - 1) / 2.0;
    double middle_y = (picture->height - 1) / 2.0;

    for (uint32_t component = 0; component < picture->components; component++) {
        struct plane plane = fit_plane(picture, component);
        const uint8_t *at = picture->samples + component;
        double total = 0;
        double far = 0;

        for (uint32_t y = 0; y < picture->height && total <= MEAN_LEVELS * most; y++) {
            double row = plane.a + plane.c * (y - middle_y);

            for (uint32_t x = 0; x < picture->width; x++, at += picture->components) {
                double off = fabs(*at - row - plane.b * (x - middle_x));

                total += off;
                far += off > FAR_LEVELS;
            }
        }
        if (total > MEAN_LEVELS * most || far > FAR_SHARE * most) {
            return false;
        }
    }
    return true;
}

static bool is_smooth(const struct picture *picture)
{
    struct reducer reducer;
    struct picture small;
    uint64_t edges = 0;
    size_t row_bytes = (size_t)picture->width * picture->components;
    size_t step, row, inner;

    if (reducer_init(&reducer, picture->width, picture->height, picture->components, SMOOTH_SIDE,
                     NULL) < 0) {
        return false;
    }
    for (uint32_t y = 0; y < picture->height; y++) {
        reducer_add(&reducer, picture->samples + y * row_bytes);
    }
    small = reducer_take(&reducer);
    step = small.components;
    row = small.width * step;
    /* On a smaller one, edges hide between the pixels. */
    if (small.width < 8 || small.height < 8) {
        picture_deinit(&small);
        return false;
    }
    for (uint32_t y = 1; y + 1 < small.height; y++) {
        for (size_t i = step; i < row - step; i++) {
            const uint8_t *at = small.samples + y * row + i;

            edges += abs(*(at - step) + at[step] - 2 * *at) > SMOOTH_LEVELS ||
                     abs(*(at - row) + at[row] - 2 * *at) > SMOOTH_LEVELS;
        }
    }
    inner = (size_t)(small.height - 2) * (row - 2 * step);
    picture_deinit(&small);
    return (double)edges <= SMOOTH_SHARE * (double)inner;
}

/* Whether the lines of pixels that go one way are all the same: count of them, each of length
 * pixels, the next pixel of a line being along bytes away, the next line across bytes. */
static bool is_striped(const struct picture *picture, uint32_t count, uint32_t length,
                       size_t across, size_t along)
{
    double most_off = SAME_LEVELS * SAME_LEVELS * length * picture->components;
    uint32_t steps = 0;
    double off = 0;

    if (count < LINES_MIN) { /* too few to tell */
        return false;
    }
    for (uint32_t component = 0; component < picture->components; component++) {
        double before = 0;

        for (uint32_t i = 0; i < length && off <= most_off; i++) {
            const uint8_t *at = picture->samples + component + i * along;
            double sum = 0;
            double squares = 0;

            for (uint32_t line = 0; line < count; line++, at += across) {
                sum += *at;
                squares += (double)*at * *at;
            }
            sum /= count;
            off += squares / count - sum * sum;
            steps += i > 0 && fabs(sum - before) > STEP_LEVELS;
            before = sum;
        }
    }
    return off <= most_off && steps <= STEPS_MAX * picture->components;
}

bool plain_is(const struct picture *picture)
{
    size_t pixel = picture->components;
    size_t row = pixel * picture->width;

    return is_plane(picture) || is_striped(picture, picture->height, picture->width, row, pixel) ||
           is_striped(picture, picture->width, picture->height, pixel, row) || is_smooth(picture);
}
