/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Lines to running text. Invariants: what is appended is UTF-8 and marks, each _ON with its _OFF
 * in the same line. Nothing blocks or logs.
 */
#include "workers/library/inline.h"

#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "workers/library/chars.h"

#define FRACTION_SLASH 0x2044

static int put_byte(struct buf *text, uint8_t byte, struct error *err)
{
    return buf_append(text, &byte, 1, err);
}

/* White space and control characters become spaces, what only steers the display goes. */
static int put_plain(struct buf *text, const char *from, size_t size_bytes, struct error *err)
{
    size_t start = 0;
    size_t at = 0;

    while (at < size_bytes) {
        size_t used;
        uint32_t c = chars_decode(from + at, size_bytes - at, &used);
        bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);

        if (control || chars_is_invisible(c)) {
            if (buf_append(text, from + start, at - start, err) < 0 ||
                (control && put_byte(text, ' ', err) < 0)) {
                return -1;
            }
            start = at + used;
        }
        at += used;
    }
    return buf_append(text, from + start, size_bytes - start, err);
}

static void trim(const char **text, size_t *size_bytes)
{
    while (*size_bytes > 0 && (uint8_t) * *text <= 0x20) {
        (*text)++;
        (*size_bytes)--;
    }
    while (*size_bytes > 0 && (uint8_t)(*text)[*size_bytes - 1] <= 0x20) {
        (*size_bytes)--;
    }
}

/* "1", "1,2", "*": every part is a note's mark. */
static bool refers(const struct inline_notes *notes, const char *text, size_t size_bytes)
{
    while (size_bytes > 0) {
        const char *comma = memchr(text, ',', size_bytes);
        size_t length = comma ? (size_t)(comma - text) : size_bytes;
        const char *part = text;
        size_t part_bytes = length;

        trim(&part, &part_bytes);
        if (part_bytes == 0 || !notes->label(notes->context, part, part_bytes)) {
            return false;
        }
        text += length + (comma ? 1 : 0);
        size_bytes -= length + (comma ? 1 : 0);
    }
    return true;
}

static int put_references(struct buf *out, const struct inline_notes *notes, const char *text,
                          size_t size_bytes, struct error *err)
{
    while (size_bytes > 0) {
        const char *comma = memchr(text, ',', size_bytes);
        size_t length = comma ? (size_t)(comma - text) : size_bytes;
        const char *part = text;
        size_t part_bytes = length;

        trim(&part, &part_bytes);
        if (put_byte(out, INLINE_NOTE_ON, err) < 0 ||
            buf_append_str(out, notes->label(notes->context, part, part_bytes), err) < 0 ||
            put_byte(out, INLINE_NOTE_OFF, err) < 0) {
            return -1;
        }
        text += length + (comma ? 1 : 0);
        size_bytes -= length + (comma ? 1 : 0);
    }
    return 0;
}

