/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a block is. Only evidence of this page counts here: the size and weight of its body text,
 * where a block lies, how it starts. Nothing blocks or logs.
 */
#include "workers/layout/layout.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "workers/layout/line_text.h"
#include "workers/layout/lists.h"
#include "workers/layout/look.h"
#include "workers/layout/margins.h"
#include "workers/layout/notes.h"

#define SIZES_MAX 64
#define HEADING_LARGER 1.12F /* than the body's size */
#define HEADING_LINES_MAX 4U
#define HEADING_CHARS_MAX 250U
#define HEADING_SHARE 0.3F /* of the page's text may be as large, or as bold */
#define SIZE_SAME 0.25F
#define TABLE_LINES_MIN 2U /* of words in cells, though the cells are not known */
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* How much of the page's text is of one size. */
struct size_share {
    float size_pt;
    uint32_t chars, bold;
};

/* What most of the page's text looks like. */
struct body {
    float size_pt;
    bool bold;
    uint32_t chars;
    struct size_share sizes[SIZES_MAX];
    uint32_t size_count;
};

static void body_add(struct body *body, const struct page_span *span)
{
    uint32_t i = 0;

    while (i < body->size_count && fabsf(body->sizes[i].size_pt - span->size_pt) > SIZE_SAME) {
        i++;
    }
    body->chars += span->text_bytes;
    if (i == SIZES_MAX) {
        return;
    }
    if (i == body->size_count) {
        body->sizes[body->size_count++] = (struct size_share){.size_pt = span->size_pt};
    }
    body->sizes[i].chars += span->text_bytes;
    body->sizes[i].bold += span->style & PAGE_STYLE_BOLD ? span->text_bytes : 0;
}

static void body_find(const struct page_record *record, struct body *body)
{
    const struct size_share *best;

    memset(body, 0, sizeof(*body));
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];

        for (uint32_t l = 0; l < block->line_count; l++) {
            for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
                body_add(body, &block->lines[l].spans[s]);
            }
        }
    }
    best = body->sizes;
    for (uint32_t i = 1; i < body->size_count; i++) {
        best = body->sizes[i].chars > best->chars ? &body->sizes[i] : best;
    }
    body->size_pt = best->size_pt;
    body->bold = best->bold * 2 > best->chars;
}

/* The share of the page's text that is at least so large. */
static float share_as_large(const struct body *body, float size_pt)
{
    uint32_t chars = 0;

    for (uint32_t i = 0; i < body->size_count; i++) {
        chars += body->sizes[i].size_pt > size_pt - SIZE_SAME ? body->sizes[i].chars : 0;
    }
    return body->chars > 0 ? (float)chars / (float)body->chars : 0;
}

/* The share of the page's text that is bold. */
static float share_bold(const struct body *body)
{
    uint32_t chars = 0;

    for (uint32_t i = 0; i < body->size_count; i++) {
        chars += body->sizes[i].bold;
    }
    return body->chars > 0 ? (float)chars / (float)body->chars : 0;
}

static char last_byte(const struct page_block *block)
{
    const struct page_line *line = &block->lines[block->line_count - 1];
    const struct page_span *span = &line->spans[line->span_count - 1];

    return span->text_bytes > 0 ? span->text[span->text_bytes - 1] : '\0';
}

/* Short, rare in its size or weight on this page, and not cells of a table. */
static bool is_heading(const struct page_block *block, const struct block_look *look,
                       const struct body *body, bool tabular)
{
    char last = last_byte(block);

    if (block->line_count > HEADING_LINES_MAX || look->chars > HEADING_CHARS_MAX || last == ',' ||
        last == ';' || look->letters * 2 < look->chars) {
        return false;
    }
    if (look->usual_pt > HEADING_LARGER * body->size_pt &&
        share_as_large(body, look->usual_pt) < HEADING_SHARE) {
        return true;
    }
    return !tabular && (look->style & PAGE_STYLE_BOLD) && !body->bold && last != '.' &&
           share_bold(body) < HEADING_SHARE && look->usual_pt > 0.95F * body->size_pt;
}

static enum page_block_kind kind_of(const struct page_block *block, const struct block_look *look,
                                    const struct body *body, bool tabular)
{
    if (look->style & PAGE_STYLE_MONO) {
        return PAGE_BLOCK_CODE;
    }
    if (notes_is_caption(block, look)) {
        return PAGE_BLOCK_CAPTION;
    }
    if (is_heading(block, look, body, tabular)) {
        return PAGE_BLOCK_HEADING;
    }
    if (line_marker(look->start, look->start_count) > 0 && look->letters > 0) {
        return PAGE_BLOCK_LIST_ITEM;
    }
    return tabular && block->line_count >= TABLE_LINES_MIN ? PAGE_BLOCK_TABLE : PAGE_BLOCK_TEXT;
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

void layout_classify(struct page_record *record, const bool *tabular)
{
    struct body body;

    body_find(record, &body);
    for (uint32_t b = 0; b < record->block_count; b++) {
        struct block_look look;

        if (record->blocks[b].table) {
            continue;
        }
        block_look_at(&record->blocks[b], &look);
        record->blocks[b].kind = kind_of(&record->blocks[b], &look, &body, tabular[b]);
    }
    margins_find(record);
    notes_find_footnotes(record, body.size_pt);
    lists_find_levels(record);
}
