/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The pages of a PDF: how many there really are, and where each is. /Count is what the writer
 * claims; it is believed where the tree bears it out, and where it does not the tree is walked
 * and the pages that were found are the document. Where the tree leads to none, the file's
 * objects are searched for pages.
 * Source: ISO 32000-1, 7.7.3.
 */
#ifndef EBB_WORKERS_MUPDF_PAGE_TREE_H
#define EBB_WORKERS_MUPDF_PAGE_TREE_H

#include <mupdf/pdf.h>
#include <stdbool.h>
#include <stdint.h>

struct page_tree {
    fz_context *ctx;
    pdf_document *doc;
    uint32_t count;  /* at most pages_max + 1 */
    bool believed;   /* the counts in the tree are right */
    pdf_obj **pages; /* where they are not: each page; owned references */
    pdf_obj *leaf;   /* the node that the last page was found in; an owned reference */
    uint32_t leaf_first, leaf_count; /* its pages */
};

/* Counts; looks at few nodes where their counts agree. Throws only FZ_ERROR_MEMORY, what is damaged
 * has no pages. ctx and doc must outlive the tree. */
void page_tree_init(struct page_tree *tree, fz_context *ctx, pdf_document *doc, uint32_t pages_max);
void page_tree_deinit(struct page_tree *tree);

/* The page object; number from 1 to count. Throws as mupdf does where it is no dictionary. Owns:
 * borrowed from the document. */
pdf_obj *page_tree_find(struct page_tree *tree, uint32_t number);
/* The object number of a page, without reading it; 0 where it has none or is not found. */
int page_tree_object(struct page_tree *tree, uint32_t number);

#endif
