/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a unit found, between its run and its DONE or FAILED. The calls for the class's code are
 * in worker.h.
 */
#ifndef EBB_WORKERS_RUNTIME_WORKER_RESULT_H
#define EBB_WORKERS_RUNTIME_WORKER_RESULT_H

#include <stdbool.h>

#include "proto/message.h"
#include "workers/runtime/worker.h"

struct worker_result *worker_result_create(void); /* NULL when out of memory */
void worker_result_destroy(struct worker_result *result);
/* As new; keeps some memory. */
void worker_result_reset(struct worker_result *result);

/* worker_result_fail was called. Texts live until reset. */
bool worker_result_failed(const struct worker_result *result, const char **ret_code,
                          bool *ret_retryable, const char **ret_text);
/* Something could not be kept for want of memory: the result is not whole. */
bool worker_result_incomplete(const struct worker_result *result);
/* Puts the fields of DONE, with the warnings about what was left out. They fit the frame. */
void worker_result_put(const struct worker_result *result, struct message_writer *writer);

#endif
