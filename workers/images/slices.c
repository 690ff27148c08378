/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Slices of pictures. Nothing blocks or logs.
 */
#include "workers/images/slices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_PT 0.75F    /* places are rounded by those who write them */
#define NEAR_PIXELS 0.5F /* and never by more than this */
#define SCALE_NEAR 0.06F /* of sizes of pixels; the last strip may be stretched by a row */
#define STRIP_ASPECT 4U  /* from which a shape says that it is a slice */
#define SEAM_LEVELS 8.0F
#define SEAM_TIMES 2.5F
#define TEXTURE_LEVELS 4.0F /* of a seam that tells something */

/* --- edges --- */

/* count samples, step bytes apart, as SLICE_SAMPLES means. */
static void reduce_line(const uint8_t *at, uint32_t count, size_t step, float *ret_levels)
{
    for (uint32_t i = 0; i < SLICE_SAMPLES; i++) {
        uint32_t first = (uint32_t)((uint64_t)i * count / SLICE_SAMPLES);
        uint32_t last = (uint32_t)((uint64_t)(i + 1) * count / SLICE_SAMPLES);
        uint32_t sum = 0;

        last = last > first ? last : first + 1;
        for (uint32_t x = first; x < last; x++) {
            sum += at[x * step];
        }
        ret_levels[i] = (float)sum / (float)(last - first);
    }
}

/* first: the outermost line; second: the one behind it. */
static void find_edge(const uint8_t *first, const uint8_t *second, uint32_t count, size_t step,
                      struct slice_edge *edge)
{
    float outer[SLICE_SAMPLES], inner[SLICE_SAMPLES];

    reduce_line(first, count, step, outer);
    reduce_line(second, count, step, inner);
    edge->change = 0;
    for (int i = 0; i < SLICE_SAMPLES; i++) {
        edge->levels[i] = (uint8_t)lrintf(outer[i]);
        edge->change += fabsf(outer[i] - inner[i]) / SLICE_SAMPLES;
    }
}

void slices_edges(const struct picture *gray, struct slice_edges *ret_edges)
{
    const uint8_t *data = gray->samples;
    uint32_t width = gray->width;
    uint32_t height = gray->height;
    const uint8_t *last_row = data + (size_t)(height - 1) * width;
    size_t row_step = height > 1 ? width : 0;
    size_t column_step = width > 1;

    find_edge(data, data + row_step, width, 1, &ret_edges->sides[SLICE_TOP]);
    find_edge(last_row, last_row - row_step, width, 1, &ret_edges->sides[SLICE_BOTTOM]);
    find_edge(data, data + column_step, height, width, &ret_edges->sides[SLICE_LEFT]);
    find_edge(data + width - 1, data + width - 1 - column_step, height, width,
              &ret_edges->sides[SLICE_RIGHT]);
}

/* --- places --- */

/* The box as it would be were the image upright. */
static struct page_box upright(const struct slice *slice)
{
    const struct page_box *box = &slice->box;

    switch (slice->angle_deg) {
    case 90:
        return (struct page_box){box->y0, -box->x1, box->y1, -box->x0};
    case -90:
        return (struct page_box){-box->y1, box->x0, -box->y0, box->x1};
    case 180:
        return (struct page_box){-box->x1, -box->y1, -box->x0, -box->y0};
    default:
        return *box;
    }
}

static bool is_near(float a, float b, float pixel)
{
    float limit = fmaxf(fminf(NEAR_PT, NEAR_PIXELS * pixel), 0.05F);

    return fabsf(a - b) <= limit;
}

static bool is_same_scale(float a, float b)
{
    return fabsf(a - b) <= SCALE_NEAR * fmaxf(a, b);
}

bool slices_touch(const struct slice *a, const struct slice *b, enum slice_side *ret_side)
{
    struct page_box one = upright(a);
    struct page_box two = upright(b);
    float across_a = (one.x1 - one.x0) / (float)a->width_px;
    float across_b = (two.x1 - two.x0) / (float)b->width_px;
    float down_a = (one.y1 - one.y0) / (float)a->height_px;
    float down_b = (two.y1 - two.y0) / (float)b->height_px;

    if (a->masked || b->masked || a->mirrored || b->mirrored || a->angle_deg != b->angle_deg ||
        a->angle_deg % 90 != 0 || a->bits != b->bits ||
        strcmp(a->color_space, b->color_space) != 0 || !is_same_scale(across_a, across_b) ||
        !is_same_scale(down_a, down_b)) {
        return false;
    }
    if (a->width_px == b->width_px && is_near(one.x0, two.x0, across_a) &&
        is_near(one.x1, two.x1, across_a)) {
        *ret_side = two.y0 > one.y0 ? SLICE_BOTTOM : SLICE_TOP;
        return is_near(two.y0, one.y1, down_a) || is_near(two.y1, one.y0, down_a);
    }
    if (a->height_px == b->height_px && is_near(one.y0, two.y0, down_a) &&
        is_near(one.y1, two.y1, down_a)) {
        *ret_side = two.x0 > one.x0 ? SLICE_RIGHT : SLICE_LEFT;
        return is_near(two.x0, one.x1, across_a) || is_near(two.x1, one.x0, across_a);
    }
    return false;
}

/* --- what they show --- */

/* Long along the side at which it is cut. */
static bool is_strip(const struct slice *slice, enum slice_side side)
{
    bool across = side == SLICE_TOP || side == SLICE_BOTTOM;

    return across ? slice->width_px >= STRIP_ASPECT * slice->height_px
                  : slice->height_px >= STRIP_ASPECT * slice->width_px;
}

static float texture(const struct slice_edge *edge)
{
    float mean = 0;
    float squares = 0;

    for (int i = 0; i < SLICE_SAMPLES; i++) {
        mean += edge->levels[i] / (float)SLICE_SAMPLES;
        squares += (float)(edge->levels[i] * edge->levels[i]) / SLICE_SAMPLES;
    }
    return sqrtf(fmaxf(squares - mean * mean, 0));
}

bool slices_go_on(const struct slice *a, const struct slice_edges *a_edges, const struct slice *b,
                  const struct slice_edges *b_edges, enum slice_side side)
{
    static const enum slice_side OPPOSITE[SLICE_SIDES] = {
        [SLICE_TOP] = SLICE_BOTTOM,
        [SLICE_BOTTOM] = SLICE_TOP,
        [SLICE_LEFT] = SLICE_RIGHT,
        [SLICE_RIGHT] = SLICE_LEFT,
    };
    const struct slice_edge *one = &a_edges->sides[side];
    const struct slice_edge *two = &b_edges->sides[OPPOSITE[side]];
    float seam = 0;

    for (int i = 0; i < SLICE_SAMPLES; i++) {
        seam += (float)abs(one->levels[i] - two->levels[i]) / SLICE_SAMPLES;
    }
    if (seam > SEAM_LEVELS + SEAM_TIMES * fmaxf(one->change, two->change)) {
        return false;
    }
    /* Two pictures with white borders meet without a seam, too. */
    return (is_strip(a, side) && is_strip(b, side)) ||
           (texture(one) > TEXTURE_LEVELS && texture(two) > TEXTURE_LEVELS);
}
