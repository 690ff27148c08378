/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From lines to blocks and text.
 *
 * All arrays are allocated once, at the most they can become; text is written once, and spans
 * point into it. Invariants: out stays within the text's capacity, as every character has its
 * bytes reserved. Nothing blocks or logs.
 */
#include "workers/layout/compose.h"

#include <math.h>
#include <string.h>

#include "workers/layout/compose_state.h"
#include "workers/layout/found_table.h"
#include "workers/layout/text.h"

#define COMPOUND_CHARS 3U  /* after its hyphen that must be alike, at least */
#define COMPOUNDS_MAX 256U /* hyphens of a page for which others like them are looked for */

static bool is_letter(uint32_t c)
{
    return (c | 0x20) - 'a' < 26 || c >= 0xC0;
}

static bool same_letter(uint32_t a, uint32_t b)
{
    return a == b || ((a | 0x20) == (b | 0x20) && (a | 0x20) - 'a' < 26);
}

/* Whether the glyph drawn after this one stands right behind it, and not in another line. */
static bool goes_on(const struct glyph *glyph)
{
    float gap = glyph[1].start - glyph->end;
    float width = glyph->end - glyph->start;

    return gap < width && gap > -width;
}

/* Whether the page has the word with that hyphen elsewhere, inside of a line. stem_end: after the
 * stem's last letter, of a line that begins at line. */
static bool has_compound(const struct glyphs *glyphs, const char *line, const char *stem_end,
                         const char *next, const char *next_end)
{
    const struct glyph *items = glyphs->items;

    for (size_t i = 2; i + 2 < glyphs->count; i++) {
        const char *at = stem_end;
        size_t back = 0;
        size_t on = 0;

        if (items[i].character != '-' || !goes_on(&items[i]) ||
            !same_letter(items[i - 1].character, (uint8_t)at[-1]) ||
            !same_letter(items[i + 1].character, (uint8_t)next[0])) {
            continue;
        }
        while (back < i && at - back > line && is_letter((uint8_t)at[-(ptrdiff_t)back - 1]) &&
               same_letter(items[i - 1 - back].character, (uint8_t)at[-(ptrdiff_t)back - 1])) {
            back++;
        }
        while (i + 1 + on < glyphs->count && next + on < next_end && is_letter((uint8_t)next[on]) &&
               same_letter(items[i + 1 + on].character, (uint8_t)next[on])) {
            on++;
        }
        if (on >= COMPOUND_CHARS &&
            (at - back == line || !is_letter((uint8_t)at[-(ptrdiff_t)back - 1])) &&
            (back == i || !is_letter(items[i - 1 - back].character))) {
            return true;
        }
    }
    return false;
}

/* Ends the line before with its line break, or joins its word with the line that follows. */
static void join_lines(struct composer *composer, struct page_line *before, const char *before_text,
                       const char *text)
{
    size_t kept_bytes;
    size_t text_bytes = (size_t)(composer->out - text);
    const char *before_end = text - 1; /* the line break */

    if ((before->spans[before->span_count - 1].style & PAGE_STYLE_MONO) ||
        !text_is_hyphenated(before_text, before_end, text, composer->out, &kept_bytes)) {
        return;
    }
    if (composer->compounds_looked_for < COMPOUNDS_MAX) {
        composer->compounds_looked_for++;
        if (has_compound(composer->glyphs, before_text, before_text + kept_bytes, text,
                         composer->out)) {
            return;
        }
    }
    /* The hyphen stays in its span, which moves to bytes of its own. */
    struct page_span *last = &before->spans[before->span_count - 1];
    char *own = arena_alloc(composer->arena, last->text_bytes);

    if (!own || last->text < before_text || last->text > before_text + kept_bytes) {
        return;
    }
    memcpy(own, last->text, last->text_bytes);
    size_t back = (size_t)(text - before_text) - kept_bytes;

    memmove(composer->out - text_bytes - back, text, text_bytes);
    last->text = own;
    before->hyphenated = true;
    composer->out -= back;
    struct page_line *moved = before + 1;

    for (uint32_t i = 0; i < moved->span_count; i++) {
        moved->spans[i].text -= back;
    }
}

/* Where the lines of the block that starts with line first begin, when all of it is code. */
static float code_left(const struct lines *lines, uint32_t first)
{
    float left = INFINITY;
    uint32_t i = first;

    do {
        if (!(lines->items[i].style & PAGE_STYLE_MONO)) {
            return INFINITY;
        }
        left = fminf(left, lines->items[i].left);
        i++;
    } while (i < lines->count && !lines->items[i].starts_block);
    return left;
}

