/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks by their words: BM25 over those that have any of them.
 *
 * The work is bounded. Words that are in a large share of a large library do not choose chunks
 * while rarer ones do; they only order what those have chosen.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_TEXT_H
#define EBB_WORKERS_INDEX_SEARCH_TEXT_H

#include "workers/index/search_filter.h"
#include "workers/index/search_list.h"
#include "workers/index/search_words.h"

/* Chunks that are scored, and that are passed by, before a search ends with what it has. */
#define SEARCH_SCORED_MAX 40000
#define SEARCH_PASSED_MAX 2000000

/* words: weighed by search_counts. Best first, at most list->max. *ret_cut: the bound was met. */
int search_text(struct search_db *db, const struct search_words *words,
                struct search_filter *filter, struct arena *arena, struct search_list *list,
                bool *ret_cut, struct error *err);

#endif
