/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a worker writes to its descriptor 2, line by line into our own log: bounded in length and
 * in rate, since a confused child may write without end.
 */
#ifndef EBB_SUPERVISOR_LOGPIPE_H
#define EBB_SUPERVISOR_LOGPIPE_H

#include <stdint.h>
#include <uv.h>

#include "common/error.h"

struct logpipe;

/* Takes fd, also on failure. name: "pdf[1234]", copied, cut to 47 bytes. */
int logpipe_open(uv_loop_t *loop, int fd, const char *name, struct logpipe **ret_pipe,
                 struct error *err);
/* Logs what is still in the pipe, then closes. NULL is a no-op. */
void logpipe_close(struct logpipe *pipe);

#endif
