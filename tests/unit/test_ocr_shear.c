/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Images turned by a few degrees. */
#include <criterion/criterion.h>
#include <leptonica/allheaders.h>
#include <math.h>

#include "workers/ocr/shear.h"

#define WIDTH 403 /* no multiple of a word */
#define HEIGHT 300
#define PAPER 255

static PIX *blank(void)
{
    PIX *pix = pixCreate(WIDTH, HEIGHT, 8);

    cr_assert_not_null(pix);
    pixSetAllArbitrary(pix, PAPER);
    return pix;
}

static unsigned shade(PIX *pix, int x, int y)
{
    l_uint32 value = 0;

    cr_assert(pixGetPixel(pix, x, y, &value) == 0, "(%d, %d) is outside", x, y);
    return value;
}

/* A black square around a point. */
static void dot(PIX *pix, int x, int y)
{
    for (int dy = -3; dy <= 3; dy++) {
        for (int dx = -3; dx <= 3; dx++) {
            pixSetPixel(pix, x + dx, y + dy, 0);
        }
    }
}

static const float ANGLES[] = {-5, -1.3F, -0.5F, 0, 0.4F, 2, 6};

Test(ocr_shear, things_lie_where_back_says)
{
    static const int points[][2] = {{200, 150}, {40, 40}, {360, 40}, {40, 260}, {360, 260}};

    for (size_t a = 0; a < sizeof(ANGLES) / sizeof(ANGLES[0]); a++) {
        PIX *pix = blank();
        PIX *turned;
        fz_matrix back;

        for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
            dot(pix, points[i][0], points[i][1]);
        }
        turned = shear_turn(pix, ANGLES[a], PAPER, &back);
        cr_assert_not_null(turned);
        for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
            fz_point at = fz_transform_point_xy((float)points[i][0], (float)points[i][1],
                                                fz_invert_matrix(back));

            cr_assert(shade(turned, (int)lrintf(at.x), (int)lrintf(at.y)) < 10,
                      "%.1f degrees, point %zu", (double)ANGLES[a], i);
        }
        pixDestroy(&turned);
        pixDestroy(&pix);
    }
}

Test(ocr_shear, clockwise_is_clockwise)
{
    PIX *pix = blank();
    PIX *turned;
    fz_matrix back;

    dot(pix, 350, 150); /* to the right of the middle: it sinks by 150 times the sine */
    turned = shear_turn(pix, 5, PAPER, &back);
    cr_assert(shade(turned, 350, 163) < 10);
    cr_assert(shade(turned, 350, 150) == PAPER);
    pixDestroy(&turned);
    pixDestroy(&pix);
}

Test(ocr_shear, the_image_itself_stays_as_it_is)
{
    PIX *pix = blank();
    PIX *copy, *turned;
    fz_matrix back;
    l_int32 same = 0;

    dot(pix, 100, 100);
    copy = pixCopy(NULL, pix);
    turned = shear_turn(pix, 1, PAPER, &back);
    cr_assert(pixEqual(pix, copy, &same) == 0 && same);
    pixDestroy(&turned);
    turned = shear_turn(pix, 0, PAPER, &back);
    cr_assert(shade(turned, 100, 100) == 0);
    pixDestroy(&turned);
    pixDestroy(&copy);
    pixDestroy(&pix);
}

Test(ocr_shear, what_was_nowhere_is_paper)
{
    PIX *pix = pixCreate(WIDTH, HEIGHT, 8); /* all black */
    PIX *turned;
    fz_matrix back;

    turned = shear_turn(pix, 5, PAPER, &back);
    cr_assert_eq(shade(turned, 0, 0), PAPER);
    cr_assert_eq(shade(turned, WIDTH - 1, HEIGHT - 1), PAPER);
    cr_assert_eq(shade(turned, WIDTH / 2, HEIGHT / 2), 0);
    pixDestroy(&turned);
    pixDestroy(&pix);
}

Test(ocr_shear, images_smaller_than_the_slope)
{
    for (int size = 1; size <= 40; size += 13) {
        PIX *pix = pixCreate(size, size, 8);
        fz_matrix back;
        PIX *turned = shear_turn(pix, 6, PAPER, &back);

        cr_assert_not_null(turned);
        cr_assert_eq(pixGetWidth(turned), size);
        pixDestroy(&turned);
        pixDestroy(&pix);
    }
}
