/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The best few rows of many, by score; of equal ones those with the lesser row.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_LIST_H
#define EBB_WORKERS_INDEX_SEARCH_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"

struct search_hit {
    int64_t row;
    double score;
};

struct search_list {
    struct search_hit *hits; /* a heap, the worst on top; by search_list_sort best first */
    size_t count, max;
};

/* Owns: arena. max over 0. */
int search_list_init(struct search_list *list, size_t max, struct arena *arena, struct error *err);
/* A row that is offered twice counts twice: sort takes the better. */
void search_list_offer(struct search_list *list, int64_t row, double score);
/* Best first, each row once. Nothing may be offered after it. */
void search_list_sort(struct search_list *list);
/* The place of the row, from 1, in a sorted list; 0 where it is not there. */
size_t search_list_rank(const struct search_list *list, int64_t row);

#endif
