/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document as it is read, page by page: headings by the document's ranks, paragraphs made whole
 * over columns and pages, lists, tables over pages, code, images with their captions, footnotes;
 * furniture and repeated images left out. Markdown (render_markdown.c) and the body that is cut
 * into chunks (body.c) are made of it, so that they have the same words in the same order.
 */
#ifndef EBB_WORKERS_LIBRARY_WALK_H
#define EBB_WORKERS_LIBRARY_WALK_H

#include "common/error.h"
#include "workers/library/flow.h"
#include "workers/library/render.h"

struct walk;
/* NULL when out of memory. style: borrowed until walk_destroy. */
struct walk *walk_create(const struct document_style *style, struct flow_sink sink);
void walk_destroy(struct walk *walk);
/* Pages in their order; what goes on over a page's end is held back until walk_end. */
int walk_page(struct walk *walk, const struct render_page *page, struct error *err);
int walk_end(struct walk *walk, struct error *err);

#endif
