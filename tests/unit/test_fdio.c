/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/fdio: short transfers, ends of file, non-blocking peers, flags.
 */
#include "common/fdio.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIG_BYTES ((size_t)3 * 1024 * 1024)

struct transfer {
    int fd;
    unsigned char *data;
    int result;
};

static void *write_big(void *data)
{
    struct transfer *transfer = data;

    transfer->result = fdio_write_full(transfer->fd, transfer->data, BIG_BYTES, NULL);
    close(transfer->fd);
    return NULL;
}

static void transfer_big(bool nonblocking)
{
    int fds[2];
    pthread_t thread;
    struct transfer transfer;
    struct error err = ERROR_INIT;
    unsigned char *got = malloc(BIG_BYTES);

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    if (nonblocking) {
        cr_assert_eq(fdio_set_nonblocking(fds[0], &err), 0);
        cr_assert_eq(fdio_set_nonblocking(fds[1], &err), 0);
    }
    transfer = (struct transfer){fds[1], malloc(BIG_BYTES), -1};
    for (size_t i = 0; i < BIG_BYTES; i++) {
        transfer.data[i] = (unsigned char)(i * 31 >> 3);
    }
    pthread_create(&thread, NULL, write_big, &transfer);
    cr_assert_eq(fdio_read_full(fds[0], got, BIG_BYTES, &err), 0, "%s", err.msg);
    pthread_join(thread, NULL);
    cr_assert_eq(transfer.result, 0);
    cr_assert_eq(memcmp(got, transfer.data, BIG_BYTES), 0);
    cr_assert_eq(fdio_read_full(fds[0], got, 1, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_str_eq(err.msg, "end of file");
    close(fds[0]);
    free(got);
    free(transfer.data);
}

Test(fdio, big_transfers)
{
    transfer_big(false);
}

Test(fdio, big_transfers_on_nonblocking_descriptors)
{
    transfer_big(true);
}

Test(fdio, an_end_in_the_middle_is_a_broken_peer)
{
    int fds[2];
    char got[10];
    struct error err = ERROR_INIT;

    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    cr_assert_eq(fdio_write_full(fds[1], "abc", 3, &err), 0);
    close(fds[1]);
    cr_assert_eq(fdio_read_full(fds[0], got, 10, &err), -1);
    cr_assert_eq(err.code, ERROR_PROTOCOL);
    cr_assert(strstr(err.msg, "3 of 10"), "%s", err.msg);
    close(fds[0]);
}

Test(fdio, nothing_is_always_read_and_written)
{
    cr_assert_eq(fdio_read_full(-1, NULL, 0, NULL), 0);
    cr_assert_eq(fdio_write_full(-1, NULL, 0, NULL), 0);
}

Test(fdio, errors_have_an_errno)
{
    struct error err = ERROR_INIT;
    char byte = 0;
    int fds[2];

    cr_assert_eq(fdio_read_full(-1, &byte, 1, &err), -1);
    cr_assert_eq(err.code, ERROR_SYSTEM);
    cr_assert_eq(err.sys_errno, EBADF);
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    close(fds[0]);
    cr_assert_eq(fdio_write_full(fds[1], &byte, 1, &err), -1);
    cr_assert_eq(err.sys_errno, EPIPE);
    close(fds[1]);
    cr_assert_eq(fdio_set_nonblocking(-1, &err), -1);
    cr_assert_eq(err.sys_errno, EBADF);
    cr_assert_eq(fdio_set_cloexec(-1, 1, &err), -1);
    cr_assert_eq(err.sys_errno, EBADF);
}

Test(fdio, a_full_disk_is_full)
{
    struct error err = ERROR_INIT;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    cr_assert_geq(fd, 0);
    cr_assert_eq(fdio_write_full(fd, "x", 1, &err), -1);
    cr_assert_eq(err.code, ERROR_FULL);
    close(fd);
}

Test(fdio, flags)
{
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(fdio_set_nonblocking(fds[0], NULL), 0);
    cr_assert(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    cr_assert_eq(fdio_set_cloexec(fds[0], 1, NULL), 0);
    cr_assert(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    cr_assert_eq(fdio_set_cloexec(fds[0], 0, NULL), 0);
    cr_assert_eq(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, 0);
    close(fds[0]);
    close(fds[1]);
}

Test(fdio, open_count)
{
    int before = fdio_open_count();
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    cr_assert_geq(before, 0);
    cr_assert_eq(fdio_open_count(), before + 1);
    close(fd);
    cr_assert_eq(fdio_open_count(), before);
}
