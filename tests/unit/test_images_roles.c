/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/images: what images are to a page, and slices of pictures.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "workers/images/roles.h"
#include "workers/images/slices.h"

static const struct role_page TEXT_PAGE = {595, 842, 2000};
static const struct role_page EMPTY_PAGE = {595, 842, 3};

static struct role_place at(float x0, float y0, float x1, float y1)
{
    return (struct role_place){
        .box = {x0, y0, x1, y1}, .width_px = 400, .height_px = 300, .contrast = 0.8F, .times = 1};
}

Test(images_roles, content_and_what_is_too_small)
{
    struct role_place place = at(100, 100, 300, 250);

    cr_assert_eq(roles_of(&TEXT_PAGE, &place, 0), PAGE_IMAGE_ROLE_CONTENT);
    place.width_px = 32;
    place.height_px = 32;
    cr_assert_eq(roles_of(&TEXT_PAGE, &place, 0), PAGE_IMAGE_ROLE_CONTENT);
    place.height_px = 31;
    cr_assert_eq(roles_of(&TEXT_PAGE, &place, 0), PAGE_IMAGE_ROLE_TINY);
}

Test(images_roles, decoration)
{
    struct role_place plain = at(100, 100, 300, 250);
    struct role_place rule = at(50, 100, 550, 110);
    struct role_place spot = at(50, 100, 53, 103);
    struct role_place bullet = at(50, 100, 60, 110);

    plain.plain = true;
    bullet.times = 12;
    cr_assert_eq(roles_of(&TEXT_PAGE, &plain, 0), PAGE_IMAGE_ROLE_DECORATION);
    cr_assert_eq(roles_of(&TEXT_PAGE, &rule, 0), PAGE_IMAGE_ROLE_DECORATION);
    cr_assert_eq(roles_of(&TEXT_PAGE, &spot, 0), PAGE_IMAGE_ROLE_DECORATION);
    cr_assert_eq(roles_of(&TEXT_PAGE, &bullet, 0), PAGE_IMAGE_ROLE_DECORATION);
    bullet.times = 11;
    cr_assert_eq(roles_of(&TEXT_PAGE, &bullet, 0), PAGE_IMAGE_ROLE_CONTENT);
}

Test(images_roles, scans)
{
    struct role_place page = at(0, 0, 595, 842);
    struct role_place most = at(20, 20, 575, 800);

    cr_assert_eq(roles_of(&EMPTY_PAGE, &page, 0), PAGE_IMAGE_ROLE_SCAN);
    cr_assert_eq(roles_of(&EMPTY_PAGE, &most, 0), PAGE_IMAGE_ROLE_SCAN);
    page.plain = true; /* an empty sheet */
    cr_assert_eq(roles_of(&EMPTY_PAGE, &page, 0), PAGE_IMAGE_ROLE_SCAN);
    page.plain = false;
    page.glyphs_before = 2000; /* the text lies under it, where it cannot be seen */
    cr_assert_eq(roles_of(&TEXT_PAGE, &page, 0), PAGE_IMAGE_ROLE_SCAN);
}

Test(images_roles, backgrounds)
{
    struct role_place page = at(-5, -5, 600, 850);

    cr_assert_eq(roles_of(&TEXT_PAGE, &page, 0), PAGE_IMAGE_ROLE_CONTENT);
    cr_assert_eq(roles_of(&TEXT_PAGE, &page, 2), PAGE_IMAGE_ROLE_DECORATION);
    page.contrast = 0.2F;
    cr_assert_eq(roles_of(&TEXT_PAGE, &page, 0), PAGE_IMAGE_ROLE_DECORATION);
}

/* --- slices --- */

#define SCENE_WIDTH 320U
#define SCENE_HEIGHT 240U

static uint8_t scene[SCENE_HEIGHT][SCENE_WIDTH];

static void draw_scene(void)
{
    for (uint32_t y = 0; y < SCENE_HEIGHT; y++) {
        for (uint32_t x = 0; x < SCENE_WIDTH; x++) {
            scene[y][x] = (uint8_t)(128 + 60 * sin(x / 20.0 + y / 31.0) + 50 * cos(y / 9.0));
        }
    }
}

