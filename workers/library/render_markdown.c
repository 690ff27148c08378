/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page as Markdown: headings by the document's ranks, lists, code, paragraphs made whole from
 * their lines. Furniture and images are left out.
 *
 * Invariants: every block ends in a blank line, but list items that follow each other. Nothing
 * blocks or logs.
 */
#include "workers/library/render.h"

#include <math.h>
#include <string.h>

#include "common/cleanup.h"
#include "workers/library/markdown.h"
#include "workers/library/chars.h"

#define CODE_INDENT_MAX 60

struct markdown_page {
    const struct document_style *style;
    struct buf *out;
    struct buf scratch; /* one block's text */
    bool in_list;       /* the block before was a list item */
};

static int put(struct markdown_page *page, const char *text, struct error *err)
{
    return buf_append_str(page->out, text, err);
}

static int append_line(struct buf *scratch, const struct page_line *line, struct error *err)
{
    for (uint32_t s = 0; s < line->span_count; s++) {
        if (buf_append(scratch, line->spans[s].text, line->spans[s].text_bytes, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* True when nothing belongs between what scratch ends in and the next line's start. */
static bool joins_closely(const struct buf *scratch, const struct page_line *next)
{
    uint32_t last = chars_last((const char *)scratch->data, scratch->size);

    if (last == ' ' || last == '\t') {
        return true;
    }
    if (chars_is_unspaced(last) && next->span_count > 0 && next->spans[0].text_bytes > 0) {
        size_t used;

        return chars_is_unspaced(
            chars_decode(next->spans[0].text, next->spans[0].text_bytes, &used));
    }
    return false;
}

/* The hyphen at which a word was broken, where the line still has it. */
static void drop_hyphen(struct buf *scratch)
{
    static const char *const hyphens[] = {"-", "\xC2\xAD", "\xE2\x80\x90"};

    for (size_t i = 0; i < ARRAY_LEN(hyphens); i++) {
        size_t length = strlen(hyphens[i]);

        if (scratch->size >= length &&
            memcmp(scratch->data + scratch->size - length, hyphens[i], length) == 0) {
            scratch->size -= length;
            return;
        }
    }
}

/* The block's lines as one, in page->scratch. */
static int join_lines(struct markdown_page *page, const struct page_block *block, struct error *err)
{
    struct buf *scratch = &page->scratch;

    scratch->size = 0;
    for (uint32_t l = 0; l < block->line_count; l++) {
        bool close = scratch->size == 0 || joins_closely(scratch, &block->lines[l]);

        if (l > 0 && block->lines[l - 1].hyphenated) {
            drop_hyphen(scratch);
            close = true;
        }
        if ((!close && buf_append(scratch, " ", 1, err) < 0) ||
            append_line(scratch, &block->lines[l], err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int put_heading(struct markdown_page *page, const struct page_block *block, uint8_t level,
                       struct error *err)
{
    size_t before;

    if (join_lines(page, block, err) < 0 || buf_append(page->out, "######", level, err) < 0 ||
        put(page, " ", err) < 0) {
        return -1;
    }
    before = page->out->size;
    if (markdown_escape((const char *)page->scratch.data, page->scratch.size, false, page->out,
                        err) < 0) {
        return -1;
    }
    /* A run of # at the end would be taken for the heading's closing. */
    if (page->out->size > before && page->out->data[page->out->size - 1] == '#') {
        page->out->size--;
        if (put(page, "\\#", err) < 0) {
            return -1;
        }
    }
    return put(page, "\n\n", err);
}

static int put_paragraph(struct markdown_page *page, const struct page_block *block,
                         struct error *err)
{
    size_t before = page->out->size;

    if (join_lines(page, block, err) < 0 ||
        markdown_escape((const char *)page->scratch.data, page->scratch.size, true, page->out,
                        err) < 0) {
        return -1;
    }
    return page->out->size > before ? put(page, "\n\n", err) : 0;
}

static int put_list_item(struct markdown_page *page, const struct page_block *block,
                         struct error *err)
{
    struct markdown_marker marker;
    const char *text;

    if (join_lines(page, block, err) < 0) {
        return -1;
    }
    text = page->scratch.size > 0 ? (const char *)page->scratch.data : "";
    markdown_list_marker(text, page->scratch.size, &marker);
    if (put(page, marker.lead, err) < 0 ||
        markdown_escape(text + marker.skip_bytes, page->scratch.size - marker.skip_bytes, true,
                        page->out, err) < 0) {
        return -1;
    }
    return put(page, "\n", err);
}

/* Lines stay lines: for tables, until their cells are known. */
static int put_lines(struct markdown_page *page, const struct page_block *block, struct error *err)
{
    for (uint32_t l = 0; l < block->line_count; l++) {
        page->scratch.size = 0;
        if (append_line(&page->scratch, &block->lines[l], err) < 0 ||
            markdown_escape((const char *)page->scratch.data, page->scratch.size, true, page->out,
                            err) < 0 ||
            put(page, l + 1 < block->line_count ? "\\\n" : "\n\n", err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Spaces for a line that starts right of its block, by the width of its own characters. */
static int indent_code(struct buf *scratch, const struct page_block *block,
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
    if (chars == 0 || line->box.x1 <= line->box.x0) {
        return 0;
    }
    indent = (line->box.x0 - block->box.x0) / ((line->box.x1 - line->box.x0) / (float)chars);
    for (long i = lroundf(fminf(indent, CODE_INDENT_MAX)); i > 0; i--) {
        if (buf_append(scratch, " ", 1, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int append_code(struct buf *scratch, const struct page_block *block, struct error *err)
{
    for (uint32_t l = 0; l < block->line_count; l++) {
        if (indent_code(scratch, block, &block->lines[l], err) < 0 ||
            append_line(scratch, &block->lines[l], err) < 0 ||
            buf_append(scratch, "\n", 1, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Code blocks that follow each other are one listing with blank lines in it. */
static int put_code(struct markdown_page *page, const struct page_block *blocks, uint32_t count,
                    struct error *err)
{
    size_t fence;

    page->scratch.size = 0;
    for (uint32_t b = 0; b < count; b++) {
        if ((b > 0 && buf_append(&page->scratch, "\n", 1, err) < 0) ||
            append_code(&page->scratch, &blocks[b], err) < 0) {
            return -1;
        }
    }
    fence = markdown_longest_fence((const char *)page->scratch.data, page->scratch.size) + 1;
    fence = fence < 3 ? 3 : fence;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < fence; i++) {
            if (put(page, "`", err) < 0) {
                return -1;
            }
        }
        if (put(page, side == 0 ? "\n" : "\n\n", err) < 0) {
            return -1;
        }
        if (side == 0 && buf_append(page->out, page->scratch.data, page->scratch.size, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Blocks from `at` on that make one run of code. */
static uint32_t code_run(const struct markdown_page *page, const struct page_record *record,
                         uint32_t at)
{
    uint32_t end = at;

    while (end < record->block_count && record->blocks[end].kind == PAGE_BLOCK_CODE &&
           !style_is_furniture(page->style, &record->blocks[end])) {
        end++;
    }
    return end - at;
}

static int put_block(struct markdown_page *page, const struct page_block *block, struct error *err)
{
    uint8_t level = style_heading_level(page->style, block);

    if (page->in_list && block->kind != PAGE_BLOCK_LIST_ITEM) {
        page->in_list = false;
        if (put(page, "\n", err) < 0) {
            return -1;
        }
    }
    if (level > 0) {
        return put_heading(page, block, level, err);
    }
    switch (block->kind) {
    case PAGE_BLOCK_LIST_ITEM:
        page->in_list = true;
        return put_list_item(page, block, err);
    case PAGE_BLOCK_TABLE:
        return put_lines(page, block, err);
    case PAGE_BLOCK_CODE:
        return put_code(page, block, 1, err);
    case PAGE_BLOCK_TEXT:
    case PAGE_BLOCK_HEADING:
    case PAGE_BLOCK_CAPTION:
    case PAGE_BLOCK_FOOTNOTE:
        return put_paragraph(page, block, err);
    case PAGE_BLOCK_IMAGE:
    case PAGE_BLOCK_COUNT:
        break;
    }
    return 0;
}

static int put_blocks(struct markdown_page *page, const struct page_record *record,
                      struct error *err)
{
    for (uint32_t b = 0; b < record->block_count; b++) {
        const struct page_block *block = &record->blocks[b];
        uint32_t run;

        if (style_is_furniture(page->style, block) || block->line_count == 0) {
            continue;
        }
        run = code_run(page, record, b);
        if (run > 1) {
            if ((page->in_list && put(page, "\n", err) < 0) ||
                put_code(page, block, run, err) < 0) {
                return -1;
            }
            page->in_list = false;
            b += run - 1;
        } else if (put_block(page, block, err) < 0) {
            return -1;
        }
    }
    return page->in_list ? put(page, "\n", err) : 0;
}

static int put_failure(struct markdown_page *page, const struct render_page *failed,
                       struct error *err)
{
    const char *text = failed->failure_text ? failed->failure_text : "";

    if (buf_printf(page->out, err, "> **Page %u could not be read** (", failed->number) < 0 ||
        markdown_escape(failed->failure_code, strlen(failed->failure_code), false, page->out, err) <
            0 ||
        put(page, text[0] ? "): " : ")", err) < 0 ||
        markdown_escape(text, strlen(text), false, page->out, err) < 0) {
        return -1;
    }
    return put(page, "\n\n", err);
}

int render_markdown_page(const struct document_style *style, const struct render_page *page,
                         struct buf *out, struct error *err)
{
    struct markdown_page state = {.style = style, .out = out};
    int result = -1;

    buf_init(&state.scratch, out->max);
    if (buf_printf(out, err, "<!-- page %u -->\n\n", page->number) == 0 &&
        (!page->failure_code || put_failure(&state, page, err) == 0)) {
        result = page->record ? put_blocks(&state, page->record, err) : 0;
    }
    buf_deinit(&state.scratch);
    return result;
}
