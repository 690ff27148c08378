/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * At how many pixels an inch a page is read.
 *
 * Measured (CER and time over resolutions): from 200 to 300 dpi accuracy is the same and time grows
 * by a quarter, so a scan is read at the resolution that it has. Under about 150 dpi errors double
 * with each step, and come back to nearly those of 300 when the image is enlarged until its small
 * letters are about sixteen pixels high. Nothing blocks or logs.
 */
#include "workers/ocr/resolution.h"

#include <math.h>

#define PAGE_COVER 0.5F      /* an image that covers so much decides for the page */
#define DRAWN_MIN_DPI 200.0F /* for what is drawn beside a coarse image */
#define LOW_DPI 190.0F
#define SMALL_PX 12.0F  /* letters lower than this are enlarged */
#define WANTED_PX 16.0F /* to this */
#define ENLARGE_MAX 3.0F
#define USUAL_LETTER_PT 5.0F /* a small letter of 10 points: where none could be measured */
#define FEW_PIXELS 2000000U  /* more than this is no coarse page, whatever it says of itself */
#define STEPS 4.0F           /* of an enlargement, in 1: few sizes, and the same for pages alike */

static float attempt_dpi(uint32_t attempt)
{
    return attempt <= 1 ? RESOLUTION_USUAL_DPI : attempt == 2 ? 200 : 150;
}

/* The resolution at which width_pt x height_pt have so many pixels. */
static float bound_dpi(const struct resolution_page *page, uint64_t max_pixels)
{
    double inches = (double)page->width_pt * (double)page->height_pt / (72.0 * 72.0);

    return inches > 0 ? (float)sqrt((double)max_pixels / inches) : 0;
}

float resolution_choose(const struct resolution_page *page, uint32_t attempt, uint64_t max_pixels)
{
    float dpi = RESOLUTION_USUAL_DPI;
    float bound = bound_dpi(page, max_pixels);

    if (page->image_cover >= PAGE_COVER && page->image_dpi > 0) {
        dpi = fminf(dpi, page->image_dpi);
        if (page->other_ink) {
            dpi = fmaxf(dpi, DRAWN_MIN_DPI);
        }
        dpi = fmaxf(dpi, RESOLUTION_MIN_DPI);
    }
    dpi = fminf(dpi, attempt_dpi(attempt));
    if (bound < RESOLUTION_MIN_DPI) {
        return 0;
    }
    return fminf(dpi, bound);
}

bool resolution_is_low(float dpi)
{
    return dpi < LOW_DPI;
}

float resolution_enlarge(float dpi, float letter_px, uint64_t pixels, uint32_t attempt,
                         uint64_t max_pixels)
{
    float wanted = 1;
    float most;

    if (!resolution_is_low(dpi) || pixels == 0 || attempt > 1) {
        return 1;
    }
    if (letter_px <= 0 && pixels < FEW_PIXELS) {
        letter_px = dpi * USUAL_LETTER_PT / 72;
    }
    if (letter_px > 0 && letter_px < SMALL_PX) {
        wanted = WANTED_PX / letter_px;
    }
    most = fminf(ENLARGE_MAX, sqrtf((float)((double)max_pixels / (double)pixels)));
    wanted = floorf(fminf(wanted, most) * STEPS) / STEPS;
    return fmaxf(wanted, 1);
}
