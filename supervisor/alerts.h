/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is wrong at the moment and an operator should know.
 */
#ifndef EBB_SUPERVISOR_ALERTS_H
#define EBB_SUPERVISOR_ALERTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct supervisor;

struct alert {
    const char *kind; /* static; NULL for an unused one */
    char text[ERROR_MESSAGE_BYTES];
    uint64_t since_ms; /* wall clock */
};

#define ALERTS_MAX 8

/* Edge-triggered: said once, and in STATUS until it is cleared. kind: an event's kind, static. */
void alerts_raise(struct supervisor *supervisor, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void alerts_clear(struct supervisor *supervisor, const char *kind);
/* A worker found the disk full: everything pauses until there is room. */
void alerts_disk_full(struct supervisor *supervisor, const char *text);
/* The store's health_cb; user is the supervisor. */
void alerts_store_health(void *user, bool healthy, const char *text);

#endif
