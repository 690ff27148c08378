/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* At how many pixels an inch a page is read. */
#include <criterion/criterion.h>

#include "workers/ocr/resolution.h"

#define MAX_PIXELS 50000000U
#define A4 .width_pt = 595, .height_pt = 842

static float choose(struct resolution_page page, uint32_t attempt)
{
    return resolution_choose(&page, attempt, MAX_PIXELS);
}

static struct resolution_page scan(float dpi)
{
    return (struct resolution_page){A4, .image_dpi = dpi, .image_cover = 1};
}

Test(ocr_resolution, a_scan_is_read_at_its_own)
{
    cr_assert_float_eq(choose(scan(200), 1), 200, 0.01);
    cr_assert_float_eq(choose(scan(300), 1), 300, 0.01);
    cr_assert_float_eq(choose(scan(97), 1), 97, 0.01);
}

Test(ocr_resolution, a_fine_scan_is_read_at_300)
{
    cr_assert_float_eq(choose(scan(600), 1), 300, 0.01);
}

Test(ocr_resolution, what_is_drawn_is_read_at_300)
{
    cr_assert_float_eq(choose((struct resolution_page){A4, .other_ink = true}, 1), 300, 0.01);
    cr_assert_float_eq(choose((struct resolution_page){A4, .image_dpi = 72, .image_cover = 0.2F,
                                                       .other_ink = true},
                              1),
                       300, 0.01);
}

Test(ocr_resolution, a_coarse_image_does_not_spoil_what_is_drawn_on_it)
{
    struct resolution_page page = scan(96);

    page.other_ink = true;
    cr_assert_float_eq(choose(page, 1), 200, 0.01);
}

Test(ocr_resolution, an_image_stretched_over_a_poster_is_read_all_the_same)
{
    cr_assert_float_eq(choose(scan(20), 1), RESOLUTION_MIN_DPI, 0.01);
}

Test(ocr_resolution, later_attempts_are_cheaper)
{
    cr_assert_float_eq(choose(scan(300), 2), 200, 0.01);
    cr_assert_float_eq(choose(scan(300), 3), 150, 0.01);
    cr_assert_float_eq(choose(scan(300), 9), 150, 0.01);
    cr_assert_float_eq(choose(scan(120), 2), 120, 0.01);
}

Test(ocr_resolution, stays_within_the_bound)
{
    struct resolution_page poster = {.width_pt = 2384, .height_pt = 3370}; /* A0 */
    struct resolution_page giant = {.width_pt = 100000, .height_pt = 100000};
    float dpi = choose(poster, 1);

    cr_assert(dpi < 300 && dpi > 140, "%f", (double)dpi);
    cr_assert(poster.width_pt * poster.height_pt / (72 * 72) * dpi * dpi <= MAX_PIXELS * 1.001F);
    cr_assert_eq(choose(giant, 1), 0);
    cr_assert_eq(choose(giant, 3), 0);
}

static float enlarge(float dpi, float letter_px)
{
    return resolution_enlarge(dpi, letter_px, 1000000, 1, MAX_PIXELS);
}

Test(ocr_resolution, small_letters_of_a_coarse_scan_are_enlarged)
{
    cr_assert_float_eq(enlarge(100, 8), 2, 0.01);
    cr_assert_float_eq(enlarge(75, 4), 3, 0.01, "but not by more than this");
    cr_assert_float_eq(enlarge(150, 11), 1.25, 0.01);
    cr_assert_float_eq(enlarge(100, 0), 2.25, 0.01, "letters of 10 points, when nobody knows");
}

Test(ocr_resolution, what_can_be_read_is_not)
{
    cr_assert_eq(enlarge(200, 8), 1, "200 dpi are enough");
    cr_assert_eq(enlarge(100, 20), 1, "the letters are large");
    cr_assert_eq(resolution_enlarge(72, 0, 12000000, 1, MAX_PIXELS), 1,
                 "a photograph that does not know its size");
    cr_assert_eq(resolution_enlarge(100, 8, 1000000, 2, MAX_PIXELS), 1, "it is to be cheap");
}

Test(ocr_resolution, enlarging_stays_within_the_bound)
{
    cr_assert_float_eq(resolution_enlarge(100, 4, 1000000, 1, 4000000), 2, 0.01);
    cr_assert_eq(resolution_enlarge(100, 4, 1000000, 1, 1000000), 1);
}
