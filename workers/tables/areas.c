/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Areas between level rulings.
 *
 * Rulings that begin and end at the same places are one group; what lies between two of them is a
 * band. Neighbouring bands in which rows have gaps, or which are one row high, make a area; a
 * band of running text ends it. Nothing blocks or logs.
 */
#include "workers/tables/areas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workers/tables/rows.h"

#define RULE_MIN 50.0F /* points */
#define SAME_ENDS 5.0F /* points */
#define AREAS_MAX 64U
#define RULES_MAX 2000U /* more are a drawing's */
#define TABULAR_SHARE 3U
#define WIDE_LABEL 0.6F   /* of the width: text, and no title */
#define LABEL_HEIGHT 2.6F /* of the size, for each row: higher bands do not go with a table */

enum band { BAND_EMPTY, BAND_PROSE, BAND_LABEL, BAND_TABULAR };

struct finder {
    const struct glyphs *glyphs;
    struct word *const *words;
    uint32_t word_count;
    struct arena *arena;
    struct word **inside;
    struct areas *areas;
};

/* What lies between two rulings. */
static int judge_band(struct finder *finder, const struct segment *above,
                      const struct segment *below, enum band *ret_band, struct error *err)
{
    struct text_rows rows;
    uint32_t count = 0;
    uint32_t multi = 0;
    uint32_t wide = 0; /* one chunk, over most of the width */

    for (uint32_t i = 0; i < finder->word_count; i++) {
        struct word *word = finder->words[i];
        float x = (word->left + word->right) / 2;
        float y = words_middle(word);

        if (y > above->at && y < below->at && x > above->from && x < above->to) {
            finder->inside[count++] = word;
        }
    }
    *ret_band = BAND_EMPTY;
    if (count == 0) {
        return 0;
    }
    if (rows_find(finder->glyphs, finder->inside, count, finder->arena, &rows, err) < 0) {
        return -1;
    }
    for (uint32_t r = 0; r < rows.count; r++) {
        const struct text_row *row = &rows.items[r];

        multi += row->count >= 2;
        wide += row->count == 1 &&
                row->chunks[0].right - row->chunks[0].left > WIDE_LABEL * (above->to - above->from);
    }
    if (multi * TABULAR_SHARE >= rows.count) {
        *ret_band = BAND_TABULAR;
    } else {
        *ret_band = rows.count <= 2 && wide == 0 &&
                            below->at - above->at < LABEL_HEIGHT * rows.size_pt * (float)rows.count
                        ? BAND_LABEL
                        : BAND_PROSE;
    }
    return 0;
}

static void add_area(struct finder *finder, const struct segment *const *rules, uint32_t first,
                     uint32_t last)
{
    if (finder->areas->count < AREAS_MAX) {
        finder->areas->items[finder->areas->count++] = (struct area){.left = rules[first]->from,
                                                                     .top = rules[first]->at,
                                                                     .right = rules[first]->to,
                                                                     .bottom = rules[last]->at};
    }
}

/* The areas of one group of rulings, from top to bottom. */
static int group_areas(struct finder *finder, const struct segment *const *rules, uint32_t count,
                       struct error *err)
{
    uint32_t first = 0; /* ruling over the first band of the area at hand */
    uint32_t last = 0;  /* ruling under its last band with text */

    for (uint32_t i = 0; i + 1 < count; i++) {
        enum band band;

        if (judge_band(finder, rules[i], rules[i + 1], &band, err) < 0) {
            return -1;
        }
        if (band == BAND_TABULAR) {
            last = i + 1;
        } else if (band == BAND_PROSE || (band != BAND_LABEL && last <= first)) {
            if (last > first) {
                add_area(finder, rules, first, last);
            }
            first = last = i + 1;
        }
    }
    if (last > first) {
        add_area(finder, rules, first, last);
    }
    return 0;
}

int areas_find(const struct glyphs *glyphs, const struct segments *segments,
               struct word *const *words, uint32_t word_count, struct arena *arena,
               struct areas *ret_areas, struct error *err)
{
    struct finder finder = {.glyphs = glyphs,
                            .words = words,
                            .word_count = word_count,
                            .arena = arena,
                            .areas = ret_areas};
    uint32_t count = segments->level_count;
    bool *used = arena_calloc(arena, count + 1UL, sizeof(*used));
    const struct segment **group = arena_calloc(arena, count + 1UL, sizeof(struct segment *));

    finder.inside = arena_calloc(arena, word_count + 1UL, sizeof(struct word *));
    *ret_areas = (struct areas){.items = arena_calloc(arena, AREAS_MAX, sizeof(struct area))};
    if (!used || !group || !finder.inside || !ret_areas->items) {
        return error_set(err, ERROR_MEMORY, "no memory for %u rulings", count);
    }
    if (count > RULES_MAX) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct segment *rule = &segments->level[i];
        uint32_t members = 0;

        if (used[i] || rule->to - rule->from < RULE_MIN) {
            continue;
        }
        for (uint32_t j = i; j < count; j++) {
            const struct segment *other = &segments->level[j];

            if (!used[j] && fabsf(other->from - rule->from) < SAME_ENDS &&
                fabsf(other->to - rule->to) < SAME_ENDS) {
                used[j] = true;
                group[members++] = other;
            }
        }
        if (members >= 2 && group_areas(&finder, group, members, err) < 0) {
            return -1;
        }
    }
    return 0;
}