/* The block that starts with lines[0]; returns how many lines it has, or -1. */
static int compose_block(struct composer *composer, const struct lines *lines, uint32_t first,
                         struct error *err)
{
    struct page_block *block = &composer->blocks[composer->block_count];
    const char *before_text = NULL;
    uint32_t wide_gaps = 0; /* lines that have some */
    uint32_t i = first;

    if (lines->items[first].table) {
        return compose_table(composer, lines->items[first].table, err) < 0 ? -1 : 1;
    }
    *block = (struct page_block){.lines = &composer->lines[composer->line_count]};
    composer->code_left = code_left(lines, first);
    do {
        uint32_t line_count = composer->line_count;
        const char *text;

        if (compose_line(composer, &lines->items[i], &text, err) < 0) {
            return -1;
        }
        i++;
        wide_gaps += lines->items[i - 1].wide_gaps > 0;
        if (composer->line_count == line_count) {
            continue;
        }
        if (before_text && !isfinite(composer->code_left)) {
            char *out = composer->out;

            join_lines(composer, &composer->lines[line_count - 1], before_text, text);
            text -= out - composer->out;
        }
        before_text = text;
        *composer->out++ = '\n';
        block->line_count++;
    } while (i < lines->count && !lines->items[i].starts_block);
    if (block->line_count > 0) {
        *composer->out++ = '\n';
        block->box = block->lines[0].box;
        for (uint32_t l = 1; l < block->line_count; l++) {
            compose_unite(&block->box, &block->lines[l].box);
        }
        composer->tabular[composer->block_count++] = wide_gaps * 2 > block->line_count;
    }
    return (int)(i - first);
}

/* Arrays for the most that there can be. */
static int reserve(struct composer *composer, const struct compose_part *parts, uint32_t part_count,
                   struct error *err)
{
    const struct glyphs *glyphs = composer->glyphs;
    size_t lines = 1;
    size_t code_runs = 0;
    size_t cells = 0;
    size_t bytes = TEXT_PLAIN_BYTES * glyphs->count +
                   (size_t)TEXT_EXPANDED_BYTES * glyphs->expanding_count + 2 * glyphs->run_count +
                   16;

    for (uint32_t i = 0; i < part_count; i++) {
        lines += parts[i].lines.count;
        for (uint32_t l = 0; l < parts[i].lines.count; l++) {
            const struct found_table *table = parts[i].lines.items[l].table;

            lines += table ? table->line_count : 0;
            cells += table ? table->cell_count : 0;
        }
    }
    for (size_t i = 0; i < glyphs->run_count; i++) {
        code_runs += (glyphs->runs[i].style & PAGE_STYLE_MONO) != 0;
    }
    bytes += 3 * lines + cells + CODE_SPACES_MAX * code_runs;
    composer->out = arena_alloc(composer->arena, bytes);
    composer->blocks = arena_calloc(composer->arena, lines, sizeof(*composer->blocks));
    composer->tabular = arena_calloc(composer->arena, lines, sizeof(*composer->tabular));
    composer->lines = arena_calloc(composer->arena, lines, sizeof(*composer->lines));
    composer->spans =
        arena_calloc(composer->arena, glyphs->run_count + 1, sizeof(*composer->spans));
    if (!composer->out || !composer->blocks || !composer->tabular || !composer->lines ||
        !composer->spans) {
        return error_set(err, ERROR_MEMORY, "no memory for a page of %zu lines", lines);
    }
    return 0;
}

int compose(const struct glyphs *glyphs, const struct compose_part *parts, uint32_t part_count,
            struct arena *arena, struct page_record *record, const bool **ret_tabular,
            struct error *err)
{
    struct composer composer = {.glyphs = glyphs, .arena = arena};
    const char *text_end;

    if (reserve(&composer, parts, part_count, err) < 0) {
        return -1;
    }
    record->text = composer.out;
    text_end = composer.out;
    for (uint32_t p = 0; p < part_count; p++) {
        composer.group = parts[p].group;
        composer.off_page = parts[p].hidden;
        for (uint32_t i = 0; i < parts[p].lines.count;) {
            int used = compose_block(&composer, &parts[p].lines, i, err);

            if (used < 0) {
                return -1;
            }
            i += (uint32_t)used;
        }
        text_end = parts[p].hidden ? text_end : composer.out;
    }
    record->text_bytes = (uint32_t)(text_end - record->text);
    record->blocks = composer.blocks;
    record->block_count = composer.block_count;
    record->hidden_count = composer.hidden_count;
    *ret_tabular = composer.tabular;
    return 0;
}
