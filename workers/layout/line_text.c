/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How lines start and end. Nothing blocks or logs.
 */
#include "workers/layout/line_text.h"

#include <mupdf/ucdn.h>

#define MARKER_MAX 8
/* Of a raised mark: parts of the line's size, characters, and those of the line that has one. */
#define MARK_SIZE 0.85F
#define MARK_RAISED 0.12F
#define MARK_CHARS 3U
#define MARK_LINE_CHARS 8U
#define ENTRY_DOTS 4U
#define ENTRY_NUMBER_CHARS 6U

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

uint32_t line_marker(const uint32_t *characters, uint32_t count)
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

bool line_has_marker(const struct glyphs *glyphs, const struct line *line)
{
    uint32_t characters[MARKER_MAX];
    uint32_t count = line_start(glyphs, line, characters);

    return line_marker(characters, count) > 0;
}

uint32_t line_first_character(const struct glyphs *glyphs, const struct line *line)
{
    uint32_t characters[MARKER_MAX];

    return line_start(glyphs, line, characters) > 0 ? characters[0] : 0;
}

uint32_t line_last_character(const struct glyphs *glyphs, const struct line *line)
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

bool line_is_lower(uint32_t c)
{
    return (c >= 'a' && c <= 'z') ||
           (c >= 0x80 && ucdn_get_general_category(c) == UCDN_GENERAL_CATEGORY_LL);
}

/* A line of a table of contents: dots that lead to a number at its end. */
bool line_is_entry(const struct glyphs *glyphs, const struct line *line)
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

bool line_starts_lower(const struct glyphs *glyphs, const struct line *line)
{
    return line_is_lower(line_first_character(glyphs, line)) && !line_has_marker(glyphs, line);
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
bool line_has_raised_mark(const struct glyphs *glyphs, const struct line *line)
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
