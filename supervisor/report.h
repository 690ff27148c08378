/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The supervisor's state as the maps that STATUS, WORKERS and POOLS answer (PROTOCOL.md,
 * "Control").
 */
#ifndef EBB_SUPERVISOR_REPORT_H
#define EBB_SUPERVISOR_REPORT_H

struct supervisor;
struct pack;

void report_status(const struct supervisor *supervisor, struct pack *pack);
void report_workers(struct supervisor *supervisor, struct pack *pack);
void report_pools(const struct supervisor *supervisor, struct pack *pack);

#endif
