/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Finds the tables of a page. Pages without rulings that meet, or lines with gaps that align, are
 * not looked into any further. Nothing blocks or logs.
 */
#include "workers/tables/tables.h"

#include <math.h>
#include <string.h>

#include "workers/tables/aligned.h"
#include "workers/tables/build.h"
#include "workers/tables/grid.h"
#include "workers/tables/areas.h"
#include "workers/tables/ruled.h"
#include "workers/tables/runs.h"
#include "workers/tables/segments.h"
#include "workers/tables/words.h"

#define FOUND_MAX 256U /* tables of a page */
#define GRID_EDGE 2.0F /* points that a cell's text may reach over its grid */

/* What is looked into. */
struct search {
    const struct rulings *rulings;
    struct glyphs *glyphs;
    struct arena *arena;
    struct words words;
    bool *taken;                       /* of each word: a table has it */
    struct fragment *found[FOUND_MAX]; /* for each table the fragment that stands for it */
    uint32_t found_count;
};

/* The words inside of [x0, x1] x [y0, y1] that no table has. */
static uint32_t words_inside(const struct search *search, float x0, float y0, float x1, float y1,
                             struct word **ret_words)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < search->words.count; i++) {
        struct word *word = &search->words.items[i];
        float x = (word->left + word->right) / 2;
        float y = words_middle(word);

        if (!search->taken[i] && x > x0 - GRID_EDGE && x < x1 + GRID_EDGE && y > y0 - GRID_EDGE &&
            y < y1 + GRID_EDGE) {
            ret_words[count++] = word;
        }
    }
    return count;
}

/* Whether a table was found inside of the grid's extent. */
static bool holds_table(const struct search *search, const struct grid *grid)
{
    for (uint32_t i = 0; i < search->found_count; i++) {
        const struct fragment *found = search->found[i];
        float x = (found->left + found->right) / 2;
        float y = (found->top + found->bottom) / 2;

        if (x > grid->xs[0] && x < grid->xs[grid->columns] && y > grid->ys[0] &&
            y < grid->ys[grid->rows]) {
            return true;
        }
    }
    return false;
}

/* Marks the table's words and keeps what stands for it. */
static int take(struct search *search, const struct found_table *table, struct word *const *words,
                uint32_t count, struct error *err)
{
    struct fragment *stand_in = build_stand_in(table, search->arena, err);

    if (!stand_in) {
        return -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        search->taken[words[i] - search->words.items] = true;
    }
    search->found[search->found_count++] = stand_in;
    return 0;
}

