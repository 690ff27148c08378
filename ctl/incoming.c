/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Copies in the daemon's incoming folder.
 *
 * Invariants: a copy's name is random (a UUID) and made with O_EXCL; its content is on the disk
 * before the caller hears of it; half a copy is removed. Blocks on the disk; an interrupt ends it.
 * Nothing is logged.
 */
#include "ctl/incoming.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdio.h"
#include "common/file.h"
#include "ctl/interrupt.h"

#define COPY_AT_ONCE (16U << 20)
#define COPY_BYTES 65536U

static bool interrupted(void)
{
    struct pollfd fd = {.fd = interrupt_fd(), .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

static int copy_by_hand(int from, int to, struct error *err)
{
    char data[COPY_BYTES];
    ssize_t got;

    while ((got = read(from, data, sizeof(data))) != 0) {
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(err, errno, "reading it");
        }
        if (fdio_write_full(to, data, (size_t)got, err) < 0) {
            return error_wrap(err, "copying it");
        }
        if (interrupted()) {
            return error_set(err, ERROR_CANCELLED, "interrupted");
        }
    }
    return 0;
}

/* Shares the blocks where the file system can, lets the kernel copy where it may, else by hand. */
static int copy_content(int from, int to, struct error *err)
{
    ssize_t copied;

    if (ioctl(to, FICLONE, from) == 0) {
        return 0;
    }
    while ((copied = copy_file_range(from, NULL, to, NULL, COPY_AT_ONCE, 0)) > 0) {
        if (interrupted()) {
            return error_set(err, ERROR_CANCELLED, "interrupted");
        }
    }
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)) {
        return error_set_errno(err, errno, "copying it");
    }
    /* Also at the end: some file systems tell the kernel nothing of what can be read. */
    return copy_by_hand(from, to, err);
}

static int copy_file(const char *source, const char *path, struct error *err)
{
    AUTO_CLOSE int from = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    AUTO_CLOSE int to = -1;
    struct stat status;

    if (from < 0 || fstat(from, &status) < 0) {
        return error_set_errno(err, errno, "it cannot be read");
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_INVALID, "it is not a file any more");
    }
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (to < 0) {
        return error_set_errno(err, errno, "the daemon's folder %s", path);
    }
    /* The daemon may be another user, who reads it by the folder's group. */
    if (fchmod(to, 0640) < 0) {
        error_set_errno(err, errno, "%s", path);
    } else if (copy_content(from, to, err) == 0) {
        if (fsync(to) == 0) {
            return 0;
        }
        error_set_errno(err, errno, "copying it");
    }
    unlink(path);
    return -1;
}

static int make_path(const char *state_folder, struct incoming *incoming, struct error *err)
{
    struct uuid uuid;

    if (uuid_v7(&uuid, err) < 0) {
        return -1;
    }
    uuid_format(&uuid, incoming->name);
    if (file_join(incoming->path, sizeof(incoming->path), state_folder, "incoming", err) < 0 ||
        file_join(incoming->path, sizeof(incoming->path), incoming->path, incoming->name, err) <
            0) {
        return -1;
    }
    return 0;
}

int incoming_put(const char *state_folder, const char *source, struct incoming *ret_incoming,
                 struct error *err)
{
    if (make_path(state_folder, ret_incoming, err) < 0) {
        return -1;
    }
    return copy_file(source, ret_incoming->path, err);
}

void incoming_remove(const struct incoming *incoming)
{
    unlink(incoming->path);
}
