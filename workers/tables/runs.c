/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Runs of lines with gaps.
 *
 * Lines one under the other, most of them with a gap that is wider than one between words, are
 * looked into; a few lines above them may be a header. Code is left alone. Nothing blocks or logs.
 */
#include "workers/tables/runs.h"

#include <math.h>
#include <string.h>

#include "workers/tables/aligned.h"
#include "workers/tables/build.h"
#include "workers/tables/segments.h"
#include "workers/tables/words.h"

#define GAP_EM 0.95F     /* of the size: what is wider parts cells */
#define APART_MAX 3.2F   /* of the size: lines farther apart are of different things */
#define EDGE_NEAR 1.5F   /* points */
#define RESUME_MIN 4U    /* parts of a line by which a table is known again */
#define RESUME_MAX 9.0F  /* of the size: how far below */
#define PLAIN_MAX 2U     /* lines without gaps between two that have some */
#define GAPPED_MIN 3U    /* lines with gaps in a run */
#define ABOVE_MAX 10U    /* lines of a header */
#define SPLITS_MAX 3     /* how often a run that is no table is parted and tried again */
#define PROSE_SHARE 0.6F /* of the width: lines without gaps that are so long are text */
#define SPACES_WIDE 3U

struct runs {
    struct glyphs *glyphs;
    const struct fragment_group *group;
    const struct rulings *rulings;
    struct segments segments;
    bool has_segments; /* looked for already */
    struct lines *lines;
    struct arena *arena;
    bool *gapped; /* of each line */
};

/* Whether some spaces drawn one after the other are as wide as a gap. */
static bool has_wide_space(const struct glyphs *glyphs, const struct fragment *fragment)
{
    for (uint32_t r = 0; r < fragment->run_count; r++) {
        const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];
        uint32_t spaces = 0;

        for (uint32_t i = run->first; i < run->first + run->count; i++) {
            spaces = glyphs->items[i].character == ' ' ? spaces + 1 : 0;
            if (spaces >= SPACES_WIDE) {
                return true;
            }
        }
    }
    return false;
}

static bool is_gapped(const struct glyphs *glyphs, const struct line *line)
{
    if (line->table || (line->style & PAGE_STYLE_MONO)) {
        return false;
    }
    for (uint32_t f = 0; f < line->count; f++) {
        if ((f > 0 &&
             line->fragments[f]->left - line->fragments[f - 1]->right > GAP_EM * line->size_pt) ||
            has_wide_space(glyphs, line->fragments[f])) {
            return true;
        }
    }
    return false;
}

/* Whether line stands right under before. */
static bool follows(const struct line *before, const struct line *line)
{
    float apart = line->baseline - before->baseline;

    return !before->table && !line->table && apart > 0 &&
           apart < APART_MAX * fmaxf(line->size_pt, before->size_pt) &&
           line->left < before->right && before->left < line->right &&
           !(line->style & PAGE_STYLE_MONO);
}

/* Whether lines could be of one table though they share no extent: a cell alone in its row. */
static bool may_follow(const struct line *before, const struct line *line)
{
    float apart = line->baseline - before->baseline;

    return !before->table && !line->table && apart > 0 &&
           apart < APART_MAX / 2 * fmaxf(line->size_pt, before->size_pt) &&
           !(line->style & PAGE_STYLE_MONO);
}

/* Whether a fragment of line begins, or ends, where this one does. */
static bool has_edge(const struct line *line, const struct fragment *fragment)
{
    for (uint32_t f = 0; f < line->count; f++) {
        if (fabsf(line->fragments[f]->left - fragment->left) < EDGE_NEAR ||
            fabsf(line->fragments[f]->right - fragment->right) < EDGE_NEAR) {
            return true;
        }
    }
    return false;
}

/* Whether a table goes on behind a wide space in front of line at: the next line with gaps has
 * nearly all its parts where line last has some. */
static bool resumes(const struct runs *runs, uint32_t last, uint32_t at)
{
    const struct line *lines = runs->lines->items;
    const struct line *next;
    uint32_t alike = 0;
    uint32_t i = at;

    while (i < runs->lines->count && i - at < PLAIN_MAX && !runs->gapped[i]) {
        i++;
    }
    next = &lines[i];
    if (i == runs->lines->count || !runs->gapped[i] || next->count < RESUME_MIN ||
        lines[at].baseline <= lines[at - 1].baseline || next->baseline <= lines[last].baseline ||
        next->baseline - lines[last].baseline > RESUME_MAX * next->size_pt) {
        return false;
    }
    for (uint32_t f = 0; f < next->count; f++) {
        alike += has_edge(&lines[last], next->fragments[f]);
    }
    return alike * 5 >= next->count * 4;
}

