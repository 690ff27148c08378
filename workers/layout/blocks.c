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

#include <mupdf/ucdn.h>

#define LEADING_MORE 1.3F /* of the usual leading: a new block */
#define LEADING_WIDER 1.12F
#define LEADING_CAP 2.0F /* of the size: no leading within a block is larger */
#define SIZE_DIFFERS 1.15F
#define INDENT 0.8F  /* of the size */
#define CENTRED 0.6F /* of the size: so near lie the middles of centred lines */
#define MARKER_MAX 8
#define SHORT_LINE 0.3F /* of the width of all lines, at a line's end: its paragraph's last */
/* Of a raised mark: parts of the line's size, characters, and those of the line that has one. */
#define MARK_SIZE 0.85F
#define MARK_RAISED 0.12F
#define MARK_CHARS 3U
#define MARK_LINE_CHARS 8U
#define ENTRY_DOTS 4U
#define ENTRY_NUMBER_CHARS 6U
#define USUAL_SAMPLES 64

struct splitter {
    const struct glyphs *glyphs;
    float left, right; /* of all lines */
    float usual_leading;
};

static bool is_bullet(uint32_t c)
{
    switch (c) {
    case 0x2022: /* bullet */
    case 0x2023: /* triangular bullet */
    case 0x2043: /* hyphen bullet */
    case 0x204C:
    case 0x204D:
    case 0x2219: /* bullet operator */
    case 0x25A0: /* black square */
    case 0x25A1:
    case 0x25AA:
    case 0x25AB:
    case 0x25B6:
    case 0x25B8:
    case 0x25BA:
    case 0x25C6:
    case 0x25CB:
    case 0x25CF: /* black circle */
    case 0x25D8:
    case 0x25E6: /* white bullet */
    case 0x2713: /* check mark */
    case 0x2714:
    case 0x2756:
    case 0x27A2:
    case 0x27A4:
    case 0xB7:   /* middle dot */
    case 0x2013: /* dashes */
    case 0x2014:
    case 0x2212:
    case '-':
    case '*':
    case 0xF0B7: /* the Symbol and Wingdings fonts' bullets, where nobody mapped them */
    case 0xF0A7:
    case 0xF0D8:
        return true;
    default:
        return false;
    }
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_roman(uint32_t c)
{
    c |= 0x20;
    return c == 'i' || c == 'v' || c == 'x' || c == 'l' || c == 'c';
}

/* "12" (of so many digits at most), "b" or "iv" from i on; its length. */
static uint32_t enumerator(const uint32_t *characters, uint32_t count, uint32_t i, uint32_t digits)
{
    uint32_t end = i;

    while (end < count && end - i < digits && is_digit(characters[end])) {
        end++;
    }
    if (end > i) {
        return end - i;
    }
    while (end < count && end - i < 5 && is_roman(characters[end])) {
        end++;
    }
    if (end == i && end < count && is_letter(characters[end])) {
        end++;
    }
    return end - i;
}

uint32_t blocks_marker(const uint32_t *characters, uint32_t count)
{
    uint32_t i = 0;
    uint32_t length;
    bool open;

    if (count == 0) {
        return 0;
    }
    if (is_bullet(characters[0])) {
        return count > 1 && characters[1] == ' ' ? 1 : 0;
    }
    open = characters[0] == '(' || characters[0] == '[';
    i = open ? 1 : 0;
    length = enumerator(characters, count, i, open ? 2 : 3); /* "(605)" begins a number */
    i += length;
    if (length == 0 || i >= count) {
        return 0;
    }
    if (open ? (characters[i] != ')' && characters[i] != ']')
             : (characters[i] != '.' && characters[i] != ')')) {
        return 0;
    }
    i++;
    return i < count && characters[i] == ' ' ? i : 0;
}

/* Adds the fragment's first characters; returns how many there are. */
static uint32_t fragment_start(const struct glyphs *glyphs, const struct fragment *fragment,
                               uint32_t characters[MARKER_MAX], uint32_t count)
{
    for (uint32_t r = 0; r < fragment->run_count; r++) {
        const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];

        if (r > 0 && count > 0 && count < MARKER_MAX && glyphs_gap_is_space(glyphs, run)) {
            characters[count++] = ' ';
        }
        for (uint32_t i = 0; i < run->count && count < MARKER_MAX; i++) {
            uint32_t c = glyphs->items[run->first + i].character;

            if (count > 0 || c != ' ') {
                characters[count++] = c;
            }
        }
    }
    return count;
}

/* The same from the right: whichever way the glyphs were drawn. */
static uint32_t fragment_start_leftwards(const struct glyphs *glyphs,
                                         const struct fragment *fragment,
                                         uint32_t characters[MARKER_MAX], uint32_t count)
{
    const struct glyph_run *last = &glyphs->runs[fragment->run_first + fragment->run_count - 1];
    uint32_t first = glyphs->runs[fragment->run_first].first;
    uint32_t end = last->first + last->count;
    bool leftwards = glyphs->items[first].start > glyphs->items[end - 1].start;

    for (uint32_t i = 0; i < end - first && count < MARKER_MAX; i++) {
        uint32_t c = glyphs->items[leftwards ? first + i : end - 1 - i].character;

        if (count > 0 || c != ' ') {
            characters[count++] = c;
        }
    }
    return count;
}

/* The line's first characters; a space where one fragment ends. */
static uint32_t line_start(const struct glyphs *glyphs, const struct line *line,
                           uint32_t characters[MARKER_MAX])
{
    uint32_t count = 0;

    for (uint32_t f = 0; f < line->count && count < MARKER_MAX; f++) {
        const struct fragment *fragment =
            line->fragments[line->right_to_left ? line->count - 1 - f : f];

        if (f > 0) {
            characters[count++] = ' ';
        }
        if (line->right_to_left) {
            count = fragment_start_leftwards(glyphs, fragment, characters, count);
        } else {
            count = fragment_start(glyphs, fragment, characters, count);
        }
    }
    return count;
}

