/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which blocks may be headers or footers that other pages repeat.
 */
#ifndef EBB_WORKERS_LAYOUT_MARGINS_H
#define EBB_WORKERS_LAYOUT_MARGINS_H

#include "proto/page.h"

/* Sets margin and margin_key of the record's blocks, which have their lines and boxes: of those
 * that stand apart from the text at the page's top or bottom, and of lines that run up or down
 * its sides. */
void margins_find(struct page_record *record);

#endif
