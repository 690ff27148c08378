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
/* One line, cut to fit. Sent only when it differs from the last. */
void notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* How long systemd waits for a sign of life, at least 1; 0 when it asks this process for none
 * (WATCHDOG_USEC, WATCHDOG_PID). Ping several times as often. */
uint64_t notify_watchdog_interval_ms(void);
void notify_watchdog_ping(void);

#endif
