/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A worker's LOG in the log of ebbd, under the worker's name and at its level.
 */
#ifndef EBB_SUPERVISOR_WORKER_LOG_H
#define EBB_SUPERVISOR_WORKER_LOG_H

#include "proto/message.h"
#include "supervisor/worker.h"

void worker_log_frame(const struct worker *worker, const struct message *message);

#endif
