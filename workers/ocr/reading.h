/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the engine read in an image: words in the order in which it would say them.
 *
 * Units: pixels of the image that was read, origin at its top left.
 */
#ifndef EBB_WORKERS_OCR_READING_H
#define EBB_WORKERS_OCR_READING_H

#include <stdbool.h>
#include <stdint.h>

/* More words than this are no page but noise; further ones are left out. A span's font index, which
 * carries a word's number through layout, has this many values. */
#define OCR_WORDS_MAX 65535U

struct ocr_box {
    float x0, y0, x1, y1;
};

struct ocr_word {
    const char *text; /* UTF-8 in logical order, no white space, at least one byte */
    uint32_t text_bytes;
    struct ocr_box box;
    uint32_t line;      /* the engine's, counted over the image: words of one follow each other */
    float baseline_px;  /* of the line, at the word's middle; of vertical text the word's middle */
    uint8_t confidence; /* 1 to 100, in percent */
    bool vertical;      /* written from top to bottom */
};

struct ocr_reading {
    struct ocr_word *words;
    uint32_t count;
    bool full; /* there were more */
};

/* The mean over the words, weighted by their characters: 0 to 100; 0 for no word. */
float ocr_reading_confidence(const struct ocr_reading *reading);

/* Characters of words that were read well, and of all. What a picture is taken for by mistake may
 * be most of a page's words, but is not among the former. */
uint32_t ocr_reading_sure_chars(const struct ocr_reading *reading, uint32_t *ret_chars);

#endif
