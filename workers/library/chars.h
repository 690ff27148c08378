/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * UTF-8 as the library needs it: stepping, counting, and classes of characters that decide how
 * lines join.
 */
#ifndef EBB_WORKERS_LIBRARY_CHARS_H
#define EBB_WORKERS_LIBRARY_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHARS_REPLACEMENT 0xFFFDU

/* The character at text (size_bytes >= 1); ret_bytes: how many bytes it took, at least 1.
 * CHARS_REPLACEMENT for bytes that are no UTF-8 (RFC 3629), one byte at a time. */
uint32_t chars_decode(const char *text, size_t size_bytes, size_t *ret_bytes);

/* The last character of text; 0 when it is empty. */
uint32_t chars_last(const char *text, size_t size_bytes);

/* Characters, and words: runs of characters between white space that hold a letter or digit (any
 * character outside ASCII counts as one). */
void chars_count(const char *text, size_t size_bytes, uint64_t *ret_chars, uint64_t *ret_words);

/* True for characters of scripts that put no space between words (Han, kana, their punctuation
 * and full-width forms): lines of them join with nothing between. */
bool chars_is_unspaced(uint32_t character);

/* A small letter, as far as Latin, Greek and Cyrillic go. */
bool chars_is_lower(uint32_t character);
/* A letter of a script that has no capitals: Hebrew, Arabic, Indic and East Asian ones. */
bool chars_is_caseless(uint32_t character);
/* Hebrew, Arabic and what is written like them. */
bool chars_is_right_to_left(uint32_t character);
/* Ends a sentence: a full stop, question or exclamation mark, colon or semicolon of any script. */
bool chars_ends_sentence(uint32_t character);
/* A closing quotation mark or bracket, which may follow the end of a sentence. */
bool chars_closes(uint32_t character);
/* Says how text is to be shown and is nothing of it: marks and embeddings of direction, soft
 * hyphens, byte order marks. */
bool chars_is_invisible(uint32_t character);

#endif
