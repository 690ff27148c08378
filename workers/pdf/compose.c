/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From lines to blocks, lines, spans and text.
 *
 * All arrays are allocated once, at the most they can become; text is written once, and spans
 * point into it. Invariants: out stays within the text's capacity, as every character has its
 * bytes reserved. Nothing blocks or logs.
 */
#include "workers/pdf/compose.h"

#include <math.h>
#include <string.h>

#include "workers/pdf/bidi.h"
#include "workers/pdf/text.h"

#define SCRIPT_SIZE 0.85F /* of the line's: smaller is a script when it is raised or lowered */
#define RAISED 0.12F      /* of the line's size */
#define LOWERED 0.08F

struct composer {
    const struct glyphs *glyphs;
    struct arena *arena;
    const struct fragment_group *group;
    char *out; /* where the text goes on */
    struct page_block *blocks;
    bool *tabular; /* of each block */
    struct page_line *lines;
    struct page_span *spans;
    uint32_t block_count, line_count, span_count;
    uint32_t hidden_count;
    bool off_page;
};

/* The box on the page of [left, right] x [top, bottom] in a frame. */
static struct page_box to_page(float ux, float uy, float left, float top, float right, float bottom)
{
    if (uy == 0.0F && ux > 0.0F) {
        return (struct page_box){left, top, right, bottom};
    }
    float xs[4] = {ux * left - uy * top, ux * right - uy * top, ux * left - uy * bottom,
                   ux * right - uy * bottom};
    float ys[4] = {uy * left + ux * top, uy * right + ux * top, uy * left + ux * bottom,
                   uy * right + ux * bottom};

    return (struct page_box){fminf(fminf(xs[0], xs[1]), fminf(xs[2], xs[3])),
                             fminf(fminf(ys[0], ys[1]), fminf(ys[2], ys[3])),
                             fmaxf(fmaxf(xs[0], xs[1]), fmaxf(xs[2], xs[3])),
                             fmaxf(fmaxf(ys[0], ys[1]), fmaxf(ys[2], ys[3]))};
}

static void box_unite(struct page_box *box, const struct page_box *other)
{
    box->x0 = fminf(box->x0, other->x0);
    box->y0 = fminf(box->y0, other->y0);
    box->x1 = fmaxf(box->x1, other->x1);
    box->y1 = fmaxf(box->y1, other->y1);
}

static uint8_t script_style(const struct line *line, const struct glyph_run *run)
{
    float lower = run->baseline - line->baseline;

    if (run->size_pt > SCRIPT_SIZE * line->size_pt) {
        return 0;
    }
    if (lower < -RAISED * line->size_pt) {
        return PAGE_STYLE_SUPERSCRIPT;
    }
    return lower > LOWERED * line->size_pt ? PAGE_STYLE_SUBSCRIPT : 0;
}

/* The span that text of run goes to: the line's last when it is alike, else a new one. */
static struct page_span *span_for(struct composer *composer, struct page_line *out,
                                  const struct line *line, const struct glyph_run *run)
{
    struct page_span *span = out->span_count > 0 ? &out->spans[out->span_count - 1] : NULL;
    uint8_t style = (uint8_t)(run->style | script_style(line, run));

    if (composer->off_page) {
        style |= PAGE_STYLE_HIDDEN;
    }
    if (span && span->font == run->font && span->style == style &&
        span->color_rgb == run->color_rgb && fabsf(span->size_pt - run->size_pt) < 0.05F) {
        return span;
    }
    if (span) {
        span->text_bytes = (uint32_t)(composer->out - span->text);
    }
    span = &out->spans[out->span_count++];
    *span = (struct page_span){.text = composer->out,
                               .font = run->font,
                               .style = style,
                               .size_pt = run->size_pt,
                               .color_rgb = run->color_rgb,
                               .box = {INFINITY, INFINITY, -INFINITY, -INFINITY}};
    return span;
}

/* Makes the span's box hold glyphs of run from left to right (along). */
static void span_cover(struct page_span *span, const struct glyph_run *run, float left, float right)
{
    struct page_box box =
        to_page(run->ux, run->uy, left, run->baseline - run->ascent * run->size_pt, right,
                run->baseline + run->descent * run->size_pt);

    if (run->vertical) {
        box = to_page(run->ux, run->uy, left, run->baseline - 0.5F * run->size_pt, right,
                      run->baseline + 0.5F * run->size_pt);
    }
    box_unite(&span->box, &box);
}

