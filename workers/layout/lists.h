/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How deep list items stand in each other.
 */
#ifndef EBB_WORKERS_LAYOUT_LISTS_H
#define EBB_WORKERS_LAYOUT_LISTS_H

#include "proto/page.h"

/* Sets level of the record's list items, whose kinds are set. */
void lists_find_levels(struct page_record *record);

#endif
