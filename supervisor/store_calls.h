/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Between the calls of store.h (store_calls.c) and what carries them (store.c).
 */
#ifndef EBB_SUPERVISOR_STORE_CALLS_H
#define EBB_SUPERVISOR_STORE_CALLS_H

#include <stddef.h>

#include "supervisor/store.h"
#include "supervisor/store_op.h"

/* To be handed over with the others of this iteration. Takes op. */
void store_collect(struct store *store, struct store_op *op);
/* NULL when there is no room for one more; it is counted then. */
struct store_op *store_make_metric(struct store *store, enum store_op_kind kind,
                                   size_t texts_bytes);

#endif
