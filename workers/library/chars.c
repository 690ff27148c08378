/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * UTF-8: stepping and counting.
 *
 * Invariants: never reads past the size given; every call moves on by at least one byte.
 * Nothing blocks, allocates or logs.
 */
#include "workers/library/chars.h"

#include "common/cleanup.h"

/* Length of the sequence that a lead byte starts, 0 when it starts none. */
static size_t sequence_bytes(uint8_t lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

uint32_t chars_decode(const char *text, size_t size_bytes, size_t *ret_bytes)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = (uint8_t)text[0];
    size_t length = sequence_bytes(lead);
    uint32_t character;

    *ret_bytes = 1;
    if (length == 1) {
        return lead;
    }
    if (length == 0 || length > size_bytes) {
        return CHARS_REPLACEMENT;
    }
    character = lead & (0x7FU >> length);
    for (size_t i = 1; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];

        if ((byte & 0xC0) != 0x80) {
            return CHARS_REPLACEMENT;
        }
        character = character << 6 | (byte & 0x3FU);
    }
    if (character < least[length] || character > 0x10FFFF ||
        (character >= 0xD800 && character <= 0xDFFF)) {
        return CHARS_REPLACEMENT;
    }
    *ret_bytes = length;
    return character;
}

uint32_t chars_last(const char *text, size_t size_bytes)
{
    size_t start = size_bytes;
    size_t used;

    if (size_bytes == 0) {
        return 0;
    }
    do {
        start--;
    } while (start > 0 && size_bytes - start < 4 && ((uint8_t)text[start] & 0xC0) == 0x80);
    return chars_decode(text + start, size_bytes - start, &used);
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_word_byte(uint8_t byte)
{
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

void chars_count(const char *text, size_t size_bytes, uint64_t *ret_chars, uint64_t *ret_words)
{
    uint64_t chars = 0;
    uint64_t words = 0;
    bool in_word = false; /* a letter or digit was seen since the last white space */

    for (size_t i = 0; i < size_bytes; i++) {
        uint8_t byte = (uint8_t)text[i];

        chars += (byte & 0xC0) != 0x80;
        if (is_space(byte)) {
            in_word = false;
        } else if (!in_word && is_word_byte(byte)) {
            in_word = true;
            words++;
        }
    }
    *ret_chars = chars;
    *ret_words = words;
}

bool chars_is_unspaced(uint32_t character)
{
    return (character >= 0x2E80 && character <= 0x9FFF) ||
           (character >= 0xF900 && character <= 0xFAFF) ||
           (character >= 0xFF00 && character <= 0xFFEF) ||
           (character >= 0x20000 && character <= 0x3FFFF);
}

bool chars_is_lower(uint32_t c)
{
    if (c < 0x80) {
        return c >= 'a' && c <= 'z';
    }
    if (c >= 0x100 && c <= 0x17F) {
        /* Small letters are the odd ones, but between two places where the count shifts. */
        return ((c >= 0x139 && c <= 0x148) || c >= 0x179) ? (c & 1U) == 0 : (c & 1U) == 1;
    }
    return (c >= 0xDF && c <= 0xFF && c != 0xF7) || (c >= 0x3AC && c <= 0x3CE) ||
           (c >= 0x430 && c <= 0x45F);
}

bool chars_is_caseless(uint32_t c)
{
    return (c >= 0x590 && c <= 0x10FF) || (c >= 0x1780 && c <= 0x17FF) || chars_is_unspaced(c) ||
           (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xFB1D && c <= 0xFEFC);
}

bool chars_is_right_to_left(uint32_t c)
{
    return (c >= 0x590 && c <= 0x8FF) || (c >= 0xFB1D && c <= 0xFDFF) ||
           (c >= 0xFE70 && c <= 0xFEFC) || (c >= 0x10800 && c <= 0x10FFF) ||
           (c >= 0x1E800 && c <= 0x1EFFF);
}

static bool is_one_of(uint32_t c, const uint32_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == c) {
            return true;
        }
    }
    return false;
}

bool chars_ends_sentence(uint32_t c)
{
    static const uint32_t ends[] = {'.',    '!',    '?',    ':',    ';',    0x2026,
                                    0x3002, 0xFF01, 0xFF1F, 0xFF1A, 0xFF1B, 0x061F,
                                    0x06D4, 0x0964, 0x0965, 0x037E, 0x05C3};

    return is_one_of(c, ends, ARRAY_LEN(ends));
}

bool chars_closes(uint32_t c)
{
    static const uint32_t closers[] = {'"',    '\'',   ')',    ']',    0xBB,   0xAB,
                                       0x2019, 0x201D, 0x201C, 0x300D, 0x300F, 0xFF09};

    return is_one_of(c, closers, ARRAY_LEN(closers));
}

bool chars_is_invisible(uint32_t c)
{
    return c == 0xAD || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x061C || c == 0xFEFF;
}
