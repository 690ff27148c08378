/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The library's images by how they look.
 *
 * A row of an image is its document's shifted left by 32, plus its number in the document.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_IMAGES_H
#define EBB_WORKERS_INDEX_SEARCH_IMAGES_H

#include "workers/index/search_vectors.h"

/* The nearest over all models, best first; the score is the mean of the cosines, by the models'
 * weights. search->accept is not asked. *ret_gone: a set's file is missing. */
int search_images(const struct search_vectors *search, const struct search_probe *probes,
                  size_t probe_count, struct search_list *list, bool *ret_gone, struct error *err);

struct search_place {
    uint32_t page;
    double box[4]; /* x0, y0, x1, y1 in points */
};

#define SEARCH_PLACES_MAX 64

/* Where it is shown, by page. */
int search_image_places(struct search_db *db, int64_t row, struct search_place *ret_places,
                        size_t *ret_count, struct error *err);

#endif
