/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * So much a minute: a bucket that fills evenly. What is taken may be more than is in it, and then
 * nobody gets anything until that is paid off; so a large request passes, and the mean holds.
 */
#ifndef EBB_WORKERS_EMBED_BUCKET_H
#define EBB_WORKERS_EMBED_BUCKET_H

#include <stdint.h>

struct bucket {
    uint32_t per_minute; /* 0: no limit */
    int64_t level;       /* in 1/60000: what a millisecond adds is per_minute of these */
    uint64_t filled_ms;  /* when level was so */
};

/* Full: with what a second adds, or one. */
void bucket_init(struct bucket *bucket, uint32_t per_minute, uint64_t now_ms);
/* Milliseconds until something can be taken; 0: now. */
uint64_t bucket_wait_ms(struct bucket *bucket, uint64_t now_ms);
void bucket_take(struct bucket *bucket, uint32_t amount, uint64_t now_ms);

#endif
