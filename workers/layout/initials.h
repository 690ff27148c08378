/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Initials: the large first letter of a text, as high as several of its lines.
 */
#ifndef EBB_WORKERS_LAYOUT_INITIALS_H
#define EBB_WORKERS_LAYOUT_INITIALS_H

#include <stdint.h>

#include "workers/layout/lines.h"
#include "workers/layout/reading_order.h"

/* Puts the region's initials on the first of the lines that they stand beside. */
void initials_place(const struct region *region);
/* Lets the lines that stand beside an initial of theirs begin where it does. */
void initials_align(struct line *lines, uint32_t count);

#endif
