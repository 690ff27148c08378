/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The whole terminal for one command: its own screen, keys as they are pressed. Put back as it was
 * by terminal_leave; signals must be interrupts (interrupt.h) while it is taken.
 */
#ifndef EBB_CTL_TERMINAL_H
#define EBB_CTL_TERMINAL_H

#include <stdint.h>

#include "common/error.h"

/* Standard input and output are terminals. */
int terminal_enter(struct error *err);
/* No-op when it was not entered. */
void terminal_leave(void);
/* A picture of lines of text, cleaned and cut to the screen. */
void terminal_draw(const char *text);
/* A key that was pressed within timeout_ms; 0 when none was; -1 when an interrupt came or the
 * terminal went away. */
int terminal_key(uint64_t timeout_ms);

#endif
