/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The images of a page among its text: their places in reading order and their captions.
 */
#ifndef EBB_WORKERS_IMAGES_IMAGE_BLOCKS_H
#define EBB_WORKERS_IMAGES_IMAGE_BLOCKS_H

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"

/*
 * Gives each image of role content its caption candidate and a block of kind IMAGE: before or after
 * the text that stands nearest over or under it in its column, else beside it. The record is laid
 * out, its images are there and have no blocks yet. Memory comes from arena. ERROR_MEMORY, with the
 * record as it was.
 */
int image_blocks_insert(struct page_record *record, struct arena *arena, struct error *err);

/* The text nearest to image that can be its caption: a block that layout took for one, or a few
 * short lines under, over or beside it; NULL where there is none. In arena. */
const char *image_blocks_caption(const struct page_record *record, const struct page_image *image,
                                 struct arena *arena);

#endif
