/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Text made fit for a terminal.
 *
 * Invariants: whatever goes in, what comes out is valid UTF-8 without C0 (but the line ends and
 * tabs of a document), DEL or C1 characters, so no escape sequence survives. Nothing blocks or
 * logs.
 */
#include "ctl/text.h"

#include <string.h>
#include <wchar.h>

#include "common/uuid.h"

#define REPLACEMENT_UTF8 "\xEF\xBF\xBD"
#define CUT_MARK "\xE2\x80\xA6"
#define PAGE_BREAK "\n\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\xE2\x94\x80\n"

/* Bytes of the character that a lead byte begins; 0 when it begins none. */
static size_t sequence_bytes(unsigned char lead)
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

size_t text_next(const char *text, size_t size_bytes, uint32_t *ret_character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const unsigned char lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t bytes = sequence_bytes((unsigned char)text[0]);
    uint32_t character;

    *ret_character = TEXT_REPLACEMENT;
    if (bytes == 0 || bytes > size_bytes) {
        return 1;
    }
    character = (uint32_t)((unsigned char)text[0] & lead_mask[bytes]);
    for (size_t i = 1; i < bytes; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80) {
            return 1;
        }
        character = character << 6 | ((unsigned char)text[i] & 0x3FU);
    }
    if (character < least[bytes] || character > 0x10FFFF ||
        (character >= 0xD800 && character <= 0xDFFF)) {
        return 1;
    }
    *ret_character = character;
    return bytes;
}

static bool is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character <= 0x9F);
}

/* Embeddings, overrides and isolates: in a one-line text they reorder what stands beside it. */
static bool is_direction(uint32_t character)
{
    return (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

unsigned text_character_columns(uint32_t character)
{
    int columns = wcwidth((wchar_t)character);

    /* A locale that does not know the character says -1. */
    return columns < 0 ? 1 : (unsigned)columns;
}

unsigned text_columns(const char *text)
{
    size_t left = strlen(text);
    unsigned columns = 0;

    while (left > 0) {
        uint32_t character;
        size_t bytes = text_next(text, left, &character);

        columns += text_character_columns(character);
        text += bytes;
        left -= bytes;
    }
    return columns;
}

/* The bytes to print for one character of a one-line text. */
static const char *shown_in_line(const char *text, size_t bytes, uint32_t character,
                                 size_t *ret_bytes)
{
    if (is_control(character) || is_direction(character) || character == 0x2028 ||
        character == 0x2029) {
        *ret_bytes = 1;
        return "?";
    }
    if (character == TEXT_REPLACEMENT) {
        *ret_bytes = strlen(REPLACEMENT_UTF8);
        return REPLACEMENT_UTF8;
    }
    *ret_bytes = bytes;
    return text;
}

int text_append_line(struct buf *out, const char *text, size_t size_bytes, unsigned max_columns,
                     struct error *err)
{
    size_t cut_at = out->size; /* where the mark goes when more comes than fits */
    unsigned columns = 0;

    while (size_bytes > 0) {
        uint32_t character;
        size_t bytes = text_next(text, size_bytes, &character);
        size_t shown_bytes;
        const char *shown = shown_in_line(text, bytes, character, &shown_bytes);
        unsigned wide = shown[0] == '?' ? 1 : text_character_columns(character);

        if (max_columns > 0 && columns + wide > max_columns) {
            out->size = cut_at;
            return buf_append_str(out, CUT_MARK, err);
        }
        if (buf_append(out, shown, shown_bytes, err) < 0) {
            return -1;
        }
        columns += wide;
        if (columns + 1 <= max_columns) {
            cut_at = out->size;
        }
        text += bytes;
        size_bytes -= bytes;
    }
    return 0;
}

void text_line(const char *text, char *ret_text, size_t size_bytes)
{
    size_t left = strlen(text);
    size_t used = 0;

    while (left > 0) {
        uint32_t character;
        size_t bytes = text_next(text, left, &character);
        size_t shown_bytes;
        const char *shown = shown_in_line(text, bytes, character, &shown_bytes);

        if (used + shown_bytes >= size_bytes) {
            break;
        }
        memcpy(ret_text + used, shown, shown_bytes);
        used += shown_bytes;
        text += bytes;
        left -= bytes;
    }
    ret_text[used] = '\0';
}

static int filter_character(const char *text, size_t bytes, uint32_t character, struct buf *out,
                            struct error *err)
{
    if (character == '\f') {
        return buf_append_str(out, PAGE_BREAK, err);
    }
    if (is_control(character) && character != '\n' && character != '\t') {
        return buf_append_str(out, "?", err);
    }
    if (character == TEXT_REPLACEMENT) {
        return buf_append_str(out, REPLACEMENT_UTF8, err);
    }
    return buf_append(out, text, bytes, err);
}

/* Filters whole characters; keeps an unfinished one at the end for the next piece. */
static int filter_piece(struct text_filter *filter, const char *data, size_t size_bytes,
                        struct buf *out, struct error *err)
{
    while (size_bytes > 0) {
        size_t wanted = sequence_bytes((unsigned char)data[0]);
        uint32_t character;
        size_t bytes;

        if (wanted > size_bytes) {
            memcpy(filter->held, data, size_bytes);
            filter->held_bytes = size_bytes;
            return 0;
        }
        bytes = text_next(data, size_bytes, &character);
        if (filter_character(data, bytes, character, out, err) < 0) {
            return -1;
        }
        data += bytes;
        size_bytes -= bytes;
    }
    return 0;
}

int text_filter_feed(struct text_filter *filter, const char *data, size_t size_bytes,
                     struct buf *out, struct error *err)
{
    while (filter->held_bytes > 0 && size_bytes > 0) {
        char whole[sizeof(filter->held)];
        size_t held_bytes = filter->held_bytes;

        memcpy(whole, filter->held, held_bytes);
        whole[held_bytes++] = *data++;
        size_bytes--;
        filter->held_bytes = 0;
        if (filter_piece(filter, whole, held_bytes, out, err) < 0) {
            return -1;
        }
    }
    return filter_piece(filter, data, size_bytes, out, err);
}

int text_filter_end(struct text_filter *filter, struct buf *out, struct error *err)
{
    const char *held = filter->held;
    size_t left = filter->held_bytes;

    filter->held_bytes = 0;
    while (left > 0) {
        uint32_t character;
        size_t bytes = text_next(held, left, &character);

        if (filter_character(held, bytes, character, out, err) < 0) {
            return -1;
        }
        held += bytes;
        left -= bytes;
    }
    return 0;
}

bool text_is_uuid(const char *text)
{
    struct uuid uuid;

    return uuid_parse(text, &uuid, NULL) == 0;
}
