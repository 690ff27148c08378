/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Paragraphs over columns and pages.
 *
 * Invariants: at most one block of text is held, and AFTER_MAX bytes behind it. Nothing blocks or
 * logs.
 */
#include "workers/library/flow.h"

#include <math.h>
#include <stdlib.h>

#include "workers/library/chars.h"

#define AFTER_MAX ((size_t)256 << 10)
#define TEXT_MAX ((size_t)1 << 20) /* of a held paragraph: past it nothing is joined to it */
#define SIZE_NEAR 0.08F            /* sizes that are one, as a share */
#define FULL_SHARE 0.92F           /* of a block's width: a line that long is full */
#define INDENT_SHARE 0.6F          /* of its size: how far a first line is indented at least */
#define FULL_LINES_MIN 3

void flow_init(struct flow *flow, struct flow_sink sink)
{
    *flow = (struct flow){.sink = sink};
    element_init(&flow->element, ELEMENT_PARAGRAPH, 0);
}

static void drop_after(struct flow *flow)
{
    for (uint32_t i = 0; i < flow->after_count; i++) {
        element_deinit(&flow->after[i]);
    }
    flow->after_count = 0;
    flow->after_bytes = 0;
}

void flow_deinit(struct flow *flow)
{
    drop_after(flow);
    free(flow->after);
    element_deinit(&flow->element);
}

static int hand_on(struct flow *flow, const struct element *element, struct error *err)
{
    return flow->sink.put(flow->sink.user, element, err);
}

int flow_flush(struct flow *flow, struct error *err)
{
    enum flow_held held = flow->held;
    int result = 0;

    flow->held = FLOW_NOTHING;
    if (held == FLOW_TABLE) {
        struct element end = {.kind = ELEMENT_TABLE_END, .page = flow->page, .rows = flow->table};

        result = hand_on(flow, &end, err);
    } else if (held == FLOW_TEXT) {
        result = hand_on(flow, &flow->element, err);
    }
    for (uint32_t i = 0; result == 0 && i < flow->after_count; i++) {
        result = hand_on(flow, &flow->after[i], err);
    }
    drop_after(flow);
    return result;
}

struct element *flow_begin(struct flow *flow, enum element_kind kind, uint32_t page,
                           struct error *err)
{
    if (flow_flush(flow, err) < 0) {
        return NULL;
    }
    element_reset(&flow->element, kind, page);
    return &flow->element;
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

void flow_hold(struct flow *flow, uint32_t page, const struct page_block *block)
{
    flow->held = FLOW_TEXT;
    remember(flow, page, block);
}

static bool ends_sentence(const struct flow *flow)
{
    return chars_ends_sentence(inline_last(&flow->element.text, true));
}

bool flow_is_open(const struct flow *flow)
{
    if (flow->held == FLOW_NOTHING || flow->after_bytes >= AFTER_MAX) {
        return false;
    }
    return flow->held == FLOW_TABLE || (flow->element.text.size < TEXT_MAX && !ends_sentence(flow));
}

/* The column or the page ended, or something stands between: blocks that simply follow each other
 * were parted by the layout on purpose. */
static bool is_apart(const struct flow *flow, uint32_t page, const struct page_block *block)
{
    return page != flow->page || flow->after_count > 0 || block->box.y0 < flow->box.y0 ||
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

    if (flow->held != FLOW_TEXT || !flow_is_open(flow) || block->line_count == 0 ||
        page - flow->page > 1 || !is_apart(flow, page, block) ||
        fabsf(size_of(block) - flow->size_pt) > SIZE_NEAR * flow->size_pt) {
        return false;
    }
    first = inline_first(&block->lines[0]);
    last = inline_last(&flow->element.text, true);
    if (chars_is_lower(first)) {
        return true;
    }
    if (flow->element.kind == ELEMENT_ITEM || has_indent(block)) {
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
    struct buf *text = &flow->element.text;
    bool broken = inline_ends_hyphenated(text);

    if (inline_join(text, &block->lines[0],
                    broken && chars_is_lower(inline_first(&block->lines[0])), err) < 0 ||
        element_add_lines(&flow->element, page, block->lines, block->line_count, notes, err) < 0) {
        return -1;
    }
    remember(flow, page, block);
    return 0;
}

int flow_put(struct flow *flow, const struct element *element, struct error *err)
{
    return flow_flush(flow, err) < 0 ? -1 : hand_on(flow, element, err);
}

static int keep(struct flow *flow, const struct element *element, struct error *err)
{
    if (flow->after_count == flow->after_capacity) {
        uint32_t bigger = flow->after_capacity ? flow->after_capacity * 2 : 8;
        struct element *moved = reallocarray(flow->after, bigger, sizeof *flow->after);

        if (!moved) {
            return error_set(err, ERROR_MEMORY, "no memory for what stands beside a text");
        }
        flow->after = moved;
        flow->after_capacity = bigger;
    }
    flow->after[flow->after_count++] = *element;
    flow->after_bytes += sizeof *element + element->text.capacity +
                         element->piece_capacity * sizeof *element->pieces;
    return 0;
}

int flow_put_aside(struct flow *flow, struct element *element, struct error *err)
{
    int result;

    if (flow_is_open(flow)) {
        result = keep(flow, element, err);
        if (result == 0) {
            return 0;
        }
    } else {
        result = flow_put(flow, element, err);
    }
    element_deinit(element);
    return result;
}

int flow_put_rows(struct flow *flow, const struct element *element, struct error *err)
{
    if (element->rows.begins && flow_flush(flow, err) < 0) {
        return -1;
    }
    flow->held = FLOW_TABLE;
    flow->table = element->rows;
    flow->table.table = NULL;
    flow->table.box = NULL;
    flow->page = element->page;
    return hand_on(flow, element, err);
}
