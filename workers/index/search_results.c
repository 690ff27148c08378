/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Fusing lists, and folding what shows the same into one.
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/index/search_results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/index/search_images.h"

#define FUSION_K 60.0
#define SUPPORT_SHARE 0.5

struct fusion {
    struct search_db *db;
    struct search_result *results;
    size_t count;
};

/* What a place in a list is worth. */
static double worth(double weight, size_t rank)
{
    return rank > 0 ? weight / (FUSION_K + (double)rank) : 0;
}

static void add_chunks(struct fusion *fusion, const struct search_list *list,
                       const struct search_list *before)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!before || search_list_rank(before, list->hits[i].row) == 0) {
            fusion->results[fusion->count++] = (struct search_result){.row = list->hits[i].row};
        }
    }
}

static void add_images(struct fusion *fusion, const struct search_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        fusion->results[fusion->count++] =
            (struct search_result){.row = list->hits[i].row, .image = true, .image_rank = i + 1};
    }
}

static void score_own(const struct search_lists *lists, struct search_result *result)
{
    if (!result->image) {
        result->text_rank = search_list_rank(&lists->text, result->row);
        result->vector_rank = search_list_rank(&lists->vector, result->row);
    }
    result->score = worth(lists->text_weight, result->text_rank) +
                    worth(lists->vector_weight, result->vector_rank) +
                    worth(lists->image_weight, result->image_rank);
}

/* ---- images and chunks of one page */

struct pages {
    uint32_t first, last;
};

static int chunk_pages(struct search_db *db, int64_t row, struct pages *ret_pages,
                       struct error *err)
{
    sqlite3_stmt *pages;
    int got = search_db_get(db, SEARCH_DB_CHUNK_PAGES, &row, 1, &pages, err);

    *ret_pages = (struct pages){1, 0};
    if (got > 0) {
        *ret_pages = (struct pages){(uint32_t)sqlite3_column_int64(pages, 0),
                                    (uint32_t)sqlite3_column_int64(pages, 1)};
        sqlite3_reset(pages);
    }
    return got < 0 ? -1 : 0;
}

static bool is_shown_on(const struct search_place *places, size_t count, struct pages pages)
{
    for (size_t i = 0; i < count; i++) {
        if (places[i].page >= pages.first && places[i].page <= pages.last) {
            return true;
        }
    }
    return false;
}

/* own: the scores before any support, so that support does not go in circles. */
static void support(struct search_result *image, double image_own, struct search_result *chunk,
                    double chunk_own, double *best_for_image, double *best_for_chunk)
{
    if (chunk_own > *best_for_image) {
        *best_for_image = chunk_own;
        image->text_rank = chunk->text_rank;
        image->vector_rank = chunk->vector_rank;
    }
    if (image_own > *best_for_chunk) {
        *best_for_chunk = image_own;
        chunk->image_rank = image->image_rank;
    }
}

/* best, own: of each result. */
static int support_by_pages(struct fusion *fusion, const double *own, const struct pages *pages,
                            double *best, struct error *err)
{
    for (size_t i = 0; i < fusion->count; i++) {
        struct search_place places[SEARCH_PLACES_MAX];
        size_t count = 0;

        if (!fusion->results[i].image) {
            continue;
        }
        if (search_image_places(fusion->db, fusion->results[i].row, places, &count, err) < 0) {
            return -1;
        }
        for (size_t c = 0; c < fusion->count; c++) {
            if (!fusion->results[c].image &&
                fusion->results[c].row >> 32 == fusion->results[i].row >> 32 &&
                is_shown_on(places, count, pages[c])) {
                support(&fusion->results[i], own[i], &fusion->results[c], own[c], &best[i],
                        &best[c]);
            }
        }
    }
    return 0;
}

static int support_each_other(struct fusion *fusion, struct arena *arena, struct error *err)
{
    double *own = arena_calloc(arena, fusion->count, sizeof *own);
    double *best = arena_calloc(arena, fusion->count, sizeof *best);
    struct pages *pages = arena_calloc(arena, fusion->count, sizeof *pages);

    if (!own || !best || !pages) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu results", fusion->count);
    }
    for (size_t i = 0; i < fusion->count; i++) {
        own[i] = fusion->results[i].score;
        if (!fusion->results[i].image &&
            chunk_pages(fusion->db, fusion->results[i].row, &pages[i], err) < 0) {
            return -1;
        }
    }
    if (support_by_pages(fusion, own, pages, best, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < fusion->count; i++) {
        fusion->results[i].score += SUPPORT_SHARE * best[i];
    }
    return 0;
}

/* ---- what shows the same */

static int identify(struct fusion *fusion, struct search_result *result, struct error *err)
{
    int64_t numbers[] = {result->row >> 32, result->row & UINT32_MAX};
    sqlite3_stmt *row;
    int got = result->image
                  ? search_db_get(fusion->db, SEARCH_DB_IMAGE, numbers, 2, &row, err)
                  : search_db_get(fusion->db, SEARCH_DB_CHUNK, &result->row, 1, &row, err);

    if (got > 0) {
        const char *text = search_db_text(row, result->image ? 1 : 6);

        snprintf(result->identity, sizeof result->identity, "%s", text ? text : "");
        sqlite3_reset(row);
    }
    return got < 0 ? -1 : 0;
}

static int by_score(const void *left, const void *right)
{
    const struct search_result *a = left;
    const struct search_result *b = right;

    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return a->image != b->image ? a->image - b->image : (a->row > b->row) - (a->row < b->row);
}

static struct search_result *find_same(struct search_result *results, size_t count,
                                       const struct search_result *result)
{
    for (size_t i = 0; i < count; i++) {
        if (results[i].image == result->image &&
            strcmp(results[i].identity, result->identity) == 0) {
            return &results[i];
        }
    }
    return NULL;
}

/* A row that is gone has no identity, and is left out. */
static int fold_same(struct fusion *fusion, struct error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < fusion->count; i++) {
        struct search_result *result = &fusion->results[i];
        struct search_result *same;

        if (identify(fusion, result, err) < 0) {
            return -1;
        }
        if (!result->identity[0]) {
            continue;
        }
        same = find_same(fusion->results, kept, result);
        if (same) {
            same->duplicates++;
        } else {
            fusion->results[kept++] = *result;
        }
    }
    fusion->count = kept;
    return 0;
}

int search_results_fuse(struct search_db *db, const struct search_lists *lists, struct arena *arena,
                        struct search_result **ret_results, size_t *ret_count, struct error *err)
{
    struct fusion fusion = {.db = db};

    fusion.results =
        arena_calloc(arena, lists->text.count + lists->vector.count + lists->image.count,
                     sizeof *fusion.results);
    if (!fusion.results) {
        return error_set(err, ERROR_MEMORY, "no memory for the results of a search");
    }
    add_chunks(&fusion, &lists->text, NULL);
    add_chunks(&fusion, &lists->vector, &lists->text);
    add_images(&fusion, &lists->image);
    for (size_t i = 0; i < fusion.count; i++) {
        score_own(lists, &fusion.results[i]);
    }
    if (lists->image.count > 0 && lists->text.count + lists->vector.count > 0 &&
        support_each_other(&fusion, arena, err) < 0) {
        return -1;
    }
    qsort(fusion.results, fusion.count, sizeof *fusion.results, by_score);
    if (fold_same(&fusion, err) < 0) {
        return -1;
    }
    *ret_results = fusion.results;
    *ret_count = fusion.count;
    return 0;
}
