/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of the class "index" as worker_ops: which step is whose, and what came of it.
 */
#ifndef EBB_WORKERS_INDEX_UNIT_H
#define EBB_WORKERS_INDEX_UNIT_H

#include "workers/runtime/worker.h"

extern const struct worker_ops unit_ops;

#endif
