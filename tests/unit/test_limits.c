/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/runtime/limits: what a process has left, and that it cannot get it back. What the
 * limits do to a worker is in tests/integration/test_sandbox.py.
 */
#include "workers/runtime/limits.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEBIBYTE (UINT64_C(1) << 20)

/* Limits are for ever: each case runs in a child, whose exit code names the check that failed. */
static void run_in_child(int (*body)(void))
{
    pid_t pid = fork();
    int status;

    cr_assert_geq(pid, 0);
    if (pid == 0) {
        _exit(body());
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), 0, "check %d", WEXITSTATUS(status));
}

static bool limit_is(__rlimit_resource_t resource, uint64_t value)
{
    struct rlimit limit;

    return getrlimit(resource, &limit) == 0 && limit.rlim_cur == value && limit.rlim_max == value;
}

static int check_all(void)
{
    const struct limits limits = {.memory_max_bytes = 300 * MEBIBYTE,
                                  .file_max_bytes = 5 * MEBIBYTE};
    struct error err = ERROR_INIT;

    if (limits_apply(&limits, &err) < 0) {
        return 1;
    }
#ifndef EBB_SANITIZED
    if (!limit_is(RLIMIT_DATA, 300 * MEBIBYTE) || !limit_is(RLIMIT_NPROC, 0)) {
        return 2;
    }
#endif
    if (!limit_is(RLIMIT_FSIZE, 5 * MEBIBYTE) || !limit_is(RLIMIT_NOFILE, LIMITS_DESCRIPTORS) ||
        !limit_is(RLIMIT_CORE, 0)) {
        return 3;
    }
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0) {
        return 4;
    }
    if (signal(SIGXFSZ, SIG_DFL) != SIG_IGN) {
        return 5;
    }
    return 0;
}

Test(limits, all_are_set)
{
    run_in_child(check_all);
}

static int check_no_way_back(void)
{
    const struct limits limits = {.memory_max_bytes = 300 * MEBIBYTE,
                                  .file_max_bytes = 5 * MEBIBYTE};
    const struct rlimit more = {6 * MEBIBYTE, 6 * MEBIBYTE};

    if (limits_apply(&limits, NULL) < 0) {
        return 1;
    }
    /* Root as well: CAP_SYS_RESOURCE is gone. */
    return setrlimit(RLIMIT_FSIZE, &more) == -1 && errno == EPERM ? 0 : 2;
}

Test(limits, there_is_no_way_back)
{
    run_in_child(check_no_way_back);
}

static int check_tighter_stays(void)
{
    const struct rlimit tight = {16, 16};
    const struct limits limits = {.memory_max_bytes = UINT64_MAX, .file_max_bytes = UINT64_MAX};

    if (setrlimit(RLIMIT_NOFILE, &tight) < 0 || limits_apply(&limits, NULL) < 0) {
        return 1;
    }
    return limit_is(RLIMIT_NOFILE, 16) ? 0 : 2;
}

Test(limits, a_tighter_one_stays)
{
    run_in_child(check_tighter_stays);
}

static int check_unlimited(void)
{
    const struct limits limits = {
        .memory_max_bytes = UINT64_MAX, .file_max_bytes = UINT64_MAX, .may_have_threads = true};
    struct rlimit before;
    struct rlimit after;

    if (getrlimit(RLIMIT_NPROC, &before) < 0 || limits_apply(&limits, NULL) < 0 ||
        getrlimit(RLIMIT_NPROC, &after) < 0) {
        return 1;
    }
    return before.rlim_cur == after.rlim_cur && limit_is(RLIMIT_FSIZE, RLIM_INFINITY) ? 0 : 2;
}

Test(limits, none_for_what_has_none)
{
    run_in_child(check_unlimited);
}

static int check_twice(void)
{
    const struct limits limits = {.memory_max_bytes = 300 * MEBIBYTE, .file_max_bytes = MEBIBYTE};

    return limits_apply(&limits, NULL) == 0 && limits_apply(&limits, NULL) == 0 ? 0 : 1;
}

Test(limits, twice_is_once)
{
    run_in_child(check_twice);
}

static int check_death_signal_stays(void)
{
    const struct limits limits = {.memory_max_bytes = UINT64_MAX, .file_max_bytes = UINT64_MAX};
    int number = 0;

    if (!limits_follow_parent() || limits_apply(&limits, NULL) < 0) {
        return 1;
    }
    return prctl(PR_GET_PDEATHSIG, &number) == 0 && number == SIGKILL ? 0 : 2;
}

Test(limits, giving_up_capabilities_keeps_the_death_signal)
{
    run_in_child(check_death_signal_stays);
}
