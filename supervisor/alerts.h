/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is wrong at the moment and an operator should know.
 */
#ifndef EBB_SUPERVISOR_ALERTS_H
#define EBB_SUPERVISOR_ALERTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "supervisor/settings.h"

struct supervisor;

struct alert {
    const char *kind;  /* static; NULL for an unused one */
    const char *about; /* "" where there is one of its kind; lives as long as the supervisor */
    char text[ERROR_MESSAGE_BYTES];
    uint64_t since_ms; /* wall clock */
};

#define ALERTS_MAX (8 + SETTINGS_CLASSES_MAX)

/* Edge-triggered: said once, and in STATUS until it is cleared. kind: an event's kind, static.
 * about: what it is about, a class's name, or "". */
void alerts_raise(struct supervisor *supervisor, const char *kind, const char *about,
                  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* One that holds has other words now: an alert as before, and nothing is said. */
void alerts_reword(struct supervisor *supervisor, const char *kind, const char *about,
                   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void alerts_clear(struct supervisor *supervisor, const char *kind, const char *about);
/* A worker found the disk full: everything pauses until there is room. */
void alerts_disk_full(struct supervisor *supervisor, const char *text);
/* The store's health_cb; user is the supervisor. */
void alerts_store_health(void *user, bool healthy, const char *text);

#endif
