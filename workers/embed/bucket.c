/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * So much a minute. Times come from the caller; nothing blocks, allocates or logs.
 */
#include "workers/embed/bucket.h"

#define UNIT 60000

static int64_t capacity(const struct bucket *bucket)
{
    int64_t second = (int64_t)bucket->per_minute * 1000;

    return second > UNIT ? second : UNIT;
}

void bucket_init(struct bucket *bucket, uint32_t per_minute, uint64_t now_ms)
{
    *bucket = (struct bucket){.per_minute = per_minute, .filled_ms = now_ms};
    bucket->level = capacity(bucket);
}

static void fill(struct bucket *bucket, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms > bucket->filled_ms ? now_ms - bucket->filled_ms : 0;
    int64_t most = capacity(bucket);

    bucket->filled_ms = now_ms > bucket->filled_ms ? now_ms : bucket->filled_ms;
    /* A day fills any bucket; more would not fit. */
    if (passed_ms > 86400000 || bucket->level + (int64_t)passed_ms * bucket->per_minute > most) {
        bucket->level = most;
    } else {
        bucket->level += (int64_t)passed_ms * bucket->per_minute;
    }
}

uint64_t bucket_wait_ms(struct bucket *bucket, uint64_t now_ms)
{
    int64_t lacks;

    if (bucket->per_minute == 0) {
        return 0;
    }
    fill(bucket, now_ms);
    lacks = UNIT - bucket->level;
    return lacks > 0 ? (uint64_t)(lacks + bucket->per_minute - 1) / bucket->per_minute : 0;
}

void bucket_take(struct bucket *bucket, uint32_t amount, uint64_t now_ms)
{
    if (bucket->per_minute > 0) {
        fill(bucket, now_ms);
        bucket->level -= (int64_t)amount * UNIT;
    }
}
