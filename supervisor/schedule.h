/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Deciding what runs: one idempotent function, called after every change. While there is a
 * pending unit that fits, it is run. It fits when its class has room, a CPU slot is free and the
 * predicted peaks of all live processes plus its own stay under the memory budget. Order: jobs by
 * rank, within a job by stage. Source: ARCHITECTURE.md "Deciding".
 */
#ifndef EBB_SUPERVISOR_SCHEDULE_H
#define EBB_SUPERVISOR_SCHEDULE_H

#include <stdint.h>

struct supervisor;

void schedule_run(struct supervisor *supervisor);
/* The sum of what admission has promised to live processes, and of the CPU that they may use. */
uint64_t schedule_promised_bytes(const struct supervisor *supervisor);
uint64_t schedule_cpu_percent(const struct supervisor *supervisor);

#endif
