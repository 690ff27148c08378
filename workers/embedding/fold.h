/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Text into words: letters and digits, case and accents folded, about as FTS5's unicode61 with
 * remove_diacritics 2 does it.
 */
#ifndef EBB_WORKERS_EMBEDDING_FOLD_H
#define EBB_WORKERS_EMBEDDING_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer one is several words. */
#define FOLD_WORD_MAX 64U

/* Characters that are folded by adding step, or left out. By first, none overlap. ASCII is not
 * among them. */
struct fold_run {
    uint32_t first, last;
    int32_t step;
};
#define FOLD_DROP INT32_MAX

extern const struct fold_run FOLD_RUNS[];
extern const unsigned FOLD_RUN_COUNT;

struct fold_word {
    uint32_t codes[FOLD_WORD_MAX];
    uint32_t count; /* at least 1 */
    bool unspaced;  /* a run of a script that has no spaces between its words: Han, Kana, Thai, ...
                     */
    bool digits;    /* it has one */
};

struct fold_reader {
    const uint8_t *at, *end;
};

void fold_init(struct fold_reader *reader, const char *text, size_t size_bytes);
/* The next word; false when there is none. A byte that is no UTF-8 ends a word. */
bool fold_next(struct fold_reader *reader, struct fold_word *ret_word);

#endif
