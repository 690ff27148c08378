/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Texts that stand apart from the running text: captions and footnotes.
 */
#ifndef EBB_WORKERS_LAYOUT_NOTES_H
#define EBB_WORKERS_LAYOUT_NOTES_H

#include <stdbool.h>

#include "proto/page.h"
#include "workers/layout/look.h"

/* Whether a block begins as captions do, "Figure 3." or "Tab. A-1:" in one of several languages,
 * and not as a sentence does that speaks of a figure. */
bool notes_is_caption(const struct page_block *block, const struct block_look *look);

/* Sets kind FOOTNOTE: small text that begins with a mark and ends its column. The record's blocks
 * have their kinds and margins; body_pt is the size of the page's running text. */
void notes_find_footnotes(struct page_record *record, float body_pt);

#endif
