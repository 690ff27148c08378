/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * At how many pixels an inch a page is read: where the time goes, and much of the accuracy.
 * tests/bench/ocr_resolutions.py measures both.
 *
 * Units: dots (pixels) per inch of the page, points for places on it.
 */
#ifndef EBB_WORKERS_OCR_RESOLUTION_H
#define EBB_WORKERS_OCR_RESOLUTION_H

#include <stdbool.h>
#include <stdint.h>

#define RESOLUTION_USUAL_DPI 300.0F
#define RESOLUTION_MIN_DPI 70.0F /* what is coarser cannot be read */

/* What there is to see on a page. */
struct resolution_page {
    float width_pt, height_pt;
    float image_dpi;   /* of the image that covers most; the smaller of its two; 0 without images */
    float image_cover; /* the share of the page that it covers, 0 to 1 */
    bool other_ink;    /* anything visible but images */
};

/* What to render the page at, or to make its one image smaller to. attempt: from 1; later ones
 * are cheaper. 0 when even RESOLUTION_MIN_DPI is more than max_pixels. */
float resolution_choose(const struct resolution_page *page, uint32_t attempt, uint64_t max_pixels);

/* By how much to enlarge an image whose small letters are so high and which has dpi, so that the
 * engine can read them: 1 for what is large enough. letter_px: 0 when there were too few to
 * measure, in which case dpi is believed. */
float resolution_enlarge(float dpi, float letter_px, uint64_t pixels, uint32_t attempt,
                         uint64_t max_pixels);

/* Whether letters have to be measured for that. */
bool resolution_is_low(float dpi);

#endif
