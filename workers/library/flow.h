/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The flow of a document's text over its columns and pages: a paragraph is held back until it is
 * known that the next block does not go on with it, and what stood between (a page's comment, a
 * footnote, a figure) comes after it.
 */
#ifndef EBB_WORKERS_LIBRARY_FLOW_H
#define EBB_WORKERS_LIBRARY_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/library/inline.h"

#define FLOW_LEAD_BYTES 64

enum flow_held {
    FLOW_NOTHING,
    FLOW_PARAGRAPH,
    FLOW_ITEM,       /* of a list */
    FLOW_PIPE_TABLE, /* written, and open for further rows */
    FLOW_HTML_TABLE,
};

struct flow {
    struct buf *out; /* borrowed; set for each page */
    enum flow_held held;
    struct buf text;            /* of a paragraph or item, unescaped */
    char lead[FLOW_LEAD_BYTES]; /* of an item: indent and marker */
    struct buf after;           /* Markdown that follows what is held */
    bool in_list;               /* what was written last is an item */
    uint32_t table;             /* the open table's number in the document */
    /* Of the held text's last block: */
    uint32_t page;
    struct page_box box;
    float size_pt;
    uint32_t line_count;
    bool full; /* its last line reaches its right edge */
};

void flow_init(struct flow *flow, size_t max_bytes);
void flow_deinit(struct flow *flow);
/* Writes what is held and what follows it. */
int flow_flush(struct flow *flow, struct error *err);

/* Flushes and readies out for a block; item: an item of a list follows, which needs no blank line
 * behind another. */
int flow_begin(struct flow *flow, bool item, struct error *err);
/* Holds a paragraph or (lead is not NULL) an item; text is in flow->text, which flow_begin has
 * emptied. */
void flow_hold(struct flow *flow, const char *lead, uint32_t page, const struct page_block *block);
/* Whether the block, a text, goes on with what is held. */
bool flow_goes_on(const struct flow *flow, uint32_t page, const struct page_block *block);
/* Appends the block to what is held. */
int flow_go_on(struct flow *flow, uint32_t page, const struct page_block *block,
               const struct inline_notes *notes, struct error *err);
/* Whether what is held may go on, so that a footnote or figure has to wait. */
bool flow_is_open(const struct flow *flow);
/* Where such a block goes: after what is held when that is open, else, flushed, to out. NULL and
 * err on failure. */
struct buf *flow_aside(struct flow *flow, struct error *err);

#endif
