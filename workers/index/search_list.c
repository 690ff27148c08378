/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A heap of bounded size. Nothing blocks, nothing is logged.
 */
#include "workers/index/search_list.h"

#include <stdbool.h>
#include <stdlib.h>

int search_list_init(struct search_list *list, size_t max, struct arena *arena, struct error *err)
{
    *list = (struct search_list){.max = max};
    list->hits = arena_calloc(arena, max, sizeof *list->hits);
    return list->hits ? 0 : error_set(err, ERROR_MEMORY, "no memory for %zu results", max);
}

static bool is_worse(const struct search_hit *left, const struct search_hit *right)
{
    return left->score != right->score ? left->score < right->score : left->row > right->row;
}

static void swap(struct search_hit *left, struct search_hit *right)
{
    struct search_hit held = *left;

    *left = *right;
    *right = held;
}

static void sift_up(struct search_hit *hits, size_t at)
{
    for (; at > 0 && is_worse(&hits[at], &hits[(at - 1) / 2]); at = (at - 1) / 2) {
        swap(&hits[at], &hits[(at - 1) / 2]);
    }
}

static void sift_down(struct search_hit *hits, size_t count)
{
    size_t at = 0;

    for (;;) {
        size_t worst = at;

        for (size_t child = 2 * at + 1; child < count && child <= 2 * at + 2; child++) {
            worst = is_worse(&hits[child], &hits[worst]) ? child : worst;
        }
        if (worst == at) {
            return;
        }
        swap(&hits[at], &hits[worst]);
        at = worst;
    }
}

void search_list_offer(struct search_list *list, int64_t row, double score)
{
    struct search_hit hit = {row, score};

    if (list->count < list->max) {
        list->hits[list->count] = hit;
        sift_up(list->hits, list->count++);
    } else if (is_worse(&list->hits[0], &hit)) {
        list->hits[0] = hit;
        sift_down(list->hits, list->count);
    }
}

static int by_row(const void *left, const void *right)
{
    const struct search_hit *a = left;
    const struct search_hit *b = right;

    return a->row != b->row ? (a->row > b->row) - (a->row < b->row)
                            : is_worse(a, b) - is_worse(b, a);
}

static int by_score(const void *left, const void *right)
{
    return is_worse(left, right) - is_worse(right, left);
}

void search_list_sort(struct search_list *list)
{
    size_t kept = 0;

    qsort(list->hits, list->count, sizeof *list->hits, by_row);
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->hits[i].row != list->hits[kept - 1].row) {
            list->hits[kept++] = list->hits[i];
        }
    }
    list->count = kept;
    qsort(list->hits, list->count, sizeof *list->hits, by_score);
}

size_t search_list_rank(const struct search_list *list, int64_t row)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->hits[i].row == row) {
            return i + 1;
        }
    }
    return 0;
}
