/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Standard output and standard error: what they are, what may be written to them, and whether
 * everything arrived.
 */
#ifndef EBB_CTL_OUTPUT_H
#define EBB_CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/error.h"
#include "ctl/exit.h"

enum output_style {
    STYLE_PLAIN, /* ends any other */
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
};

/* Call once, before anything else of ctl/: locale; SIGPIPE and SIGXFSZ ignored. */
void output_init(void);

bool output_is_terminal(const FILE *file);
/* The escape sequence of a style; "" where file is no terminal, NO_COLOR is set or TERM is dumb. */
const char *output_style(const FILE *file, enum output_style style);
/* True when lines may be drawn again in place there. */
bool output_can_redraw(const FILE *file);
/* True when the terminal's character set is UTF-8, so that bars may be drawn with blocks. */
bool output_is_utf8(void);
/* Columns and rows of the terminal behind file; 80 and 24 where it does not say. */
unsigned output_columns(const FILE *file);
unsigned output_rows(const FILE *file);

/* Writes one line's text with controls replaced, as it came from elsewhere (text_append_line). */
void output_line_text(FILE *file, const char *text);

/* Writes to standard output; false, and why is remembered, when it takes no more. */
bool output_write(const void *data, size_t size_bytes);
/* False when standard output takes no more: its reader has gone, or the disk is full. Commands
 * that write much ask now and then. */
bool output_works(void);
/* Flushes standard output. When something was lost: says so (but for a reader that has gone) and
 * returns CTL_EXIT_FAILED where code was CTL_EXIT_OK; else returns code. */
enum ctl_exit output_finish(enum ctl_exit code);

/*
 * One error for people, on standard error: "ebb: what: why: what to do". Controls are replaced.
 * why and advice may be NULL. Returns code, so that `return output_fail(...)` reads well.
 */
enum ctl_exit output_fail(enum ctl_exit code, const struct error *why, const char *advice,
                          const char *what_fmt, ...) __attribute__((format(printf, 4, 5)));
/* Called before a line goes to standard error, so that what is drawn there gives way. NULL: none.
 */
void output_set_before_line(void (*before)(void *user), void *user);
/* "ebb: text" on standard error. */
void output_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
