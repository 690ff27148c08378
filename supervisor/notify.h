/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Telling systemd: readiness, status, reload, stop, the watchdog's sign of life. Each is a no-op
 * outside systemd (no NOTIFY_SOCKET). Source: sd_notify(3), which this speaks without the library:
 * it is one datagram.
 */
#ifndef EBB_SUPERVISOR_NOTIFY_H
#define EBB_SUPERVISOR_NOTIFY_H

#include <stdint.h>

/* None of these blocks or fails: systemd not listening is no reason to stop. */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* Sent only when it differs from the last. */
void notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* 0 when no watchdog is asked for (WATCHDOG_USEC, WATCHDOG_PID). */
uint64_t notify_watchdog_interval_ms(void);
void notify_watchdog_ping(void);

#endif
