/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Cuts one block's text into atoms, as many as are asked for: a block may be far longer than what
 * is needed of it at a time.
 */
#ifndef EBB_WORKERS_INDEX_BLOCK_CUTTER_H
#define EBB_WORKERS_INDEX_BLOCK_CUTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/page.h"
#include "workers/index/window.h"

/* What all atoms of a block have in common, and where the cutter is. */
struct block_cutter {
    const char *text; /* borrowed; the caller moves it when the text moves */
    size_t size_bytes;
    bool by_lines;       /* a table or code; else by sentences */
    enum seam unit_seam; /* between its sentences or lines */
    uint64_t unit_whole; /* what a cut there would part; 0 */
    uint32_t smallest;

    size_t offset;      /* in text: what comes next */
    struct place place; /* of offset in the body */
    size_t unit_end;    /* of the sentence or line that is being cut finer; 0 where none is */
    uint64_t unit_characters;
    size_t word_end; /* of the word in it that is being cut finer; 0 where none is */
    uint64_t word_characters;
    bool clause_ended; /* the last word ended with a mark of clauses */
};

/* The next atom's start, end, seam and whole; the first one's seam is for the caller to set. False
 * behind the last. */
bool block_cutter_next(struct block_cutter *cutter, struct atom *ret_atom);

#endif
