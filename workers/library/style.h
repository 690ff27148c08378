/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What only the whole document tells about a block: whether its size and weight make it a
 * heading and of which level, and whether it is furniture, a header or footer that repeats.
 *
 * A class is a size and a weight in one number that sorts as headings do: half points times two,
 * plus one for bold.
 */
#ifndef EBB_WORKERS_LIBRARY_STYLE_H
#define EBB_WORKERS_LIBRARY_STYLE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/page.h"
#include "workers/library/library.h"

#define STYLE_LEVEL_MAX 6
#define STYLE_HEADINGS_MAX 128    /* classes of one document: those on most pages */
#define STYLE_FURNITURE_MAX 65536 /* entries of one document that count */
#define STYLE_REPEATED_MAX 65536  /* images of one document that are known to repeat */
/* An image repeats when it is on three pages at least, and on a third of the document's or only
 * ever within this share of the page's height from its top or bottom. */
#define STYLE_IMAGE_EDGE 0.12

struct style_heading {
    uint32_t class;
    uint32_t pages; /* that have a heading of it; for style_rank */
    uint8_t level;  /* 1 to STYLE_LEVEL_MAX */
};

struct style_furniture {
    enum page_margin margin;
    uint64_t key;
};

struct document_style {
    uint32_t body_class; /* 0 while the document is not finished, or has no text */
    struct style_heading headings[STYLE_HEADINGS_MAX]; /* by class, falling */
    uint32_t heading_count;
    struct style_furniture *furniture; /* by margin and key (as signed), rising */
    uint32_t furniture_count;
    const char **repeated; /* keys of images, rising */
    uint32_t repeated_count;
};

uint32_t style_class(float size_pt, bool bold);
float style_class_size_pt(uint32_t class);
bool style_class_bold(uint32_t class);

/* The class of most of the block's text; 0 where it has none. */
uint32_t style_block_class(const struct page_block *block);

/* A line of a table of contents, with dots that lead to its page number: never a heading, whatever
 * its size. */
bool style_block_is_entry(const struct page_block *block);
/* A text block that is short enough to be a heading if its size makes it one: at most two lines
 * and 120 bytes, with a letter. */
bool style_block_is_short(const struct page_block *block);
/* The least class with which a short text block is a heading: a size of 1.2 times the body's. */
uint32_t style_promoted_class(uint32_t body_class);

/*
 * Gives levels to heading_count classes (at most STYLE_HEADINGS_MAX, falling). Sizes within 7% of
 * each other and of one weight are one group. Of more groups than there are levels those on most
 * pages have the levels, and a rare one shares that of the next below it: display type on a few
 * pages does not push the real headings down.
 */
void style_rank(struct style_heading *headings, uint32_t heading_count);

/* How often a margin text came, for style_repeats. */
struct style_occurrence {
    uint32_t pages;       /* that have it */
    uint32_t odd_pages;   /* of them */
    uint32_t first, last; /* page */
};
#define STYLE_REPEATS_MIN 3
/* True for furniture: on at least three pages, and on at least half of those between its first
 * and its last (of the odd or the even ones alone where it is only there). A chapter's running
 * head is furniture in its chapter. */
bool style_repeats(const struct style_occurrence *occurrence);

/* Reads what finish stored. Owns: arena. An unfinished document has an empty style. */
int style_load(struct library *library, int64_t document_row, struct arena *arena,
               struct document_style *ret_style, struct error *err);

/* 0 for what is no heading. */
uint8_t style_heading_level(const struct document_style *style, const struct page_block *block);
/* Whether the image is decoration that many pages show. */
bool style_is_repeated(const struct document_style *style, const char *key);
bool style_is_furniture(const struct document_style *style, const struct page_block *block);

#endif
