/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a worker's start (worker_start.c) needs of its life (worker.c). For these two only.
 */
#ifndef EBB_SUPERVISOR_WORKER_LIFE_H
#define EBB_SUPERVISOR_WORKER_LIFE_H

#include <stdint.h>

#include "supervisor/channel.h"
#include "supervisor/process.h"
#include "supervisor/worker.h"

/* What it says, and the end of its channel. */
extern const struct channel_ops WORKER_CHANNEL_OPS;
void worker_on_exit(void *user, const struct process_exit *end);
/* The one timer of all phases. */
void worker_arm(struct worker *worker, uint64_t after_ms);

#endif
