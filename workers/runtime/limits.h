/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a worker takes from itself before it touches anything: privileges, dumps, resources.
 */
#ifndef EBB_WORKERS_RUNTIME_LIMITS_H
#define EBB_WORKERS_RUNTIME_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

#define LIMITS_DESCRIPTORS 64U

struct limits {
    uint64_t memory_max_bytes; /* RLIMIT_DATA; UINT64_MAX: no limit */
    uint64_t file_max_bytes;   /* RLIMIT_FSIZE; a write past it fails with EFBIG */
    bool may_have_threads;     /* else RLIMIT_NPROC is 0 (it counts threads, too) */
};

/* For good: neither can be taken back by this process. A limit that the process already has and
 * that is tighter stays. Errors: ERROR_SYSTEM, some limits are set then and some are not. */
int limits_apply(const struct limits *limits, struct error *err);

/*
 * Asks the kernel for SIGKILL when the parent (the thread that forked this process) ends. The
 * parent has asked for it between fork and exec already; again here costs nothing and covers a
 * worker started in another way. False when the parent has changed meanwhile: it is gone.
 * Source: PR_SET_PDEATHSIG(2const); a change of user or a gain of capabilities clears it, a loss
 * of capabilities (limits_apply) does not.
 */
bool limits_follow_parent(void);

#endif
