/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A line as words with boxes. OCR's spans are words already; a native span is cut at its spaces,
 * and each word has its share of the span's box, by characters.
 */
#ifndef EBB_WORKERS_LIBRARY_WORDS_H
#define EBB_WORKERS_LIBRARY_WORDS_H

#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"

struct word {
    const char *text;
    uint32_t text_bytes;
    struct page_box box;
    uint8_t confidence; /* the least of its spans'; 0 where none was read by OCR */
    uint8_t style;      /* of its first span */
    float size_pt;
};

/* Owns: arena. ERROR_MEMORY. */
int words_of_line(const struct page_line *line, struct arena *arena, struct word **ret_words,
                  uint32_t *ret_count, struct error *err);

#endif
