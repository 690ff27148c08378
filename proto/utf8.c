/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * UTF-8 as RFC 3629 has it, without NUL. Most text is ASCII, so eight bytes are looked at in one
 * go.
 *
 * Nothing blocks, allocates or logs.
 */
#include "proto/utf8.h"

#include <stdint.h>
#include <string.h>

static const uint8_t REPLACEMENT[] = {0xef, 0xbf, 0xbd}; /* U+FFFD */

/* Bytes of the character at text, 0 when there is none. size_bytes: at least 1. */
static size_t character_bytes(const uint8_t *text, size_t size_bytes)
{
    uint8_t lead = text[0];
    uint8_t low = 0x80; /* what the second byte may be */
    uint8_t high = 0xbf;
    size_t length;

    if (lead < 0x80) {
        return lead ? 1 : 0;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead == 0xe0) {
        low = 0xa0; /* shorter forms exist */
    } else if (lead == 0xed) {
        high = 0x9f; /* surrogates */
    } else if (lead == 0xf0) {
        low = 0x90;
    } else if (lead == 0xf4) {
        high = 0x8f; /* past U+10FFFF */
    }
    if (length > size_bytes || text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0U) != 0x80U) {
            return 0;
        }
    }
    return length;
}

/* Bytes of text up to the first that is NUL or not ASCII, or a little fewer. */
static size_t ascii_prefix(const uint8_t *text, size_t size_bytes)
{
    size_t i = 0;

    while (size_bytes - i >= sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, text + i, sizeof(word));
        /* Taking one from each byte sets the high bit of one that was 0. */
        if (((word - UINT64_C(0x0101010101010101)) | word) & UINT64_C(0x8080808080808080)) {
            break;
        }
        i += sizeof(word);
    }
    return i;
}

bool utf8_valid(const void *text, size_t size_bytes)
{
    const uint8_t *bytes = text;
    size_t i = 0;

    while (i < size_bytes) {
        size_t length;

        i += ascii_prefix(bytes + i, size_bytes - i);
        if (i == size_bytes) {
            break;
        }
        length = character_bytes(bytes + i, size_bytes - i);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

size_t utf8_clean(const void *text, size_t size_bytes, void *ret_text, size_t max_bytes)
{
    const uint8_t *bytes = text;
    uint8_t *out = ret_text;
    size_t written = 0;
    size_t i = 0;

    while (i < size_bytes) {
        size_t taken = character_bytes(bytes + i, size_bytes - i);
        const uint8_t *from = taken ? bytes + i : REPLACEMENT;
        size_t length = taken ? taken : sizeof(REPLACEMENT);

        if (length > max_bytes - written) {
            break;
        }
        if (out) {
            memcpy(out + written, from, length);
        }
        written += length;
        i += taken ? taken : 1;
    }
    return written;
}