/* A space, unless the line has none of its text yet or ends in one. */
static void put_space(struct composer *composer, const char *start)
{
    if (composer->out > start && composer->out[-1] != ' ') {
        *composer->out++ = ' ';
    }
}

static void put_run(struct composer *composer, const char *start, const struct glyph_run *run)
{
    const struct glyph *items = &composer->glyphs->items[run->first];
    char *out = composer->out;

    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t c = items[i].character;

        if (c != ' ') {
            out = text_put_plain(out, c);
        } else if (out > start && out[-1] != ' ') {
            *out++ = ' ';
        }
    }
    composer->out = out;
}

/* The text of a line whose characters stand in reading order as they are. */
static void compose_plain(struct composer *composer, const struct line *line, struct page_line *out)
{
    const struct glyphs *glyphs = composer->glyphs;
    const char *start = composer->out;
    struct page_span *span = NULL;

    for (uint32_t f = 0; f < line->count; f++) {
        const struct fragment *fragment = line->fragments[f];

        if (f > 0) {
            put_space(composer, start);
        }
        for (uint32_t r = 0; r < fragment->run_count; r++) {
            const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];
            const struct glyph *first = &glyphs->items[run->first];

            if (r > 0 && glyphs_gap_is_space(glyphs, run)) {
                put_space(composer, start);
            }
            span = span_for(composer, out, line, run);
            put_run(composer, start, run);
            span_cover(span, run, first->start, first[run->count - 1].end);
        }
    }
}

static uint32_t line_glyphs(const struct glyphs *glyphs, const struct line *line)
{
    uint32_t count = 0;

    for (uint32_t f = 0; f < line->count; f++) {
        const struct fragment *fragment = line->fragments[f];

        for (uint32_t r = 0; r < fragment->run_count; r++) {
            count += glyphs->runs[fragment->run_first + r].count;
        }
    }
    return count;
}

/* The line's characters in drawing order, without spaces: where glyphs stand tells those. */
static uint32_t bidi_collect(const struct glyphs *glyphs, const struct line *line,
                             struct bidi_item *items)
{
    uint32_t count = 0;

    for (uint32_t f = 0; f < line->count; f++) {
        const struct fragment *fragment = line->fragments[f];

        for (uint32_t r = 0; r < fragment->run_count; r++) {
            uint32_t index = fragment->run_first + r;
            const struct glyph_run *run = &glyphs->runs[index];

            for (uint32_t i = 0; i < run->count; i++) {
                const struct glyph *glyph = &glyphs->items[run->first + i];
                bool more = i > 0 && glyph->start == glyph->end && glyph->start == glyph[-1].end;
                struct bidi_item *item = &items[count];

                if (glyph->character == ' ') {
                    continue;
                }
                *item =
                    (struct bidi_item){glyph->start, glyph->end, index, glyph->character, count};
                if (count > 0 && (more || bidi_is_mark(glyph->character))) {
                    item->start = item[-1].start;
                    item->end = item[-1].end;
                    item->cluster = item[-1].cluster;
                }
                count++;
            }
        }
    }
    return count;
}

/* Copies items, which stand in visual order, with spaces where gaps are. */
static uint32_t bidi_space(const struct glyphs *glyphs, const struct bidi_item *items,
                           uint32_t count, struct bidi_item *out)
{
    uint32_t written = 0;
    float end = INFINITY;

    for (uint32_t i = 0; i < count; i++) {
        float size = glyphs->runs[items[i].run].size_pt;

        if (items[i].start - end > GLYPHS_SPACE_GAP * size) {
            out[written++] =
                (struct bidi_item){end, items[i].start, items[i].run, ' ', UINT32_MAX - i};
        }
        out[written++] = items[i];
        end = isinf(end) ? items[i].end : fmaxf(end, items[i].end);
    }
    return written;
}

/* The text of a line with right-to-left characters. */
static int compose_bidi(struct composer *composer, const struct line *line, struct page_line *out,
                        struct error *err)
{
    const struct glyphs *glyphs = composer->glyphs;
    const char *start = composer->out;
    uint32_t count = line_glyphs(glyphs, line);
    struct bidi_item *items = arena_calloc(composer->arena, count * 4UL, sizeof(*items));
    struct bidi_item *spaced = items + (size_t)count * 2;

