/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Text that came from elsewhere, made fit for a terminal: no control character of a document, a
 * file name or a daemon's message ever reaches one.
 */
#ifndef EBB_CTL_TEXT_H
#define EBB_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"

#define TEXT_REPLACEMENT 0xFFFDU

/* Decodes the first character of text (size_bytes at least 1). Returns the bytes it took; broken
 * UTF-8 takes one byte and is TEXT_REPLACEMENT. */
size_t text_next(const char *text, size_t size_bytes, uint32_t *ret_character);
/* Columns that a character takes on a terminal: 0, 1 or 2. */
unsigned text_character_columns(uint32_t character);
unsigned text_columns(const char *text);

/* Appends text in one line: controls, line ends and direction overrides become '?', broken UTF-8
 * U+FFFD; what is beyond max_columns (0: no bound) is cut, with a mark. */
int text_append_line(struct buf *out, const char *text, size_t size_bytes, unsigned max_columns,
                     struct error *err);

/* The same for a fixed array; ret_text is always a valid string. */
void text_line(const char *text, char *ret_text, size_t size_bytes);

/*
 * A document's text on its way to a terminal, in pieces of any size: line ends and tabs stay, a
 * form feed becomes a line of its own, other controls '?', broken UTF-8 U+FFFD.
 */
struct text_filter {
    char held[4]; /* the beginning of a character whose rest is in the next piece */
    size_t held_bytes;
};

int text_filter_feed(struct text_filter *filter, const char *data, size_t size_bytes,
                     struct buf *out, struct error *err);
/* What is still held, as it ends here. */
int text_filter_end(struct text_filter *filter, struct buf *out, struct error *err);

/* True when text is the 36 characters of a UUID. */
bool text_is_uuid(const char *text);

#endif
