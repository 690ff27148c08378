/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * In how many chunks a term is: what its weight is made of, and whether a search can afford to
 * look at all of them. Kept between queries, because it changes as slowly as the library does.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_COUNTS_H
#define EBB_WORKERS_INDEX_SEARCH_COUNTS_H

#include "workers/index/search_words.h"

/* Counting a term's chunks ends here; above, it is reckoned. */
#define SEARCH_COUNT_MAX 20000
#define SEARCH_COUNTS_KEPT 4096
/* In a library of more chunks a prefix has at least so many bytes, or is a word. */
#define SEARCH_PREFIX_ROWS 50000
#define SEARCH_PREFIX_MIN_BYTES 4

struct search_count {
    uint64_t key; /* of the term; 0: free */
    int64_t rows;
    int64_t of_rows; /* chunks that the library had then */
    bool cut;
};

struct search_counts {
    struct search_count kept[SEARCH_COUNTS_KEPT];
};

/* Sets rows, rows_cut and weight of each term, and db->rows. last_document: the greatest row of a
 * document. */
int search_counts_fill(struct search_counts *counts, struct search_db *db,
                       struct search_words *words, int64_t last_document, struct error *err);

#endif
