/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From glyphs to a page's record: the whole of layout, free of any document format.
 */
#ifndef EBB_WORKERS_LAYOUT_PAGE_LAYOUT_H
#define EBB_WORKERS_LAYOUT_PAGE_LAYOUT_H

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/layout/found_table.h"
#include "workers/layout/glyphs.h"

/* Fills everything of the record but number, label, size, rotation, failure and warnings; size
 * must be set. All memory comes from arena. ERROR_MEMORY. */
int page_layout(const struct glyphs *glyphs, struct arena *arena, struct page_record *record,
                struct error *err);

/* The same, with the tables that finder finds. finder: NULL where none are wanted. */
int page_layout_with_tables(const struct glyphs *glyphs, const struct table_finder *finder,
                            struct arena *arena, struct page_record *record, struct error *err);

/* Why a page needs OCR, by the counts and the text of its record; NULL where it does not.
 * outlines: drawn shapes, which may be letters. Source: PIPELINE.md, "extract". */
const char *page_ocr_reason(const struct page_record *record, uint32_t outline_count);

#endif
