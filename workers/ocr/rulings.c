/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rulings that were read as characters.
 *
 * A bar that somebody typed is as high as its line. A ruling goes on beyond it, which the engine
 * does not tell, but the pixels do. Nothing blocks or logs.
 */
#include "workers/ocr/rulings.h"

#include <leptonica/allheaders.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define NARROW 0.5F /* width over height: of a stroke */
#define BEYOND 0.6F /* of the word's height: so far a ruling goes on at least */
#define DARK 0.85F  /* of the pixels along it */
#define WIDTH_MAX 64

/* What engines make of a line down the page. */
static const char *const STROKES[] = {"|", "||", "[", "]", "{", "}", "!", "I", "l", "1", "¦", "/"};

static bool is_stroke(const struct ocr_word *word)
{
    float width = word->box.x1 - word->box.x0;
    float height = word->box.y1 - word->box.y0;

    if (word->vertical || width > NARROW * height || width > WIDTH_MAX) {
        return false;
    }
    for (size_t i = 0; i < sizeof(STROKES) / sizeof(STROKES[0]); i++) {
        if (strlen(STROKES[i]) == word->text_bytes &&
            memcmp(STROKES[i], word->text, word->text_bytes) == 0) {
            return true;
        }
    }
    return false;
}

struct pixels {
    PIX *image;
    int width, height;
};

static unsigned grey(const struct pixels *pixels, int x, int y)
{
    const l_uint32 *row =
        pixGetData(pixels->image) + (ptrdiff_t)y * (ptrdiff_t)pixGetWpl(pixels->image);

    return (unsigned)GET_DATA_BYTE(row, x);
}

/* The shade half way between the darkest and the lightest in and around a box. */
static unsigned threshold(const struct pixels *pixels, int left, int right, int top, int bottom)
{
    unsigned darkest = 255;
    unsigned lightest = 0;

    for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
            unsigned shade = grey(pixels, x, y);

            darkest = shade < darkest ? shade : darkest;
            lightest = shade > lightest ? shade : lightest;
        }
    }
    return (darkest + lightest) / 2;
}

/* Whether ink runs from top to bottom somewhere between left and right: each row has some. */
static bool goes_on(const struct pixels *pixels, int left, int right, int top, int bottom,
                    unsigned dark)
{
    int rows = 0;

    if (top < 0 || bottom > pixels->height || bottom <= top) {
        return false;
    }
    for (int y = top; y < bottom; y++) {
        for (int x = left; x < right; x++) {
            if (grey(pixels, x, y) < dark) {
                rows++;
                break;
            }
        }
    }
    return (float)rows >= DARK * (float)(bottom - top);
}

static bool is_ruling(const struct pixels *pixels, const struct ocr_word *word)
{
    float height = word->box.y1 - word->box.y0;
    int more = (int)ceilf(BEYOND * height);
    int left = (int)word->box.x0;
    int right = (int)word->box.x1;
    int top = (int)word->box.y0;
    int bottom = (int)word->box.y1;
    int margin = (int)(height / 4);
    unsigned dark;

    if (left < margin || top < 0 || right + margin > pixels->width || bottom > pixels->height) {
        return false;
    }
    dark = threshold(pixels, left - margin, right + margin, top, bottom);
    return goes_on(pixels, left, right, top - more, top, dark) ||
           goes_on(pixels, left, right, bottom, bottom + more, dark);
}

void rulings_remove(PIX *image, struct ocr_reading *reading)
{
    struct pixels pixels = {image, pixGetWidth(image), pixGetHeight(image)};
    uint32_t kept = 0;

    for (uint32_t i = 0; i < reading->count; i++) {
        const struct ocr_word *word = &reading->words[i];

        if (!is_stroke(word) || !is_ruling(&pixels, word)) {
            reading->words[kept++] = *word;
        }
    }
    reading->count = kept;
}
