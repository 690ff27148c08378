/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A few lines at the end of a terminal that are drawn again in place, and lines above them that
 * stay. The cursor is left alone, so there is nothing to restore when ebb dies.
 */
#ifndef EBB_CTL_LIVE_H
#define EBB_CTL_LIVE_H

#include <stdio.h>

#include "common/buf.h"

#define LIVE_BYTES_MAX 65536U

struct live {
    FILE *file;
    unsigned drawn; /* lines of the region on the terminal */
    struct buf frame;
};

void live_init(struct live *live, FILE *file);
void live_deinit(struct live *live); /* leaves on the terminal what was drawn */

/* A new picture: lines that are put and then shown. Each is cleaned, and cut to the terminal's
 * width; those past its height are left out. */
void live_begin(struct live *live);
void live_line(struct live *live, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void live_end(struct live *live);
/* Takes the region off the terminal. */
void live_clear(struct live *live);
/* A line above the region that stays; the region must be drawn again. */
void live_print(struct live *live, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "[######....]" or with blocks: width columns between the brackets, share from 0 to 1. */
void live_bar(double share, unsigned width, char *ret_text, size_t size_bytes);

#endif
