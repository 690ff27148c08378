/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's body as it is read: blocks in reading order over all its pages, what only repeats
 * (headers, footers, decoration) left out, headings ranked, paragraphs and tables that go on over
 * columns and pages made whole. Written by `structure`, read by `chunk` and `embed_image`; the
 * artifact's kind is "body" (PROTOCOL.md, "Body records").
 *
 * The body's text is the texts of all blocks in their order, each behind its joint.
 */
#ifndef EBB_PROTO_BODY_H
#define EBB_PROTO_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"

#define BODY_RECORD_VERSION 1
#define BODY_TEXT_MAX_BYTES (16U << 20)
#define BODY_PIECES_MAX (1U << 20)
#define BODY_JOINT_MAX_BYTES 2

/* A line of a block, or a row of a table: the text from its offset to the next piece's is shown
 * there. */
struct body_piece {
    uint32_t offset; /* into the block's text, rising; 0 for the first */
    uint32_t page;
    struct page_box box;
};

struct body_block {
    enum page_block_kind kind; /* TEXT, HEADING, LIST_ITEM, CODE, TABLE, CAPTION or FOOTNOTE */
    uint8_t level;             /* of a heading 1 to 6, of a list item from 0; else 0 */
    uint32_t table;            /* the document's table that it is, from 1; 0 where it is none */
    uint16_t header_rows;      /* of a table: that many pieces at its start name its columns */
    const char *joint;         /* white space between the text before it and its own: "", "\n" or
                                  "\n\n" */
    const char *text; /* not empty; lines of a paragraph joined by spaces, broken words made
                         whole; of a table a line a row, tabs between the cells; of code as
                         it stands */
    uint32_t text_bytes;
    struct body_piece *pieces; /* at least one, by offset */
    uint32_t piece_count;
};

/* An image that is content: to be looked at. */
struct body_image {
    uint32_t number; /* in the document, from 1 */
    const char *key; /* its file is images/KEY.FORMAT in the job's folder */
    const char *format;
    uint32_t width_px, height_px;
    uint32_t page; /* the first that shows it */
};

enum body_kind { BODY_BLOCK, BODY_IMAGE };

/* One record of the artifact; blocks come before images. */
struct body_record {
    enum body_kind kind;
    struct body_block block;
    struct body_image image;
};

/* Appends the record. ERROR_INVALID for one that breaks what is said above, ERROR_LIMIT. */
int body_record_encode(const struct body_record *record, struct buf *out, struct error *err);
/* Decodes into arena. ERROR_CORRUPT for anything that body_record_encode would not write. */
int body_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                       struct body_record *ret_record, struct error *err);

#endif
