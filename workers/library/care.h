/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the library does for itself between units: purging what was removed, compacting vector files
 * with many dead slots, removing sets without a vector.
 */
#ifndef EBB_WORKERS_LIBRARY_CARE_H
#define EBB_WORKERS_LIBRARY_CARE_H

#include "workers/library/library.h"

struct care {
    uint32_t budget_ms;         /* for purging; a compaction that is due is done whole */
    bool (*ask)(void *context); /* may be NULL; false: ERROR_CANCELLED */
    void *context;
};

/* Outside a transaction. What it leaves is done by a later call; *ret_done: nothing. */
int library_care(struct library *library, const struct care *care, bool *ret_done,
                 struct error *err);

#endif