/* Raised text that reads as well on the line: "1st", "®", "[2]". */
static bool reads_plain(const char *text, size_t size_bytes)
{
    static const char *const words[] = {"st", "nd",       "rd",       "th",           "\xC2\xAE",
                                        "TM", "\xC2\xAA", "\xC2\xBA", "\xE2\x84\xA2", "\xC2\xB0"};

    if (text[0] == '[' && text[size_bytes - 1] == ']') {
        return true; /* the reference of an encyclopedia */
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i]) == size_bytes && strncasecmp(text, words[i], size_bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* Text between marks; what directly follows the same kind is one with it. */
static int put_marked(struct buf *out, const char *text, size_t size_bytes, uint8_t on, uint8_t off,
                      struct error *err)
{
    if (out->size > 0 && out->data[out->size - 1] == off) {
        out->size--;
    } else if (put_byte(out, on, err) < 0) {
        return -1;
    }
    return put_plain(out, text, size_bytes, err) < 0 ? -1 : put_byte(out, off, err);
}

/* Whether the span is half of a fraction whose bar is next to it. */
static bool is_in_fraction(const struct buf *out, const struct page_span *span, bool has_next)
{
    size_t used;

    return (out->size >= 3 && chars_last((const char *)out->data, out->size) == FRACTION_SLASH) ||
           (has_next && span[1].text_bytes >= 3 &&
            chars_decode(span[1].text, span[1].text_bytes, &used) == FRACTION_SLASH);
}

/* has_next: another span of the line follows it. */
static int put_span(struct buf *out, const struct page_span *span, bool has_next,
                    const struct inline_notes *notes, struct error *err)
{
    const char *text = span->text;
    size_t size_bytes = span->text_bytes;
    bool super = (span->style & PAGE_STYLE_SUPERSCRIPT) != 0;
    bool sub = (span->style & PAGE_STYLE_SUBSCRIPT) != 0;
    size_t before;

    trim(&text, &size_bytes);
    if (!notes || (!super && !sub) || size_bytes == 0 || (super && reads_plain(text, size_bytes)) ||
        is_in_fraction(out, span, has_next)) {
        return put_plain(out, span->text, span->text_bytes, err);
    }
    before = (size_t)(text - span->text);
    if (put_plain(out, span->text, before, err) < 0) {
        return -1;
    }
    if (super && refers(notes, text, size_bytes)) {
        if (put_references(out, notes, text, size_bytes, err) < 0) {
            return -1;
        }
    } else if (put_marked(out, text, size_bytes, super ? INLINE_SUPER_ON : INLINE_SUB_ON,
                          super ? INLINE_SUPER_OFF : INLINE_SUB_OFF, err) < 0) {
        return -1;
    }
    return put_plain(out, text + size_bytes, span->text_bytes - before - size_bytes, err);
}

int inline_append_line(struct buf *text, const struct page_line *line,
                       const struct inline_notes *notes, struct error *err)
{
    for (uint32_t s = 0; s < line->span_count; s++) {
        if (put_span(text, &line->spans[s], s + 1 < line->span_count, notes, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The hyphen that text ends in: its bytes, 0 for none. */
static size_t hyphen_bytes(const uint8_t *data, size_t size)
{
    static const char *const hyphens[] = {"-", "\xC2\xAD", "\xE2\x80\x90"};

    for (size_t i = 0; i < ARRAY_LEN(hyphens); i++) {
        size_t length = strlen(hyphens[i]);

        if (size >= length && memcmp(data + size - length, hyphens[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

static void drop_spaces(struct buf *text)
{
    while (text->size > 0 && text->data[text->size - 1] == ' ') {
        text->size--;
    }
}

uint32_t inline_first(const struct page_line *line)
{
    for (uint32_t s = 0; s < line->span_count; s++) {
        const char *text = line->spans[s].text;
        size_t left = line->spans[s].text_bytes;

        while (left > 0) {
            size_t used;
            uint32_t c = chars_decode(text, left, &used);

            if (c > 0x20 && c != 0xA0 && !chars_is_invisible(c)) {
                return c;
            }
            text += used;
            left -= used;
        }
    }
    return 0;
}

uint32_t inline_last(const struct buf *text, bool skip_closers)
{
    size_t end = text->size;

    while (end > 0) {
        uint8_t byte = text->data[end - 1];
        uint32_t c;

        if (byte == INLINE_NOTE_OFF) { /* a reference is no end of its own */
            while (end > 0 && text->data[end - 1] != INLINE_NOTE_ON) {
                end--;
            }
            end -= end > 0 ? 1 : 0;
            continue;
        }
        if (byte <= 0x20 || byte >= INLINE_SUPER_ON) {
            end--;
            continue;
        }
        c = chars_last((const char *)text->data, end);
        if (!skip_closers || !chars_closes(c)) {
            return c;
        }
        do {
            end--;
        } while (end > 0 && (text->data[end] & 0xC0) == 0x80);
    }
    return 0;
}

bool inline_ends_hyphenated(const struct buf *text)
{
    size_t end = text->size;
    size_t hyphen;
    size_t start;
    uint32_t before;

    while (end > 0 && text->data[end - 1] == ' ') {
        end--;
    }
    hyphen = hyphen_bytes(text->data, end);
    if (hyphen == 0 || end - hyphen == 0) {
        return false;
    }
    before = chars_last((const char *)text->data, end - hyphen);
    if (!chars_is_lower(before) && !(before >= 'A' && before <= 'Z')) {
        return false;
    }
    for (start = end - hyphen; start > 0 && text->data[start - 1] > 0x20; start--) {
        if (text->data[start - 1] == '-') {
            return false; /* a compound, broken at one of its own hyphens */
        }
    }
    return true;
}

/* A hyphen right behind a letter that nobody takes for a word's break is part of the word:
 * "Anglo-", "out-of-". */
static bool ends_in_joint(const struct buf *text)
{
    size_t hyphen = hyphen_bytes(text->data, text->size);
    uint32_t before = hyphen > 0 ? chars_last((const char *)text->data, text->size - hyphen) : 0;

    return chars_is_lower(before) || (before >= 'A' && before <= 'Z');
}

int inline_join(struct buf *text, const struct page_line *next, bool broken, struct error *err)
{
    uint32_t last;

    if (text->size == 0) {
        return 0;
    }
    if (broken) {
        drop_spaces(text);
        text->size -= hyphen_bytes(text->data, text->size);
        return 0;
    }
    last = chars_last((const char *)text->data, text->size);
    if (ends_in_joint(text) || last == ' ' ||
        (chars_is_unspaced(last) && chars_is_unspaced(inline_first(next)))) {
        return 0;
    }
    return put_byte(text, ' ', err);
}

int inline_append_lines(struct buf *text, const struct page_line *lines, uint32_t count,
                        const struct inline_notes *notes, struct error *err)
{
    for (uint32_t l = 0; l < count; l++) {
        bool broken = l > 0 && lines[l - 1].hyphenated;

        if ((l > 0 && inline_join(text, &lines[l], broken, err) < 0) ||
            inline_append_line(text, &lines[l], notes, err) < 0) {
            return -1;
        }
    }
    return 0;
}

int inline_append_block(struct buf *text, const struct page_block *block,
                        const struct inline_notes *notes, struct error *err)
{
    return inline_append_lines(text, block->lines, block->line_count, notes, err);
}
