/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A private ebbd: started for one command, on a socket in a folder of its own, and ended with it.
 * Source: ebbd(8), --private and --ready-fd.
 */
#ifndef EBB_CTL_DAEMON_H
#define EBB_CTL_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* ebbd's exit code for "another ebbd has the state folder". */
#define DAEMON_EXIT_LOCKED 3
#define DAEMON_GRACE_MS 10000U
#define DAEMON_ARGUMENTS_MAX 160

struct daemon_options {
    const char *state;            /* exists */
    const char *socket;           /* NULL: in a folder that is made and removed */
    const char *const *arguments; /* more of ebbd's */
    size_t argument_count;        /* at most DAEMON_ARGUMENTS_MAX */
};

struct daemon;

/* Where ebbd's program is: beside this one, else in PATH. ERROR_NOT_FOUND. */
int daemon_program(char *ret_path, size_t size_bytes, struct error *err);

/* Returns when it is ready. ERROR_EXISTS: the state folder is another's; ERROR_CANCELLED: the
 * interrupt descriptor became readable; else err says what ebbd said. */
int daemon_start(const struct daemon_options *options, struct daemon **ret_daemon,
                 struct error *err);
/* Owns: the daemon's. */
const char *daemon_socket(const struct daemon *daemon);
/* Keeps its log small; call now and then while it works. */
void daemon_trim_log(const struct daemon *daemon);
/* When it has ended by itself: 0, and why. -1 while it runs (or after half a second, when it is
 * known to be going). */
int daemon_post_mortem(struct daemon *daemon, struct error *ret_why);

/* SIGTERM, and SIGKILL after grace_ms or at a further interrupt; waits, removes the folder, frees.
 * 0 when it ended in order. NULL is a no-op. */
int daemon_stop(struct daemon *daemon, uint64_t grace_ms, struct error *err);

#endif
