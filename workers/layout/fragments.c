/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From runs to fragments.
 *
 * Invariants: every fragment has at least one character that is no space; runs of spaces alone
 * belong to the fragment that they follow, or to none. Nothing blocks or logs.
 */
#include "workers/layout/fragments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Parts of the larger size: how far a baseline may rise or sink within a fragment (superscripts),
 * and how near a second drawing of the same text must be to be its shadow. */
#define BASELINE_SHIFT 0.45F
#define SHADOW_SHIFT 0.12F
#define SHADOW_BACK 32U /* fragments looked back at */
/* The band of a line that decides which line is above which: narrower than ascent to descent, so
 * that tightly set lines do not touch. */
#define BAND_OVER 0.7F
#define BAND_UNDER 0.12F
#define LEADER_DOTS 4U /* fewer are an ellipsis */
#define GROUPS_MAX 64

struct builder {
    const struct glyphs *glyphs;
    float width_pt, height_pt;
    struct fragment *items;
    int16_t *group_of; /* of each fragment */
    uint32_t count;
    struct fragment_group *groups;
    uint32_t group_count;
};

static const struct glyph *run_first_glyph(const struct glyphs *glyphs, const struct glyph_run *run)
{
    return &glyphs->items[run->first];
}

static const struct glyph *run_last_glyph(const struct glyphs *glyphs, const struct glyph_run *run)
{
    return &glyphs->items[run->first + run->count - 1];
}

/* What a run shows: its first and last character that is no space, and how many there are. */
struct ink {
    const struct glyph *first, *last;
    uint32_t chars, letters, dots;
};

static bool is_letter(uint32_t c)
{
    return (c | 0x20) - 'a' < 26 || c >= 0xC0;
}

static struct ink run_ink(const struct glyphs *glyphs, const struct glyph_run *run)
{
    struct ink ink = {0};
    const struct glyph *items = run_first_glyph(glyphs, run);
    uint32_t first = 0;
    uint32_t end = run->count;

    while (first < end && items[first].character == ' ') {
        first++;
    }
    while (end > first && items[end - 1].character == ' ') {
        end--;
    }
    for (uint32_t i = first; i < end; i++) {
        ink.chars += items[i].character != ' ';
        ink.letters += is_letter(items[i].character);
        ink.dots += items[i].character == '.';
    }
    if (ink.chars > 0) {
        ink.first = &items[first];
        ink.last = &items[end - 1];
    }
    return ink;
}

/* Whether run goes on where the run before it, the fragment's last, stopped. */
static bool continues(const struct glyphs *glyphs, const struct fragment *fragment,
                      const struct glyph_run *before, const struct glyph_run *run)
{
    float size = fmaxf(fragment->size_pt, run->size_pt);
    float gap = run_first_glyph(glyphs, run)->start - run_last_glyph(glyphs, before)->end;

    return run->vertical == before->vertical &&
           run->ux * before->ux + run->uy * before->uy > 0.999F &&
           fabsf(run->baseline - fragment->baseline) < BASELINE_SHIFT * size &&
           gap < GLYPHS_SPLIT_GAP * size && gap > -GLYPHS_STEP_BACK * size;
}

static int16_t group_find(struct builder *builder, const struct glyph_run *run)
{
    struct fragment_group *groups = builder->groups;
    uint32_t count = builder->group_count;

    for (uint32_t i = 0; i < count; i++) {
        if (groups[i].angle_deg == run->angle_deg && groups[i].vertical == run->vertical) {
            return (int16_t)i;
        }
    }
    if (count == GROUPS_MAX) {
        return GROUPS_MAX - 1;
    }
    groups[count] = (struct fragment_group){
        .ux = run->ux, .uy = run->uy, .angle_deg = run->angle_deg, .vertical = run->vertical};
    builder->group_count++;
    return (int16_t)count;
}

