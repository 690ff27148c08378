/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The rows of a page's images and tables: what is asked of them without their records.
 */
#ifndef EBB_WORKERS_LIBRARY_PAGE_PARTS_H
#define EBB_WORKERS_LIBRARY_PAGE_PARTS_H

#include "proto/page.h"
#include "workers/library/document.h"

/* Adds the rows of a page that has none. arena: for what is needed meanwhile. */
int page_parts_put(struct library *library, const struct document *document,
                   const struct page_record *record, struct arena *arena, struct error *err);
/* Images that are shown nowhere any more go with finish. */
int page_parts_clear(struct library *library, int64_t document_row, uint32_t page,
                     struct error *err);

#endif
