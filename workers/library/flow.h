/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The flow of a document's text over its columns and pages: a paragraph is held back until it is
 * known that the next block does not go on with it, and what stood between (a page's beginning, a
 * footnote, a figure) comes after it.
 */
#ifndef EBB_WORKERS_LIBRARY_FLOW_H
#define EBB_WORKERS_LIBRARY_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "proto/page.h"
#include "workers/library/element.h"

/* Who gets the elements, each borrowed for the call. */
struct flow_sink {
    int (*put)(void *user, const struct element *element, struct error *err);
    void *user;
};

enum flow_held {
    FLOW_NOTHING,
    FLOW_TEXT,  /* a paragraph or an item of a list, in element */
    FLOW_TABLE, /* handed on, and open for further rows */
};

struct flow {
    struct flow_sink sink;
    enum flow_held held;
    struct element element;
    struct element *after; /* what follows it */
    uint32_t after_count, after_capacity;
    size_t after_bytes;
    struct element_rows table; /* the open one's; its page's cells may be gone */
    /* Of the held text's last block, of the table its last page: */
    uint32_t page;
    struct page_box box;
    float size_pt;
    uint32_t line_count;
    bool full; /* its last line reaches its right edge */
};

void flow_init(struct flow *flow, struct flow_sink sink);
void flow_deinit(struct flow *flow);

/* Hands on what is held and what follows it. */
int flow_flush(struct flow *flow, struct error *err);
/* Flushes, and makes element ready for a text that is to be held. */
struct element *flow_begin(struct flow *flow, enum element_kind kind, uint32_t page,
                           struct error *err);
/* Holds element, a paragraph or an item that ends with that block. */
void flow_hold(struct flow *flow, uint32_t page, const struct page_block *block);
/* Whether the block, a text, goes on with what is held. */
bool flow_goes_on(const struct flow *flow, uint32_t page, const struct page_block *block);
/* Appends the block to what is held. */
int flow_go_on(struct flow *flow, uint32_t page, const struct page_block *block,
               const struct inline_notes *notes, struct error *err);
/* Flushes, and hands the element on. */
int flow_put(struct flow *flow, const struct element *element, struct error *err);
/* The same for an element beside the text: where what is held may go on, it waits for its end.
 * Takes what element owns, on failure too. */
int flow_put_aside(struct flow *flow, struct element *element, struct error *err);
/* Rows of a table: of the open one, or flushed of a new one. */
int flow_put_rows(struct flow *flow, const struct element *element, struct error *err);
/* Whether what is held may go on, so that a footnote or figure has to wait. */
bool flow_is_open(const struct flow *flow);

#endif
