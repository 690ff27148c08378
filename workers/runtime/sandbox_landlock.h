/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Landlock: which files, ports and other processes this process may still reach.
 * Source: landlock(7), the kernel's userspace-api/landlock.
 */
#ifndef EBB_WORKERS_RUNTIME_SANDBOX_LANDLOCK_H
#define EBB_WORKERS_RUNTIME_SANDBOX_LANDLOCK_H

#include <stdbool.h>

#include "common/error.h"

enum landlock_right {
    LANDLOCK_READ,   /* read files, list folders */
    LANDLOCK_DEVICE, /* read and write what is there, make nothing */
    LANDLOCK_WRITE,  /* read, write, make, rename and remove files and folders; no special files */
};

/* The kernel's ABI version; 0 where there is no Landlock or it is off. */
unsigned landlock_abi(void);

/* A new set of rules that refuses all that this kernel's Landlock knows to refuse (up to ABI 7):
 * every way to open, make or change a file, to run one, TCP ports, abstract sockets and signals
 * to processes outside. may_connect: TCP connections are left alone. Returns a descriptor, the
 * caller's; ERROR_UNSUPPORTED where landlock_abi is 0. */
int landlock_create(bool may_connect, struct error *err);
/* Allows right on path and all below it, following symbolic links now. ERROR_NOT_FOUND when it
 * is not there. */
int landlock_allow(int rules_fd, const char *path, enum landlock_right right, struct error *err);
/* From now on, for this thread and all that it will start. Needs no_new_privs. */
int landlock_enforce(int rules_fd, struct error *err);

#endif
