/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Cutting lines into words. Invariants: a word has at least one character, and no white space. Its
 * text lies in a copy of the line's. Nothing blocks or logs.
 */
#include "workers/library/words.h"

#include <math.h>
#include <string.h>

#include "workers/library/chars.h"

/* Where a span's text runs within its box. */
enum direction { RIGHTWARD, LEFTWARD, DOWNWARD, UPWARD };

struct cutter {
    const struct page_line *line;
    struct word *words;
    uint32_t count;
    char *out;    /* where the next byte of text goes */
    bool in_word; /* the last word may go on */
};

static bool is_space(uint32_t c)
{
    return c <= 0x20 || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F;
}

static bool is_right_to_left(const struct page_span *span)
{
    size_t at = 0;

    while (at < span->text_bytes) {
        size_t used;

        if (chars_is_right_to_left(chars_decode(span->text + at, span->text_bytes - at, &used))) {
            return true;
        }
        at += used;
    }
    return false;
}

static enum direction direction_of(const struct page_line *line, const struct page_span *span)
{
    int angle = line->angle_deg;

    if (line->vertical || (angle > 45 && angle <= 135)) {
        return DOWNWARD;
    }
    if (angle < -45 && angle >= -135) {
        return UPWARD;
    }
    return (angle > 135 || angle < -135) != is_right_to_left(span) ? LEFTWARD : RIGHTWARD;
}

/* The part of box from share a to share b of its text's way. */
static struct page_box part_of(const struct page_box *box, enum direction direction, float a,
                               float b)
{
    struct page_box part = *box;
    float width = box->x1 - box->x0;
    float height = box->y1 - box->y0;

    switch (direction) {
    case RIGHTWARD:
        part.x0 = box->x0 + width * a;
        part.x1 = box->x0 + width * b;
        break;
    case LEFTWARD:
        part.x0 = box->x1 - width * b;
        part.x1 = box->x1 - width * a;
        break;
    case DOWNWARD:
        part.y0 = box->y0 + height * a;
        part.y1 = box->y0 + height * b;
        break;
    case UPWARD:
        part.y0 = box->y1 - height * b;
        part.y1 = box->y1 - height * a;
        break;
    }
    return part;
}

static void join_box(struct page_box *box, const struct page_box *other)
{
    box->x0 = fminf(box->x0, other->x0);
    box->y0 = fminf(box->y0, other->y0);
    box->x1 = fmaxf(box->x1, other->x1);
    box->y1 = fmaxf(box->y1, other->y1);
}

/* The bytes of text become a word, or the rest of the one before. */
static void add_piece(struct cutter *cutter, const struct page_span *span, const char *text,
                      uint32_t size_bytes, struct page_box box)
{
    struct word *word;

    if (cutter->in_word) {
        word = &cutter->words[cutter->count - 1];
        join_box(&word->box, &box);
        if (span->confidence > 0 &&
            (word->confidence == 0 || span->confidence < word->confidence)) {
            word->confidence = span->confidence;
        }
    } else {
        word = &cutter->words[cutter->count++];
        *word = (struct word){.text = cutter->out,
                              .box = box,
                              .confidence = span->confidence,
                              .style = span->style,
                              .size_pt = span->size_pt};
    }
    memcpy(cutter->out, text, size_bytes);
    cutter->out += size_bytes;
    word->text_bytes += size_bytes;
    cutter->in_word = true;
}

/* Characters of the span, and those of white space before its first word and behind its last. */
struct extent {
    uint32_t chars, before, behind;
};

static struct extent measure(const struct page_span *span)
{
    struct extent extent = {0, 0, 0};
    size_t at = 0;

    while (at < span->text_bytes) {
        size_t used;
        bool space = is_space(chars_decode(span->text + at, span->text_bytes - at, &used));

        extent.before += space && extent.before == extent.chars;
        extent.behind = space ? extent.behind + 1 : 0;
        extent.chars++;
        at += used;
    }
    return extent;
}

static void cut_span(struct cutter *cutter, const struct page_span *span)
{
    struct extent extent = measure(span);
    enum direction direction = direction_of(cutter->line, span);
    /* OCR's box is that of the word alone. */
    uint32_t skip = span->confidence > 0 ? extent.before : 0;
    uint32_t total = extent.chars - (span->confidence > 0 ? extent.before + extent.behind : 0);
    uint32_t character = 0;
    uint32_t first = 0;
    size_t start = 0;
    size_t at = 0;

    if (extent.before == extent.chars) {
        cutter->in_word = cutter->in_word && extent.chars == 0;
        return;
    }
    while (at <= span->text_bytes) {
        size_t used = 1;
        bool end = at == span->text_bytes;

        if (end || is_space(chars_decode(span->text + at, span->text_bytes - at, &used))) {
            if (at > start) {
                add_piece(cutter, span, span->text + start, (uint32_t)(at - start),
                          part_of(&span->box, direction, (float)(first - skip) / (float)total,
                                  (float)(character - skip) / (float)total));
            }
            cutter->in_word = end && cutter->in_word;
            start = at + used;
            first = character + 1;
        }
        character++;
        at += used;
    }
}

int words_of_line(const struct page_line *line, struct arena *arena, struct word **ret_words,
                  uint32_t *ret_count, struct error *err)
{
    struct cutter cutter = {.line = line};
    size_t bytes = 0;

    for (uint32_t s = 0; s < line->span_count; s++) {
        bytes += line->spans[s].text_bytes;
    }
    cutter.words = arena_calloc(arena, bytes / 2 + 1, sizeof *cutter.words);
    cutter.out = arena_alloc(arena, bytes);
    if (!cutter.words || !cutter.out) {
        return error_set(err, ERROR_MEMORY, "no memory for a line's words");
    }
    for (uint32_t s = 0; s < line->span_count; s++) {
        cut_span(&cutter, &line->spans[s]);
    }
    *ret_words = cutter.words;
    *ret_count = cutter.count;
    return 0;
}
