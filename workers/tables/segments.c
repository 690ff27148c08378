/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page's rulings as seen along one direction of writing.
 *
 * Segments are sorted by where they lie; those that lie within a line's breadth of each other are
 * one line, and parts of a line that touch, or nearly, are one segment. The edges of shaded
 * rectangles count as rulings. Nothing blocks or logs.
 */
#include "workers/tables/segments.h"

#include <math.h>
#include <stdlib.h>

#define SLANT 0.01F     /* of the length: so far from level is level yet */
#define SLANT_PT 0.7F   /* or so far */
#define LINE_MERGE 1.6F /* points between lines that are one, drawn twice or as an outline */
#define LINE_BREADTH 3.2F
#define GAP_MERGE 3.0F  /* points between parts of one line, a dashed one for instance */
#define LENGTH_MIN 5.0F /* points: shorter ones rule no table */
#define FILL_MIN 6.0F   /* points: the sides of a shaded cell */
#define LIGHT_TESTS 200000U

struct frame {
    float ux, uy;
};

static float along(const struct frame *frame, float x, float y)
{
    return frame->ux * x + frame->uy * y;
}

static float across(const struct frame *frame, float x, float y)
{
    return frame->ux * y - frame->uy * x;
}

static bool is_light(uint32_t rgb)
{
    return (rgb >> 16 & 0xFF) >= 0xF4 && (rgb >> 8 & 0xFF) >= 0xF4 && (rgb & 0xFF) >= 0xF4;
}

/* Whether a white line can be seen: it lies on something shaded. */
static bool is_on_shade(const struct rulings *rulings, const struct ruling *ruling,
                        uint32_t *tests_left)
{
    float x = (ruling->x0 + ruling->x1) / 2;
    float y = (ruling->y0 + ruling->y1) / 2;

    for (uint32_t i = 0; i<rulings->fill_count && * tests_left> 0; i++) {
        const struct ruling_fill *fill = &rulings->fills[i];

        (*tests_left)--;
        if (!is_light(fill->color_rgb) && x > fminf(fill->x[0], fill->x[2]) - 1 &&
            x < fmaxf(fill->x[0], fill->x[2]) + 1 && y > fminf(fill->y[0], fill->y[2]) - 1 &&
            y < fmaxf(fill->y[0], fill->y[2]) + 1) {
            return true;
        }
    }
    return false;
}

static void add(struct segments *segments, const struct frame *frame, const float x[2],
                const float y[2])
{
    float a0 = along(frame, x[0], y[0]);
    float a1 = along(frame, x[1], y[1]);
    float c0 = across(frame, x[0], y[0]);
    float c1 = across(frame, x[1], y[1]);
    float width = fabsf(a1 - a0);
    float height = fabsf(c1 - c0);

    if (height <= fmaxf(SLANT * width, SLANT_PT) && width >= height) {
        segments->level[segments->level_count++] =
            (struct segment){.at = (c0 + c1) / 2, .from = fminf(a0, a1), .to = fmaxf(a0, a1)};
    } else if (width <= fmaxf(SLANT * height, SLANT_PT)) {
        segments->upright[segments->upright_count++] =
            (struct segment){.at = (a0 + a1) / 2, .from = fminf(c0, c1), .to = fmaxf(c0, c1)};
    }
}

/* The sides of shaded rectangles that lie along the frame. */
static void add_fill(struct segments *segments, const struct frame *frame,
                     const struct ruling_fill *fill)
{
    for (int i = 0; i < 4; i++) {
        int next = (i + 1) % 4;

        add(segments, frame, (float[2]){fill->x[i], fill->x[next]},
            (float[2]){fill->y[i], fill->y[next]});
    }
}

static int by_place(const void *a, const void *b)
{
    const struct segment *x = a;
    const struct segment *y = b;

    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    return (x->from > y->from) - (x->from < y->from);
}

static int by_from(const void *a, const void *b)
{
    const struct segment *x = a;
    const struct segment *y = b;

    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

/* Makes segments of the parts of one line, which are sorted by from; returns how many. */
static uint32_t merge_line(struct segment *parts, uint32_t count, struct segment *out)
{
    uint32_t written = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (written > 0 && parts[i].from <= out[written - 1].to + GAP_MERGE) {
            out[written - 1].to = fmaxf(out[written - 1].to, parts[i].to);
        } else {
            out[written++] = parts[i];
        }
    }
    return written;
}

/* Merges in place; returns how many are left. */
static uint32_t merge(struct segment *segments, uint32_t count)
{
    uint32_t kept = 0;

    qsort(segments, count, sizeof(*segments), by_place);
    for (uint32_t first = 0, end; first < count; first = end) {
        float at = 0;
        uint32_t merged;
        uint32_t line = kept;

        for (end = first; end < count &&
                          (end == first || (segments[end].at - segments[end - 1].at <= LINE_MERGE &&
                                            segments[end].at - segments[first].at <= LINE_BREADTH));
             end++) {
            at += segments[end].at - segments[first].at;
        }
        at = segments[first].at + at / (float)(end - first);
        qsort(&segments[first], end - first, sizeof(*segments), by_from);
        merged = merge_line(&segments[first], end - first, &segments[line]);
        for (uint32_t i = line; i < line + merged; i++) {
            if (segments[i].to - segments[i].from >= LENGTH_MIN) {
                segments[kept] = segments[i];
                segments[kept++].at = at;
            }
        }
    }
    return kept;
}

int segments_find(const struct rulings *rulings, float ux, float uy, struct arena *arena,
                  struct segments *ret_segments, struct error *err)
{
    struct frame frame = {ux, uy};
    uint32_t tests_left = LIGHT_TESTS;
    size_t most = rulings->count + 4UL * rulings->fill_count + 1;

    *ret_segments = (struct segments){NULL, NULL, 0, 0};
    if (rulings->full || rulings->failed || rulings->count + rulings->fill_count == 0) {
        return 0;
    }
    ret_segments->level = arena_calloc(arena, most, sizeof(struct segment));
    ret_segments->upright = arena_calloc(arena, most, sizeof(struct segment));
    if (!ret_segments->level || !ret_segments->upright) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu rulings", most);
    }
    for (uint32_t i = 0; i < rulings->count; i++) {
        const struct ruling *ruling = &rulings->items[i];

        if (!ruling->light || is_on_shade(rulings, ruling, &tests_left)) {
            add(ret_segments, &frame, (float[2]){ruling->x0, ruling->x1},
                (float[2]){ruling->y0, ruling->y1});
        }
    }
    for (uint32_t i = 0; i < rulings->fill_count; i++) {
        const struct ruling_fill *fill = &rulings->fills[i];

        if (!is_light(fill->color_rgb) &&
            hypotf(fill->x[1] - fill->x[0], fill->y[1] - fill->y[0]) >= FILL_MIN &&
            hypotf(fill->x[2] - fill->x[1], fill->y[2] - fill->y[1]) >= FILL_MIN) {
            add_fill(ret_segments, &frame, fill);
        }
    }
    ret_segments->level_count = merge(ret_segments->level, ret_segments->level_count);
    ret_segments->upright_count = merge(ret_segments->upright, ret_segments->upright_count);
    return 0;
}
