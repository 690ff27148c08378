/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Another try: whether and when. Nothing blocks, allocates or logs.
 *
 * Source: RFC 9110, 15; "Exponential backoff and jitter", AWS Architecture Blog, 2015.
 */
#include "workers/embed/retry.h"

enum retry_verdict retry_verdict_of(long http_status)
{
    if (http_status >= 200 && http_status < 300) {
        return RETRY_DONE;
    }
    if (http_status == 429) {
        return RETRY_LATER;
    }
    if (http_status == 408 || http_status == 425 || http_status >= 500) {
        return RETRY_FAILED;
    }
    if (http_status == 400 || http_status == 413 || http_status == 422) {
        return RETRY_SPLIT;
    }
    return RETRY_NEVER;
}

uint64_t retry_delay_ms(uint32_t tries, uint32_t random, uint64_t retry_after_ms,
                        uint64_t retry_after_max_ms)
{
    uint64_t most_ms = RETRY_FIRST_MS;
    uint64_t delay_ms;

    for (uint32_t i = 1; i < tries && most_ms < RETRY_MOST_MS; i++) {
        most_ms *= 2;
    }
    most_ms = most_ms < RETRY_MOST_MS ? most_ms : RETRY_MOST_MS;
    delay_ms = most_ms * random / UINT32_MAX;
    if (retry_after_ms > retry_after_max_ms) {
        retry_after_ms = retry_after_max_ms;
    }
    return delay_ms > retry_after_ms ? delay_ms : retry_after_ms;
}
