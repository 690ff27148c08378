/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * UTF-8: stepping and counting.
 *
 * Invariants: never reads past the size given; every call moves on by at least one byte.
 * Nothing blocks, allocates or logs.
 */
#include "workers/library/chars.h"

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