/* The edges of a part of the scene. */
static struct slice_edges edges_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    struct picture picture;
    struct slice_edges edges;

    cr_assert_eq(picture_init(&picture, width, height, 1, NULL), 0);
    for (uint32_t row = 0; row < height; row++) {
        memcpy(picture.samples + row * width, &scene[y + row][x], width);
    }
    slices_edges(&picture, &edges);
    picture_deinit(&picture);
    return edges;
}

/* Half a point a pixel, from (100, 200). */
static struct slice slice_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    float left = 100 + (float)x / 2;
    float top = 200 + (float)y / 2;

    return (struct slice){.box = {left, top, left + (float)width / 2, top + (float)height / 2},
                          .width_px = width,
                          .height_px = height,
                          .bits = 8,
                          .color_space = "rgb"};
}

TestSuite(images_slices, .init = draw_scene);

Test(images_slices, strips_of_one_picture)
{
    struct slice upper = slice_of(0, 0, 320, 30);
    struct slice lower = slice_of(0, 30, 320, 30);
    struct slice_edges upper_edges = edges_of(0, 0, 320, 30);
    struct slice_edges lower_edges = edges_of(0, 30, 320, 30);
    enum slice_side side;

    cr_assert(slices_touch(&upper, &lower, &side));
    cr_assert_eq(side, SLICE_BOTTOM);
    cr_assert(slices_go_on(&upper, &upper_edges, &lower, &lower_edges, side));
    cr_assert(slices_touch(&lower, &upper, &side));
    cr_assert_eq(side, SLICE_TOP);
    cr_assert(slices_go_on(&lower, &lower_edges, &upper, &upper_edges, side));
}

Test(images_slices, strips_side_by_side)
{
    struct slice left = slice_of(0, 0, 40, 240);
    struct slice right = slice_of(40, 0, 40, 240);
    struct slice_edges left_edges = edges_of(0, 0, 40, 240);
    struct slice_edges right_edges = edges_of(40, 0, 40, 240);
    enum slice_side side;

    cr_assert(slices_touch(&left, &right, &side));
    cr_assert_eq(side, SLICE_RIGHT);
    cr_assert(slices_go_on(&left, &left_edges, &right, &right_edges, side));
}

Test(images_slices, a_turned_page)
{
    struct slice upper = slice_of(0, 0, 320, 30);
    struct slice lower = slice_of(0, 30, 320, 30);
    enum slice_side side;

    /* Clockwise: what was below is left. */
    upper.angle_deg = lower.angle_deg = 90;
    upper.box = (struct page_box){100, 100, 115, 260};
    lower.box = (struct page_box){85, 100, 100, 260};
    cr_assert(slices_touch(&upper, &lower, &side));
    cr_assert_eq(side, SLICE_BOTTOM);
}

Test(images_slices, pictures_that_only_touch)
{
    struct slice one = slice_of(0, 0, 320, 120);
    struct slice two = slice_of(0, 120, 320, 120);
    struct slice_edges one_edges = edges_of(0, 0, 320, 120);
    struct slice_edges two_edges = edges_of(0, 20, 320, 120);
    enum slice_side side;

    cr_assert(slices_touch(&one, &two, &side));
    cr_assert_not(slices_go_on(&one, &one_edges, &two, &two_edges, side));
}

Test(images_slices, pictures_with_white_borders)
{
    struct slice one = slice_of(0, 0, 320, 120);
    struct slice two = slice_of(0, 120, 320, 120);
    struct slice_edges white = edges_of(0, 0, 320, 120);
    enum slice_side side;

    for (int i = 0; i < SLICE_SIDES; i++) {
        memset(white.sides[i].levels, 255, SLICE_SAMPLES);
        white.sides[i].change = 0;
    }
    cr_assert(slices_touch(&one, &two, &side));
    cr_assert_not(slices_go_on(&one, &white, &two, &white, side));
}

Test(images_slices, what_does_not_touch)
{
    struct slice one = slice_of(0, 0, 320, 30);
    struct slice two = slice_of(0, 34, 320, 30);
    struct slice wider = slice_of(0, 30, 330, 30);
    struct slice masked = slice_of(0, 30, 320, 30);
    struct slice gray = slice_of(0, 30, 320, 30);
    enum slice_side side;

    masked.masked = true;
    gray.color_space = "gray";
    cr_assert_not(slices_touch(&one, &two, &side));
    cr_assert_not(slices_touch(&one, &wider, &side));
    cr_assert_not(slices_touch(&one, &masked, &side));
    cr_assert_not(slices_touch(&one, &gray, &side));
}
