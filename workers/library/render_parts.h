/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pieces of JSON that a page's rendering and the lists of tables and images share.
 */
#ifndef EBB_WORKERS_LIBRARY_RENDER_PARTS_H
#define EBB_WORKERS_LIBRARY_RENDER_PARTS_H

#include "proto/page.h"
#include "workers/library/emit.h"

/* "key": [x0, y0, x1, y1] */
void render_json_box(struct emit *emit, const char *key, const struct page_box *box);
/* "key" and "file" of an image that is stored. */
void render_json_file(struct emit *emit, const char *key, const char *format);
/* An array of the cells that start in the row. page: of a table over pages, 0 to leave it out. */
void render_json_row(struct emit *emit, const struct page_table *table, uint32_t row,
                     uint32_t page);

#endif
