/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which way up the text of an image stands.
 *
 * Lines of text are found by how unevenly ink is spread over the image's rows (Leptonica's
 * pixFindSkew): much more unevenly over its rows than over its columns, where text runs across.
 * That costs a few milliseconds and settles nearly every page. Whether the text is upside down is
 * asked of the letters' shapes, more of which rise than sink (pixOrientDetect, for Latin script),
 * and only where lines do not settle it or the engine could make nothing of the page.
 *
 * Source: D. Bloomberg, leptonica.org, "Skew detection", "Orientation detection".
 */
#include "workers/ocr/straighten.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define REDUCE_DPI 190.0F /* from here on, every other pixel tells as much of lines, */
#define REDUCE_PIXELS 2000000
#define REDUCE_LETTERS_DPI 240.0F /* and from here on of letters */
#define LINES_CLEAR 3.0F          /* pixFindSkew's confidence that there are lines at all */
#define CLEARER 2.0F              /* one direction's over the other's: settled */
#define LETTERS_SURE 5.0F         /* pixOrientDetect's confidence */
#define LETTERS_ALONE 12.0F       /* the same, against upright and without lines that agree */
#define SKEW_MAX_DEG 15.0F        /* no scan is laid so crooked: the lines found are none */
/* Parts of the image that letters are looked for in, and the components that can be some. */
#define LETTERS_MIN 40
#define LETTER_MIN_PX 3
#define LETTER_MAX_PX 200

/* Black and white, by one threshold between ink and paper. */
static PIX *binarise(PIX *image)
{
    l_int32 threshold = 128;

    pixSplitDistributionFgBg(image, 0.5F, 4, &threshold, NULL, NULL, NULL);
    return pixThresholdToBinary(image, threshold);
}

/* The same of every other pixel where there are enough. */
static PIX *binarise_reduced(PIX *image, bool reduce)
{
    PIX *half =
        reduce ? pixScaleBySamplingToSize(image, pixGetWidth(image) / 2, pixGetHeight(image) / 2)
               : pixClone(image);
    PIX *binary = half ? binarise(half) : NULL;

    pixDestroy(&half);
    return binary;
}

struct lines {
    float skew_deg;
    float clear; /* pixFindSkew's confidence */
};

static struct lines find_lines(PIX *binary)
{
    struct lines lines = {0};

    if (pixFindSkew(binary, &lines.skew_deg, &lines.clear) != 0 ||
        fabsf(lines.skew_deg) > SKEW_MAX_DEG) {
        return (struct lines){0};
    }
    return lines;
}

static void ask(PIX *image, float dpi, float letters[4])
{
    PIX *binary = binarise_reduced(image, dpi >= REDUCE_LETTERS_DPI);
    l_float32 up = 0;
    l_float32 left = 0;

    if (binary && pixOrientDetect(binary, &up, &left, 0, 0) == 0) {
        letters[0] = up;
        letters[1] = left;
        letters[2] = -up;
        letters[3] = -left;
    }
    pixDestroy(&binary);
}

/* The quarter turns that the letters speak for, among first, first + step, ...; -1: none. Where no
 * lines agree, the texture of pictures may pass for letters: they must be surer then. */
static int surest(const float letters[4], int first, int step)
{
    float least = step == 1 ? LETTERS_ALONE : LETTERS_SURE;
    int best = first;

    for (int i = first; i < 4; i += step) {
        if (letters[i] > letters[best]) {
            best = i;
        }
    }
    if (letters[best] < least ||
        (step == 1 && letters[best] < CLEARER * fabsf(letters[(best + 1) % 4]))) {
        return -1;
    }
    return best;
}

/* Few lines need every pixel that they have. */
static bool has_plenty(PIX *image, float dpi)
{
    return dpi >= REDUCE_DPI && (int64_t)pixGetWidth(image) * pixGetHeight(image) >= REDUCE_PIXELS;
}

int stance_find(PIX *image, float dpi, bool ask_letters, struct stance *ret_stance,
                struct error *err)
{
    struct stance stance = {0};
    PIX *binary = binarise_reduced(image, has_plenty(image, dpi));
    PIX *turned = binary ? pixRotateOrth(binary, 1) : NULL;
    struct lines across, down;
    bool settled, sideways;

    if (!turned) {
        pixDestroy(&binary);
        return error_set(err, ERROR_MEMORY, "no memory to find a page's lines");
    }
    across = find_lines(binary);
    down = find_lines(turned);
    pixDestroy(&binary);
    pixDestroy(&turned);
    settled = across.clear >= LINES_CLEAR && across.clear >= CLEARER * down.clear;
    sideways = down.clear >= LINES_CLEAR && down.clear >= CLEARER * across.clear;
    if (!settled || ask_letters) {
        int quarters;

        ask(image, dpi, stance.letters);
        quarters = surest(stance.letters, sideways ? 1 : 0, settled || sideways ? 2 : 1);
        if (quarters >= 0) {
            stance.quarters = quarters;
        } else if (sideways) {
            stance.quarters = stance.letters[3] > stance.letters[1] ? 3 : 1;
        }
    }
    if (stance.quarters % 2) {
        across = down;
    }
    stance.skew_deg = across.clear >= LINES_CLEAR ? across.skew_deg : 0;
    *ret_stance = stance;
    return 0;
}

int letters_height(PIX *image, float *ret_height_px, struct error *err)
{
    uint32_t counts[LETTER_MAX_PX + 1] = {0};
    uint32_t total = 0;
    uint32_t below = 0;
    PIX *binary = binarise(image);
    BOXA *boxes = binary ? pixConnCompBB(binary, 8) : NULL;
    int height;

    pixDestroy(&binary);
    if (!boxes) {
        return error_set(err, ERROR_MEMORY, "no memory to measure a page's letters");
    }
    for (int i = 0; i < boxaGetCount(boxes); i++) {
        l_int32 w, h;

        if (boxaGetBoxGeometry(boxes, i, NULL, NULL, &w, &h) == 0 && h >= LETTER_MIN_PX &&
            h <= LETTER_MAX_PX && w <= 3 * h && h <= 4 * w) {
            counts[h]++;
            total++;
        }
    }
    boxaDestroy(&boxes);
    *ret_height_px = 0;
    if (total < LETTERS_MIN) {
        return 0;
    }
    for (height = LETTER_MIN_PX; below + counts[height] < total / 2; height++) {
        below += counts[height];
    }
    *ret_height_px = (float)height;
    return 0;
}
