/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pieces of JSON that a page's rendering and the lists of tables and images share.
 */
#ifndef EBB_WORKERS_LIBRARY_RENDER_PARTS_H
#define EBB_WORKERS_LIBRARY_RENDER_PARTS_H

#include "proto/page.h"
#include "workers/answers/emit.h"

/* "key": [x0, y0, x1, y1] */
void render_json_box(struct emit *emit, const char *key, const struct page_box *box);
/* "key" and "file" of an image that is stored. */
void render_json_file(struct emit *emit, const char *key, const char *format);
/* The cells of the rows from first on, each an object, into an array that is open. first becomes
 * row number as; page: of a table over pages, 0 to leave it out. */
struct render_rows {
    uint32_t first, as, page;
};
void render_json_cells(struct emit *emit, const struct page_table *table, struct render_rows rows);

#endif
