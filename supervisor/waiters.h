/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units and queries that wait for a worker of a pool, and are given up when there is no hope: the
 * pool gave nobody a worker for the setting wait_timeout. A long queue that moves is no reason.
 */
#ifndef EBB_SUPERVISOR_WAITERS_H
#define EBB_SUPERVISOR_WAITERS_H

struct supervisor;

/* Each such unit gets a failed try with the code "no_worker"; each such query is answered so. Not
 * from within schedule_run. */
void waiters_expire(struct supervisor *supervisor);

#endif