/* Moves the fragment from its first run's frame to its group's, where the two differ a little. */
static void to_group_frame(struct fragment *fragment, const struct glyph_run *run,
                           const struct fragment_group *group)
{
    float x, y, left, shift;

    if (run->ux == group->ux && run->uy == group->uy) {
        return;
    }
    x = run->ux * fragment->left - run->uy * fragment->baseline;
    y = run->uy * fragment->left + run->ux * fragment->baseline;
    left = group->ux * x + group->uy * y;
    shift = -group->uy * x + group->ux * y - fragment->baseline;
    fragment->right += left - fragment->left;
    fragment->left = left;
    fragment->top += shift;
    fragment->bottom += shift;
    fragment->baseline += shift;
}

static bool is_off_page(const struct builder *builder, const struct fragment *fragment,
                        const struct glyph_run *run)
{
    float xs[2] = {run->ux * fragment->left - run->uy * fragment->bottom,
                   run->ux * fragment->right - run->uy * fragment->top};
    float ys[2] = {run->uy * fragment->left + run->ux * fragment->bottom,
                   run->uy * fragment->right + run->ux * fragment->top};

    return fmaxf(xs[0], xs[1]) <= 0 || fminf(xs[0], xs[1]) >= builder->width_pt ||
           fmaxf(ys[0], ys[1]) <= 0 || fminf(ys[0], ys[1]) >= builder->height_pt;
}

static bool same_text(const struct glyphs *glyphs, const struct fragment *a,
                      const struct fragment *b)
{
    const struct glyph_run *runs = glyphs->runs;
    uint32_t first_a = runs[a->run_first].first;
    uint32_t first_b = runs[b->run_first].first;
    uint32_t end_a =
        runs[a->run_first + a->run_count - 1].first + runs[a->run_first + a->run_count - 1].count;
    uint32_t end_b =
        runs[b->run_first + b->run_count - 1].first + runs[b->run_first + b->run_count - 1].count;

    if (end_a - first_a != end_b - first_b) {
        return false;
    }
    for (uint32_t i = 0; i < end_a - first_a; i++) {
        if (glyphs->items[first_a + i].character != glyphs->items[first_b + i].character) {
            return false;
        }
    }
    return true;
}

/* Whether one of the last fragments drew the same text in the same place. */
static bool is_shadow(const struct builder *builder, const struct fragment *fragment)
{
    float near = SHADOW_SHIFT * fragment->size_pt;

    for (uint32_t back = 1; back <= SHADOW_BACK && back <= builder->count; back++) {
        const struct fragment *before = fragment - back;

        if (before->chars == fragment->chars && fabsf(before->left - fragment->left) < near &&
            fabsf(before->baseline - fragment->baseline) < near &&
            fabsf(before->right - fragment->right) < near &&
            builder->group_of[builder->count - back] == builder->group_of[builder->count] &&
            same_text(builder->glyphs, before, fragment)) {
            return true;
        }
    }
    return false;
}

/* Puts the finished fragment into its group, or forgets it. */
static void finish(struct builder *builder, struct fragment *fragment)
{
    const struct glyph_run *run = &builder->glyphs->runs[fragment->run_first];
    int16_t group;

    if (fragment->chars == 0) {
        return;
    }
    fragment->top = fragment->baseline - BAND_OVER * fragment->size_pt;
    fragment->bottom = fragment->baseline + BAND_UNDER * fragment->size_pt;
    if (run->vertical) {
        fragment->top = fragment->baseline - 0.45F * fragment->size_pt;
        fragment->bottom = fragment->baseline + 0.45F * fragment->size_pt;
    }
    fragment->leader = fragment->dots >= LEADER_DOTS && fragment->dots == fragment->chars;
    fragment->off_page = is_off_page(builder, fragment, run);
    fragment->initial_bottom = -INFINITY;
    group = group_find(builder, run);
    to_group_frame(fragment, run, &builder->groups[group]);
    builder->group_of[builder->count] = group;
    if (is_shadow(builder, fragment)) {
        return;
    }
    fragment->order = builder->count++;
    builder->groups[group].count++;
    builder->groups[group].chars += fragment->chars;
}

