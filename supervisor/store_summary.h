/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The MEMORY views that add receipts up, by stage and class or by class alone. There may be a
 * million receipts, so they are read in slices, between which the thread does its writes. For
 * store*.c only.
 */
#ifndef EBB_SUPERVISOR_STORE_SUMMARY_H
#define EBB_SUPERVISOR_STORE_SUMMARY_H

#include <stdbool.h>

#include "common/error.h"

struct store_db;
struct store_op;
struct store_summary;

/* A slice for an operation READ_MEMORY of one of those views; see store_db_read. */
int store_summary_read(struct store_db *db, struct store_op *op, bool *ret_more, struct error *err);
/* NULL is a no-op. */
void store_summary_destroy(struct store_summary *summary);

#endif