/* The end of the run that starts with line first, which has gaps. */
static uint32_t run_end(const struct runs *runs, uint32_t first)
{
    const struct line *lines = runs->lines->items;
    float width = lines[first].right - lines[first].left;
    uint32_t end = first + 1;
    uint32_t last = end;

    while (end < runs->lines->count && end - last <= PLAIN_MAX &&
           (follows(&lines[end - 1], &lines[end]) || may_follow(&lines[end - 1], &lines[end]) ||
            resumes(runs, last - 1, end))) {
        if (!runs->gapped[end] && lines[end].right - lines[end].left > PROSE_SHARE * width) {
            break;
        }
        if (runs->gapped[end]) {
            width = fmaxf(width, lines[end].right - lines[end].left);
            last = end + 1;
        }
        end++;
    }
    return last;
}

static uint32_t count_gapped(const struct runs *runs, uint32_t first, uint32_t end)
{
    uint32_t count = 0;

    for (uint32_t i = first; i < end; i++) {
        count += runs->gapped[i];
    }
    return count;
}

/* Lines with a part that may be a number: a table without rulings has some. */
static uint32_t count_numbers(const struct runs *runs, uint32_t first, uint32_t end)
{
    uint32_t count = 0;

    for (uint32_t i = first; i < end; i++) {
        const struct line *line = &runs->lines->items[i];
        uint32_t f = 0;

        while (f < line->count && line->fragments[f]->letters * 2 > line->fragments[f]->chars &&
               !has_wide_space(runs->glyphs, line->fragments[f])) {
            f++;
        }
        count += f < line->count && runs->gapped[i];
    }
    return count;
}

/* Puts one line, which stands for the table, in the place of lines first to end. ret_end: behind
 * it. */
static int replace(struct runs *runs, uint32_t first, uint32_t end, const struct found_table *table,
                   uint32_t *ret_end, struct error *err)
{
    struct line *lines = runs->lines->items;
    struct fragment **place = arena_alloc(runs->arena, sizeof(struct fragment *));
    struct line line = {.table = table, .count = 1, .starts_block = true};

    if (!place) {
        return error_set(err, ERROR_MEMORY, "no memory for a table");
    }
    *place = build_stand_in(table, runs->arena, err);
    if (!*place) {
        return -1;
    }
    line.fragments = place;
    lines_measure(runs->glyphs, &line);
    line.wide_gaps = 1;
    lines[first] = line;
    memmove(&lines[first + 1], &lines[end], (runs->lines->count - end) * sizeof(*lines));
    memmove(&runs->gapped[first + 1], &runs->gapped[end],
            (runs->lines->count - end) * sizeof(*runs->gapped));
    runs->gapped[first] = false;
    runs->lines->count -= end - first - 1;
    if (first + 1 < runs->lines->count) {
        lines[first + 1].starts_block = true;
    }
    *ret_end = first + 1;
    return 0;
}

/* The line in front of which the widest space of the run is; first where none is wide. */
static uint32_t widest_space(const struct runs *runs, uint32_t first, uint32_t end)
{
    uint32_t widest = first;
    float most = 0;

    for (uint32_t i = first + 1; i < end; i++) {
        float apart = runs->lines->items[i].baseline - runs->lines->items[i - 1].baseline;

        if (apart > most * 1.05F) {
            most = apart;
            widest = i;
        }
    }
    return widest;
}

/* The words of lines, line by line, and which of them a table has. */
struct asked {
    struct words words;
    uint32_t *ends; /* of each line's words */
    bool *used;
};

static int ask(const struct runs *runs, uint32_t first, uint32_t end, struct asked *ret_asked,
               struct error *err)
{
    const struct line *lines = runs->lines->items;
    struct fragment **fragments;
    uint32_t count = 0;
    uint32_t w = 0;

    for (uint32_t i = first; i < end; i++) {
        count += lines[i].count;
    }
    fragments = arena_calloc(runs->arena, count, sizeof(struct fragment *));
    ret_asked->ends = arena_calloc(runs->arena, end - first, sizeof(*ret_asked->ends));
    if (!fragments || !ret_asked->ends) {
        error_set(err, ERROR_MEMORY, "no memory for %u fragments", count);
        return -1;
    }
    count = 0;
    for (uint32_t i = first; i < end; i++) {
        for (uint32_t f = 0; f < lines[i].count; f++) {
            fragments[count++] = lines[i].fragments[f];
        }
    }
    if (words_find(runs->glyphs, fragments, count, runs->arena, &ret_asked->words, err) < 0) {
        return -1;
    }
    ret_asked->used =
        arena_calloc(runs->arena, ret_asked->words.count + 1UL, sizeof(*ret_asked->used));
    if (!ret_asked->used) {
        error_set(err, ERROR_MEMORY, "no memory for %u words", ret_asked->words.count);
        return -1;
    }
    for (uint32_t i = first; i < end; i++) {
        for (uint32_t f = 0; f < lines[i].count; f++) {
            while (w < ret_asked->words.count &&
                   ret_asked->words.items[w].fragment == lines[i].fragments[f]) {
                w++;
            }
        }
        ret_asked->ends[i - first] = w;
    }
    return 0;
}

/* The lines, among count that were asked about, which the table has as a whole. False where it
 * has parts of a line, or not all lines between its first and its last. */
