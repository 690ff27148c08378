/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What ebb-visual does of a unit and of a query.
 */
#ifndef EBB_WORKERS_VISUAL_UNIT_H
#define EBB_WORKERS_VISUAL_UNIT_H

#include "workers/runtime/worker.h"

extern const struct worker_ops visual_ops;

#endif
