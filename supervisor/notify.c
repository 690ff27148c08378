/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The sd_notify protocol: one datagram to the socket named by NOTIFY_SOCKET, a path or an abstract
 * name ('@').
 *
 * Blocks: never (MSG_DONTWAIT). Diagnostics: none above debug.
 */
#include "supervisor/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"

#define STATUS_BYTES 256

static void send_state(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path)) {
        return;
    }
    size_t length = strlen(path);
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (fd < 0 || sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
                         (const struct sockaddr *)&address, size) < 0) {
        log_debug("notifying %s: %s", path, strerror(errno));
    }
}

void notify_ready(void)
{
    send_state("READY=1");
}

void notify_reloading(void)
{
    char text[64];
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_us());
    send_state(text);
}

void notify_stopping(void)
{
    send_state("STOPPING=1");
}

void notify_status(const char *fmt, ...)
{
    static char last[STATUS_BYTES];
    char text[STATUS_BYTES];
    char state[STATUS_BYTES + 16];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (strcmp(text, last) != 0) {
        memcpy(last, text, sizeof(last));
        snprintf(state, sizeof(state), "STATUS=%s", text);
        send_state(state);
    }
}

uint64_t notify_watchdog_interval_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid())) {
        return 0;
    }
    return strtoull(usec, NULL, 10) / 1000;
}

void notify_watchdog_ping(void)
{
    send_state("WATCHDOG=1");
}
