/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The footnotes of a page that something on it refers to.
 */
#ifndef EBB_WORKERS_LIBRARY_FOOTNOTES_H
#define EBB_WORKERS_LIBRARY_FOOTNOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/page.h"

#define FOOTNOTES_MAX 64 /* of a page; further ones stay where they are */

struct footnote {
    uint32_t block;
    uint32_t first_line, line_count; /* of the block */
    const char *mark;                /* borrowed from the record */
    size_t mark_bytes;
    size_t skip_bytes; /* of the first line's text: the mark and what sets it off */
    bool referenced;   /* there is a raised text with its mark */
    char label[24];    /* unique in the output */
};

struct footnotes {
    struct footnote items[FOOTNOTES_MAX];
    uint32_t count;
};

/*
 * Notes of the page's blocks of that kind: each begins with a raised text, or with a number or
 * sign at the start of its line. last_number is the greatest number that was a label so far, and
 * moves on: a note's printed number is its label where it is greater, as in a document that
 * numbers them through; else the label is the page and the note's place.
 */
void footnotes_find(const struct page_record *record, uint32_t *last_number,
                    struct footnotes *ret_notes);
/* The label of the note with that mark that is referenced; NULL for none. */
const char *footnotes_label(const struct footnotes *notes, const char *mark, size_t size_bytes);
/* The note that starts in that line of that block and is referenced; NULL for none. */
const struct footnote *footnotes_at(const struct footnotes *notes, uint32_t block, uint32_t line);

#endif
