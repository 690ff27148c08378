/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page as text: pure functions of its record and the document's style that append to a buffer.
 * The formats are in docs/library.md, "Formats".
 */
#ifndef EBB_WORKERS_LIBRARY_RENDER_H
#define EBB_WORKERS_LIBRARY_RENDER_H

#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/library/style.h"

struct render_page {
    uint32_t number;
    const char *label;        /* NULL where there is none */
    const char *failure_code; /* NULL for a page that was read */
    const char *failure_text;
    const struct page_record *record; /* NULL for a page that was not */
};

/* first: whether it is the first of the output; a form feed stands before every other. */
int render_text_page(const char *text, size_t size_bytes, bool first, struct buf *out,
                     struct error *err);
/* CommonMark, one blank line at the end. */
int render_markdown_page(const struct document_style *style, const struct render_page *page,
                         struct buf *out, struct error *err);
/* One JSON object. */
int render_json_page(const struct document_style *style, const struct render_page *page,
                     struct buf *out, struct error *err);

#endif