static bool find_lines(const struct asked *asked, uint32_t count, uint32_t *ret_first,
                       uint32_t *ret_end)
{
    uint32_t lines = 0;
    uint32_t w = 0;

    *ret_first = count;
    *ret_end = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = w;
        uint32_t used = 0;

        for (; w < asked->ends[i]; w++) {
            used += asked->used[w];
        }
        if (used == 0) {
            continue;
        }
        if (used < w - first) {
            return false;
        }
        *ret_first = i < *ret_first ? i : *ret_first;
        *ret_end = i + 1;
        lines++;
    }
    return lines > 0 && lines == *ret_end - *ret_first;
}

/* Looks for a table in lines first to end, and in those from above on, whose lines are in
 * [*ret_first, *ret_end) then; they are equal where there is none. */
static int find_table(struct runs *runs, uint32_t above, uint32_t first, uint32_t end,
                      bool *ret_hopeless, struct found_table **ret_table, uint32_t *ret_first,
                      uint32_t *ret_end, struct error *err)
{
    const struct line *lines = runs->lines->items;
    struct aligned_request request = {
        .rules = runs->segments.level,
        .rule_count = runs->segments.level_count,
        .hopeless = ret_hopeless,
        .core_top = lines[first].baseline - 0.3F * lines[first].size_pt,
        .core_bottom = lines[end - 1].baseline + 0.3F * lines[end - 1].size_pt};
    struct asked asked = {.ends = NULL};
    struct word **used = NULL;
    uint32_t used_count = 0;

    *ret_table = NULL;
    *ret_first = 0;
    *ret_end = 0;
    if (ask(runs, above, end, &asked, err) < 0) {
        return -1;
    }
    request.count = asked.words.count;
    request.words = arena_calloc(runs->arena, request.count + 1UL, sizeof(struct word *));
    if (!request.words) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", request.count);
    }
    for (uint32_t i = 0; i < request.count; i++) {
        request.words[i] = &asked.words.items[i];
    }
    if (aligned_make(runs->glyphs, &request, runs->arena, ret_table, &used, &used_count, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; *ret_table && i < used_count; i++) {
        asked.used[used[i] - asked.words.items] = true;
    }
    if (*ret_table && !find_lines(&asked, end - above, ret_first, ret_end)) {
        *ret_table = NULL;
    }
    *ret_first += above;
    *ret_end += above;
    return 0;
}

/* Tries lines first to end, and those above; ret_end: behind what became of them. */
static int try_run(struct runs *runs, uint32_t first, uint32_t end, uint32_t floor, int splits,
                   uint32_t *ret_end, struct error *err)
{
    const struct line *lines = runs->lines->items;
    uint32_t gapped = count_gapped(runs, first, end);
    uint32_t above = first;
    uint32_t line_count = runs->lines->count;
    bool hopeless = false;
    struct found_table *table;
    uint32_t middle, upper_end;
    uint32_t table_first = first;
    uint32_t table_end = end;

    *ret_end = end;
    if (gapped < GAPPED_MIN || gapped * 2 < end - first ||
        count_numbers(runs, first, end) < GAPPED_MIN) {
        return 0;
    }
    if (!runs->has_segments && runs->rulings) {
        runs->has_segments = true;
        if (segments_find(runs->rulings, runs->group->ux, runs->group->uy, runs->arena,
                          &runs->segments, err) < 0) {
            return -1;
        }
    }
    while (above > floor && first - above < ABOVE_MAX &&
           may_follow(&lines[above - 1], &lines[above])) {
        above--;
    }
    if (find_table(runs, above, first, end, &hopeless, &table, &table_first, &table_end, err) < 0) {
        return -1;
    }
    if (table) {
        return replace(runs, table_first, table_end, table, ret_end, err);
    }
    middle = widest_space(runs, first, end);
    if (splits == 0 || middle == first || hopeless) {
        return 0;
    }
    if (try_run(runs, first, middle, floor, splits - 1, &upper_end, err) < 0) {
        return -1;
    }
    end -= line_count - runs->lines->count;
    return try_run(runs, upper_end, end, upper_end, splits - 1, ret_end, err);
}

int runs_find_tables(struct glyphs *glyphs, const struct fragment_group *group,
                     const struct rulings *rulings, struct lines *lines, struct arena *arena,
                     struct error *err)
{
    struct runs runs = {
        .glyphs = glyphs, .group = group, .rulings = rulings, .lines = lines, .arena = arena};
    uint32_t floor = 0; /* lines before it are taken */
    uint32_t gapped = 0;

    runs.gapped = arena_calloc(arena, lines->count + 1UL, sizeof(*runs.gapped));
    if (!runs.gapped) {
        return error_set(err, ERROR_MEMORY, "no memory for %u lines", lines->count);
    }
    for (uint32_t i = 0; i < lines->count; i++) {
        runs.gapped[i] = is_gapped(glyphs, &lines->items[i]);
        gapped += runs.gapped[i];
    }
    for (uint32_t i = 0; i < lines->count && gapped >= GAPPED_MIN;) {
        if (!runs.gapped[i]) {
            i++;
            continue;
        }
        if (try_run(&runs, i, run_end(&runs, i), floor, SPLITS_MAX, &i, err) < 0) {
            return -1;
        }
        floor = i;
    }
    return 0;
}
