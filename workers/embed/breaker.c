/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A breaker. Times come from the caller; nothing blocks, allocates or logs.
 */
#include "workers/embed/breaker.h"

void breaker_init(struct breaker *breaker, uint32_t failures_max, uint32_t open_ms)
{
    *breaker = (struct breaker){.failures_max = failures_max, .open_ms = open_ms};
}

enum breaker_state breaker_state(const struct breaker *breaker, uint64_t now_ms)
{
    if (breaker->until_ms == 0) {
        return BREAKER_CLOSED;
    }
    return now_ms < breaker->until_ms ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

bool breaker_enter(struct breaker *breaker, uint64_t now_ms)
{
    switch (breaker_state(breaker, now_ms)) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_OPEN:
        return false;
    case BREAKER_HALF_OPEN:
        break;
    }
    if (breaker->trying) {
        return false;
    }
    breaker->trying = true;
    return true;
}

void breaker_succeeded(struct breaker *breaker)
{
    breaker->failures = 0;
    breaker->until_ms = 0;
    breaker->trying = false;
}

void breaker_failed(struct breaker *breaker, uint64_t now_ms)
{
    breaker->trying = false;
    if (breaker->failures < breaker->failures_max) {
        breaker->failures++;
    }
    if (breaker->failures == breaker->failures_max) {
        breaker->until_ms = now_ms + breaker->open_ms;
    }
}

void breaker_left(struct breaker *breaker)
{
    breaker->trying = false;
}
