/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a block is, by the page's own evidence: a heading, a list item, code; and which blocks may
 * be headers or footers that other pages repeat.
 */
#ifndef EBB_WORKERS_LAYOUT_LAYOUT_H
#define EBB_WORKERS_LAYOUT_LAYOUT_H

#include <stdbool.h>

#include "proto/page.h"

/* Sets kind, margin and margin_key of the record's blocks, which have their lines and boxes.
 * tabular: of each block, whether wide gaps part its lines into cells. */
void layout_classify(struct page_record *record, const bool *tabular);

/* FNV-1a of the block's text, each run of digits as one '0' and without spaces, so that page
 * numbers and dates do not matter. */
uint64_t layout_margin_key(const struct page_block *block);

#endif
