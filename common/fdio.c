/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * File descriptors: whole reads and writes, flags.
 *
 * fdio_read_full and fdio_write_full block, on a non-blocking descriptor in poll(2). SIGPIPE is
 * the program's business: where it is ignored, a closed peer is EPIPE. Nothing is logged.
 */
#include "common/fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

/* The kernel transfers no more than about 2 GiB at once (read(2)). */
#define TRANSFER_MAX_BYTES ((size_t)1 << 30)

static size_t transfer_bytes(size_t left_bytes)
{
    return left_bytes < TRANSFER_MAX_BYTES ? left_bytes : TRANSFER_MAX_BYTES;
}

/* After a failed transfer: 0 when it is to be tried again. */
static int wait_or_fail(int fd, short events, const char *what, struct error *err)
{
    int transfer_errno = errno;
    struct pollfd poller = {.fd = fd, .events = events, .revents = 0};

    if (transfer_errno == EINTR) {
        return 0;
    }
    if (transfer_errno != EAGAIN && transfer_errno != EWOULDBLOCK) {
        return error_set_errno(err, transfer_errno, "cannot %s descriptor %d", what, fd);
    }
    if (poll(&poller, 1, -1) < 0 && errno != EINTR) {
        return error_set_errno(err, errno, "cannot wait for descriptor %d", fd);
    }
    return 0;
}

int fdio_read_full(int fd, void *data, size_t size_bytes, struct error *err)
{
    uint8_t *bytes = data;
    size_t done_bytes = 0;

    while (done_bytes < size_bytes) {
        ssize_t got_bytes = read(fd, bytes + done_bytes, transfer_bytes(size_bytes - done_bytes));

        if (got_bytes > 0) {
            done_bytes += (size_t)got_bytes;
        } else if (got_bytes == 0 && done_bytes == 0) {
            return error_set(err, ERROR_NOT_FOUND, "end of file");
        } else if (got_bytes == 0) {
            return error_set(err, ERROR_PROTOCOL, "end of file after %zu of %zu bytes", done_bytes,
                             size_bytes);
        } else if (wait_or_fail(fd, POLLIN, "read", err) < 0) {
            return -1;
        }
    }
    return 0;
}

int fdio_write_full(int fd, const void *data, size_t size_bytes, struct error *err)
{
    const uint8_t *bytes = data;
    size_t done_bytes = 0;

    while (done_bytes < size_bytes) {
        ssize_t put_bytes = write(fd, bytes + done_bytes, transfer_bytes(size_bytes - done_bytes));

        if (put_bytes > 0) {
            done_bytes += (size_t)put_bytes;
        } else if (put_bytes == 0) {
            return error_set_errno(err, EIO, "cannot write descriptor %d", fd);
        } else if (wait_or_fail(fd, POLLOUT, "write", err) < 0) {
            return -1;
        }
    }
    return 0;
}

int fdio_set_nonblocking(int fd, struct error *err)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        return error_set_errno(err, errno, "cannot make descriptor %d non-blocking", fd);
    }
    return 0;
}

int fdio_set_cloexec(int fd, int on, struct error *err)
{
    int flags = fcntl(fd, F_GETFD);

    if (flags < 0 || fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC) < 0) {
        return error_set_errno(err, errno, "cannot set the flags of descriptor %d", fd);
    }
    return 0;
}

int fdio_open_count(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    int count = -1; /* folder's own descriptor */

    if (!folder) {
        return -1;
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.') {
            count++;
        }
    }
    closedir(folder);
    return count;
}
