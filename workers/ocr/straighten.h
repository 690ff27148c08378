/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which way up the text of an image stands, by how much its lines slope, and how high its letters
 * are.
 *
 * Angles: clockwise, by which the image has to be turned for its text to stand upright.
 */
#ifndef EBB_WORKERS_OCR_STRAIGHTEN_H
#define EBB_WORKERS_OCR_STRAIGHTEN_H

#include <stdbool.h>

#include "common/error.h"

struct Pix;

struct stance {
    int quarters;   /* 0 to 3 quarter turns */
    float skew_deg; /* what remains behind them; 0 where no lines tell */
    /* How sure of each direction the letters' shapes are, by quarter turns; over 0 for yes, from
     * 5 on quite. All 0 where nobody asked them. */
    float letters[4];
};

/* Looks at an image (8 bits, grey) of that resolution. ask_letters: always, not only where lines
 * run down the page as well as across. ERROR_MEMORY. */
int stance_find(struct Pix *image, float dpi, bool ask_letters, struct stance *ret_stance,
                struct error *err);

/* The height of most small letters, in pixels; 0 where there are too few to tell. ERROR_MEMORY. */
int letters_height(struct Pix *image, float *ret_height_px, struct error *err);

#endif
