/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Doubling delays. Pure arithmetic: the caller has the clock.
 */
#include "supervisor/backoff.h"

void backoff_init(struct backoff *backoff, uint64_t first_ms, uint64_t max_ms)
{
    *backoff = (struct backoff){.first_ms = first_ms, .max_ms = max_ms};
}

void backoff_failed(struct backoff *backoff, uint64_t now_ms)
{
    uint64_t doubled =
        backoff->delay_ms > backoff->max_ms / 2 ? backoff->max_ms : backoff->delay_ms * 2;
    backoff->delay_ms = backoff->delay_ms == 0 ? backoff->first_ms : doubled;
    backoff->until_ms = now_ms + backoff->delay_ms;
    backoff->failures++;
}

void backoff_succeeded(struct backoff *backoff)
{
    backoff->delay_ms = 0;
    backoff->until_ms = 0;
    backoff->failures = 0;
}

bool backoff_waiting(const struct backoff *backoff, uint64_t now_ms)
{
    return now_ms < backoff->until_ms;
}