static bool has_marker(const struct glyphs *glyphs, const struct line *line)
{
    uint32_t characters[MARKER_MAX];
    uint32_t count = line_start(glyphs, line, characters);

    return blocks_marker(characters, count) > 0;
}

static uint32_t first_character(const struct glyphs *glyphs, const struct line *line)
{
    uint32_t characters[MARKER_MAX];

    return line_start(glyphs, line, characters) > 0 ? characters[0] : 0;
}

uint32_t blocks_last_character(const struct glyphs *glyphs, const struct line *line)
{
    const struct fragment *fragment = line->fragments[line->count - 1];

    for (uint32_t r = fragment->run_count; r-- > 0;) {
        const struct glyph_run *run = &glyphs->runs[fragment->run_first + r];

        for (uint32_t i = run->count; i-- > 0;) {
            if (glyphs->items[run->first + i].character != ' ') {
                return glyphs->items[run->first + i].character;
            }
        }
    }
    return 0;
}

static bool ends_sentence(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == ':' || c == 0x3002 || c == 0x201D || c == ')';
}

static bool is_lower(uint32_t c)
{
    return (c >= 'a' && c <= 'z') ||
           (c >= 0x80 && ucdn_get_general_category(c) == UCDN_GENERAL_CATEGORY_LL);
}

/* A line of a table of contents: dots that lead to a number at its end. */
static bool is_entry(const struct glyphs *glyphs, const struct line *line)
{
    const struct fragment *fragment = line->fragments[line->count - 1];
    const struct glyph_run *last = &glyphs->runs[fragment->run_first + fragment->run_count - 1];
    uint32_t first = glyphs->runs[line->fragments[0]->run_first].first;
    uint32_t i = last->first + last->count;
    uint32_t number = 0;
    uint32_t dots = 0;

    if (line->right_to_left || line->dots < ENTRY_DOTS) {
        return false;
    }
    if (line->count > 1 && line->fragments[line->count - 2]->leader) {
        return fragment->chars <= ENTRY_NUMBER_CHARS;
    }
    for (; i > first && dots < ENTRY_DOTS; i--) {
        uint32_t c = glyphs->items[i - 1].character;

        if (c == '.') {
            dots++;
        } else if (c != ' ') {
            if (dots > 0 || ++number > ENTRY_NUMBER_CHARS || !(is_digit(c) || is_roman(c))) {
                return false;
            }
        }
    }
    return dots == ENTRY_DOTS && number > 0;
}

bool blocks_starts_lower(const struct glyphs *glyphs, const struct line *line)
{
    return is_lower(first_character(glyphs, line)) && !has_marker(glyphs, line);
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
    uint32_t c = first_character(glyphs, line);

    return !is_lower(c) && c != '/' && c != ',' && c != ';' && c != '=' && c != '&' && c != '?' &&
           c != '%';
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
    uint32_t last = blocks_last_character(splitter->glyphs, before);
    bool is_short = before->right < splitter->right - 2 * size;

    if (is_centred(before, line)) {
        return false;
    }
    if (step > INDENT * size && step < 6 * size) {
        return (ends_sentence(last) || is_short) &&
               (is_very_short(splitter, before) || is_wider(splitter, before, line) ||
                begins(splitter->glyphs, line)) &&
               !(before == first && has_marker(splitter->glyphs, first));
    }
    if (step < -INDENT * size && before != first) {
        return true;
    }
    return is_very_short(splitter, before) && ends_sentence(last) &&
           !blocks_starts_lower(splitter->glyphs, line);
}

/* The first run of the line that shows something. */
static const struct glyph_run *first_run(const struct glyphs *glyphs, const struct line *line)
{
    const struct fragment *fragment = line->fragments[0];
    const struct glyph_run *run = &glyphs->runs[fragment->run_first];

    for (uint32_t r = 1; r < fragment->run_count && run->count == 1; r++) {
        if (glyphs->items[run->first].character != ' ') {
            break;
        }
        run++;
    }
    return run;
}

static bool is_mark(uint32_t c)
{
    return is_digit(c) || is_letter(c) || c == '*' || c == 0x2020 || c == 0x2021 || c == 0xA7;
}

/* Whether the line begins with a small raised mark, as a footnote does. */
static bool starts_with_raised_mark(const struct glyphs *glyphs, const struct line *line)
{
    const struct glyph_run *run = first_run(glyphs, line);
    uint32_t count = run->count;

    while (count > 0 && glyphs->items[run->first + count - 1].character == ' ') {
        count--;
    }
    if (run->size_pt > MARK_SIZE * line->size_pt ||
        run->baseline > line->baseline - MARK_RAISED * line->size_pt || count == 0 ||
        count > MARK_CHARS) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t c = glyphs->items[run->first + i].character;

        if (!is_mark(c) || (count > 1 && is_letter(c))) {
            return false;
        }
    }
    return line->chars > MARK_LINE_CHARS;
}

static bool starts_block(const struct splitter *splitter, const struct line *first,
                         const struct line *before, const struct line *line)
{
    uint8_t changed = before->style ^ line->style;
    float larger = fmaxf(before->size_pt, line->size_pt);
    float smaller = fminf(before->size_pt, line->size_pt);

    if (is_entry(splitter->glyphs, before)) {
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
           has_marker(splitter->glyphs, line) || starts_with_raised_mark(splitter->glyphs, line) ||
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
