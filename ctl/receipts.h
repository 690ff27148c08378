/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Receipts (PROTOCOL.md, "A receipt") as a table for people.
 */
#ifndef EBB_CTL_RECEIPTS_H
#define EBB_CTL_RECEIPTS_H

#include "ctl/table.h"

/* NULL when out of memory. */
struct table *receipts_table_create(void);
void receipts_table_add(struct table *table, struct value receipt);

#endif
