/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * supervisor/notify: what arrives at a socket of ours in place of systemd's.
 */
#include "supervisor/notify.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fdio.h"
#include "common/parse.h"

static char folder[64];
static char path[96];
static int listener = -1;

/* Listens at name, '@' first for an abstract one, and says so in the environment. */
static void listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(name);

    cr_assert_lt(size, sizeof(address.sun_path));
    memcpy(address.sun_path, name, size);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    } else {
        size++;
    }
    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(listener, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
                 0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static void start(void)
{
    strcpy(folder, "/tmp/ebb-notify-XXXXXX");
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/notify", folder);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void stop(void)
{
    if (listener >= 0) {
        close(listener);
    }
    unlink(path);
    rmdir(folder);
}

TestSuite(notify, .init = start, .fini = stop, .timeout = 20);

/* The next datagram; "" when there is none. */
static const char *received(void)
{
    static char text[2048];
    ssize_t size = recv(listener, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void all_messages(void)
{
    static const char reloading[] = "RELOADING=1\nMONOTONIC_USEC=";
    uint64_t before_us = clock_monotonic_us(), at_us = 0;
    const char *text;

    notify_ready();
    cr_assert_str_eq(received(), "READY=1");
    notify_reloading();
    text = received();
    cr_assert_eq(strncmp(text, reloading, strlen(reloading)), 0, "%s", text);
    cr_assert_eq(parse_u64(text + strlen(reloading), before_us, UINT64_MAX, &at_us, NULL), 0);
    cr_assert_leq(at_us, clock_monotonic_us());
    notify_stopping();
    cr_assert_str_eq(received(), "STOPPING=1");
    notify_watchdog_ping();
    cr_assert_str_eq(received(), "WATCHDOG=1");
    notify_status("%d jobs", 3);
    cr_assert_str_eq(received(), "STATUS=3 jobs");
    cr_assert_str_eq(received(), "");
}

Test(notify, messages_go_to_a_path)
{
    listen_at(path);
    all_messages();
}

Test(notify, messages_go_to_an_abstract_name)
{
    char name[64];

    snprintf(name, sizeof(name), "@ebb-notify-test-%d", (int)getpid());
    listen_at(name);
    all_messages();
}

Test(notify, a_status_is_one_line_sent_once_and_cut)
{
    char longer[2000];

    listen_at(path);
    notify_status("a\nREADY=1\nb");
    cr_assert_str_eq(received(), "STATUS=a READY=1 b");
    notify_status("a\nREADY=1\nb");
    cr_assert_str_eq(received(), "");
    notify_status("other");
    cr_assert_str_eq(received(), "STATUS=other");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    notify_status("%s", longer);
    cr_assert_eq(strncmp(received(), "STATUS=xxxx", 11), 0);
    cr_assert_str_eq(received(), "");
}

Test(notify, nothing_happens_without_a_socket)
{
    int before = fdio_open_count();

    notify_ready();
    setenv("NOTIFY_SOCKET", "", 1);
    notify_ready();
    setenv("NOTIFY_SOCKET", "relative", 1);
    notify_ready();
    setenv("NOTIFY_SOCKET", path, 1); /* nobody listens */
    notify_ready();
    notify_status("%s", "x");
    setenv(
        "NOTIFY_SOCKET",
        "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        1);
    notify_ready();
    cr_assert_eq(fdio_open_count(), before);
}

/* A systemd that does not read: the queue is full, the calls return. */
Test(notify, a_full_queue_does_not_block)
{
    unsigned there = 0;

    listen_at(path);
    for (unsigned i = 0; i < 100000; i++) {
        notify_watchdog_ping();
    }
    while (received()[0]) {
        there++;
    }
    cr_assert(there > 0 && there < 100000, "%u", there);
    notify_ready();
    cr_assert_str_eq(received(), "READY=1");
}

Test(notify, the_watchdog_waits_for_this_process_only)
{
    char pid[32];

    cr_assert_eq(notify_watchdog_interval_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    cr_assert_eq(notify_watchdog_interval_ms(), 30000);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    cr_assert_eq(notify_watchdog_interval_ms(), 30000);
    snprintf(pid, sizeof(pid), "%d", (int)getpid() + 1);
    setenv("WATCHDOG_PID", pid, 1);
    cr_assert_eq(notify_watchdog_interval_ms(), 0);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "soon", 1);
    cr_assert_eq(notify_watchdog_interval_ms(), 0);
    setenv("WATCHDOG_USEC", "0", 1);
    cr_assert_eq(notify_watchdog_interval_ms(), 0);
    setenv("WATCHDOG_USEC", "10", 1);
    cr_assert_eq(notify_watchdog_interval_ms(), 1);
}
