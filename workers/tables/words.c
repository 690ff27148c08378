/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Words of fragments, and fragments of words. Nothing blocks or logs.
 */
#include "workers/tables/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAME_LINE 0.5F /* of the smaller size, between baselines */
#define LEADER_DOTS 4U /* fewer are an ellipsis */
#define SCRIPT_SHIFT 0.62F
#define SCRIPT_CHARS 4U
#define RUNS_MORE 64U

/* --- from fragments to words --- */

static bool is_digit(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 0x660 && c <= 0x669) || (c >= 0x6F0 && c <= 0x6F9) ||
           (c >= 0x966 && c <= 0x96F) || (c >= 0xFF10 && c <= 0xFF19);
}

static bool is_letter(uint32_t c)
{
    return (c | 0x20) - 'a' < 26 || (c >= 0xC0 && c < 0x2000) || (c >= 0x2C00 && c < 0xFF00);
}

static void word_begin(struct word *word, struct fragment *fragment, const struct glyph_run *run,
                       uint32_t first, uint32_t character)
{
    *word = (struct word){.left = INFINITY,
                          .right = -INFINITY,
                          .top = fragment->top,
                          .bottom = fragment->bottom,
                          .baseline = fragment->baseline,
                          .size_pt = fragment->size_pt,
                          .fragment = fragment,
                          .first = first,
                          .end = first,
                          .initial = character,
                          .style = run->style};
}

static void word_add(struct word *word, const struct glyph *glyph, uint32_t index)
{
    word->left = fminf(word->left, glyph->start);
    word->right = fmaxf(word->right, glyph->end);
    word->end = index + 1;
    word->chars++;
    word->digits += is_digit(glyph->character);
    word->letters += is_letter(glyph->character) && !is_digit(glyph->character);
}

/* Dots alone are one word, which stands where they lead to: they may be drawn under the text that
 * they lead from. */
static uint32_t leader_word(const struct glyphs *glyphs, struct fragment *fragment,
                            struct word *out)
{
    const struct glyph_run *run = &glyphs->runs[fragment->run_first];
    const struct glyph_run *last = run + fragment->run_count - 1;

    word_begin(out, fragment, run, run->first, '.');
    for (uint32_t i = run->first; i < last->first + last->count; i++) {
        if (glyphs->items[i].character != ' ') {
            word_add(out, &glyphs->items[i], i);
        }
    }
    out->left = fmaxf(out->left, out->right - out->size_pt);
    out->leader = true;
    return 1;
}

/* Appends the fragment's words at out; returns how many. */
static uint32_t fragment_words(const struct glyphs *glyphs, struct fragment *fragment,
                               struct word *out)
{
    uint32_t count = 0;
    uint32_t dots = 0; /* in a row */
    bool open = false;

    if (fragment->leader) {
        return leader_word(glyphs, fragment, out);
    }
    for (uint32_t r = 0; r < fragment->run_count; r++) {
        const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];

        open = open && !(r > 0 && glyphs_gap_is_space(glyphs, run));
        for (uint32_t i = run->first; i < run->first + run->count; i++) {
            const struct glyph *glyph = &glyphs->items[i];

            if (glyph->character == ' ') {
                open = false;
                continue;
            }
            if (!open || (glyph->character != '.' && dots >= LEADER_DOTS)) {
                word_begin(&out[count++], fragment, run, i, glyph->character);
                open = true;
            }
            word_add(&out[count - 1], glyph, i);
            dots = glyph->character == '.' ? dots + 1 : 0;
            out[count - 1].leader = dots >= LEADER_DOTS;
        }
    }
    return count;
}

/* The most words that the fragment can have. */
static uint32_t words_most(const struct glyphs *glyphs, const struct fragment *fragment)
{
    uint32_t most = fragment->run_count;

    for (uint32_t r = 0; r < fragment->run_count; r++) {
        const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];

        for (uint32_t i = run->first; i < run->first + run->count; i++) {
            most += glyphs->items[i].character == ' ' || glyphs->items[i].character == '.';
        }
    }
    return most;
}

int words_find(const struct glyphs *glyphs, struct fragment *const *fragments, uint32_t count,
               struct arena *arena, struct words *ret_words, struct error *err)
{
    size_t most = 1;

