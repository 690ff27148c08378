/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Resource limits, privileges and dumps of a worker.
 *
 * Invariants: nothing here can be undone from within the process; soft and hard limits are the
 * same. RLIMIT_CPU is not used: a pool worker's CPU time has no bound that could be told ahead,
 * and a unit that spins is ended by its deadline.
 *
 * A worker of root gives up every capability but those that let root open the documents of other
 * users: without CAP_SYS_RESOURCE it cannot raise its limits again.
 *
 * Nothing blocks, nothing is logged.
 */
#include "workers/runtime/limits.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

/* What is left of root: files of other owners can be read and written, nothing else. */
#define KEPT_CAPABILITIES                                                                          \
    ((1U << CAP_DAC_OVERRIDE) | (1U << CAP_DAC_READ_SEARCH) | (1U << CAP_FOWNER))

static int lower(__rlimit_resource_t resource, const char *name, uint64_t value, struct error *err)
{
    struct rlimit limit;
    rlim_t wanted = value >= (uint64_t)RLIM_INFINITY ? RLIM_INFINITY : (rlim_t)value;

    if (getrlimit(resource, &limit) < 0) {
        return error_set_errno(err, errno, "cannot read the limit %s", name);
    }
    if (wanted < limit.rlim_max) {
        limit.rlim_max = wanted;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(resource, &limit) < 0) {
        return error_set_errno(err, errno, "cannot set the limit %s", name);
    }
    return 0;
}

static int drop_capabilities(struct error *err)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    if (syscall(SYS_capget, &header, sets) < 0) {
        return error_set_errno(err, errno, "cannot read the capabilities");
    }
    sets[0].effective &= KEPT_CAPABILITIES;
    sets[1].effective = 0;
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        sets[i].permitted = sets[i].effective;
        sets[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, sets) < 0) {
        return error_set_errno(err, errno, "cannot give up capabilities");
    }
    return 0;
}

static int lower_all(const struct limits *limits, struct error *err)
{
    const struct {
        __rlimit_resource_t resource;
        const char *name;
        uint64_t value;
        bool wanted;
    } table[] = {
#ifndef EBB_SANITIZED /* its shadow memory is terabytes of address space */
        {RLIMIT_DATA, "RLIMIT_DATA", limits->memory_max_bytes, true},
#endif
        {RLIMIT_FSIZE, "RLIMIT_FSIZE", limits->file_max_bytes, true},
        {RLIMIT_NOFILE, "RLIMIT_NOFILE", LIMITS_DESCRIPTORS, true},
        {RLIMIT_CORE, "RLIMIT_CORE", 0, true},
        {RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", 0, true},
        {RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE", 0, true},
#ifndef EBB_SANITIZED /* the thread sanitizer has a thread of its own */
        {RLIMIT_NPROC, "RLIMIT_NPROC", 0, !limits->may_have_threads},
#endif
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].wanted && lower(table[i].resource, table[i].name, table[i].value, err) < 0) {
            return -1;
        }
    }
    return 0;
}

int limits_apply(const struct limits *limits, struct error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return error_set_errno(err, errno, "cannot set no_new_privs");
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
        return error_set_errno(err, errno, "cannot forbid dumps");
    }
    if (drop_capabilities(err) < 0 || lower_all(limits, err) < 0) {
        return -1;
    }
    /* A file over its limit is an error of write(2) then, not the end of the process. */
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR) {
        return error_set_errno(err, errno, "cannot ignore SIGXFSZ");
    }
    return 0;
}

bool limits_follow_parent(void)
{
    pid_t parent = getppid();

    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
}
