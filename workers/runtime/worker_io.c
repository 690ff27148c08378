/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading and writing frames on a worker's channel, with bounds on the waiting.
 *
 * The descriptor is non-blocking, and only read(2) and write(2) are used on it, so that the
 * sandbox needs no socket calls. Waiting is ppoll(2) with SIGTERM let in only there: a signal is
 * either seen before the wait or ends it.
 *
 * SIGIO: the kernel sends it when bytes or a hang-up arrive (F_SETOWN, O_ASYNC). The handler only
 * looks for a hang-up, and only while the channel is guarded, which is while the class's own code
 * runs: that code may be in a library's endless loop and never ask. When the supervisor dies, the
 * kernel's SIGKILL (limits_follow_parent) is as fast; this is for a channel closed by a supervisor
 * that lives.
 *
 * Blocks: channel_receive with wait; channel_send up to CHANNEL_SEND_WAIT_MS. Nothing is logged.
 */
#include "workers/runtime/worker_io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fdio.h"
#include "proto/verdict.h"

#define READ_BYTES 16384U

/* Written by handlers; in static storage so that nothing is allocated before INIT. */
static volatile sig_atomic_t term_came;
static volatile sig_atomic_t guarded_fd = -1;
static uint8_t chunk[READ_BYTES];

static bool hung_up(int fd)
{
    struct pollfd poller = {.fd = fd, .events = 0, .revents = 0};

    return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static void on_term(int number)
{
    (void)number;
    term_came = 1;
}

static void on_io(int number)
{
    int saved_errno = errno;

    (void)number;
    if (guarded_fd >= 0 && hung_up(guarded_fd)) {
        _exit(WORKER_EXIT_ORPHANED);
    }
    errno = saved_errno;
}

static int handle_signal(int number, void (*handler)(int), struct error *err)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    if (sigaction(number, &action, NULL) < 0) {
        return error_set_errno(err, errno, "cannot handle signal %d", number);
    }
    return 0;
}

int channel_init(struct channel *channel, int fd, struct error *err)
{
    struct stat status;
    int flags;

    if (fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode)) {
        return error_set(err, ERROR_INVALID, "descriptor %d is not a channel", fd);
    }
    if (handle_signal(SIGPIPE, SIG_IGN, err) < 0 || handle_signal(SIGTERM, on_term, err) < 0 ||
        handle_signal(SIGIO, on_io, err) < 0) {
        return -1;
    }
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETOWN, getpid()) < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK | O_ASYNC) < 0 || fdio_set_cloexec(fd, 1, err) < 0) {
        return error_set_errno(err, errno, "cannot prepare descriptor %d", fd);
    }
    channel->fd = fd;
    channel->send_wait_ms = CHANNEL_SEND_WAIT_MS;
    frame_reader_init(&channel->reader, FRAME_BODY_MAX_BYTES);
    return 0;
}

void channel_deinit(struct channel *channel)
{
    channel_guard(channel, false);
    frame_reader_deinit(&channel->reader);
}

bool channel_hung_up(const struct channel *channel)
{
    return hung_up(channel->fd);
}

/* Sleeps until the channel is readable or SIGTERM comes. */
static void wait_readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN, .revents = 0};
    sigset_t blocked;
    sigset_t before;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    if (!term_came) {
        sigset_t waiting = before;

        sigdelset(&waiting, SIGTERM);
        ppoll(&poller, 1, NULL, &waiting);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

enum channel_event channel_receive(struct channel *channel, bool wait, const uint8_t **ret_body,
                                   size_t *ret_size_bytes, struct error *err)
{
    for (;;) {
        int whole = frame_reader_next(&channel->reader, ret_body, ret_size_bytes, err);
        ssize_t got_bytes;

        if (whole != 0) {
            return whole > 0 ? CHANNEL_FRAME : CHANNEL_BROKEN;
        }
        got_bytes = read(channel->fd, chunk, sizeof(chunk));
        if (got_bytes > 0) {
            if (frame_reader_feed(&channel->reader, chunk, (size_t)got_bytes, err) < 0) {
                return CHANNEL_BROKEN;
            }
        } else if (got_bytes == 0 || errno == ECONNRESET) {
            return CHANNEL_END;
        } else if (errno == EAGAIN && term_came) {
            term_came = 0;
            return CHANNEL_TERM;
        } else if (errno == EAGAIN && wait) {
            wait_readable(channel->fd);
        } else if (errno == EAGAIN) {
            return CHANNEL_NOTHING;
        } else if (errno != EINTR) {
            error_set_errno(err, errno, "cannot read the channel");
            return CHANNEL_BROKEN;
        }
    }
}

void channel_wipe(struct channel *channel)
{
    struct buf *pending = &channel->reader.pending;

    explicit_bzero(chunk, sizeof(chunk));
    /* What lies behind the frame that was taken is not ours to lose. */
    if (channel->reader.taken_bytes <= pending->size) {
        explicit_bzero(pending->data, channel->reader.taken_bytes);
    }
}

/* Sleeps until the channel takes bytes. */
static int wait_writable(const struct channel *channel, uint64_t until_ms, struct error *err)
{
    struct pollfd poller = {.fd = channel->fd, .events = POLLOUT, .revents = 0};
    uint64_t now_ms = clock_monotonic_ms();

    if (now_ms >= until_ms) {
        return error_set(err, ERROR_LIMIT, "the supervisor has taken nothing for %u ms",
                         channel->send_wait_ms);
    }
    if (poll(&poller, 1, (int)(until_ms - now_ms)) < 0 && errno != EINTR) {
        return error_set_errno(err, errno, "cannot wait for the channel");
    }
    return 0;
}

int channel_send(struct channel *channel, const void *data, size_t size_bytes, struct error *err)
{
    const uint8_t *bytes = data;
    uint64_t until_ms = clock_monotonic_ms() + channel->send_wait_ms;

    while (size_bytes > 0) {
        ssize_t put_bytes = write(channel->fd, bytes, size_bytes);

        if (put_bytes > 0) {
            bytes += put_bytes;
            size_bytes -= (size_t)put_bytes;
            until_ms = clock_monotonic_ms() + channel->send_wait_ms;
        } else if (put_bytes < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return error_set(err, ERROR_NOT_FOUND, "the supervisor closed the channel");
        } else if (put_bytes < 0 && errno == EAGAIN) {
            if (wait_writable(channel, until_ms, err) < 0) {
                return -1;
            }
        } else if (put_bytes < 0 && errno != EINTR) {
            return error_set_errno(err, errno, "cannot write the channel");
        }
    }
    return 0;
}

void channel_guard(const struct channel *channel, bool on)
{
    guarded_fd = on ? channel->fd : -1;
    if (on && hung_up(channel->fd)) {
        _exit(WORKER_EXIT_ORPHANED);
    }
}

bool channel_term_pending(void)
{
    return term_came != 0;
}
