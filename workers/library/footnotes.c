/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Footnotes: finding their marks and who refers to them. Invariants: a label has only ASCII
 * letters, digits and hyphens. Nothing blocks, allocates or logs.
 */
#include "workers/library/footnotes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define MARK_DIGITS_MAX 4
#define MARK_BYTES_MAX 12

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

/* Bytes of the number or sign that text begins with; 0 for none. */
static size_t mark_bytes(const char *text, size_t size_bytes)
{
    static const char *const signs[] = {"*", "\xE2\x80\xA0", "\xE2\x80\xA1", "\xC2\xA7",
                                        "\xC2\xB6"};
    size_t length = 0;

    while (length < size_bytes && length <= MARK_DIGITS_MAX &&
           isdigit((unsigned char)text[length])) {
        length++;
    }
    if (length > 0) {
        return length <= MARK_DIGITS_MAX ? length : 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        size_t sign = strlen(signs[i]);

        while (length + sign <= size_bytes && length < MARK_BYTES_MAX &&
               memcmp(text + length, signs[i], sign) == 0) {
            length += sign;
        }
        if (length > 0) {
            return length;
        }
    }
    return 0;
}

/* Whether a note starts in the line; fills its mark. A raised first span may be a letter too. */
static bool starts_note(const struct page_line *line, struct footnote *note)
{
    const struct page_span *span = line->spans;
    const char *text;
    size_t size_bytes;
    size_t length;

    if (line->span_count == 0 || span->text_bytes == 0) {
        return false;
    }
    text = span->text;
    size_bytes = span->text_bytes;
    trim(&text, &size_bytes);
    note->skip_bytes = (size_t)(text - span->text);
    if (span->style & PAGE_STYLE_SUPERSCRIPT) {
        if (size_bytes == 0 || size_bytes > MARK_BYTES_MAX) {
            return false;
        }
        note->mark = text;
        note->mark_bytes = size_bytes;
        note->skip_bytes = span->text_bytes;
        return line->span_count > 1;
    }
    length = mark_bytes(text, size_bytes);
    if (length == 0) {
        return false;
    }
    note->mark = text;
    note->mark_bytes = length;
    if (length < size_bytes && (text[length] == '.' || text[length] == ')')) {
        length++;
    }
    note->skip_bytes += length;
    return length < size_bytes && text[length] == ' ';
}

static void find_in_block(const struct page_record *record, uint32_t index, struct footnotes *notes)
{
    const struct page_block *block = &record->blocks[index];
    struct footnote *open = NULL;

    for (uint32_t l = 0; l < block->line_count; l++) {
        struct footnote note = {.block = index, .first_line = l};
        bool raised = block->lines[l].span_count > 0 &&
                      (block->lines[l].spans[0].style & PAGE_STYLE_SUPERSCRIPT) != 0;

        /* Inside a block only a raised mark tells a new note from a line that has a number. */
        if ((l == 0 || raised) && starts_note(&block->lines[l], &note)) {
            if (notes->count == FOOTNOTES_MAX) {
                return;
            }
            notes->items[notes->count] = note;
            open = &notes->items[notes->count++];
        } else if (!open) {
            return; /* starts with none: it is kept as it is */
        }
        open->line_count++;
    }
}

static void mark_reference(struct footnotes *notes, const char *text, size_t size_bytes)
{
    trim(&text, &size_bytes);
    for (uint32_t i = 0; i < notes->count; i++) {
        struct footnote *note = &notes->items[i];

        if (note->mark_bytes == size_bytes && memcmp(note->mark, text, size_bytes) == 0) {
            note->referenced = true;
            return;
        }
    }
}

static void look_at_span(struct footnotes *notes, const struct page_span *span)
{
    const char *text = span->text;
    size_t left = span->text_bytes;

    while (left > 0) {
        const char *comma = memchr(text, ',', left);
        size_t length = comma ? (size_t)(comma - text) : left;

        mark_reference(notes, text, length);
        length += comma ? 1 : 0;
        text += length;
        left -= length;
    }
}

static void find_references(const struct page_record *record, struct footnotes *notes)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        for (uint32_t l = 0; block->kind != PAGE_BLOCK_FOOTNOTE && l < block->line_count; l++) {
            for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
                if (block->lines[l].spans[s].style & PAGE_STYLE_SUPERSCRIPT) {
                    look_at_span(notes, &block->lines[l].spans[s]);
                }
            }
        }
    }
}

static void give_label(struct footnote *note, uint32_t page, uint32_t place, uint32_t *last_number)
{
    char digits[MARK_DIGITS_MAX + 1] = "";
    unsigned long number = 0;

    if (note->mark_bytes <= MARK_DIGITS_MAX && isdigit((unsigned char)note->mark[0])) {
        memcpy(digits, note->mark, note->mark_bytes);
        number = strtoul(digits, NULL, 10);
    }
    if (number > *last_number) {
        *last_number = (uint32_t)number;
        snprintf(note->label, sizeof note->label, "%lu", number);
    } else {
        snprintf(note->label, sizeof note->label, "%u-%u", page, place);
    }
}

void footnotes_find(const struct page_record *record, uint32_t *last_number,
                    struct footnotes *ret_notes)
{
    ret_notes->count = 0;
    for (uint32_t b = 0; b < record->block_count; b++) {
        if (record->blocks[b].kind == PAGE_BLOCK_FOOTNOTE) {
            find_in_block(record, b, ret_notes);
        }
    }
    if (ret_notes->count == 0) {
        return;
    }
    find_references(record, ret_notes);
    for (uint32_t i = 0; i < ret_notes->count; i++) {
        if (ret_notes->items[i].referenced) {
            give_label(&ret_notes->items[i], record->number, i + 1, last_number);
        }
    }
}

const char *footnotes_label(const struct footnotes *notes, const char *mark, size_t size_bytes)
{
    for (uint32_t i = 0; i < notes->count; i++) {
        const struct footnote *note = &notes->items[i];

        if (note->referenced && note->mark_bytes == size_bytes &&
            memcmp(note->mark, mark, size_bytes) == 0) {
            return note->label;
        }
    }
    return NULL;
}

const struct footnote *footnotes_at(const struct footnotes *notes, uint32_t block, uint32_t line)
{
    for (uint32_t i = 0; i < notes->count; i++) {
        const struct footnote *note = &notes->items[i];

        if (note->referenced && note->block == block && note->first_line == line) {
            return note;
        }
    }
    return NULL;
}
