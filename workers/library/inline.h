/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Running text made of a page's lines: words broken at a line's end made whole, invisible
 * characters dropped, raised and lowered text and references to footnotes marked.
 *
 * A mark is one byte that UTF-8 never has, so that no text can hold one; markdown_escape turns
 * marks into what Markdown has for them.
 */
#ifndef EBB_WORKERS_LIBRARY_INLINE_H
#define EBB_WORKERS_LIBRARY_INLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"

enum inline_mark {
    INLINE_SUPER_ON = 0xF8,
    INLINE_SUPER_OFF = 0xF9,
    INLINE_SUB_ON = 0xFA,
    INLINE_SUB_OFF = 0xFB,
    INLINE_NOTE_ON = 0xFC, /* the label of a footnote follows */
    INLINE_NOTE_OFF = 0xFD,
};

/* Who knows footnotes: the label of the note that a raised text (trimmed) refers to, NULL for
 * none. Owns: the context. */
struct inline_notes {
    const char *(*label)(void *context, const char *mark, size_t size_bytes);
    void *context;
};

/* Appends the line's text. notes: NULL for raised and lowered text as plain text. */
int inline_append_line(struct buf *text, const struct page_line *line,
                       const struct inline_notes *notes, struct error *err);
/* Appends the block's lines, each joined to what text ends in as inline_join does. */
int inline_append_block(struct buf *text, const struct page_block *block,
                        const struct inline_notes *notes, struct error *err);
int inline_append_lines(struct buf *text, const struct page_line *lines, uint32_t count,
                        const struct inline_notes *notes, struct error *err);
/* Prepares text for next to follow: a hyphen at its end that broke a word (broken: by the record's
 * own word) goes, else a space is added, where the script has spaces. */
int inline_join(struct buf *text, const struct page_line *next, bool broken, struct error *err);

/* Whether text ends in a hyphen behind a letter, and the word is no compound already. */
bool inline_ends_hyphenated(const struct buf *text);
/* The last character that is no mark, white space or (when skip_closers) closing quotation mark
 * or bracket; 0 where there is none. */
uint32_t inline_last(const struct buf *text, bool skip_closers);
/* The first character of the line that is no white space; 0 where there is none. */
uint32_t inline_first(const struct page_line *line);

#endif
