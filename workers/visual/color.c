/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-color-512: which colours a picture has, and about where.
 *
 * Colours are in Oklab, where distances are about those that are seen: L from 0 (black) to 1, a
 * from green to red, b from blue to yellow. As most colours are not far from gray, a and b are
 * stretched there: to the square root of their size.
 *
 * - 0 to 383: how much of the picture has which colour: 6 steps of L, 8 of a, 8 of b. A pixel
 * counts in the eight nearest by nearness.
 * - 384 to 511: in 4 x 4 fields: how much is dark, half light and light; how much goes to red,
 * green, yellow, blue; how much colour there is at all.
 *
 * Square roots are taken of all, so that a small thing of a colour of its own counts too.
 *
 * Nothing blocks or logs. Source: B. Ottosson, "A perceptual color space for image processing",
 * 2020; IEC 61966-2-1 (sRGB).
 */
#include <math.h>
#include <string.h>

#include "workers/visual/descriptors.h"

#define L_STEPS 6U
#define AB_STEPS 8U
#define HISTOGRAM (L_STEPS * AB_STEPS * AB_STEPS)
#define FIELDS 4U
#define FIELD_VALUES 8U
#define AB_MAX 0.35F /* farther from gray no colour of sRGB is */
#define HISTOGRAM_WEIGHT 1.0F
#define LAYOUT_WEIGHT 0.6F
#define NEWTON_STEPS 40

struct color {
    float l, a, b;
};

/* The root, by Newton's steps from above: each is of operations that are rounded in one way, which
 * those of the C library need not be. value: 0 to 1; power: 3 or 5. */
static double root(double value, int power)
{
    double at = 1;

    if (value <= 0) {
        return 0;
    }
    for (int i = 0; i < NEWTON_STEPS; i++) {
        double square = at * at;
        double below = power == 3 ? square : square * square;
        double next = ((power - 1) * at + value / below) / power;

        if (next >= at && next <= at) {
            break; /* as all that follow would be */
        }
        at = next;
    }
    return at;
}

/* 0 to 255 in sRGB to 0 to 1 in amounts of light. x^2.4 is x * x * the fifth root of x * x. */
static double linear(float level)
{
    double value = (double)level / 255;
    double base;

    if (value <= 0.04045) {
        return value / 12.92;
    }
    base = (value + 0.055) / 1.055;
    base = base < 1 ? base : 1;
    return base * base * root(base * base, 5);
}

static struct color to_oklab(float red, float green, float blue)
{
    const double r = linear(red);
    const double g = linear(green);
    const double b = linear(blue);
    const double l = root(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b, 3);
    const double m = root(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b, 3);
    const double s = root(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b, 3);

    return (struct color){
        .l = (float)(0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s),
        .a = (float)(1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s),
        .b = (float)(0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s),
    };
}

/* 0 to 1, with 0.5 for gray. */
static float stretched(float value)
{
    float size = value < 0 ? -value : value;
    float part = sqrtf(size < AB_MAX ? size / AB_MAX : 1);

    return value < 0 ? 0.5F - part / 2 : 0.5F + part / 2;
}

/* The step below a value, and how far the value is on the way to the next. */
static uint32_t step_of(float value, uint32_t steps, float *ret_part)
{
    float at = value * (float)(steps - 1);
    uint32_t step;

    at = at < 0 ? 0 : at;
    step = (uint32_t)at;
    step = step > steps - 2 ? steps - 2 : step;
    *ret_part = at - (float)step > 1 ? 1 : at - (float)step;
    return step;
}

static void count_color(const struct color *color, float *histogram)
{
    float parts[3];
    const uint32_t steps[3] = {
        step_of(color->l, L_STEPS, &parts[0]),
        step_of(stretched(color->a), AB_STEPS, &parts[1]),
        step_of(stretched(color->b), AB_STEPS, &parts[2]),
    };

    for (uint32_t i = 0; i < 8; i++) {
        const uint32_t l = i & 1;
        const uint32_t a = (i >> 1) & 1;
        const uint32_t b = i >> 2;
        const float part = (l ? parts[0] : 1 - parts[0]) * (a ? parts[1] : 1 - parts[1]) *
                           (b ? parts[2] : 1 - parts[2]);

        histogram[((steps[0] + l) * AB_STEPS + steps[1] + a) * AB_STEPS + steps[2] + b] += part;
    }
}

static void count_field(const struct color *color, float *field)
{
    const float dark = color->l < 0.5F ? 1 - 2 * color->l : 0;
    const float light = color->l > 0.5F ? 2 * color->l - 1 : 0;

    field[0] += dark;
    field[1] += 1 - dark - light;
    field[2] += light;
    field[3] += color->a > 0 ? color->a / AB_MAX : 0;
    field[4] += color->a < 0 ? -color->a / AB_MAX : 0;
    field[5] += color->b > 0 ? color->b / AB_MAX : 0;
    field[6] += color->b < 0 ? -color->b / AB_MAX : 0;
    field[7] += sqrtf(color->a * color->a + color->b * color->b) / AB_MAX;
}

void descriptor_color(const struct plane colors[3], float *ret_vector)
{
    float *layout = ret_vector + HISTOGRAM;

    memset(ret_vector, 0, DESCRIPTOR_DIMENSIONS * sizeof(*ret_vector));
    for (uint32_t y = 0; y < COLOR_SIDE; y++) {
        for (uint32_t x = 0; x < COLOR_SIDE; x++) {
            const struct color color = to_oklab(
                plane_at(&colors[0], x, y), plane_at(&colors[1], x, y), plane_at(&colors[2], x, y));
            const uint32_t field = y * FIELDS / COLOR_SIDE * FIELDS + x * FIELDS / COLOR_SIDE;

            count_color(&color, ret_vector);
            count_field(&color, layout + (size_t)field * FIELD_VALUES);
        }
    }
    for (uint32_t i = 0; i < DESCRIPTOR_DIMENSIONS; i++) {
        ret_vector[i] = ret_vector[i] > 0 ? sqrtf(ret_vector[i]) : 0;
    }
    descriptor_scale(ret_vector, HISTOGRAM, HISTOGRAM_WEIGHT);
    descriptor_scale(layout, FIELDS * FIELDS * FIELD_VALUES, LAYOUT_WEIGHT);
}
