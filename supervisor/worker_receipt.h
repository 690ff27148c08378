/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's end and its cost as a receipt.
 */
#ifndef EBB_SUPERVISOR_WORKER_RECEIPT_H
#define EBB_SUPERVISOR_WORKER_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/verdict.h"
#include "supervisor/worker.h"

/* Why a worker ended that we did not end: from its exit alone. */
enum verdict worker_exit_verdict(const struct worker *worker, char *ret_detail, size_t size_bytes);
/* It has exited: by a SIGKILL that neither we nor its cgroup sent. */
bool worker_killed_from_outside(const struct worker *worker);
/* Everything but the verdict and its detail. */
void worker_receipt_fill(const struct worker *worker, struct worker_receipt *receipt);

#endif
