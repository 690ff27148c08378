/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a block looks like. Nothing blocks or logs.
 */
#include "workers/layout/look.h"

#include <math.h>
#include <string.h>

#include "workers/layout/text.h"

#define SIZES_MAX 8

struct size_bytes {
    float size_pt;
    uint32_t bytes;
};

static uint32_t letters_in(const struct page_span *span)
{
    uint32_t letters = 0;

    for (uint32_t i = 0; i < span->text_bytes; i++) {
        unsigned char c = (unsigned char)span->text[i];

        letters += c >= 0x80 || (unsigned char)((c | 0x20) - 'a') < 26;
    }
    return letters;
}

static void add_size(struct size_bytes sizes[SIZES_MAX], const struct page_span *span)
{
    uint32_t i = 0;

    while (i < SIZES_MAX - 1 && sizes[i].bytes > 0 && sizes[i].size_pt != span->size_pt) {
        i++;
    }
    sizes[i].size_pt = span->size_pt;
    sizes[i].bytes += span->text_bytes;
}

static void look_at_start(const struct page_line *line, struct block_look *look)
{
    for (uint32_t s = 0; s < line->span_count; s++) {
        const struct page_span *span = &line->spans[s];
        const char *at = span->text;
        const char *end = span->text + span->text_bytes;

        while (at < end && look->start_count < LOOK_START_CHARS) {
            size_t bytes;

            look->start_style[look->start_count] = span->style;
            look->start[look->start_count++] = text_get(at, end, &bytes);
            at += bytes;
        }
    }
}

void block_look_at(const struct page_block *block, struct block_look *ret_look)
{
    struct size_bytes sizes[SIZES_MAX] = {{0, 0}};
    struct block_look *look = ret_look;
    uint32_t most = 0;

    memset(look, 0, sizeof(*look));
    look->style = 0xFF;
    for (uint32_t l = 0; l < block->line_count; l++) {
        for (uint32_t s = 0; s < block->lines[l].span_count; s++) {
            const struct page_span *span = &block->lines[l].spans[s];

            look->chars += span->text_bytes;
            look->letters += letters_in(span);
            look->style &= span->style;
            look->size_pt = fmaxf(look->size_pt, span->size_pt);
            add_size(sizes, span);
        }
    }
    for (uint32_t i = 1; i < SIZES_MAX; i++) {
        most = sizes[i].bytes > sizes[most].bytes ? i : most;
    }
    look->usual_pt = sizes[most].size_pt;
    look_at_start(&block->lines[0], look);
}
