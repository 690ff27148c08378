/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The frames that a worker is sent. Each is built, checked by the codec and queued; nothing here
 * changes the worker's state.
 */
#ifndef EBB_SUPERVISOR_WORKER_FRAMES_H
#define EBB_SUPERVISOR_WORKER_FRAMES_H

#include <stdint.h>

#include "common/error.h"
#include "common/uuid.h"
#include "proto/message.h"
#include "supervisor/worker.h"

int worker_frames_init(struct worker *worker, const struct worker_start *start, struct error *err);
/* Kept in the worker, and sent with the next RUN: one write, one wake-up. */
int worker_frames_lease(struct worker *worker, const struct uuid *job, const char *folder,
                        struct error *err);
int worker_frames_run(struct worker *worker, const struct worker_task *task, uint64_t deadline_ms,
                      struct error *err);
/* A message without fields: CANCEL, PING, SHUTDOWN. A worker that cannot be reached any more is
 * none to be told; its end comes by itself. */
void worker_frames_bare(struct worker *worker, enum message_type type, uint32_t id);

#endif