    for (uint32_t i = 0; i < count; i++) {
        most += fragments[i]->table ? 0 : words_most(glyphs, fragments[i]);
    }
    ret_words->count = 0;
    ret_words->items = arena_calloc(arena, most, sizeof(*ret_words->items));
    if (!ret_words->items) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu words", most);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!fragments[i]->table) {
            ret_words->count +=
                fragment_words(glyphs, fragments[i], &ret_words->items[ret_words->count]);
        }
    }
    return 0;
}

static int by_line(const void *a, const void *b)
{
    const struct word *x = *(const struct word *const *)a;
    const struct word *y = *(const struct word *const *)b;

    if (x->baseline != y->baseline) {
        return x->baseline < y->baseline ? -1 : 1;
    }
    if (x->left != y->left) {
        return x->left < y->left ? -1 : 1;
    }
    return (x->first > y->first) - (x->first < y->first);
}

void words_sort(struct word **words, uint32_t count)
{
    qsort(words, count, sizeof(struct word *), by_line);
}

bool words_on_one_line(const struct word *a, const struct word *b)
{
    float apart = fabsf(a->baseline - b->baseline);
    float smaller = fminf(a->size_pt, b->size_pt);
    float larger = fmaxf(a->size_pt, b->size_pt);
    uint32_t chars = a->size_pt < b->size_pt ? a->chars : b->chars;

    return apart < SAME_LINE * smaller ||
           (chars <= SCRIPT_CHARS && smaller < 0.9F * larger && apart < SCRIPT_SHIFT * larger);
}

