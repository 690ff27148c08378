/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/images: pictures whose measures are known or can be compared.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/images/picture.h"
#include "workers/images/plain.h"
#include "workers/images/quality.h"

static struct picture make(uint32_t width, uint32_t height, uint32_t components)
{
    struct picture picture;
    struct error err = ERROR_INIT;

    cr_assert_eq(picture_init(&picture, width, height, components, &err), 0, "%s", err.msg);
    return picture;
}

/* A landscape of sorts: waves of several lengths, the same at any size. */
static struct picture make_scene(uint32_t width, uint32_t height)
{
    struct picture picture = make(width, height, 1);

    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            double u = (x + 0.5) / width;
            double v = (y + 0.5) / height;
            double level =
                128 + 50 * sin(7 * u + 3 * v) + 40 * sin(13 * v - 5 * u * v) + 20 * cos(19 * u + 2);

            picture.samples[(size_t)y * width + x] = (uint8_t)fmin(fmax(level, 0), 255);
        }
    }
    return picture;
}

static struct picture make_checkers(uint32_t side, uint32_t cell)
{
    struct picture picture = make(side, side, 1);

    for (uint32_t y = 0; y < side; y++) {
        for (uint32_t x = 0; x < side; x++) {
            picture.samples[(size_t)y * side + x] = (x / cell + y / cell) % 2 ? 200 : 56;
        }
    }
    return picture;
}

/* Each pixel becomes the mean of those around it, times over. */
static void blur(struct picture *picture, int times)
{
    while (times-- > 0) {
        struct picture from = make(picture->width, picture->height, 1);

        memcpy(from.samples, picture->samples, (size_t)from.width * from.height);
        for (uint32_t y = 1; y + 1 < from.height; y++) {
            for (uint32_t x = 1; x + 1 < from.width; x++) {
                uint32_t sum = 0;

                for (uint32_t i = 0; i < 9; i++) {
                    sum += from.samples[(size_t)(y + i / 3 - 1) * from.width + x + i % 3 - 1];
                }
                picture->samples[(size_t)y * from.width + x] = (uint8_t)(sum / 9);
            }
        }
        picture_deinit(&from);
    }
}

