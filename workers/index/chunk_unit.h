/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The stage `chunk`: structure's artifact in, chunk's artifact out (PROTOCOL.md, "Chunk records").
 */
#ifndef EBB_WORKERS_INDEX_CHUNK_UNIT_H
#define EBB_WORKERS_INDEX_CHUNK_UNIT_H

#include "workers/index/chunker.h"
#include "workers/runtime/worker.h"

/* A parameter as it was given; NULL where it was not. */
typedef const char *(*chunk_param_cb)(const void *context, const char *key);

/* The job's parameters chunk_size, chunk_overlap and chunk_sizes. ERROR_INVALID names the
 * parameter and its range. */
int chunk_sizes_read(chunk_param_cb param, const void *context, struct chunk_sizes *ret_sizes,
                     struct error *err);

/* As worker_ops.run. */
int chunk_unit_run(struct worker *worker, const struct worker_unit *unit,
                   struct worker_result *result, struct error *err);

#endif
