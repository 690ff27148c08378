/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Paragraphs that go on elsewhere.
 *
 * A paragraph is unfinished when its last line is full and ends as no sentence does, or in a
 * hyphen. Its other part starts in lower case, in the same size, and stands where a reader looks
 * for it: at the top of the next column, or right under the first part when a box or picture
 * stands beside that. Between the two there may only be what does not belong to the running text:
 * captions, pictures' labels, footnotes, boxes. Nothing blocks or logs.
 */
#include "workers/layout/flow.h"

#include <math.h>
#include <string.h>

#include "workers/layout/line_text.h"

#define BETWEEN_MAX 24U   /* blocks */
#define SIZE_SAME 0.03F   /* of the size */
#define SIZE_LARGER 1.08F /* a heading's: the text before it has ended */
#define SIZE_SMALLER 0.95F
#define FULL_LINE 2.0F   /* of the size: so near the edge ends a full line */
#define PROSE_EM 12.0F   /* mean width of lines that are running text, in sizes */
#define LEADING_MAX 1.9F /* of the size */
#define PART_CHARS 12U

/* A block as a range of lines. */
struct part {
    uint32_t first, count;
    float left, right, top, bottom;
    float size_pt; /* of its first line */
    double width;  /* of all lines */
};

struct flow {
    const struct glyphs *glyphs;
    struct line *lines;
    struct part *parts;
    uint32_t part_count;
    struct line *scratch; /* as many as there are lines */
};

static void part_measure(const struct flow *flow, struct part *part)
{
    const struct line *lines = &flow->lines[part->first];

    *part = (struct part){.first = part->first,
                          .count = part->count,
                          .left = INFINITY,
                          .right = -INFINITY,
                          .top = lines[0].top,
                          .bottom = lines[part->count - 1].bottom,
                          .size_pt = lines[0].size_pt};
    for (uint32_t i = 0; i < part->count; i++) {
        part->left = fminf(part->left, lines[i].left);
        part->right = fmaxf(part->right, lines[i].right);
        part->width += (double)(lines[i].right - lines[i].left);
    }
}

static void find_parts(struct flow *flow, uint32_t line_count)
{
    for (uint32_t i = 0; i < line_count; i++) {
        if (i == 0 || flow->lines[i].starts_block) {
            flow->parts[flow->part_count++].first = i;
        }
        flow->parts[flow->part_count - 1].count++;
    }
    for (uint32_t p = 0; p < flow->part_count; p++) {
        part_measure(flow, &flow->parts[p]);
    }
}

static const struct line *last_line(const struct flow *flow, const struct part *part)
{
    return &flow->lines[part->first + part->count - 1];
}

static bool is_prose(const struct part *part)
{
    return part->width / part->count >= (double)(PROSE_EM * part->size_pt);
}

static bool is_hyphen(uint32_t c)
{
    return c == '-' || c == 0x2010 || c == 0xAD;
}

/* Letters, digits, and what may stand in the middle of a sentence. */
static bool may_go_on(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c | 0x20) - 'a' < 26 || (c >= 0xC0 && c < 0x250) ||
           (c >= 0x370 && c < 0x590) || c == ',' || c == ')' || c == 0x2019 || c == '\'' ||
           is_hyphen(c);
}

static bool is_unfinished(const struct flow *flow, const struct part *part)
{
    const struct line *last = last_line(flow, part);
    uint32_t c = line_last_character(flow->glyphs, last);

    if (last->right_to_left || (last->style & PAGE_STYLE_MONO) || last->wide_gaps > 0 ||
        !may_go_on(c) || !is_prose(part)) {
        return false;
    }
    return is_hyphen(c) ||
           (part->count > 1 && last->right > part->right - FULL_LINE * part->size_pt);
}

static bool may_be_other_part(const struct flow *flow, const struct part *part,
                              const struct part *other)
{
    const struct line *first = &flow->lines[other->first];
    const struct line *last = last_line(flow, part);

    return fabsf(first->size_pt - last->size_pt) < SIZE_SAME * last->size_pt &&
           first->chars >= PART_CHARS && first->wide_gaps == 0 && !first->right_to_left &&
           !(first->style & PAGE_STYLE_MONO) &&
           ((first->style ^ last->style) & PAGE_STYLE_BOLD) == 0 &&
           line_starts_lower(flow->glyphs, first);
}

