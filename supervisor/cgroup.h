/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A cgroup v2 for each worker, where systemd delegates a subtree (Delegate=yes) with the memory
 * controller: the exact peak (memory.peak), a hard limit (memory.max), and whether the kernel's
 * OOM killer struck. Elsewhere everything here answers "not available" and /proc serves.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
 */
#ifndef EBB_SUPERVISOR_CGROUP_H
#define EBB_SUPERVISOR_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

struct cgroup_root;
struct cgroup;

/* Moves this process into a leaf of its own cgroup ("supervisor") and turns the memory controller
 * on for its siblings. ERROR_UNSUPPORTED where there is no delegated v2 subtree with it. */
int cgroup_root_open(struct cgroup_root **ret_root, struct error *err);
void cgroup_root_close(struct cgroup_root *root);
/* Makes a group for pid and moves it in; memory_max_bytes 0: no limit. root NULL: returns NULL
 * without an error. */
int cgroup_place(struct cgroup_root *root, pid_t pid, uint64_t memory_max_bytes,
                 struct cgroup **ret_cgroup, struct error *err);
/* memory.peak; false where the kernel does not tell. */
bool cgroup_peak_bytes(const struct cgroup *cgroup, uint64_t *ret_bytes);
/* True when the OOM killer ended a process of the group. */
bool cgroup_oom_killed(const struct cgroup *cgroup);
/* Removes the group, which must be empty, and frees. NULL is a no-op. */
void cgroup_remove(struct cgroup *cgroup);

#endif
