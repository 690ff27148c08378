/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an answer's status means for another try, and when that is made.
 */
#ifndef EBB_WORKERS_EMBED_RETRY_H
#define EBB_WORKERS_EMBED_RETRY_H

#include <stdint.h>

#define RETRY_FIRST_MS 500U
#define RETRY_MOST_MS 30000U

enum retry_verdict {
    RETRY_DONE,   /* it answered */
    RETRY_LATER,  /* it is too busy for us: 429 */
    RETRY_FAILED, /* something is wrong there, now: 408, 5xx */
    RETRY_SPLIT,  /* something is wrong with what was sent: 400, 413, 422 */
    RETRY_NEVER,  /* it will say the same again: 401, 403, 404, a redirection, ... */
};

enum retry_verdict retry_verdict_of(long http_status);

/* Full jitter: from 0 to RETRY_FIRST_MS, doubled with each try made, at most RETRY_MOST_MS; at
 * least what the endpoint asked for (retry_after_ms), which counts up to retry_after_max_ms.
 * tries: made so far, at least 1. random: any number, evenly spread. */
uint64_t retry_delay_ms(uint32_t tries, uint32_t random, uint64_t retry_after_ms,
                        uint64_t retry_after_max_ms);

#endif