static void start(struct fragment *fragment, uint32_t index, const struct glyph_run *run)
{
    *fragment =
        (struct fragment){.run_first = index, .baseline = run->baseline, .size_pt = run->size_pt};
}

static void extend(const struct glyphs *glyphs, struct fragment *fragment,
                   const struct glyph_run *run)
{
    struct ink ink = run_ink(glyphs, run);

    fragment->run_count++;
    if (ink.chars == 0) {
        return;
    }
    if (fragment->chars == 0 || run->size_pt > fragment->size_pt * 1.05F) {
        fragment->size_pt = run->size_pt;
        fragment->baseline = run->baseline;
    }
    if (fragment->chars == 0) {
        fragment->left = ink.first->start;
        fragment->right = ink.last->end;
    }
    fragment->left = fminf(fragment->left, ink.first->start);
    fragment->right = fmaxf(fragment->right, ink.last->end);
    fragment->chars += ink.chars;
    fragment->letters += ink.letters;
    fragment->dots += ink.dots;
}

static void collect(struct builder *builder)
{
    const struct glyphs *glyphs = builder->glyphs;
    const struct glyph_run *before = NULL;
    struct fragment *fragment = NULL;

    for (uint32_t i = 0; i < glyphs->run_count; i++) {
        const struct glyph_run *run = &glyphs->runs[i];

        if (run->count == 0) {
            continue;
        }
        if (fragment && !continues(glyphs, fragment, before, run)) {
            finish(builder, fragment);
            fragment = NULL;
        }
        if (!fragment) {
            fragment = &builder->items[builder->count];
            start(fragment, i, run);
        }
        extend(glyphs, fragment, run);
        before = run;
    }
    if (fragment) {
        finish(builder, fragment);
    }
}

/* Sorts the fragments into their groups, in drawing order, and puts the largest group first. */
static int split_groups(struct builder *builder, struct arena *arena, struct error *err)
{
    struct fragment_group *groups = builder->groups;
    uint32_t largest = 0;

    if (builder->group_count == 1) {
        groups[0].items = builder->items;
        return 0;
    }
    for (uint32_t g = 0; g < builder->group_count; g++) {
        groups[g].items = arena_calloc(arena, groups[g].count, sizeof(*groups[g].items));
        if (!groups[g].items) {
            return error_set(err, ERROR_MEMORY, "no memory for %u fragments", groups[g].count);
        }
        groups[g].count = 0;
    }
    for (uint32_t i = 0; i < builder->count; i++) {
        struct fragment_group *group = &groups[builder->group_of[i]];

        group->items[group->count++] = builder->items[i];
    }
    for (uint32_t g = 1; g < builder->group_count; g++) {
        if (groups[g].chars > groups[largest].chars) {
            largest = g;
        }
    }
    struct fragment_group first = groups[largest];

    memmove(&groups[1], &groups[0], largest * sizeof(*groups));
    groups[0] = first;
    return 0;
}

int fragments_build(const struct glyphs *glyphs, float width_pt, float height_pt,
                    struct arena *arena, struct fragment_group **ret_groups,
                    uint32_t *ret_group_count, struct error *err)
{
    struct builder builder = {.glyphs = glyphs, .width_pt = width_pt, .height_pt = height_pt};
    size_t most = glyphs->run_count + 1;

    builder.items = arena_calloc(arena, most, sizeof(*builder.items));
    builder.group_of = arena_calloc(arena, most, sizeof(*builder.group_of));
    builder.groups = arena_calloc(arena, GROUPS_MAX, sizeof(*builder.groups));
    if (!builder.items || !builder.group_of || !builder.groups) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu runs", most);
    }
    collect(&builder);
    if (split_groups(&builder, arena, err) < 0) {
        return -1;
    }
    *ret_groups = builder.groups;
    *ret_group_count = builder.group_count;
    return 0;
}
