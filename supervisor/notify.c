/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sd_notify(3) by hand: a few lines of text in a datagram.
 *
 * $NOTIFY_SOCKET names a path or, with a leading '@', the abstract name space. A socket is made
 * for each message, so that none is inherited or kept. Never blocks. Logs (debug) a message that
 * could not be sent.
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
#include "common/parse.h"

#define TEXT_BYTES 512

/* The address's size, or 0 when there is none that could be sent to. */
static socklen_t find_address(struct sockaddr_un *ret_address)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t size_bytes = name ? strlen(name) : 0;

    if (size_bytes < 2 || size_bytes >= sizeof(ret_address->sun_path) ||
        (name[0] != '/' && name[0] != '@')) {
        return 0;
    }
    memset(ret_address, 0, sizeof(*ret_address));
    ret_address->sun_family = AF_UNIX;
    memcpy(ret_address->sun_path, name, size_bytes);
    if (name[0] == '@') {
        ret_address->sun_path[0] = '\0';
    } else {
        size_bytes++;
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size_bytes);
}

static void send_text(const char *text)
{
    struct sockaddr_un address;
    socklen_t address_bytes = find_address(&address);
    AUTO_CLOSE int fd = -1;

    if (address_bytes == 0) {
        return;
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                         address_bytes) < 0) {
        log_debug("systemd was not told \"%.20s\": error %d", text, errno);
    }
}

void notify_ready(void)
{
    send_text("READY=1");
}

void notify_status(const char *fmt, ...)
{
    static char last[TEXT_BYTES];
    char text[TEXT_BYTES] = "STATUS=";
    size_t used = strlen(text);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text + used, sizeof(text) - used, fmt, ap);
    va_end(ap);
    /* What comes behind a new line would be another variable. */
    for (char *p = text; *p; p++) {
        if (*p == '\n') {
            *p = ' ';
        }
    }
    if (strcmp(text, last) != 0) {
        strcpy(last, text);
        send_text(text);
    }
}

void notify_reloading(void)
{
    char text[64];

    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_us());
    send_text(text);
}

void notify_stopping(void)
{
    send_text("STOPPING=1");
}

uint64_t notify_watchdog_interval_ms(void)
{
    const char *wait = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t wait_us, wanted_pid;

    if (!wait || parse_u64(wait, 1, UINT64_MAX - 1, &wait_us, NULL) < 0) {
        return 0;
    }
    if (pid &&
        (parse_u64(pid, 1, INT32_MAX, &wanted_pid, NULL) < 0 || wanted_pid != (uint64_t)getpid())) {
        return 0;
    }
    return wait_us < 1000 ? 1 : wait_us / 1000;
}

void notify_watchdog_ping(void)
{
    send_text("WATCHDOG=1");
}
