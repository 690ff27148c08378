/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Where one block ends and the next begins.
 *
 * A new block starts where a reader sees one: more space than between the lines before, another
 * size, a bold line after plain ones, a list item's mark, an indented first line, or the return
 * to the margin after a hanging paragraph. Nothing blocks or logs.
 */
#include "workers/layout/blocks.h"

#include <math.h>
#include <stdlib.h>

#include "workers/layout/line_text.h"

#define LEADING_MORE 1.3F /* of the usual leading: a new block */
#define LEADING_WIDER 1.12F
#define LEADING_CAP 2.0F /* of the size: no leading within a block is larger */
#define SIZE_DIFFERS 1.15F
#define INDENT 0.8F     /* of the size */
#define CENTRED 0.6F    /* of the size: so near lie the middles of centred lines */
#define SHORT_LINE 0.3F /* of the width of all lines, at a line's end: its paragraph's last */
#define USUAL_SAMPLES 64

struct splitter {
    const struct glyphs *glyphs;
    float left, right; /* of all lines */
    float usual_leading;
};

static bool ends_sentence(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == ':' || c == 0x3002 || c == 0x201D || c == ')';
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The median distance of baselines of lines of one size; infinite where there is none. */
static float usual_leading(const struct line *lines, uint32_t count)
{
    float samples[USUAL_SAMPLES];
    uint32_t taken = 0;

    for (uint32_t i = 1; i < count && taken < USUAL_SAMPLES; i++) {
        float leading = lines[i].baseline - lines[i - 1].baseline;
        float size = fmaxf(lines[i].size_pt, lines[i - 1].size_pt);

        if (leading > 0.5F * size && leading < LEADING_CAP * size) {
            samples[taken++] = leading;
        }
    }
    if (taken == 0) {
        return INFINITY;
    }
    qsort(samples, taken, sizeof(samples[0]), by_value);
    return samples[taken / 2];
}

static bool is_apart(const struct splitter *splitter, const struct line *before,
                     const struct line *line)
{
    float size = fmaxf(before->size_pt, line->size_pt);
    float leading = line->baseline - before->baseline;
    float most = fminf(LEADING_MORE * splitter->usual_leading, LEADING_CAP * size);

    return leading > fmaxf(most, LEADING_MORE * size);
}

static bool is_centred(const struct line *before, const struct line *line)
{
    float apart = (before->left + before->right - line->left - line->right) / 2;

    return fabsf(apart) < CENTRED * line->size_pt && fabsf(before->left - line->left) > 0.1F;
}

/* Whether a sentence may begin so: not in the middle of an address, nor with a small letter. */
static bool begins(const struct glyphs *glyphs, const struct line *line)
{
    uint32_t c = line_first_character(glyphs, line);

    return !line_is_lower(c) && c != '/' && c != ',' && c != ';' && c != '=' && c != '&' &&
           c != '?' && c != '%';
}

/* The last line of a paragraph, surely. */
static bool is_very_short(const struct splitter *splitter, const struct line *line)
{
    return line->right < splitter->right - SHORT_LINE * (splitter->right - splitter->left);
}

/* Whether there is a little more space between two lines than usual. */
static bool is_wider(const struct splitter *splitter, const struct line *before,
                     const struct line *line)
{
    return line->baseline - before->baseline > LEADING_WIDER * splitter->usual_leading;
}

/* Paragraphs told by where their lines start and end. The lines of a list item stand further in
 * than its mark. */
static bool is_indented(const struct splitter *splitter, const struct line *first,
                        const struct line *before, const struct line *line)
{
    float size = line->size_pt;
    float step = line->left - before->left;
    uint32_t last = line_last_character(splitter->glyphs, before);
    bool is_short = before->right < splitter->right - 2 * size;

    if (is_centred(before, line)) {
        return false;
    }
    if (step > INDENT * size && step < 6 * size) {
        return (ends_sentence(last) || is_short) &&
               (is_very_short(splitter, before) || is_wider(splitter, before, line) ||
                begins(splitter->glyphs, line)) &&
               !(before == first && line_has_marker(splitter->glyphs, first));
    }
    if (step < -INDENT * size && before != first) {
        return true;
    }
    return is_very_short(splitter, before) && ends_sentence(last) &&
           !line_starts_lower(splitter->glyphs, line);
}

static bool starts_block(const struct splitter *splitter, const struct line *first,
                         const struct line *before, const struct line *line)
{
    uint8_t changed = before->style ^ line->style;
    float larger = fmaxf(before->size_pt, line->size_pt);
    float smaller = fminf(before->size_pt, line->size_pt);

    if (line_is_entry(splitter->glyphs, before)) {
        return true;
    }
    if ((line->style & before->style & PAGE_STYLE_MONO) && line->size_pt == before->size_pt) {
        return is_apart(splitter, before, line);
    }
    if ((changed & PAGE_STYLE_ITALIC) && before->right < splitter->right - 2 * before->size_pt) {
        return true;
    }
    return larger > SIZE_DIFFERS * smaller || (changed & (PAGE_STYLE_BOLD | PAGE_STYLE_MONO)) ||
           line->right_to_left != before->right_to_left || is_apart(splitter, before, line) ||
           line_has_marker(splitter->glyphs, line) ||
           line_has_raised_mark(splitter->glyphs, line) ||
           (!line->right_to_left && is_indented(splitter, first, before, line));
}

void blocks_split(const struct glyphs *glyphs, struct line *lines, uint32_t count)
{
    struct splitter splitter = {.glyphs = glyphs, .left = INFINITY, .right = -INFINITY};
    const struct line *first = NULL;

    for (uint32_t i = 0; i < count; i++) {
        splitter.left = fminf(splitter.left, lines[i].left);
        splitter.right = fmaxf(splitter.right, lines[i].right);
    }
    splitter.usual_leading = usual_leading(lines, count);
    for (uint32_t i = 0; i < count; i++) {
        lines[i].starts_block = i == 0 || starts_block(&splitter, first, &lines[i - 1], &lines[i]);
        if (lines[i].starts_block) {
            first = &lines[i];
        }
    }
}
