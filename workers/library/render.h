/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document as text, page by page: functions of its records and its style that append to a
 * buffer. The formats are in docs/library.md, "Formats".
 */
#ifndef EBB_WORKERS_LIBRARY_RENDER_H
#define EBB_WORKERS_LIBRARY_RENDER_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/library/style.h"

/* A table of a page as a part of the document's. */
struct render_part {
    uint32_t block;        /* of the record */
    uint32_t table;        /* of the document, from 1 */
    uint32_t first_row;    /* of the document's table: 0 for its first part */
    uint32_t skipped_rows; /* header rows at its top that repeat the first part's */
    bool spans;            /* any part of the table has cells over several places */
};

struct render_page {
    uint32_t number;
    const char *label;        /* NULL where there is none */
    const char *failure_code; /* NULL for a page that was read */
    const char *failure_text;
    const struct page_record *record; /* NULL for a page that was not, or by another version */
    const char *text;                 /* of a page without record; NULL where there is none */
    const struct render_part *parts;  /* by block */
    uint32_t part_count;
    struct arena *arena; /* the record's; for what is needed while it is rendered */
};

/* The part that is that block; NULL for none. */
const struct render_part *render_part_at(const struct render_page *page, uint32_t block);
/* Whether the block is a header, a footer or a page's number. */
bool render_is_furniture(const struct document_style *style, const struct render_page *page,
                         const struct page_block *block);

/* first: whether it is the first of the output; a form feed stands before every other. */
int render_text_page(const char *text, size_t size_bytes, bool first, struct buf *out,
                     struct error *err);
/* One JSON object. */
int render_json_page(const struct document_style *style, const struct render_page *page,
                     struct buf *out, struct error *err);

/* CommonMark with GitHub's tables and footnotes. Pages in their order; what goes on over a page's
 * end is held back, so out is whole only after render_markdown_end. */
struct markdown_stream;
/* NULL when out of memory. style: borrowed until markdown_stream_destroy. */
struct markdown_stream *markdown_stream_create(const struct document_style *style);
void markdown_stream_destroy(struct markdown_stream *stream);
int markdown_stream_page(struct markdown_stream *stream, const struct render_page *page,
                         struct buf *out, struct error *err);
int markdown_stream_end(struct markdown_stream *stream, struct buf *out, struct error *err);

/* What hOCR and ALTO say of the document as a whole. */
struct render_document {
    const char *name; /* as it was handed in; NULL where it is not known */
    const char *sha256;
    uint32_t page_count;
};
int render_hocr_begin(const struct render_document *document, struct buf *out, struct error *err);
int render_hocr_page(const struct document_style *style, const struct render_page *page,
                     struct buf *out, struct error *err);
int render_hocr_end(struct buf *out, struct error *err);
int render_alto_begin(const struct render_document *document, const struct document_style *style,
                      struct buf *out, struct error *err);
int render_alto_page(const struct document_style *style, const struct render_page *page,
                     struct buf *out, struct error *err);
int render_alto_end(struct buf *out, struct error *err);

#endif
