/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Code: lines as they are, fences longer than any in it. Nothing blocks or logs.
 */
#include "workers/library/markdown_code.h"

#include <math.h>

#include "workers/library/chars.h"
#include "workers/library/markdown.h"

#define CODE_INDENT_MAX 60

/* Spaces for a line that starts right of its block, by the width of its own characters; none
 * where its text has them already. */
static int indent_line(struct buf *out, const struct page_block *block,
                       const struct page_line *line, struct error *err)
{
    uint64_t chars = 0;
    uint64_t line_chars;
    uint64_t words;
    float indent;

    for (uint32_t s = 0; s < line->span_count; s++) {
        chars_count(line->spans[s].text, line->spans[s].text_bytes, &line_chars, &words);
        chars += line_chars;
    }
    if (chars == 0 || line->box.x1 <= line->box.x0 || line->spans[0].text_bytes == 0 ||
        line->spans[0].text[0] == ' ') {
        return 0;
    }
    indent = (line->box.x0 - block->box.x0) / ((line->box.x1 - line->box.x0) / (float)chars);
    for (long i = lroundf(fminf(indent, CODE_INDENT_MAX)); i > 0; i--) {
        if (buf_append(out, " ", 1, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int append_line(struct buf *out, const struct page_line *line, struct error *err)
{
    for (uint32_t s = 0; s < line->span_count; s++) {
        if (buf_append(out, line->spans[s].text, line->spans[s].text_bytes, err) < 0) {
            return -1;
        }
    }
    return buf_append(out, "\n", 1, err);
}

static int append_block(struct buf *out, const struct page_block *block, struct error *err)
{
    for (uint32_t l = 0; l < block->line_count; l++) {
        if (indent_line(out, block, &block->lines[l], err) < 0 ||
            append_line(out, &block->lines[l], err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int put_fence(struct buf *out, size_t length, const char *end, struct error *err)
{
    for (size_t i = 0; i < length; i++) {
        if (buf_append(out, "`", 1, err) < 0) {
            return -1;
        }
    }
    return buf_append_str(out, end, err);
}

int markdown_code_put(const struct page_block *blocks, uint32_t count, struct buf *scratch,
                      struct buf *out, struct error *err)
{
    size_t fence;

    scratch->size = 0;
    for (uint32_t b = 0; b < count; b++) {
        if ((b > 0 && buf_append(scratch, "\n", 1, err) < 0) ||
            append_block(scratch, &blocks[b], err) < 0) {
            return -1;
        }
    }
    fence = markdown_longest_fence((const char *)scratch->data, scratch->size) + 1;
    fence = fence < 3 ? 3 : fence;
    if (put_fence(out, fence, "\n", err) < 0 ||
        buf_append(out, scratch->data, scratch->size, err) < 0) {
        return -1;
    }
    return put_fence(out, fence, "\n\n", err);
}
