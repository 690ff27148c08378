/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The attempts of ebb-probe, in tables by what they are about.
 */
#ifndef EBB_TESTS_FAKE_PROBE_H
#define EBB_TESTS_FAKE_PROBE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "workers/runtime/worker.h"

struct attempt_context {
    struct worker *worker;
    const struct worker_unit *unit;
    struct worker_result *result;
    const char *arg; /* RUN's parameter "arg", "" where there is none */
};

/* A table ends with a row without a name. attempt returns 0 where it was allowed, else the
 * errno. */
struct attempt {
    const char *name;
    int (*attempt)(const struct attempt_context *context);
};

extern const struct attempt probe_files[];
extern const struct attempt probe_network[];
extern const struct attempt probe_processes[];
extern const struct attempt probe_kernel[];
extern const struct attempt probe_limits[];
extern const struct attempt probe_life[];

/* What a system call's result says. */
static inline int errno_of(long result)
{
    return result < 0 ? errno : 0;
}

/* The argument as a number; what is none counts as 0. */
static inline uint64_t number_of(const char *text)
{
    return strtoull(text, NULL, 10);
}

/* Closes a descriptor that it should not have got. */
int opened(int fd);

#endif
