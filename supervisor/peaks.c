/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The list is small and fixed, so that a worker of a document of ten thousand pages costs no more
 * than one of ten. Nothing blocks, nothing is logged.
 */
#include "supervisor/peaks.h"

#include <string.h>

#include "proto/value.h"
#include "supervisor/store_reply.h"

static size_t smallest(const struct peaks *peaks)
{
    size_t place = 0;
    for (size_t i = 1; i < peaks->count; i++) {
        if (peaks->rows[i].rss_bytes < peaks->rows[place].rss_bytes) {
            place = i;
        }
    }
    return place;
}

void peaks_add(struct peaks *peaks, uint32_t first, uint32_t last, uint64_t rss_bytes)
{
    if (peaks->count == PEAKS_MAX) {
        size_t place = smallest(peaks);
        if (peaks->rows[place].rss_bytes >= rss_bytes) {
            return;
        }
        peaks->count--;
        memmove(&peaks->rows[place], &peaks->rows[place + 1],
                (peaks->count - place) * sizeof(peaks->rows[0]));
    }
    peaks->rows[peaks->count++] =
        (struct peak){.first = first, .last = last, .rss_bytes = rss_bytes};
}

int peaks_encode(const struct peaks *peaks, const char *stage, struct buf *out)
{
    struct pack pack;
    if (peaks->count == 0) {
        return -1;
    }
    pack_init(&pack, out);
    pack_array(&pack, peaks->count);
    for (size_t i = 0; i < peaks->count; i++) {
        const struct peak *peak = &peaks->rows[i];
        pack_unit_peak(&pack, stage, peak->first, peak->last, peak->rss_bytes);
    }
    return pack_finish(&pack, NULL);
}
