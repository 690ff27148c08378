/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What extract found on a page and what OCR read on it, as one record.
 */
#ifndef EBB_WORKERS_OCR_MERGE_H
#define EBB_WORKERS_OCR_MERGE_H

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/ocr/recognise.h"

/*
 * Changes record, as extract wrote it, into that of the page as read. Its ocr_reason says what
 * happens to the text that it has: "forced" and "redo" put it away, "garbled" keeps the lines that
 * can be read, else all of it stays and what OCR read in the same places goes. Images stay.
 * source becomes "ocr", "mixed" where text of both kinds is left, or stays "native" where
 * nothing was read and there is some. languages: as they are put down. Everything that it adds
 * lives in arena or is read's. ERROR_MEMORY.
 */
int merge_page(struct page_record *record, const struct recognised *read, const char *languages,
               struct arena *arena, struct error *err);

#endif
