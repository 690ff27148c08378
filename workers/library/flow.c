/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Paragraphs over columns and pages.
 *
 * Invariants: at most one block of text is held, and AFTER_MAX bytes behind it. Nothing blocks or
 * logs.
 */
#include "workers/library/flow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/chars.h"
#include "workers/library/markdown.h"

#define AFTER_MAX ((size_t)256 << 10)
#define TEXT_MAX ((size_t)1 << 20) /* of a held paragraph: past it nothing is joined to it */
#define SIZE_NEAR 0.08F            /* sizes that are one, as a share */
#define FULL_SHARE 0.92F           /* of a block's width: a line that long is full */
#define INDENT_SHARE 0.6F          /* of its size: how far a first line is indented at least */
#define FULL_LINES_MIN 3

void flow_init(struct flow *flow, size_t max_bytes)
{
    *flow = (struct flow){0};
    buf_init(&flow->text, max_bytes);
    buf_init(&flow->after, max_bytes);
}

void flow_deinit(struct flow *flow)
{
    buf_deinit(&flow->text);
    buf_deinit(&flow->after);
}

static int put(struct flow *flow, const char *text, struct error *err)
{
    return buf_append_str(flow->out, text, err);
}

static int put_text(struct flow *flow, struct error *err)
{
    bool item = flow->held == FLOW_ITEM;
    size_t before;

    if (item && put(flow, flow->lead, err) < 0) {
        return -1;
    }
    before = flow->out->size;
    if (markdown_escape((const char *)flow->text.data, flow->text.size, true, flow->out, err) < 0) {
        return -1;
    }
    flow->in_list = item;
    return item ? put(flow, "\n", err) : flow->out->size > before ? put(flow, "\n\n", err) : 0;
}

int flow_flush(struct flow *flow, struct error *err)
{
    int result = 0;

    switch (flow->held) {
    case FLOW_PARAGRAPH:
    case FLOW_ITEM:
        result = put_text(flow, err);
        break;
    case FLOW_PIPE_TABLE:
        result = put(flow, "\n", err);
        break;
    case FLOW_HTML_TABLE:
        result = put(flow, "</tbody>\n</table>\n\n", err);
        break;
    case FLOW_NOTHING:
        break;
    }
    flow->held = FLOW_NOTHING;
    buf_reset(&flow->text, TEXT_MAX);
    if (result == 0 && flow->after.size > 0) {
        result = flow->in_list ? put(flow, "\n", err) : 0;
        flow->in_list = false;
        if (result == 0) {
            result = buf_append(flow->out, flow->after.data, flow->after.size, err);
        }
    }
    buf_reset(&flow->after, AFTER_MAX);
    return result;
}

int flow_begin(struct flow *flow, bool item, struct error *err)
{
    if (flow_flush(flow, err) < 0) {
        return -1;
    }
    if (flow->in_list && !item) {
        flow->in_list = false;
        return put(flow, "\n", err);
    }
    return 0;
}

static float width(const struct page_box *box)
{
    return box->x1 - box->x0;
}

static float size_of(const struct page_block *block)
{
    const struct page_line *line = block->line_count > 0 ? &block->lines[0] : NULL;

    return line && line->span_count > 0 ? line->spans[0].size_pt : 0.0F;
}

static void remember(struct flow *flow, uint32_t page, const struct page_block *block)
{
    const struct page_line *last =
        block->line_count > 0 ? &block->lines[block->line_count - 1] : NULL;

    flow->page = page;
    flow->box = block->box;
    flow->size_pt = size_of(block);
    flow->line_count = block->line_count;
    flow->full = last && width(&last->box) >= FULL_SHARE * width(&block->box);
}

void flow_hold(struct flow *flow, const char *lead, uint32_t page, const struct page_block *block)
{
    flow->held = lead ? FLOW_ITEM : FLOW_PARAGRAPH;
    snprintf(flow->lead, sizeof flow->lead, "%s", lead ? lead : "");
    remember(flow, page, block);
}

static bool ends_sentence(const struct flow *flow)
{
    return chars_ends_sentence(inline_last(&flow->text, true));
}

static bool is_text_held(const struct flow *flow)
{
    return flow->held == FLOW_PARAGRAPH || flow->held == FLOW_ITEM;
}

bool flow_is_open(const struct flow *flow)
{
    if (flow->held == FLOW_NOTHING || flow->after.size >= AFTER_MAX) {
        return false;
    }
    return !is_text_held(flow) || (flow->text.size < TEXT_MAX && !ends_sentence(flow));
}

/* The column or the page ended, or something stands between: blocks that simply follow each other
 * were parted by the layout on purpose. */
static bool is_apart(const struct flow *flow, uint32_t page, const struct page_block *block)
{
    return page != flow->page || flow->after.size > 0 || block->box.y0 < flow->box.y0 ||
           block->box.x0 > flow->box.x1 || block->box.x1 < flow->box.x0;
}

static bool has_indent(const struct page_block *block)
{
    const struct page_line *first = &block->lines[0];

    if (block->line_count < 2) {
        return false;
    }
    return first->right_to_left ? block->box.x1 - first->box.x1 > INDENT_SHARE * size_of(block)
                                : first->box.x0 - block->box.x0 > INDENT_SHARE * size_of(block);
}

bool flow_goes_on(const struct flow *flow, uint32_t page, const struct page_block *block)
{
    uint32_t first;
    uint32_t last;

    if (!is_text_held(flow) || !flow_is_open(flow) || block->line_count == 0 ||
        page - flow->page > 1 || !is_apart(flow, page, block) ||
        fabsf(size_of(block) - flow->size_pt) > SIZE_NEAR * flow->size_pt) {
        return false;
    }
    first = inline_first(&block->lines[0]);
    last = inline_last(&flow->text, true);
    if (chars_is_lower(first)) {
        return true;
    }
    if (flow->held == FLOW_ITEM || has_indent(block)) {
        return false;
    }
    if (last == ',' || last == 0x060C || last == 0x3001) {
        return true;
    }
    return flow->full && flow->line_count >= FULL_LINES_MIN &&
           (chars_is_caseless(first) || block->line_count >= 2);
}

int flow_go_on(struct flow *flow, uint32_t page, const struct page_block *block,
               const struct inline_notes *notes, struct error *err)
{
    bool broken = inline_ends_hyphenated(&flow->text);
    struct buf *text = &flow->text;

    if (inline_join(text, &block->lines[0],
                    broken && chars_is_lower(inline_first(&block->lines[0])), err) < 0 ||
        inline_append_block(text, block, notes, err) < 0) {
        return -1;
    }
    remember(flow, page, block);
    return 0;
}

struct buf *flow_aside(struct flow *flow, struct error *err)
{
    if (flow_is_open(flow)) {
        return &flow->after;
    }
    return flow_begin(flow, false, err) < 0 ? NULL : flow->out;
}