    out->spans = arena_calloc(composer->arena, count, sizeof(*out->spans));
    if (!items || !out->spans) {
        return error_set(err, ERROR_MEMORY, "no memory for a line of %u characters", count);
    }
    count = bidi_collect(glyphs, line, items);
    bidi_sort_visually(items, count);
    count = bidi_space(glyphs, items, count, spaced);
    bidi_reorder(spaced, count, line->right_to_left, items);
    for (uint32_t i = 0; i < count; i++) {
        const struct glyph_run *run = &glyphs->runs[spaced[i].run];
        struct page_span *span;

        if (spaced[i].character == ' ') {
            put_space(composer, start);
            continue;
        }
        span = span_for(composer, out, line, run);
        composer->out = text_put_plain(composer->out, spaced[i].character);
        span_cover(span, run, spaced[i].start, spaced[i].end);
    }
    return 0;
}

static bool has_right_to_left(const struct glyphs *glyphs, const struct line *line)
{
    if (!glyphs->may_be_right_to_left) {
        return false;
    }
    for (uint32_t f = 0; f < line->count; f++) {
        const struct fragment *fragment = line->fragments[f];
        const struct glyph_run *last = &glyphs->runs[fragment->run_first + fragment->run_count - 1];

        for (uint32_t i = glyphs->runs[fragment->run_first].first; i < last->first + last->count;
             i++) {
            if (bidi_may_be_right_to_left(glyphs->items[i].character)) {
                return true;
            }
        }
    }
    return false;
}

/* Without spaces at the end; spans that became empty go. */
static void trim_end(struct composer *composer, const char *start, struct page_line *out)
{
    while (composer->out > start && composer->out[-1] == ' ') {
        composer->out--;
    }
    while (out->span_count > 0 && out->spans[out->span_count - 1].text >= composer->out) {
        out->span_count--;
    }
    if (out->span_count > 0) {
        struct page_span *last = &out->spans[out->span_count - 1];

        last->text_bytes = (uint32_t)(composer->out - last->text);
    }
}

/* One line; ret_text: where its text starts. A line without text adds nothing. */
static int compose_line(struct composer *composer, const struct line *line, const char **ret_text,
                        struct error *err)
{
    struct page_line *out = &composer->lines[composer->line_count];
    const char *start = composer->out;
    int angle = composer->group->angle_deg - (composer->group->vertical ? 90 : 0);

    *out = (struct page_line){.angle_deg = (int16_t)(angle <= -180 ? angle + 360 : angle),
                              .vertical = composer->group->vertical,
                              .right_to_left = line->right_to_left,
                              .spans = &composer->spans[composer->span_count]};
    *ret_text = start;
    if (has_right_to_left(composer->glyphs, line)) {
        if (compose_bidi(composer, line, out, err) < 0) {
            return -1;
        }
        trim_end(composer, start, out);
    } else {
        compose_plain(composer, line, out);
        trim_end(composer, start, out);
        composer->span_count += out->span_count;
    }
    if (out->span_count == 0) {
        return 0;
    }
    out->box = out->spans[0].box;
    for (uint32_t i = 1; i < out->span_count; i++) {
        box_unite(&out->box, &out->spans[i].box);
    }
    for (uint32_t i = 0; i < out->span_count; i++) {
        if (out->spans[i].style & PAGE_STYLE_HIDDEN) {
            composer->hidden_count +=
                text_count(out->spans[i].text, out->spans[i].text + out->spans[i].text_bytes);
        }
    }
    composer->line_count++;
    return 0;
}

/* Ends the line before with its line break, or joins its word with the line that follows. */
static void join_lines(struct composer *composer, struct page_line *before, const char *before_text,
                       const char *text)
{
    size_t kept_bytes;
    size_t text_bytes = (size_t)(composer->out - text);
    const char *before_end = text - 1; /* the line break */

    if (!text_is_hyphenated(before_text, before_end, text, composer->out, &kept_bytes)) {
        return;
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

/* The block that starts with lines[0]; returns how many lines it has, or -1. */
static int compose_block(struct composer *composer, const struct lines *lines, uint32_t first,
                         struct error *err)
{
    struct page_block *block = &composer->blocks[composer->block_count];
    const char *before_text = NULL;
    uint32_t wide_gaps = 0; /* lines that have some */
    uint32_t i = first;

    *block = (struct page_block){.lines = &composer->lines[composer->line_count]};
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
        if (before_text) {
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
            box_unite(&block->box, &block->lines[l].box);
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
    size_t bytes = TEXT_PLAIN_BYTES * glyphs->count +
                   (size_t)TEXT_EXPANDED_BYTES * glyphs->expanding_count + 2 * glyphs->run_count +
                   16;

    for (uint32_t i = 0; i < part_count; i++) {
        lines += parts[i].lines.count;
    }
    bytes += 3 * lines;
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
