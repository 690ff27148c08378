/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Words: what of a page's fragments a table's cells are filled with. A word is never parted.
 */
#ifndef EBB_WORKERS_TABLES_WORDS_H
#define EBB_WORKERS_TABLES_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/layout/fragments.h"
#include "workers/layout/glyphs.h"
#include "workers/layout/lines.h"

struct word {
    float left, right, top, bottom; /* in the frame */
    float baseline, size_pt;
    struct fragment *fragment;
    uint32_t first, end; /* glyphs */
    uint32_t chars, digits, letters;
    uint32_t initial; /* its first character, as drawn */
    uint8_t style;    /* PAGE_STYLE bits of its first run */
    bool leader;      /* dots, or ends in some, that lead to what follows */
};

struct words {
    struct word *items;
    uint32_t count;
};

/* The words of the fragments, fragment by fragment, as they were drawn. ERROR_MEMORY. */
int words_find(const struct glyphs *glyphs, struct fragment *const *fragments, uint32_t count,
               struct arena *arena, struct words *ret_words, struct error *err);

/* The fragment that words, which follow each other in theirs, are: theirs when it has no others,
 * else a new one, whose runs are appended to glyphs. ERROR_MEMORY. */
int words_make_fragment(struct glyphs *glyphs, const struct word *words, uint32_t count,
                        struct arena *arena, struct fragment **ret_fragment, struct error *err);

/* Across: the middle of the word's lower-case letters, by which its row is told. */
static inline float words_middle(const struct word *word)
{
    return word->baseline - 0.3F * word->size_pt;
}

/* By baseline, and from left to right where that is the same. */
void words_sort(struct word **words, uint32_t count);

/* Whether b stands on the line of a. */
bool words_on_one_line(const struct word *a, const struct word *b);

/* Whether the words are a number, an amount, a share, a dash or "n/a" for one. */
bool words_are_data(const struct glyphs *glyphs, struct word *const *words, uint32_t count);

/*
 * Lines of a cell out of its words. Words that follow each other in one fragment stay together;
 * where a fragment has words in other cells too, a part of it is made, whose runs are appended to
 * glyphs. ERROR_MEMORY.
 */
int words_make_lines(struct glyphs *glyphs, struct word **words, uint32_t count,
                     struct arena *arena, struct line **ret_lines, uint32_t *ret_line_count,
                     struct error *err);

#endif
