/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Text as CommonMark: what would mean something else is escaped, and no more, so that the text
 * stays readable and searchable.
 */
#ifndef EBB_WORKERS_LIBRARY_MARKDOWN_H
#define EBB_WORKERS_LIBRARY_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/error.h"

/* Appends text as one line: white space and control characters become spaces, marks of inline.h
 * what Markdown has for them, dots that lead to a number one ellipsis. at_start: it begins a
 * paragraph, where "- ", "#", "1." and their like mean something. */
int markdown_escape(const char *text, size_t size_bytes, bool at_start, struct buf *out,
                    struct error *err);

/* As markdown_escape, for a cell of a pipe table; dots that it ends in are left out, here and in
 * HTML. */
int markdown_escape_cell(const char *text, size_t size_bytes, struct buf *out, struct error *err);
/* As markdown_escape, for what stands between square brackets. */
int markdown_escape_label(const char *text, size_t size_bytes, struct buf *out, struct error *err);
/* Text inside HTML: white space and control characters become spaces. */
int markdown_escape_html(const char *text, size_t size_bytes, struct buf *out, struct error *err);

/* The marker that a list item's text begins with ("•", "3.", "2)"), and how the item begins in
 * Markdown. */
struct markdown_marker {
    size_t skip_bytes; /* of the text: marker and the space after it */
    char lead[16];     /* "- " or "3. " */
};
void markdown_list_marker(const char *text, size_t size_bytes, struct markdown_marker *ret_marker);

/* The dots that lead to a page's number or a column: bytes of the run that starts here, 0 for
 * none. */
size_t markdown_leader_bytes(const char *text, size_t size_bytes);
/* Bytes of a cell's text without such dots at its end. */
size_t markdown_without_leader(const char *text, size_t size_bytes);

/* The length of the longest run of backticks. */
size_t markdown_longest_fence(const char *text, size_t size_bytes);

#endif
