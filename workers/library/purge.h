/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What is left of removed documents once their rows are gone: words in older parts of the full-text
 * index, free pages, and the WAL. It is merged away, cut off and written over a bounded piece at a
 * time; how far it is is remembered in the library.
 */
#ifndef EBB_WORKERS_LIBRARY_PURGE_H
#define EBB_WORKERS_LIBRARY_PURGE_H

#include "workers/library/library.h"

/* Something has been removed: inside that transaction. */
int purge_mark(struct library *library, struct error *err);

/* Works for about budget_ms, outside a transaction. *ret_done: nothing is left. ask may be NULL;
 * false: ERROR_CANCELLED. */
struct purge {
    uint32_t budget_ms;
    bool (*ask)(void *context);
    void *context;
};
int purge_run(struct library *library, const struct purge *purge, bool *ret_done,
              struct error *err);

#endif
