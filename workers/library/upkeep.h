/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the library remembers of its own care, in the table upkeep: numbers by name. And the care
 * that is done between units, a bounded piece at a time.
 */
#ifndef EBB_WORKERS_LIBRARY_UPKEEP_H
#define EBB_WORKERS_LIBRARY_UPKEEP_H

#include "workers/library/library.h"

#define UPKEEP_VECTORS_ID "vectors_id" /* vector_stamp.h */
#define UPKEEP_PURGE "purge"           /* purge.h */

/* 0 where it was never put. */
int upkeep_get(struct library *library, const char *name, int64_t *ret_value, struct error *err);
/* Inside a transaction. */
int upkeep_put(struct library *library, const char *name, int64_t value, struct error *err);

#endif
