/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Images by several models at once: each model names its nearest, and all that were named are
 * judged by all models.
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/index/search_images.h"

#include <string.h>

#include "common/cleanup.h"

/* What is on a picture tells more than its colours; a model that is not here counts as those. */
static const struct {
    const char *model;
    double weight;
} model_weights[] = {{"ebb-visual-512", 2}, {"ebb-color-512", 1}, {"ebb-texture-512", 1}};

static double weight_of(const char *model)
{
    for (size_t i = 0; i < ARRAY_LEN(model_weights); i++) {
        if (strcmp(model_weights[i].model, model) == 0) {
            return model_weights[i].weight;
        }
    }
    return 1;
}

int search_image_places(struct search_db *db, int64_t row, struct search_place *ret_places,
                        size_t *ret_count, struct error *err)
{
    sqlite3_stmt *places = search_db_statement(db, SEARCH_DB_IMAGE_PLACES, err);
    size_t count = 0;
    int got;

    if (!places) {
        return -1;
    }
    sqlite3_bind_int64(places, 1, row >> 32);
    sqlite3_bind_int64(places, 2, row & UINT32_MAX);
    while ((got = search_db_step(db, places, err)) > 0) {
        if (count < SEARCH_PLACES_MAX) {
            ret_places[count].page = (uint32_t)sqlite3_column_int64(places, 0);
            for (int i = 0; i < 4; i++) {
                ret_places[count].box[i] = sqlite3_column_double(places, 1 + i);
            }
            count++;
        }
    }
    *ret_count = count;
    return got;
}

/* One of the pages where it is shown must be asked for. */
static bool has_image(struct search_filter *filter, int64_t row)
{
    struct search_place places[SEARCH_PLACES_MAX];
    size_t count = 0;

    if (!search_filter_has_document(filter, row >> 32)) {
        return false;
    }
    if (filter->page_count == 0) {
        return true;
    }
    if (search_image_places(filter->db, row, places, &count, &filter->err) < 0) {
        filter->failed = -1;
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (search_filter_has_page(filter, places[i].page)) {
            return true;
        }
    }
    return false;
}

static int judge(const struct search_vectors *search, const struct search_probe *probes,
                 size_t probe_count, int64_t row, struct search_list *list, struct error *err)
{
    double sum = 0;
    double weights = 0;

    for (size_t i = 0; i < probe_count; i++) {
        double weight = weight_of(probes[i].model.name);
        double score = 0;
        bool has = false;

        if (search_vector_score(search->db, &probes[i], row, &score, &has, err) < 0) {
            return -1;
        }
        sum += has ? weight * score : 0;
        weights += weight;
    }
    search_list_offer(list, row, weights > 0 ? sum / weights : 0);
    return 0;
}

int search_images(const struct search_vectors *search, const struct search_probe *probes,
                  size_t probe_count, struct search_list *list, bool *ret_gone, struct error *err)
{
    struct search_vectors each = *search;

    each.accept = has_image;
    *ret_gone = false;
    for (size_t i = 0; i < probe_count; i++) {
        enum search_vectors_state state;
        struct search_list nearest;

        if (probes[i].model.kind != VECTOR_KIND_IMAGE) {
            continue;
        }
        if (search_list_init(&nearest, list->max, search->arena, err) < 0 ||
            search_vectors(&each, &probes[i], &nearest, &state, err) < 0) {
            return -1;
        }
        *ret_gone |= state == SEARCH_VECTORS_FILE_GONE;
        for (size_t hit = 0; hit < nearest.count; hit++) {
            if (judge(search, probes, probe_count, nearest.hits[hit].row, list, err) < 0) {
                return -1;
            }
        }
    }
    search_list_sort(list);
    return 0;
}
