/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * seccomp: which system calls this process may still make.
 * Source: seccomp(2), seccomp_rule_add(3).
 */
#ifndef EBB_WORKERS_RUNTIME_SANDBOX_SECCOMP_H
#define EBB_WORKERS_RUNTIME_SANDBOX_SECCOMP_H

#include <stdbool.h>

#include "common/error.h"

/* Does the kernel filter system calls, and can it end a process for one? */
bool seccomp_offered(void);

struct seccomp_program; /* compiled, not loaded */
/* with_network: sockets to connect with, and the threads that a resolver needs. The program is
 * for this process only (it names its pid). ERROR_MEMORY, ERROR_SYSTEM. */
struct seccomp_program *seccomp_program_create(bool with_network, struct error *err);
/* From now on, for this thread and all that it will start. Needs no_new_privs. */
int seccomp_program_load(const struct seccomp_program *program, struct error *err);
void seccomp_program_destroy(struct seccomp_program *program);

#endif
