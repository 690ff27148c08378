/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Finds the tables of a page. Pages without rulings that meet, or lines with gaps that align, are
 * not looked into any further. Nothing blocks or logs.
 */
#include "workers/tables/tables.h"

#include <string.h>

#include "workers/tables/build.h"
#include "workers/tables/grid.h"
#include "workers/tables/ruled.h"
#include "workers/tables/segments.h"
#include "workers/tables/words.h"

#define GRID_EDGE 2.0F /* points that a cell's text may reach over its grid */

/* What is looked into. */
struct search {
    const struct rulings *rulings;
    struct glyphs *glyphs;
    struct arena *arena;
    struct words words;
    bool *taken;             /* of each word: a table has it */
    struct fragment **found; /* for each table the fragment that stands for it */
    uint32_t found_count, found_capacity;
};

/* The words inside of [x0, x1] x [y0, y1] that no table has. */
static uint32_t words_inside(const struct search *search, float x0, float y0, float x1, float y1,
                             struct word **ret_words)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < search->words.count; i++) {
        struct word *word = &search->words.items[i];
        float x = (word->left + word->right) / 2;
        float y = word->baseline - 0.3F * word->size_pt;

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
static int take(struct search *search, const struct found_table *table, struct error *err)
{
    struct fragment *stand_in = build_stand_in(table, search->arena, err);

    if (!stand_in) {
        return -1;
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
    search->found = arena_calloc(search->arena, grids.count + 1UL, sizeof(struct fragment *));
    if (!search->found) {
        return error_set(err, ERROR_MEMORY, "no memory for %u tables", grids.count);
    }
    for (uint32_t i = 0; i < grids.count; i++) {
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
        if (table) {
            for (uint32_t w = 0; w < count; w++) {
                search->taken[inside[w] - search->words.items] = true;
            }
            if (take(search, table, err) < 0) {
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
    if (find_ruled(&search, &segments, err) < 0) {
        return -1;
    }
    return search.found_count > 0 ? replace(&search, fragments, count, err) : 0;
}

static int in_lines(const void *user, struct glyphs *glyphs, const struct fragment_group *group,
                    struct lines *lines, struct arena *arena, struct error *err)
{
    (void)user;
    (void)glyphs;
    (void)group;
    (void)lines;
    (void)arena;
    (void)err;
    return 0;
}

struct table_finder tables_finder(const struct rulings *rulings)
{
    return (struct table_finder){
        .in_fragments = in_fragments, .in_lines = in_lines, .user = rulings};
}
