/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an image is to its page: its content, the page itself, or decoration.
 */
#ifndef EBB_WORKERS_IMAGES_ROLES_H
#define EBB_WORKERS_IMAGES_ROLES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/page.h"

#define ROLES_TINY_PX 32U /* a side under this */

struct role_place {
    struct page_box box; /* clipped to the page; empty where the image lies off it */
    uint32_t width_px, height_px;
    bool plain;     /* shows nothing (plain.h) */
    float contrast; /* quality.h */
    /* How often the same image is on the page. */
    uint32_t times;
    uint32_t glyphs_before; /* of those drawn on the page, how many were when this was */
};

struct role_page {
    float width_pt, height_pt;
    uint32_t visible_glyphs;
};

/* By its size and place alone, before it is looked into: TINY, DECORATION, or CONTENT for
 * anything else. */
enum page_image_role roles_by_place(const struct role_page *page, const struct role_place *place);

/* Whether it covers nearly the whole page. */
bool roles_covers(const struct role_page *page, const struct page_box *box);

/* Of an image that was looked into. images_over: images of content that lie on one that covers
 * the page. */
enum page_image_role roles_of(const struct role_page *page, const struct role_place *place,
                              uint32_t images_over);

#endif
