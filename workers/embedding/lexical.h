/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The built-in text embedding, ebb-lexical-512: signed feature hashing of word uni- and bigrams and
 * character trigrams, sublinear counts, length 1. It is lexical: texts are near each other that use
 * the same words, or words that are spelled alike; it knows nothing of meaning. It needs no model,
 * no network and no state, and gives the same vector on every machine.
 */
#ifndef EBB_WORKERS_EMBEDDING_LEXICAL_H
#define EBB_WORKERS_EMBEDDING_LEXICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEXICAL_MODEL "ebb-lexical-512"
#define LEXICAL_DIMENSIONS 512U

/* text: UTF-8. False for a text without a letter or digit: it has no vector. */
bool lexical_embed(const char *text, size_t size_bytes, float ret_vector[LEXICAL_DIMENSIONS]);

#endif
