/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * File descriptors: whole reads and writes, flags, how many there are.
 */
#ifndef EBB_COMMON_FDIO_H
#define EBB_COMMON_FDIO_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

/* Blocking, also on a non-blocking descriptor; retries EINTR and short transfers. fdio_read_full:
 * ERROR_NOT_FOUND with "end of file" when the peer closes before the first byte, ERROR_PROTOCOL
 * when in the middle. */
int fdio_read_full(int fd, void *data, size_t size_bytes, struct error *err);
int fdio_write_full(int fd, const void *data, size_t size_bytes, struct error *err);
int fdio_set_nonblocking(int fd, struct error *err);
int fdio_set_cloexec(int fd, int on, struct error *err);
/* Open descriptors of this process, from /proc/self/fd, its own not counted; -1 when it cannot be
 * read. */
int fdio_open_count(void);

#endif
