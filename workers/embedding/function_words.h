/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Words that hold a sentence together and say nothing of its subject: articles, pronouns,
 * prepositions, auxiliary verbs, words that ask. Of English, German, French, Spanish, Italian,
 * Portuguese, Dutch, Swedish, Danish, Norwegian and Polish, folded.
 */
#ifndef EBB_WORKERS_EMBEDDING_FUNCTION_WORDS_H
#define EBB_WORKERS_EMBEDDING_FUNCTION_WORDS_H

#include <stdbool.h>

#include "workers/embedding/fold.h"

bool function_word_is(const struct fold_word *word);

#endif
