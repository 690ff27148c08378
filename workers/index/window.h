/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The part of a body that is being cut: its text, the atoms that chunks are packed of, and where
 * it is shown. Blocks come in at its end, what is cut goes out at its front.
 *
 * An atom is what no chunk parts: a sentence, a table's row, a line of code; of such a one that is
 * longer than the smallest size a word or a stretch of a word. Between atoms is white space and a
 * seam.
 */
#ifndef EBB_WORKERS_INDEX_WINDOW_H
#define EBB_WORKERS_INDEX_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "proto/body.h"
#include "proto/chunk.h"

/* What a cut between two atoms cuts, from the worst to the best place. */
enum seam {
    SEAM_CHARACTER, /* a word that is too long */
    SEAM_WORD,      /* a sentence, between words */
    SEAM_CLAUSE,    /* a sentence, behind a comma or the like */
    SEAM_SENTENCE,
    SEAM_LINE, /* between rows of a table, lines of code, items of a list */
    SEAM_BLOCK,
    SEAM_HEADING, /* before a heading */
    SEAM_COUNT
};

/* A place in the body, counted from its start. */
struct place {
    uint64_t byte;
    uint64_t character;
};

struct atom {
    struct place start, end; /* no white space at either end */
    uint64_t gap_start;      /* byte: the end of the atom before it; 0 for the first */
    uint64_t whole;          /* characters of the smallest thing that a cut before it would part and
                                that stays whole where it fits; 0 where none is parted */
    uint64_t stretch;        /* overlap stays within atoms of one stretch: a table, a block of code,
                                what lies between two of these */
    uint32_t table;          /* the document's number of it; 0 */
    enum seam seam;          /* before it */
    enum chunk_kind kind;
    uint8_t heading; /* level of the heading that it is (a part of); 0 for none */
};

/* Where a line or row is shown. */
struct shown {
    uint64_t byte; /* where its text begins in the body */
    uint64_t block;
    uint32_t page;
    struct page_box box;
};

/* A heading in the window. */
struct window_heading {
    uint64_t byte; /* where its atoms begin */
    uint8_t level;
    char text[CHUNK_HEADING_MAX_BYTES + 1]; /* white space folded */
};

/* Blocks of the body, one after the other. 1 and *ret_block, borrowed until the next call; 0 behind
 * the last; -1. */
typedef int (*window_source)(void *context, struct body_block *ret_block, struct error *err);

struct window;

/* smallest: of the sizes, in characters: what is longer is cut finer. NULL without memory. */
struct window *window_create(uint32_t smallest, window_source source, void *context);
void window_destroy(struct window *window); /* NULL is a no-op */

/* Takes blocks in until the atoms from index from on have over characters, or the body ends. */
int window_fill(struct window *window, size_t from, uint64_t characters, struct error *err);
/* Whether all of the body has been taken in. */
bool window_ended(const struct window *window);
/* Lets go of the atoms that end before byte, and of what belongs to them. Returns by how much the
 * indices of the others fall. */
size_t window_drop(struct window *window, uint64_t byte);

/* Borrowed until the next fill or drop. */
const struct atom *window_atoms(const struct window *window, size_t *ret_count);
/* The body's text from byte on, which lies in the white space before the first atom or behind it;
 * up to the last atom's end. Not terminated. */
const char *window_text(const struct window *window, uint64_t byte);
/* The shown pieces from the one that covers byte on. */
const struct shown *window_shown(const struct window *window, uint64_t byte, size_t *ret_count);
/* The heading whose first atom begins at byte; NULL for none. */
const struct window_heading *window_heading_at(const struct window *window, uint64_t byte);

#endif
