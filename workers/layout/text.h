/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Characters as plain text: UTF-8, ligatures and presentation forms expanded, spaces of any kind
 * as one kind, hyphens at line ends.
 */
#ifndef EBB_WORKERS_LAYOUT_TEXT_H
#define EBB_WORKERS_LAYOUT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No character becomes more bytes than TEXT_PLAIN_BYTES, none from TEXT_EXPANDS on more than
 * TEXT_EXPANDED_BYTES. */
#define TEXT_PLAIN_BYTES 4
#define TEXT_EXPANDS 0xFB00U
#define TEXT_EXPANDED_BYTES 72

/* Whether c is a space of any kind. */
bool text_is_space(uint32_t c);

/* Writes c in UTF-8. Returns the end of what was written. */
char *text_put(char *out, uint32_t c);

/* Writes what c stands for: a ligature's letters, a presentation form's letter, ' ' for any
 * space; nothing for control characters and non-characters. */
char *text_put_expanded(char *out, uint32_t c);

static inline char *text_put_plain(char *out, uint32_t c)
{
    if (c >= 0x20 && c < 0x7F) {
        *out = (char)c;
        return out + 1;
    }
    return text_put_expanded(out, c);
}

/* Decodes one character at text < end; U+FFFD and one byte where it is no UTF-8. */
uint32_t text_get(const char *text, const char *end, size_t *ret_bytes);

/* Characters other than spaces and line breaks. */
uint32_t text_count(const char *text, const char *end);

/* Whether the line [line, line_end) ends in a hyphen that only the line's end brought about, so
 * that its word goes on at next. ret_kept_bytes: of the line, without the hyphen. */
bool text_is_hyphenated(const char *line, const char *line_end, const char *next,
                        const char *next_end, size_t *ret_kept_bytes);

#endif
