/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A breaker: after so many failures in a row nothing is tried for a while, then one thing is, and
 * how that goes decides.
 */
#ifndef EBB_WORKERS_EMBED_BREAKER_H
#define EBB_WORKERS_EMBED_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state {
    BREAKER_CLOSED,
    BREAKER_OPEN,      /* nothing may be tried */
    BREAKER_HALF_OPEN, /* one may */
};

struct breaker {
    uint32_t failures_max;
    uint32_t open_ms;
    uint32_t failures; /* in a row */
    uint64_t until_ms; /* open until then; 0 while it is closed */
    bool trying;       /* half open, and the one try is under way */
};

void breaker_init(struct breaker *breaker, uint32_t failures_max, uint32_t open_ms);
enum breaker_state breaker_state(const struct breaker *breaker, uint64_t now_ms);
/* Before a try; false where none may be made now. */
bool breaker_enter(struct breaker *breaker, uint64_t now_ms);
/* After it. */
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker, uint64_t now_ms);
/* It was given up, and says nothing. */
void breaker_left(struct breaker *breaker);

#endif