static void add_noise(struct picture *picture, int amplitude)
{
    uint32_t state = 12345;

    for (size_t i = 0; i < (size_t)picture->width * picture->height * picture->components; i++) {
        int level;

        state = state * 1664525U + 1013904223U;
        level = picture->samples[i] + (int)(state >> 16) % (2 * amplitude + 1) - amplitude;
        picture->samples[i] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}

static struct quality measure(const struct picture *picture)
{
    struct quality quality;

    quality_measure(picture, &quality);
    return quality;
}

static int distance(uint64_t a, uint64_t b)
{
    return __builtin_popcountll(a ^ b);
}

Test(images_quality, one_colour)
{
    struct picture picture = make(40, 30, 1);
    struct quality quality;

    memset(picture.samples, 51, 40 * 30);
    quality = measure(&picture);
    cr_assert_float_eq(quality.brightness, 0.2, 1e-6);
    cr_assert_float_eq(quality.contrast, 0, 1e-6);
    cr_assert_float_eq(quality.sharpness, 0, 1e-6);
    cr_assert_float_eq(quality.noise, 0, 1e-6);
    /* exposure 1 - 0.6^2, no noise */
    cr_assert_float_eq(quality.quality, 0.2 * 0.64 + 0.2, 1e-6);
    picture_deinit(&picture);
}

Test(images_quality, known_contrast)
{
    struct picture picture = make_checkers(64, 8);

    /* Levels 56 and 200, half each: mean 128, deviation 72. */
    cr_assert_float_eq(measure(&picture).contrast, 1, 1e-6);
    cr_assert_float_eq(measure(&picture).brightness, 128.0 / 255, 1e-6);
    for (size_t i = 0; i < 64 * 64; i++) {
        picture.samples[i] = picture.samples[i] > 128 ? 144 : 112;
    }
    cr_assert_float_eq(measure(&picture).contrast, 0.25, 1e-6);
    picture_deinit(&picture);
}

Test(images_quality, blurred_is_less_sharp)
{
    struct picture picture = make_checkers(96, 6);
    float before = measure(&picture).sharpness;
    float once;

    blur(&picture, 1);
    once = measure(&picture).sharpness;
    cr_assert_lt(once, before);
    blur(&picture, 4);
    cr_assert_lt(measure(&picture).sharpness, once);
    picture_deinit(&picture);
}

Test(images_quality, noise_is_told)
{
    struct picture picture = make_scene(128, 128);
    float before = measure(&picture).noise;
    float some;

    cr_assert_lt(before, 0.05);
    add_noise(&picture, 10);
    some = measure(&picture).noise;
    /* Even over -10 to 10: deviation 6.06, over 25. */
    cr_assert_float_eq(some, 6.06 / 25, 0.05);
    add_noise(&picture, 30);
    cr_assert_gt(measure(&picture).noise, some + 0.2F);
    picture_deinit(&picture);
}

Test(images_quality, too_small_for_a_kernel)
{
    struct picture picture = make(2, 2, 1);

    picture.samples[0] = 255;
    cr_assert_float_eq(measure(&picture).sharpness, 0, 1e-6);
    cr_assert_float_eq(measure(&picture).brightness, 0.25, 1e-6);
    cr_assert_float_eq(measure(&picture).noise, 0, 1e-6);
    picture_deinit(&picture);
}

Test(images_quality, hash_survives_size_blur_and_noise)
{
    struct picture picture = make_scene(512, 384);
    struct picture smaller = make_scene(131, 98);
    struct picture other = make_checkers(400, 50);
    uint64_t hash = quality_perceptual_hash(&picture);

    cr_assert_leq(distance(hash, quality_perceptual_hash(&smaller)), 4);
    blur(&picture, 2);
    cr_assert_leq(distance(hash, quality_perceptual_hash(&picture)), 4);
    add_noise(&picture, 12);
    cr_assert_leq(distance(hash, quality_perceptual_hash(&picture)), 8);
    cr_assert_geq(distance(hash, quality_perceptual_hash(&other)), 16);
    picture_deinit(&picture);
    picture_deinit(&smaller);
    picture_deinit(&other);
}

Test(images_quality, hash_of_the_smallest)
{
    struct picture picture = make(1, 1, 1);

    picture.samples[0] = 9;
    cr_assert_eq(quality_perceptual_hash(&picture), quality_perceptual_hash(&picture));
    picture_deinit(&picture);
}

Test(images_quality, reducing)
{
    struct reducer reducer;
    struct error err = ERROR_INIT;
    struct picture picture;
    uint8_t row[10];

    /* 5 x 3 pixels of 2 components, to at most 3: squares of 2 x 2. */
    cr_assert_eq(reducer_init(&reducer, 5, 3, 2, 3, &err), 0);
    for (uint8_t y = 0; y < 3; y++) {
        for (uint8_t x = 0; x < 5; x++) {
            row[2 * x] = (uint8_t)(10 * y + x);
            row[2 * x + 1] = 100;
        }
        reducer_add(&reducer, row);
    }
    reducer_add(&reducer, row); /* one too many is ignored */
    picture = reducer_take(&reducer);
    cr_assert_eq(picture.width, 3);
    cr_assert_eq(picture.height, 2);
    cr_assert_eq(picture.samples[0], 6); /* 0 1 10 11, rounded up */
    cr_assert_eq(picture.samples[1], 100);
    cr_assert_eq(picture.samples[4], 9);  /* 4 14 */
    cr_assert_eq(picture.samples[6], 21); /* 20 21, rounded up */
    cr_assert_eq(picture.samples[10], 24);
    picture_deinit(&picture);
}

Test(images_quality, a_grain_that_averages_out)
{
    struct reducer reducer;
    struct picture picture;
    uint8_t row[512];

    cr_assert_eq(reducer_init(&reducer, 512, 64, 1, 64, NULL), 0);
    for (uint32_t y = 0; y < 64; y++) {
        for (uint32_t x = 0; x < 512; x++) {
            row[x] = (x + y) % 2 ? 138 : 118;
        }
        reducer_add(&reducer, row);
    }
    /* 20 levels between neighbours, of which the small picture shows nothing. */
    cr_assert_float_eq(reducer_roughness(&reducer), 20, 0.1);
    picture = reducer_take(&reducer);
    cr_assert_eq(picture.samples[0], 128);
    cr_assert_eq(picture.samples[100], 128);
    picture_deinit(&picture);
}

Test(images_quality, reducing_what_is_cut_short)
{
    struct reducer reducer;
    struct error err = ERROR_INIT;
    struct picture picture;
    uint8_t row[4] = {8, 8, 8, 8};

    cr_assert_eq(reducer_init(&reducer, 4, 4, 1, 2, &err), 0);
    reducer_add(&reducer, row);
    picture = reducer_take(&reducer);
    cr_assert_eq(picture.samples[0], 8);
    cr_assert_eq(picture.samples[2], 0);
    picture_deinit(&picture);
}

Test(images_quality, sizes_that_cannot_be)
{
    struct reducer reducer;
    struct picture picture;
    struct error err = ERROR_INIT;

    cr_assert_eq(picture_init(&picture, 0, 5, 1, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_eq(picture_init(&picture, UINT32_MAX, UINT32_MAX, 4, &err), -1);
    cr_assert_eq(reducer_init(&reducer, UINT32_MAX, 3, 1, 512, &err), -1);
    cr_assert_eq(err.code, ERROR_LIMIT);
}

Test(images_quality, gray_of_colours)
{
    struct picture picture = make(2, 1, 3);
    struct picture gray;
    struct error err = ERROR_INIT;
    const uint8_t samples[6] = {255, 255, 255, 100, 0, 0};

    memcpy(picture.samples, samples, sizeof(samples));
    cr_assert_eq(picture_gray(&picture, &gray, &err), 0);
    cr_assert_eq(gray.samples[0], 255);
    cr_assert_eq(gray.samples[1], 30);
    picture_deinit(&picture);
    picture_deinit(&gray);
}

/* --- images that show nothing --- */

static bool is_plain(struct picture *picture)
{
    bool plain = plain_is(picture);

    picture_deinit(picture);
    return plain;
}

Test(images_plain, one_colour_and_gradients)
{
    struct picture one = make(80, 60, 3);
    struct picture gradient = make(200, 100, 3);
    struct picture noisy = make(200, 100, 1);

    memset(one.samples, 200, 80 * 60 * 3);
    cr_assert(is_plain(&one));
    for (uint32_t i = 0; i < 200 * 100; i++) {
        gradient.samples[3 * i] = (uint8_t)(i % 200);
        gradient.samples[3 * i + 1] = (uint8_t)(i / 200 + i % 200 / 4);
        gradient.samples[3 * i + 2] = 7;
    }
    cr_assert(is_plain(&gradient));
    memset(noisy.samples, 128, 200 * 100);
    add_noise(&noisy, 3); /* what JPEG makes of one colour */
    cr_assert(is_plain(&noisy));
}

Test(images_plain, glows_and_rules)
{
    struct picture glow = make(300, 300, 1);
    struct picture rule = make(200, 40, 3);

    for (uint32_t y = 0; y < 300; y++) {
        for (uint32_t x = 0; x < 300; x++) {
            double r = hypot(x - 150.0, y - 150.0) / 212;

            glow.samples[y * 300 + x] = (uint8_t)(255 - 90 * r * r);
        }
    }
    cr_assert(is_plain(&glow));
    memset(rule.samples, 255, 200 * 40 * 3);
    memset(rule.samples + 18 * 200 * 3, 0, 4 * 200 * 3);
    cr_assert(is_plain(&rule));
}

Test(images_plain, what_shows_something)
{
    struct picture scene = make_scene(300, 200);
    struct picture checkers = make_checkers(128, 16);
    struct picture signature = make(512, 300, 1);
    struct picture code = make(300, 100, 1);

    cr_assert_not(is_plain(&scene));
    cr_assert_not(is_plain(&checkers));
    /* A little ink on much paper. */
    memset(signature.samples, 255, 512 * 300);
    for (uint32_t x = 0; x < 90; x++) {
        uint32_t y = (uint32_t)(250 + 12 * sin(x / 6.0));

        memset(signature.samples + y * 512 + 300 + x, 20, 3);
        memset(signature.samples + (y + 1) * 512 + 300 + x, 20, 3);
    }
    cr_assert_not(is_plain(&signature));
    /* A bar code: its rows are the same, and it says something. */
    for (uint32_t i = 0; i < 300 * 100; i++) {
        code.samples[i] = (i % 300 * 2654435761U >> 13) & 1 ? 255 : 0;
    }
    cr_assert_not(is_plain(&code));
}
