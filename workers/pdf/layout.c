/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a block is. Only evidence of this page counts here: the size and weight of its body text,
 * where a block lies, how it starts. Nothing blocks or logs.
 */
#include "workers/pdf/layout.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "workers/pdf/blocks.h"
#include "workers/pdf/text.h"

#define SIZES_MAX 64
#define HEADING_LARGER 1.12F /* than the body's size */
#define HEADING_LINES_MAX 4U
#define HEADING_CHARS_MAX 250U
#define MARGIN_SHARE 0.12F /* of the page's height, at the top and at the bottom */
#define MARGIN_LINES_MAX 3U
#define MARGIN_BLOCKS_MAX 4 /* candidates at each end */
#define MARKER_CHARS 8
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* What most of the page's text looks like. */
struct body {
    float size_pt;
    bool bold;
    uint32_t chars;
};

/* What all of a block's text looks like. */
struct look {
    float size_pt; /* of its largest text with a share that matters */
    uint8_t style; /* bits that all of it has */
    uint32_t chars;
};

static struct body find_body(const struct page_record *record)
{
    struct {
        float size_pt;
        uint32_t chars, bold;
    } sizes[SIZES_MAX];
    uint32_t count = 0;
    uint32_t best = 0;
    struct body body = {0};

    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        for (uint32_t l = 0; l < block->line_count; l++) {
            for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
                const struct page_span *span = &block->lines[l].spans[s];
                uint32_t i = 0;

                while (i < count && fabsf(sizes[i].size_pt - span->size_pt) > 0.25F) {
                    i++;
                }
                if (i == SIZES_MAX) {
                    continue;
                }
                if (i == count) {
                    sizes[count].size_pt = span->size_pt;
                    sizes[count].chars = 0;
                    sizes[count++].bold = 0;
                }
                sizes[i].chars += span->text_bytes;
                sizes[i].bold += span->style & PAGE_STYLE_BOLD ? span->text_bytes : 0;
                body.chars += span->text_bytes;
            }
        }
    }
    for (uint32_t i = 1; i < count; i++) {
        best = sizes[i].chars > sizes[best].chars ? i : best;
    }
    if (count > 0) {
        body.size_pt = sizes[best].size_pt;
        body.bold = sizes[best].bold * 2 > sizes[best].chars;
    }
    return body;
}

static struct look look_of(const struct page_block *block)
{
    struct look look = {.style = 0xFF};

    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            const struct page_span *span = &block->lines[l].spans[s];

            look.chars += span->text_bytes;
            look.style &= span->style;
            look.size_pt = fmaxf(look.size_pt, span->size_pt);
        }
    }
    return look;
}

/* The block's first characters. */
static uint32_t start_of(const struct page_block *block, uint32_t characters[MARKER_CHARS])
{
    uint32_t count = 0;

    for (uint32_t s = 0; s < block->lines[0].span_count; s++) {
        const struct page_span *span = &block->lines[0].spans[s];
        const char *at = span->text;
        const char *end = span->text + span->text_bytes;

        while (at < end && count < MARKER_CHARS) {
            size_t bytes;

            characters[count++] = text_get(at, end, &bytes);
            at += bytes;
        }
    }
    return count;
}

static char last_byte(const struct page_block *block)
{
    const struct page_line *line = &block->lines[block->line_count - 1];
    const struct page_span *span = &line->spans[line->span_count - 1];

    return span->text_bytes > 0 ? span->text[span->text_bytes - 1] : '\0';
}

static bool has_letter(const struct page_block *block)
{
    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            const struct page_span *span = &block->lines[l].spans[s];

            for (uint32_t i = 0; i < span->text_bytes; i++) {
                unsigned char c = (unsigned char)span->text[i];

                if (c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool is_heading(const struct page_block *block, const struct look *look,
                       const struct body *body)
{
    char last = last_byte(block);

    if (block->line_count > HEADING_LINES_MAX || look->chars > HEADING_CHARS_MAX ||
        look->chars * 2 > body->chars || last == ',' || last == ';' || !has_letter(block)) {
        return false;
    }
    if (look->size_pt > HEADING_LARGER * body->size_pt) {
        return true;
    }
    return (look->style & PAGE_STYLE_BOLD) && !body->bold && last != '.' &&
           look->size_pt > 0.95F * body->size_pt;
}

static enum page_block_kind kind_of(const struct page_block *block, const struct body *body)
{
    struct look look = look_of(block);
    uint32_t characters[MARKER_CHARS];
    uint32_t count = start_of(block, characters);
    uint32_t marker = blocks_marker(characters, count);

    if (look.style & PAGE_STYLE_MONO) {
        return PAGE_BLOCK_CODE;
    }
    if (is_heading(block, &look, body)) {
        return PAGE_BLOCK_HEADING;
    }
    return marker > 0 && marker < count ? PAGE_BLOCK_LIST_ITEM : PAGE_BLOCK_TEXT;
}

uint64_t layout_margin_key(const struct page_block *block)
{
    uint64_t key = FNV_OFFSET;
    bool in_digits = false;

    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            const struct page_span *span = &block->lines[l].spans[s];

            for (uint32_t i = 0; i < span->text_bytes; i++) {
                unsigned char c = (unsigned char)span->text[i];
                bool digit = c >= '0' && c <= '9';

                if (c == ' ' || (digit && in_digits)) {
                    continue;
                }
                key = (key ^ (digit ? '0' : c)) * FNV_PRIME;
                in_digits = digit;
            }
        }
    }
    return key;
}

static void mark_margin(struct page_block *block, enum page_margin margin)
{
    block->margin = margin;
    block->margin_key = layout_margin_key(block);
}

/* The few short blocks nearest to the top and bottom edge. */
static void find_margins(struct page_record *record)
{
    float top = record->height_pt * MARGIN_SHARE;
    float bottom = record->height_pt * (1 - MARGIN_SHARE);
    int top_count = 0;
    int bottom_count = 0;

    for (uint32_t b = 0; b < record->block_count && top_count < MARGIN_BLOCKS_MAX; b++) {
        struct page_block *block = &record->blocks[b];

        if (block->line_count <= MARGIN_LINES_MAX && block->box.y1 <= top) {
            mark_margin(block, PAGE_MARGIN_TOP);
            top_count++;
        }
    }
    for (uint32_t b = record->block_count; b-- > 0 && bottom_count < MARGIN_BLOCKS_MAX;) {
        struct page_block *block = &record->blocks[b];

        if (block->line_count <= MARGIN_LINES_MAX && block->box.y0 >= bottom &&
            block->margin == PAGE_MARGIN_NONE) {
            mark_margin(block, PAGE_MARGIN_BOTTOM);
            bottom_count++;
        }
    }
}

void layout_classify(struct page_record *record)
{
    struct body body = find_body(record);

    for (uint32_t b = 0; b < record->block_count; b++) {
        record->blocks[b].kind = kind_of(&record->blocks[b], &body);
    }
    find_margins(record);
}
