/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the kernel says about a process: /proc/<pid>.
 */
#ifndef EBB_COMMON_PROC_H
#define EBB_COMMON_PROC_H

#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

struct proc_memory {
    uint64_t rss_bytes;      /* VmRSS */
    uint64_t peak_rss_bytes; /* VmHWM */
    uint64_t vm_bytes;       /* VmSize */
};

/* pid 0 means this process. ERROR_NOT_FOUND when it is gone, or a zombie. */
int proc_memory_read(pid_t pid, struct proc_memory *ret_memory, struct error *err);
/* RSS from /proc/<pid>/statm: the cheap one, for sampling; 0 for a zombie. */
int proc_rss_read(pid_t pid, uint64_t *ret_rss_bytes, struct error *err);
/* PSS from smaps_rollup: costs the kernel a walk over the page tables. */
int proc_pss_read(pid_t pid, uint64_t *ret_pss_bytes, struct error *err);
/* MemTotal, and MemAvailable where not NULL. */
int proc_machine_memory_read(uint64_t *ret_total_bytes, uint64_t *ret_available_bytes,
                             struct error *err);
/* The tightest memory limit of this process's cgroup and its parents (v2 memory.max, else v1
 * memory.limit_in_bytes); UINT64_MAX where there is none. */
uint64_t proc_cgroup_limit_bytes(void);

#endif
