/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the units of one worker took: a short list for its receipt, of those that took most.
 */
#ifndef EBB_SUPERVISOR_PEAKS_H
#define EBB_SUPERVISOR_PEAKS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define PEAKS_MAX 64

struct peak {
    uint32_t first, last; /* the unit's items */
    uint64_t rss_bytes;
};

struct peaks {
    struct peak rows[PEAKS_MAX]; /* in the order in which they were added */
    size_t count;
};

/* The smallest makes room once there are PEAKS_MAX. */
void peaks_add(struct peaks *peaks, uint32_t first, uint32_t last, uint64_t rss_bytes);
/* PROTOCOL.md's units_peak, appended to out (which holds 8 KiB more); all are of stage. -1 when
 * there was no memory, or none was added. */
int peaks_encode(const struct peaks *peaks, const char *stage, struct buf *out);

#endif
