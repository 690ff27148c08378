/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/runtime/worker_io: frames over a socket pair, signals, and the guard.
 */
#include "workers/runtime/worker_io.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "proto/verdict.h"

struct pair {
    struct channel channel;
    int peer;
};

static void open_pair(struct pair *pair)
{
    struct error err = ERROR_INIT;
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    cr_assert_eq(channel_init(&pair->channel, fds[0], &err), 0, "%s", err.msg);
    pair->peer = fds[1];
}

static void close_pair(struct pair *pair)
{
    channel_deinit(&pair->channel);
    close(pair->channel.fd);
    close(pair->peer);
}

static void send_bytes(const struct pair *pair, const void *data, size_t size_bytes)
{
    cr_assert_eq(write(pair->peer, data, size_bytes), (ssize_t)size_bytes);
}

static enum channel_event receive(struct pair *pair, bool wait, char *ret_text)
{
    struct error err = ERROR_INIT;
    const uint8_t *body;
    size_t size_bytes;
    enum channel_event event = channel_receive(&pair->channel, wait, &body, &size_bytes, &err);

    if (event == CHANNEL_FRAME) {
        memcpy(ret_text, body, size_bytes);
        ret_text[size_bytes] = '\0';
    }
    return event;
}

Test(worker_io, frames_whole_and_in_pieces)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    cr_assert_eq(receive(&pair, false, text), CHANNEL_NOTHING);
    send_bytes(&pair, "\0\0\0\3one\0\0\0\3two\0\0", 16);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_FRAME);
    cr_assert_str_eq(text, "one");
    cr_assert_eq(receive(&pair, true, text), CHANNEL_FRAME);
    cr_assert_str_eq(text, "two");
    cr_assert_eq(receive(&pair, false, text), CHANNEL_NOTHING);
    send_bytes(&pair, "\0\5thr", 5);
    cr_assert_eq(receive(&pair, false, text), CHANNEL_NOTHING);
    send_bytes(&pair, "ee", 2);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_FRAME);
    cr_assert_str_eq(text, "three");
    close_pair(&pair);
}

Test(worker_io, a_frame_that_cannot_be_breaks_the_channel)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    send_bytes(&pair, "\x7f\0\0\0", 4);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_BROKEN);
    close_pair(&pair);
}

Test(worker_io, the_end_comes_behind_what_was_sent)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    send_bytes(&pair, "\0\0\0\3one", 7);
    close(pair.peer);
    cr_assert(channel_hung_up(&pair.channel));
    cr_assert_eq(receive(&pair, true, text), CHANNEL_FRAME);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_END);
    pair.peer = -1;
    close_pair(&pair);
}

Test(worker_io, sigterm_is_told_once_and_behind_frames)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    send_bytes(&pair, "\0\0\0\3one", 7);
    cr_assert_not(channel_term_pending());
    raise(SIGTERM);
    cr_assert(channel_term_pending());
    cr_assert_eq(receive(&pair, true, text), CHANNEL_FRAME);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_TERM);
    cr_assert_not(channel_term_pending());
    cr_assert_eq(receive(&pair, false, text), CHANNEL_NOTHING);
    close_pair(&pair);
}

static void on_alarm(int number)
{
    (void)number;
    raise(SIGTERM);
}

Test(worker_io, sigterm_ends_a_wait, .timeout = 20)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    signal(SIGALRM, on_alarm);
    alarm(1);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_TERM);
    close_pair(&pair);
}

Test(worker_io, send_arrives_whole)
{
    static char sent[200000];
    static char got[200000];
    struct pair pair;
    size_t done_bytes = 0;

    memset(sent, 'x', sizeof(sent));
    open_pair(&pair);
    cr_assert_eq(channel_send(&pair.channel, sent, 100000, NULL), 0);
    while (done_bytes < 100000) {
        ssize_t got_bytes = read(pair.peer, got + done_bytes, sizeof(got) - done_bytes);

        cr_assert_gt(got_bytes, 0);
        done_bytes += (size_t)got_bytes;
    }
    cr_assert_eq(memcmp(sent, got, 100000), 0);
    close_pair(&pair);
}

Test(worker_io, send_to_nobody)
{
    struct error err = ERROR_INIT;
    struct pair pair;

    open_pair(&pair);
    close(pair.peer);
    cr_assert_eq(channel_send(&pair.channel, "x", 1, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    pair.peer = -1;
    close_pair(&pair);
}

Test(worker_io, send_to_who_takes_nothing, .timeout = 20)
{
    static const char block[65536];
    struct error err = ERROR_INIT;
    struct pair pair;
    uint64_t start_ms;
    int status;

    open_pair(&pair);
    pair.channel.send_wait_ms = 100;
    do {
        start_ms = clock_monotonic_ms();
        status = channel_send(&pair.channel, block, sizeof(block), &err);
    } while (status == 0);
    cr_assert_eq(err.code, ERROR_LIMIT);
    cr_assert_geq(clock_monotonic_ms() - start_ms, 100);
    close_pair(&pair);
}

Test(worker_io, wipe_leaves_nothing_of_what_was_taken)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    send_bytes(&pair, "\0\0\0\6secret\0\0\0\4next", 18);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_FRAME);
    cr_assert_not_null(memmem(pair.channel.reader.pending.data, 18, "secret", 6));
    channel_wipe(&pair.channel);
    cr_assert_null(memmem(pair.channel.reader.pending.data, 18, "secret", 6));
    cr_assert_eq(receive(&pair, true, text), CHANNEL_FRAME);
    cr_assert_str_eq(text, "next");
    close_pair(&pair);
}

Test(worker_io, no_socket_is_no_channel)
{
    struct error err = ERROR_INIT;
    struct channel channel;
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(channel_init(&channel, fds[0], &err), -1);
    cr_assert_eq(err.code, ERROR_INVALID);
    cr_assert_eq(channel_init(&channel, 999, &err), -1);
}

/* The process ends in the loop, long before its bound. */
static void spin_ms(uint64_t ms)
{
    uint64_t until_ms = clock_monotonic_ms() + ms;

    while (clock_monotonic_ms() < until_ms) {
    }
}

Test(worker_io, guard_ends_a_loop, .exit_code = WORKER_EXIT_ORPHANED, .timeout = 20)
{
    struct pair pair;

    open_pair(&pair);
    channel_guard(&pair.channel, true);
    close(pair.peer);
    spin_ms(5000);
}

Test(worker_io, guard_sees_what_happened_before, .exit_code = WORKER_EXIT_ORPHANED)
{
    struct pair pair;

    open_pair(&pair);
    close(pair.peer);
    channel_guard(&pair.channel, true);
    spin_ms(5000);
}

Test(worker_io, frames_do_not_disturb_the_guard)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    channel_guard(&pair.channel, true);
    send_bytes(&pair, "\0\0\0\3one", 7);
    spin_ms(20);
    channel_guard(&pair.channel, false);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_FRAME);
    close(pair.peer);
    spin_ms(20);
    cr_assert_eq(receive(&pair, true, text), CHANNEL_END);
    pair.peer = -1;
    close_pair(&pair);
}
