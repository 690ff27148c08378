/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an image is to its page. Nothing blocks or logs.
 */
#include "workers/images/roles.h"

#include <math.h>

#define COVER 0.85F
#define LEAST_PT 4.0F /* shown smaller, nobody sees more than a spot */
#define RULE_ASPECT 15.0F
#define RULE_PT 12.0F
#define LONG_ASPECT 30.0F
#define PATTERN_TIMES 12U /* a bullet, a tile */
#define PATTERN_COVER 0.02F
#define SCAN_GLYPHS 50U /* fewer on it, and the page is the image */
#define PALE_CONTRAST 0.5F

static float cover_of(const struct role_page *page, const struct page_box *box)
{
    float area = page->width_pt * page->height_pt;
    float width = fminf(box->x1, page->width_pt) - fmaxf(box->x0, 0);
    float height = fminf(box->y1, page->height_pt) - fmaxf(box->y0, 0);

    return area > 0 && width > 0 && height > 0 ? width * height / area : 0;
}

bool roles_covers(const struct role_page *page, const struct page_box *box)
{
    return cover_of(page, box) >= COVER;
}

enum page_image_role roles_by_place(const struct role_page *page, const struct role_place *place)
{
    float width = place->box.x1 - place->box.x0;
    float height = place->box.y1 - place->box.y0;
    float shorter = fminf(width, height);
    float longer = fmaxf(width, height);

    if (place->width_px < ROLES_TINY_PX || place->height_px < ROLES_TINY_PX) {
        return PAGE_IMAGE_ROLE_TINY;
    }
    if (!(shorter >= LEAST_PT) || longer > LONG_ASPECT * shorter ||
        (longer > RULE_ASPECT * shorter && shorter < RULE_PT)) {
        return PAGE_IMAGE_ROLE_DECORATION;
    }
    if (place->times >= PATTERN_TIMES && cover_of(page, &place->box) < PATTERN_COVER) {
        return PAGE_IMAGE_ROLE_DECORATION;
    }
    return PAGE_IMAGE_ROLE_CONTENT;
}

enum page_image_role roles_of(const struct role_page *page, const struct role_place *place,
                              uint32_t images_over)
{
    enum page_image_role role = roles_by_place(page, place);
    uint32_t glyphs_over = page->visible_glyphs > place->glyphs_before
                               ? page->visible_glyphs - place->glyphs_before
                               : 0;

    if (role != PAGE_IMAGE_ROLE_CONTENT) {
        return role;
    }
    if (!roles_covers(page, &place->box)) {
        return place->plain ? PAGE_IMAGE_ROLE_DECORATION : PAGE_IMAGE_ROLE_CONTENT;
    }
    if (glyphs_over < SCAN_GLYPHS && images_over == 0) {
        return PAGE_IMAGE_ROLE_SCAN; /* an empty page that was scanned, too */
    }
    /* Behind a page's text and images: their background, unless it shows much itself. */
    return place->plain || images_over > 0 || place->contrast < PALE_CONTRAST
               ? PAGE_IMAGE_ROLE_DECORATION
               : PAGE_IMAGE_ROLE_CONTENT;
}
