/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How long to wait before trying again: doubling from a first delay to a longest one.
 */
#ifndef EBB_SUPERVISOR_BACKOFF_H
#define EBB_SUPERVISOR_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff {
    uint64_t first_ms, max_ms;
    uint64_t delay_ms; /* of the next failure; 0 while all is well */
    uint64_t until_ms; /* on the caller's clock: nothing before; 0 while all is well */
    unsigned failures; /* in a row */
};

void backoff_init(struct backoff *backoff, uint64_t first_ms, uint64_t max_ms);
/* One more failure: the next try comes no sooner than until_ms. */
void backoff_failed(struct backoff *backoff, uint64_t now_ms);
void backoff_succeeded(struct backoff *backoff);
bool backoff_waiting(const struct backoff *backoff, uint64_t now_ms);

#endif