static bool is_dash(uint32_t c)
{
    return c == '-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

static bool is_mark(uint32_t c)
{
    return c == '.' || c == ',' || c == '%' || c == '(' || c == ')' || c == '*' || c == ':' ||
           c == '/' || c == '+' || c == '<' || c == '>' || c == '$' || c == 0x2026 || c == 0xB1 ||
           c == 0x20AC || c == 0xA3 || c == 0xA5 || c == 0x2020 || c == 0x2021 || c == 0xB0 ||
           is_dash(c);
}

bool words_are_data(const struct glyphs *glyphs, struct word *const *words, uint32_t count)
{
    uint32_t chars = 0, digits = 0, letters = 0, marks = 0;

    for (uint32_t i = 0; i < count; i++) {
        chars += words[i]->chars;
        digits += words[i]->digits;
        letters += words[i]->letters;
        for (uint32_t g = words[i]->first; g < words[i]->end; g++) {
            marks += is_mark(glyphs->items[g].character);
        }
    }
    if (chars == 0) {
        return false;
    }
    if (digits == 0) {
        /* A dash or points for nothing, "n/a", "X" */
        return (marks == chars && chars <= 5) || (count == 1 && letters == 2 && marks == 1) ||
               (chars == 1 && words[0]->initial >= 'A' && words[0]->initial <= 'Z');
    }
    return letters == 0 || (digits >= letters && chars <= 24 && letters <= 3);
}

/* --- from words to fragments --- */

/* Whether the words are all that the fragment shows. */
static bool is_whole(const struct glyphs *glyphs, const struct fragment *fragment, uint32_t first,
                     uint32_t end)
{
    const struct glyph_run *last = &glyphs->runs[fragment->run_first + fragment->run_count - 1];

    for (uint32_t i = glyphs->runs[fragment->run_first].first; i < first; i++) {
        if (glyphs->items[i].character != ' ') {
            return false;
        }
    }
    for (uint32_t i = end; i < last->first + last->count; i++) {
        if (glyphs->items[i].character != ' ') {
            return false;
        }
    }
    return true;
}

/* Appends copies of the fragment's runs, as far as they lie within [first, end). runs: with room
 * for them. */
static uint32_t copy_runs(struct glyphs *glyphs, const struct fragment *fragment, uint32_t first,
                          uint32_t end)
{
    uint32_t copied = 0;

    for (uint32_t r = 0; r < fragment->run_count; r++) {
        struct glyph_run run = glyphs->runs[fragment->run_first + r];
        uint32_t run_first = run.first > first ? run.first : first;
        uint32_t run_end = run.first + run.count < end ? run.first + run.count : end;

        if (run_first < run_end) {
            run.first = run_first;
            run.count = run_end - run_first;
            glyphs->runs[glyphs->run_count++] = run;
            copied++;
        }
    }
    return copied;
}

/* Room for count more runs, in arena. */
static int reserve_runs(struct glyphs *glyphs, size_t count, struct arena *arena, struct error *err)
{
    size_t bigger = glyphs->run_count + count;
    struct glyph_run *runs;

    if (bigger <= glyphs->run_capacity) {
        return 0;
    }
    bigger += bigger / 2 + RUNS_MORE;
    runs = arena_calloc(arena, bigger, sizeof(*runs));
    if (!runs) {
        return error_set(err, ERROR_MEMORY, "no memory for %zu runs", bigger);
    }
    memcpy(runs, glyphs->runs, glyphs->run_count * sizeof(*runs));
    glyphs->runs = runs;
    glyphs->run_capacity = bigger;
    return 0;
}

int words_make_fragment(struct glyphs *glyphs, const struct word *words, uint32_t count,
                        struct arena *arena, struct fragment **ret_fragment, struct error *err)
{
    struct fragment *whole = words[0].fragment;
    struct fragment part = *whole;
    uint32_t first = words[0].first;
    uint32_t end = words[0].end;

    part.left = words[0].left;
    part.right = words[0].right;
    part.chars = 0;
    part.letters = 0;
    for (uint32_t i = 0; i < count; i++) {
        first = words[i].first < first ? words[i].first : first;
        end = words[i].end > end ? words[i].end : end;
        part.left = fminf(part.left, words[i].left);
        part.right = fmaxf(part.right, words[i].right);
        part.chars += words[i].chars;
        part.letters += words[i].letters;
    }
    if (is_whole(glyphs, whole, first, end)) {
        *ret_fragment = whole;
        return 0;
    }
    *ret_fragment = arena_alloc(arena, sizeof(part));
    if (!*ret_fragment) {
        return error_set(err, ERROR_MEMORY, "no memory for a part of a text");
    }
    if (reserve_runs(glyphs, whole->run_count, arena, err) < 0) {
        return -1;
    }
    part.run_first = (uint32_t)glyphs->run_count;
    part.run_count = copy_runs(glyphs, whole, first, end);
    part.dots = part.dots < part.chars ? part.dots : part.chars;
    **ret_fragment = part;
    return 0;
}

/* Whether b is the word behind a in their fragment: nothing but spaces lies between. */
static bool is_next(const struct glyphs *glyphs, const struct word *a, const struct word *b)
{
    const struct word *early = a->first < b->first ? a : b;
    const struct word *late = early == a ? b : a;

    if (a->fragment != b->fragment) {
        return false;
    }
    for (uint32_t i = early->end; i < late->first; i++) {
        if (glyphs->items[i].character != ' ') {
            return false;
        }
    }
    return true;
}

static int by_left(const void *a, const void *b)
{
    const struct word *x = *(const struct word *const *)a;
    const struct word *y = *(const struct word *const *)b;

    if (x->left != y->left) {
        return x->left < y->left ? -1 : 1;
    }
    return (x->first > y->first) - (x->first < y->first);
}

/* Fills line with fragments of words, which stand on it. */
static int make_line(struct glyphs *glyphs, struct word **words, uint32_t count,
                     struct arena *arena, struct line *line, struct error *err)
{
    struct word *together = arena_calloc(arena, count, sizeof(*together));

    qsort(words, count, sizeof(struct word *), by_left);
    *line = (struct line){.fragments = arena_calloc(arena, count, sizeof(struct fragment *))};
    if (!line->fragments || !together) {
        return error_set(err, ERROR_MEMORY, "no memory for %u words", count);
    }
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && is_next(glyphs, words[end - 1], words[end]);) {
            end++;
        }
        for (uint32_t i = first; i < end; i++) {
            together[i - first] = *words[i];
        }
        if (words_make_fragment(glyphs, together, end - first, arena, &line->fragments[line->count],
                                err) < 0) {
            return -1;
        }
        line->count++;
    }
    return 0;
}

int words_make_lines(struct glyphs *glyphs, struct word **words, uint32_t count,
                     struct arena *arena, struct line **ret_lines, uint32_t *ret_line_count,
                     struct error *err)
{
    struct line *lines = arena_calloc(arena, count, sizeof(*lines));

    *ret_lines = lines;
    *ret_line_count = 0;
    if (!lines) {
        return error_set(err, ERROR_MEMORY, "no memory for %u lines", count);
    }
    words_sort(words, count);
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && words_on_one_line(words[first], words[end]);) {
            end++;
        }
        if (make_line(glyphs, &words[first], end - first, arena, &lines[*ret_line_count], err) <
            0) {
            return -1;
        }
        (*ret_line_count)++;
    }
    return 0;
}
