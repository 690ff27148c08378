/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Characters (Unicode code points) of UTF-8 that is known to be valid, and what Unicode says of
 * them.
 */
#ifndef EBB_WORKERS_INDEX_CHARACTERS_H
#define EBB_WORKERS_INDEX_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at *offset, which moves behind it. */
static inline uint32_t character_next(const char *text, size_t *offset)
{
    const uint8_t *at = (const uint8_t *)text + *offset;

    if (at[0] < 0x80) {
        *offset += 1;
        return at[0];
    }
    if (at[0] < 0xE0) {
        *offset += 2;
        return (uint32_t)(at[0] & 0x1FU) << 6 | (at[1] & 0x3FU);
    }
    if (at[0] < 0xF0) {
        *offset += 3;
        return (uint32_t)(at[0] & 0x0FU) << 12 | (uint32_t)(at[1] & 0x3FU) << 6 | (at[2] & 0x3FU);
    }
    *offset += 4;
    return (uint32_t)(at[0] & 0x07U) << 18 | (uint32_t)(at[1] & 0x3FU) << 12 |
           (uint32_t)(at[2] & 0x3FU) << 6 | (at[3] & 0x3FU);
}

/* The character before *offset, which moves before it; *offset over 0. */
static inline uint32_t character_previous(const char *text, size_t *offset)
{
    size_t at;

    do {
        *offset -= 1;
    } while (((uint8_t)text[*offset] & 0xC0) == 0x80);
    at = *offset;
    return character_next(text, &at);
}

/* How many characters there are. */
size_t character_count(const char *text, size_t size_bytes);

/* White space as Unicode has it (White_Space). */
static inline bool character_is_space(uint32_t character)
{
    if (character < 0x80) {
        return character == ' ' || (character >= '\t' && character <= '\r');
    }
    return character == 0x85 || character == 0xA0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
           character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

/* White space that ends a word: all but the spaces that are there to hold words together. */
static inline bool character_ends_word(uint32_t character)
{
    return character_is_space(character) && character != 0xA0 && character != 0x2007 &&
           character != 0x202F;
}

/* Offset of the first character from offset on that is no white space; size_bytes for none. */
size_t character_skip_space(const char *text, size_t offset, size_t size_bytes);
/* Offset behind the last character before end that is no white space; start for none. */
size_t character_trim(const char *text, size_t start, size_t end);

/* Whether a word may end between two characters without white space: between ideographs. */
bool character_may_part(uint32_t before, uint32_t after);
/* Whether a part of a sentence ends with it: comma, semicolon, colon, dash, in any script. */
bool character_is_clause_mark(uint32_t character);

/* Offset behind as many whole characters as people see them (grapheme clusters, UAX #29) as fit
 * into max_characters, from offset on; a single one that does not fit is cut. At least one
 * character; *ret_characters: how many code points that is. */
size_t character_clusters(const char *text, size_t offset, size_t end, size_t max_characters,
                          size_t *ret_characters);

#endif
