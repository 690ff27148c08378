/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/proc: our own figures hang together, the dead are not found.
 */
#include "common/proc.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fdio.h"

#define BIG_BYTES ((size_t)64 * 1024 * 1024)

Test(proc, memory_grows_with_what_is_touched)
{
    struct error err = ERROR_INIT;
    struct proc_memory before;
    struct proc_memory after;
    struct proc_memory last;
    void *big;

    cr_assert_eq(proc_memory_read(0, &before, &err), 0, "%s", err.msg);
    cr_assert_gt(before.rss_bytes, 0);
    cr_assert_geq(before.peak_rss_bytes, before.rss_bytes);
    cr_assert_geq(before.vm_bytes, before.rss_bytes);
    big = mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(big, MAP_FAILED);
    memset(big, 1, BIG_BYTES);
    cr_assert_eq(proc_memory_read(getpid(), &after, &err), 0, "%s", err.msg);
    cr_assert_geq(after.rss_bytes, before.rss_bytes + BIG_BYTES / 2);
    munmap(big, BIG_BYTES);
    cr_assert_eq(proc_memory_read(0, &last, &err), 0);
    cr_assert_lt(last.rss_bytes, after.rss_bytes);
    cr_assert_geq(last.peak_rss_bytes, BIG_BYTES);
}

Test(proc, rss_and_pss)
{
    struct error err = ERROR_INIT;
    struct proc_memory memory;
    uint64_t rss_bytes = 0;
    uint64_t pss_bytes = 0;

    cr_assert_eq(proc_memory_read(0, &memory, &err), 0);
    cr_assert_eq(proc_rss_read(0, &rss_bytes, &err), 0, "%s", err.msg);
    cr_assert_eq(proc_pss_read(0, &pss_bytes, &err), 0, "%s", err.msg);
    cr_assert_gt(rss_bytes, memory.rss_bytes / 2);
    cr_assert_lt(rss_bytes, memory.rss_bytes * 2);
    cr_assert_gt(pss_bytes, 0);
    cr_assert_lt(pss_bytes, rss_bytes * 2);
}

Test(proc, the_dead_are_not_found)
{
    struct error err = ERROR_INIT;
    struct proc_memory memory = {1, 2, 3};
    uint64_t bytes = 4;
    siginfo_t info;
    pid_t child = fork();

    if (child == 0) {
        _exit(0);
    }
    cr_assert_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    cr_assert_eq(proc_memory_read(child, &memory, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND, "a zombie: %s", err.msg);
    cr_assert_eq(proc_rss_read(child, &bytes, &err), 0);
    cr_assert_eq(bytes, 0);
    bytes = 4;
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_assert_eq(proc_memory_read(child, &memory, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_eq(proc_rss_read(child, &bytes, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_eq(proc_pss_read(child, &bytes, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert_eq(memory.vm_bytes, 3);
    cr_assert_eq(bytes, 4);
}

Test(proc, machine)
{
    struct error err = ERROR_INIT;
    uint64_t total_bytes = 0;
    uint64_t available_bytes = 0;

    cr_assert_eq(proc_machine_memory_read(&total_bytes, &available_bytes, &err), 0, "%s", err.msg);
    cr_assert_gt(total_bytes, UINT64_C(64) << 20);
    cr_assert_gt(available_bytes, 0);
    cr_assert_leq(available_bytes, total_bytes);
    cr_assert_eq(proc_machine_memory_read(&total_bytes, NULL, &err), 0);
}

Test(proc, cgroup_limit_is_none_or_plausible)
{
    uint64_t limit_bytes = proc_cgroup_limit_bytes();

    cr_assert(limit_bytes == UINT64_MAX || limit_bytes > UINT64_C(1) << 20);
}

Test(proc, nothing_stays_open)
{
    int before = fdio_open_count();
    struct proc_memory memory;
    uint64_t bytes;

    proc_memory_read(0, &memory, NULL);
    proc_rss_read(0, &bytes, NULL);
    proc_pss_read(0, &bytes, NULL);
    proc_machine_memory_read(&bytes, NULL, NULL);
    proc_cgroup_limit_bytes();
    cr_assert_eq(fdio_open_count(), before);
}