static int find_ruled(struct search *search, struct segments *segments, struct error *err)
{
    struct word **inside =
        arena_calloc(search->arena, search->words.count + 1UL, sizeof(struct word *));
    struct grids grids;

    if (!inside) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", search->words.count);
    }
    if (grids_find(segments, search->arena, &grids, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < grids.count && search->found_count < FOUND_MAX; i++) {
        struct grid *grid = &grids.items[i];
        struct found_table *table;
        uint32_t count;

        if (holds_table(search, grid)) {
            continue;
        }
        count = words_inside(search, grid->xs[0], grid->ys[0], grid->xs[grid->columns],
                             grid->ys[grid->rows], inside);
        if (ruled_make(search->glyphs, grid, inside, count, search->arena, &table, err) < 0) {
            return -1;
        }
        if (table && take(search, table, inside, count, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Whether a table was found that the area's middle, or more of it, belongs to. */
static bool is_taken(const struct search *search, const struct area *area)
{
    for (uint32_t i = 0; i < search->found_count; i++) {
        const struct fragment *found = search->found[i];

        if (fminf(found->right, area->right) - fmaxf(found->left, area->left) > 0 &&
            fminf(found->bottom, area->bottom) - fmaxf(found->top, area->top) >
                0.3F * (area->bottom - area->top)) {
            return true;
        }
    }
    return false;
}

/* Tables between level rulings. */
static int find_bounded(struct search *search, const struct segments *segments, struct error *err)
{
    uint32_t most = search->words.count;
    struct word **inside = arena_calloc(search->arena, most + 1UL, sizeof(struct word *));
    struct areas areas;
    uint32_t count;

    if (!inside) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", most);
    }
    count = words_inside(search, -INFINITY, -INFINITY, INFINITY, INFINITY, inside);
    if (areas_find(search->glyphs, segments, inside, count, search->arena, &areas, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < areas.count; i++) {
        const struct area *area = &areas.items[i];
        struct aligned_request request = {.words = inside,
                                          .rules = segments->level,
                                          .rule_count = segments->level_count,
                                          .bounded = true};
        struct found_table *table;
        struct word **used;
        uint32_t used_count;

        if (search->found_count == FOUND_MAX || is_taken(search, area)) {
            continue;
        }
        request.count = words_inside(search, area->left, area->top - GRID_EDGE, area->right,
                                     area->bottom - GRID_EDGE, inside);
        if (aligned_make(search->glyphs, &request, search->arena, &table, &used, &used_count, err) <
            0) {
            return -1;
        }
        if (table) {
            table->ruled = true;
            table->left = fminf(table->left, area->left);
            table->right = fmaxf(table->right, area->right);
            table->top = fminf(table->top, area->top);
            table->bottom = fmaxf(table->bottom, area->bottom);
            if (take(search, table, used, used_count, err) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Takes the tables' text out of fragments and puts what stands for them in. */
static int replace(struct search *search, struct fragment ***fragments, uint32_t *count,
                   struct error *err)
{
    const struct words *words = &search->words;
    size_t most = (size_t)words->count + *count + search->found_count;
    struct fragment **kept = arena_calloc(search->arena, most + 1, sizeof(struct fragment *));
    uint32_t kept_count = 0;
    uint32_t w = 0;

    if (!kept) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu fragments", most);
    }
    for (uint32_t i = 0; i < *count; i++) {
        while (w < words->count && words->items[w].fragment == (*fragments)[i]) {
            uint32_t first = w;

            while (w < words->count && words->items[w].fragment == (*fragments)[i] &&
                   search->taken[w] == search->taken[first]) {
                w++;
            }
            if (!search->taken[first] &&
                words_make_fragment(search->glyphs, &words->items[first], w - first, search->arena,
                                    &kept[kept_count++], err) < 0) {
                return -1;
            }
        }
    }
    memcpy(&kept[kept_count], search->found, search->found_count * sizeof(struct fragment *));
    *fragments = kept;
    *count = kept_count + search->found_count;
    return 0;
}

static int in_fragments(const void *user, struct glyphs *glyphs, const struct fragment_group *group,
                        struct fragment ***fragments, uint32_t *count, struct arena *arena,
                        struct error *err)
{
    const struct rulings *rulings = user;
    struct search search = {.rulings = rulings, .glyphs = glyphs, .arena = arena};
    struct segments segments;

    if (!rulings || rulings->count + rulings->fill_count == 0 || group->vertical || *count < 3) {
        return 0;
    }
    if (segments_find(rulings, group->ux, group->uy, arena, &segments, err) < 0) {
        return -1;
    }
    if (segments.level_count == 0 || segments.level_count + segments.upright_count < 3) {
        return 0;
    }
    if (words_find(glyphs, *fragments, *count, arena, &search.words, err) < 0) {
        return -1;
    }
    search.taken = arena_calloc(arena, search.words.count + 1UL, sizeof(*search.taken));
    if (!search.taken) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", search.words.count);
    }
    if (find_ruled(&search, &segments, err) < 0 || find_bounded(&search, &segments, err) < 0) {
        return -1;
    }
    return search.found_count > 0 ? replace(&search, fragments, count, err) : 0;
}

static int in_lines(const void *user, struct glyphs *glyphs, const struct fragment_group *group,
                    struct lines *lines, struct arena *arena, struct error *err)
{
    return group->vertical ? 0 : runs_find_tables(glyphs, group, user, lines, arena, err);
}

struct table_finder tables_finder(const struct rulings *rulings)
{
    return (struct table_finder){
        .in_fragments = in_fragments, .in_lines = in_lines, .user = rulings};
}
