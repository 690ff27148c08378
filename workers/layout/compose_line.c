/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a line to spans and text.
 *
 * Plain lines are written run by run. Lines with right-to-left characters are put in order
 * character by character first. Lines of code keep their indentation and the width of their
 * gaps, as spaces. Nothing blocks or logs.
 */
#include <math.h>
#include <string.h>

#include "workers/layout/bidi.h"
#include "workers/layout/compose_state.h"
#include "workers/layout/text.h"

#define SCRIPT_SIZE 0.85F /* of the line's: smaller is a script when it is raised or lowered */
#define RAISED 0.12F      /* of the line's size */
#define LOWERED 0.08F
#define INITIAL_SPACE 0.35F
#define TOUCHING 0.1F /* of the size: how near parts of a word stand */

void compose_unite(struct page_box *box, const struct page_box *other)
{
    box->x0 = fminf(box->x0, other->x0);
    box->y0 = fminf(box->y0, other->y0);
    box->x1 = fmaxf(box->x1, other->x1);
    box->y1 = fmaxf(box->y1, other->y1);
}

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

struct page_box compose_box(const struct fragment_group *group, float left, float top, float right,
                            float bottom)
{
    return to_page(group->ux, group->uy, left, top, right, bottom);
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
    compose_unite(&span->box, &box);
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
        } else if (out > start && (out[-1] != ' ' || isfinite(composer->code_left))) {
            *out++ = ' ';
        }
    }
    composer->out = out;
}

/* As many spaces as characters of run fit into gap. */
static void put_code_spaces(struct composer *composer, const struct glyph_run *run, float gap)
{
    const struct glyph *first = &composer->glyphs->items[run->first];
    float width = first->end - first->start;
    float count = width > 0 ? roundf(gap / width) : 0;
    uint32_t spaces = count > 0 ? (uint32_t)fminf(count, (float)CODE_SPACES_MAX) : 0;

    memset(composer->out, ' ', spaces);
    composer->out += spaces;
}

/* Whether an initial is a word of its own, as "A" and "I" are when their text keeps away. */
static bool is_word_of_its_own(const struct composer *composer, const struct fragment *initial,
                               const struct fragment *text)
{
    const struct glyph_run *run =
        &composer->glyphs->runs[initial->run_first + initial->run_count - 1];
    uint32_t c = composer->glyphs->items[run->first + run->count - 1].character;

    return (c == 'A' || c == 'I' || c == 'O' || c == 'E' || c == 'Y' || c == 0xC0) &&
           text->left - initial->right > INITIAL_SPACE * text->size_pt;
}

/* Whether two fragments that stand side by side are parts of one word: what was drawn out of turn
 * is a fragment of its own, like the mark of a footnote that also is a link. A raised mark belongs
 * to what it follows. */
static bool is_one_word(const struct fragment *before, const struct fragment *fragment)
{
    float gap = fragment->left - before->right;
    float size = fmaxf(before->size_pt, fragment->size_pt);
    bool after_mark = before->size_pt < SCRIPT_SIZE * fragment->size_pt &&
                      before->baseline < fragment->baseline - RAISED * fragment->size_pt;

    return gap < TOUCHING * size && gap > -TOUCHING * size && !after_mark && !before->leader &&
           !fragment->leader;
}

/* What stands between a line's fragment (or its start) and the fragment before. */
static void put_gap(struct composer *composer, const char *start, const struct fragment *before,
                    const struct fragment *fragment)
{
    const struct glyph_run *run = &composer->glyphs->runs[fragment->run_first];

    if (isfinite(composer->code_left)) {
        put_code_spaces(composer, run,
                        fragment->left - (before ? before->right : composer->code_left));
    }
    if (before && before->initial_bottom > before->baseline) {
        if (is_word_of_its_own(composer, before, fragment)) {
            put_space(composer, start);
        }
    } else if (before && !is_one_word(before, fragment)) {
        put_space(composer, start);
    }
}

/* The text of a line whose characters stand in reading order as they are. */
static void compose_plain(struct composer *composer, const struct line *line, struct page_line *out)
{
    const struct glyphs *glyphs = composer->glyphs;
    const char *start = composer->out;
    struct page_span *span = NULL;

    for (uint32_t f = 0; f < line->count; f++) {
        const struct fragment *fragment = line->fragments[f];

        put_gap(composer, start, f > 0 ? line->fragments[f - 1] : NULL, fragment);
        for (uint32_t r = 0; r < fragment->run_count; r++) {
            const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];
            const struct glyph *first = &glyphs->items[run->first];

            if (r > 0 && glyphs_gap_is_space(glyphs, run)) {
                put_space(composer, start);
            }
            span = span_for(composer, out, line, run);
            if (out->span_count == 1) {
                span->text = start; /* an indentation is part of it */
            }
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
    struct bidi_item *spaced;

    out->spans = arena_calloc(composer->arena, count, sizeof(*out->spans));
    if (!items || !out->spans) {
        return error_set(err, ERROR_MEMORY, "no memory for a line of %u characters", count);
    }
    spaced = items + (size_t)count * 2;
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

int compose_line(struct composer *composer, const struct line *line, const char **ret_text,
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
        compose_unite(&out->box, &out->spans[i].box);
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