/* Whether other starts a column to the right of part, higher up. */
static bool is_next_column(const struct flow *flow, const struct part *part,
                           const struct part *other)
{
    return other->left > part->right && other->top < last_line(flow, part)->top && is_prose(other);
}

/* Whether other stands right under part, line under line. */
static bool is_under(const struct flow *flow, const struct part *part, const struct part *other)
{
    const struct line *last = last_line(flow, part);
    float leading = flow->lines[other->first].baseline - last->baseline;

    return leading > 0 && leading < LEADING_MAX * part->size_pt && other->left < part->right &&
           part->left < other->right;
}

/* Whether between, in the reading order, may interrupt a paragraph whose parts are part and
 * other. */
static bool may_interrupt(const struct part *part, const struct part *other, bool next_column,
                          const struct part *between)
{
    bool beside = between->left > part->right || between->right < part->left;

    if (!next_column) {
        return beside;
    }
    if (between->size_pt > SIZE_LARGER * part->size_pt) {
        return false;
    }
    if (between->size_pt > SIZE_SMALLER * part->size_pt && is_prose(between) &&
        between->count > 1) {
        return false;
    }
    return (!beside && between->top >= part->bottom - part->size_pt) ||
           (between->bottom <= other->top + part->size_pt && between->left < other->right &&
            other->left < between->right);
}

/* The part in which p goes on; p itself when there is none. */
static uint32_t find_other(const struct flow *flow, uint32_t p)
{
    const struct part *part = &flow->parts[p];

    for (uint32_t o = p + 1; o < flow->part_count && o <= p + BETWEEN_MAX; o++) {
        const struct part *other = &flow->parts[o];
        bool next_column = is_next_column(flow, part, other);
        bool fits = may_be_other_part(flow, part, other) &&
                    (next_column || (o > p + 1 && is_under(flow, part, other)));

        for (uint32_t b = p + 1; fits && b < o; b++) {
            fits = may_interrupt(part, other, next_column, &flow->parts[b]);
        }
        if (fits) {
            return o;
        }
    }
    return p;
}

/* Moves the lines of part o behind those of part p, and makes one part of the two. */
static void join(struct flow *flow, uint32_t p, uint32_t o)
{
    struct part *part = &flow->parts[p];
    struct part other = flow->parts[o];
    uint32_t end = part->first + part->count;
    uint32_t between = other.first - end;

    memcpy(flow->scratch, &flow->lines[other.first], other.count * sizeof(*flow->lines));
    memmove(&flow->lines[end + other.count], &flow->lines[end], between * sizeof(*flow->lines));
    memcpy(&flow->lines[end], flow->scratch, other.count * sizeof(*flow->lines));
    flow->lines[end].starts_block = false;
    for (uint32_t i = p + 1; i < o; i++) {
        flow->parts[i].first += other.count;
    }
    memmove(&flow->parts[o], &flow->parts[o + 1],
            (flow->part_count - o - 1) * sizeof(*flow->parts));
    flow->part_count--;
    /* What goes on from here is judged by the part that was added. */
    part->count += other.count;
    part->left = other.left;
    part->right = other.right;
    part->top = other.top;
    part->bottom = other.bottom;
}

int flow_join(const struct glyphs *glyphs, struct lines *lines, struct arena *arena,
              struct error *err)
{
    struct flow flow = {.glyphs = glyphs, .lines = lines->items};

    flow.parts = arena_calloc(arena, lines->count + 1, sizeof(*flow.parts));
    flow.scratch = arena_calloc(arena, lines->count + 1, sizeof(*flow.scratch));
    if (!flow.parts || !flow.scratch) {
        return error_set(err, ERROR_MEMORY, "no memory for %u blocks", lines->count);
    }
    find_parts(&flow, lines->count);
    for (uint32_t p = 0; p < flow.part_count; p++) {
        uint32_t other;

        while (is_unfinished(&flow, &flow.parts[p]) && (other = find_other(&flow, p)) != p) {
            join(&flow, p, other);
        }
    }
    return 0;
}
