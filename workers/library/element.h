/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a document's walk (walk.h) hands on: a paragraph, a heading, rows of a table, an image, each
 * whole as far as it can be. Its text is running text with the marks of inline.h, and it is known
 * which line of which page each stretch of it comes from.
 */
#ifndef EBB_WORKERS_LIBRARY_ELEMENT_H
#define EBB_WORKERS_LIBRARY_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/library/inline.h"

struct render_page;

enum element_kind {
    ELEMENT_PAGE,       /* a page begins */
    ELEMENT_FAILURE,    /* the page could not be read */
    ELEMENT_PLAIN,      /* a page's text that has no record: text, as it stands */
    ELEMENT_HEADING,    /* level 1 to 6 */
    ELEMENT_PARAGRAPH,  /* may come from several blocks, of two pages too */
    ELEMENT_ITEM,       /* of a list, of that level; lead: "- " or "3. " */
    ELEMENT_LISTING,    /* code: lines, each with its line feed, no marks */
    ELEMENT_LINES,      /* a table whose cells are not known: lines, line feeds between */
    ELEMENT_TABLE_ROWS, /* of a table */
    ELEMENT_TABLE_END,
    ELEMENT_CAPTION, /* that is shown with no image */
    ELEMENT_REMARK,  /* text of a footnote's block that nothing refers to */
    ELEMENT_NOTE,    /* a footnote: label is what the references in texts have */
    ELEMENT_IMAGE,   /* text: its caption, "" for none */
};

#define ELEMENT_TEXT_MAX_BYTES ((size_t)1 << 30)
#define ELEMENT_LABEL_BYTES 24
#define ELEMENT_LEAD_BYTES 16

/* From offset on the text is that of a line of that page, in that box. */
struct element_piece {
    size_t offset;
    uint32_t page;
    struct page_box box;
};

/* Rows of a page's table. */
struct element_rows {
    const struct page_table *table;
    const struct page_box *box; /* of its block */
    uint32_t number;            /* of the document's table; 0 where it is none's */
    uint32_t first_row;         /* of the part: its repeated header is left out */
    bool begins;                /* the table's first part */
    bool spans;                 /* any part of the table has cells over several places */
};

struct element {
    enum element_kind kind;
    uint8_t level;
    uint32_t page; /* that it begins on */
    struct buf text;
    struct element_piece *pieces;
    size_t piece_count, piece_capacity;
    char label[ELEMENT_LABEL_BYTES];
    char lead[ELEMENT_LEAD_BYTES]; /* no part of text */
    char key[PAGE_IMAGE_KEY_BYTES];
    char format[PAGE_IMAGE_FORMAT_MAX_BYTES + 1];
    /* Borrowed for the call that hands it on: */
    struct element_rows rows;
    const struct render_page *failed;
};

void element_init(struct element *element, enum element_kind kind, uint32_t page);
void element_deinit(struct element *element);
/* Makes it empty, of that kind, and keeps memory that is not much. */
void element_reset(struct element *element, enum element_kind kind, uint32_t page);

/* What is appended from here on is in that box of that page. */
int element_add_piece(struct element *element, uint32_t page, const struct page_box *box,
                      struct error *err);
/* Appends lines, each joined to the one before as inline_join does; the first to nothing. notes as
 * in inline.h. */
int element_add_lines(struct element *element, uint32_t page, const struct page_line *lines,
                      uint32_t count, const struct inline_notes *notes, struct error *err);
/* Takes so many bytes from the text's start. */
void element_skip(struct element *element, size_t size_bytes);
/* Appends the lines of code of blocks that follow each other, empty lines between them; indented
 * as they were. */
int element_add_listing(struct element *element, uint32_t page, const struct page_block *blocks,
                        uint32_t count, struct error *err);

#endif
