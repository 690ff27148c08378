/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From the blocks of pages to elements.
 *
 * Invariants: what is held back is flow.h's. Nothing blocks or logs.
 */
#include "workers/library/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/library/caption.h"
#include "workers/library/footnotes.h"
#include "workers/library/grid.h"
#include "workers/library/markdown.h"

struct walk {
    const struct document_style *style;
    struct flow flow;
    uint32_t last_note; /* the greatest number that is a footnote's label */
    /* Of the page in hand: */
    const struct render_page *page;
    struct captions captions;
    struct footnotes notes;
    struct inline_notes inline_notes;
    struct element *definitions; /* its footnotes, which come at its end */
    uint32_t definition_count;
};

static const char *note_label(void *context, const char *mark, size_t size_bytes)
{
    return footnotes_label(context, mark, size_bytes);
}

struct walk *walk_create(const struct document_style *style, struct flow_sink sink)
{
    struct walk *walk = calloc(1, sizeof *walk);

    if (walk) {
        walk->definitions = calloc(FOOTNOTES_MAX, sizeof *walk->definitions);
        if (!walk->definitions) {
            free(walk);
            return NULL;
        }
        walk->style = style;
        walk->inline_notes = (struct inline_notes){note_label, &walk->notes};
        flow_init(&walk->flow, sink);
    }
    return walk;
}

static void drop_definitions(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->definition_count; i++) {
        element_deinit(&walk->definitions[i]);
    }
    walk->definition_count = 0;
}

void walk_destroy(struct walk *walk)
{
    if (walk) {
        drop_definitions(walk);
        free(walk->definitions);
        flow_deinit(&walk->flow);
        free(walk);
    }
}

/* Adds the block's lines to the element. */
static int add_block(struct walk *walk, struct element *element, const struct page_block *block,
                     struct error *err)
{
    return element_add_lines(element, walk->page->number, block->lines, block->line_count,
                             &walk->inline_notes, err);
}

static int put_heading(struct walk *walk, const struct page_block *block, uint8_t level,
                       struct error *err)
{
    struct element *element = flow_begin(&walk->flow, ELEMENT_HEADING, walk->page->number, err);

    if (!element || add_block(walk, element, block, err) < 0) {
        return -1;
    }
    element->level = level;
    return flow_put(&walk->flow, element, err);
}

static int put_paragraph(struct walk *walk, const struct page_block *block, struct error *err)
{
    struct flow *flow = &walk->flow;
    uint32_t page = walk->page->number;
    struct element *element;

    if (flow_goes_on(flow, page, block)) {
        return flow_go_on(flow, page, block, &walk->inline_notes, err);
    }
    element = flow_begin(flow, ELEMENT_PARAGRAPH, page, err);
    if (!element || add_block(walk, element, block, err) < 0) {
        return -1;
    }
    flow_hold(flow, page, block);
    return 0;
}

static int put_list_item(struct walk *walk, const struct page_block *block, struct error *err)
{
    struct element *item = flow_begin(&walk->flow, ELEMENT_ITEM, walk->page->number, err);
    struct markdown_marker marker;

    if (!item || add_block(walk, item, block, err) < 0) {
        return -1;
    }
    markdown_list_marker(item->text.size > 0 ? (const char *)item->text.data : "", item->text.size,
                         &marker);
    element_skip(item, marker.skip_bytes);
    snprintf(item->lead, sizeof item->lead, "%s", marker.lead);
    item->level = block->level;
    flow_hold(&walk->flow, walk->page->number, block);
    return 0;
}

/* Lines stay lines: for a table whose cells are not known. */
static int put_lines(struct walk *walk, const struct page_block *block, struct error *err)
{
    struct element *element = flow_begin(&walk->flow, ELEMENT_LINES, walk->page->number, err);

    for (uint32_t l = 0; element && l < block->line_count; l++) {
        if ((l > 0 && buf_append(&element->text, "\n", 1, err) < 0) ||
            element_add_lines(element, walk->page->number, &block->lines[l], 1, &walk->inline_notes,
                              err) < 0) {
            return -1;
        }
    }
    return element ? flow_put(&walk->flow, element, err) : -1;
}

static int put_table(struct walk *walk, uint32_t index, struct error *err)
{
    const struct page_block *block = &walk->page->record->blocks[index];
    const struct render_part *part = render_part_at(walk->page, index);
    struct flow *flow = &walk->flow;
    struct element element = {.kind = ELEMENT_TABLE_ROWS, .page = walk->page->number};
    struct element_rows *rows = &element.rows;

    *rows = (struct element_rows){.table = block->table, .box = &block->box};
    if (part && part->first_row > 0 && flow->held == FLOW_TABLE &&
        flow->table.number == part->table) {
        rows->spans = flow->table.spans;
        rows->first_row = part->skipped_rows;
    } else {
        rows->spans = part ? part->spans : grid_has_spans(block->table);
        rows->begins = true;
    }
    rows->number = part ? part->table : 0;
    return flow_put_rows(flow, &element, err);
}

static int put_code(struct walk *walk, const struct page_block *blocks, uint32_t count,
                    struct error *err)
{
    struct element *element = flow_begin(&walk->flow, ELEMENT_LISTING, walk->page->number, err);

    if (!element || element_add_listing(element, walk->page->number, blocks, count, err) < 0) {
        return -1;
    }
    return flow_put(&walk->flow, element, err);
}

/* The note's text without its mark. */
static int read_note(struct walk *walk, const struct footnote *note, struct element *element,
                     struct error *err)
{
    const struct page_line *lines =
        &walk->page->record->blocks[note->block].lines[note->first_line];
    uint32_t page = walk->page->number;
    struct page_span first = lines->spans[0];
    struct page_line line = *lines;

    first.text += note->skip_bytes;
    first.text_bytes -= (uint32_t)note->skip_bytes;
    first.style = 0;
    line.spans = &first;
    line.span_count = 1;
    if (element_add_lines(element, page, &line, 1, NULL, err) < 0) {
        return -1;
    }
    line.spans = lines->spans + 1;
    line.span_count = lines->span_count - 1;
    if (inline_append_line(&element->text, &line, &walk->inline_notes, err) < 0) {
        return -1;
    }
    if (note->line_count == 1) {
        return 0;
    }
    if (inline_join(&element->text, lines + 1, lines->hyphenated, err) < 0) {
        return -1;
    }
    return element_add_lines(element, page, lines + 1, note->line_count - 1, &walk->inline_notes,
                             err);
}

static int put_note(struct walk *walk, const struct footnote *note, struct error *err)
{
    struct element *element = &walk->definitions[walk->definition_count++];

    element_init(element, ELEMENT_NOTE, walk->page->number);
    snprintf(element->label, sizeof element->label, "%s", note->label);
    return read_note(walk, note, element, err);
}

static int put_notes(struct walk *walk, struct error *err)
{
    int result = 0;

    for (uint32_t i = 0; i < walk->definition_count; i++) {
        struct element element = walk->definitions[i];

        element_init(&walk->definitions[i], ELEMENT_NOTE, 0); /* it is the flow's from here on */
        result = result < 0 ? result : flow_put_aside(&walk->flow, &element, err);
    }
    walk->definition_count = 0;
    return result;
}

/* Lines beside the flow. */
static int put_aside(struct walk *walk, enum element_kind kind, const struct page_line *lines,
                     uint32_t count, struct error *err)
{
    struct element element;

    element_init(&element, kind, walk->page->number);
    if (element_add_lines(&element, walk->page->number, lines, count, &walk->inline_notes, err) <
        0) {
        element_deinit(&element);
        return -1;
    }
    return flow_put_aside(&walk->flow, &element, err);
}

static int put_footnote(struct walk *walk, uint32_t index, struct error *err)
{
    const struct page_block *block = &walk->page->record->blocks[index];
    uint32_t line = 0;

    while (line < block->line_count) {
        const struct footnote *note = footnotes_at(&walk->notes, index, line);
        uint32_t end = line + 1;

        if (note) {
            if (put_note(walk, note, err) < 0) {
                return -1;
            }
            line += note->line_count;
            continue;
        }
        while (end < block->line_count && !footnotes_at(&walk->notes, index, end)) {
            end++;
        }
        if (put_aside(walk, ELEMENT_REMARK, &block->lines[line], end - line, err) < 0) {
            return -1;
        }
        line = end;
    }
    return 0;
}

/* NULL when it is not to be shown. */
static const struct page_image *image_of(const struct walk *walk, uint32_t index)
{
    const struct page_record *record = walk->page->record;
    const struct page_block *block = &record->blocks[index];
    const struct page_image *image;

    if (block->kind != PAGE_BLOCK_IMAGE || block->image >= record->image_record_count) {
        return NULL;
    }
    image = &record->images[block->image];
    return image->role == PAGE_IMAGE_ROLE_CONTENT && image->key[0] &&
                   !style_is_repeated(walk->style, image->key)
               ? image
               : NULL;
}

static int put_image(struct walk *walk, uint32_t index, struct error *err)
{
    const struct page_image *image = image_of(walk, index);
    uint32_t caption = walk->captions.of[index];
    struct element element;

    if (!image) {
        return 0;
    }
    element_init(&element, ELEMENT_IMAGE, walk->page->number);
    snprintf(element.key, sizeof element.key, "%s", image->key);
    snprintf(element.format, sizeof element.format, "%s", image->format);
    if (caption != CAPTION_NONE) {
        const struct page_block *block = &walk->page->record->blocks[caption];

        if (element_add_lines(&element, walk->page->number, block->lines, block->line_count, NULL,
                              err) < 0) {
            element_deinit(&element);
            return -1;
        }
    }
    return flow_put_aside(&walk->flow, &element, err);
}

static int put_caption(struct walk *walk, uint32_t index, struct error *err)
{
    const struct page_block *block = &walk->page->record->blocks[index];
    uint32_t target = walk->captions.target[index];

    if (target != CAPTION_NONE && image_of(walk, target)) {
        return 0; /* it is shown with its image */
    }
    return put_aside(walk, ELEMENT_CAPTION, block->lines, block->line_count, err);
}

static int put_block(struct walk *walk, uint32_t index, struct error *err)
{
    const struct page_block *block = &walk->page->record->blocks[index];
    uint8_t level = style_heading_level(walk->style, block);

    if (level > 0) {
        return put_heading(walk, block, level, err);
    }
    switch (block->kind) {
    case PAGE_BLOCK_LIST_ITEM:
        return put_list_item(walk, block, err);
    case PAGE_BLOCK_TABLE:
        return block->table ? put_table(walk, index, err) : put_lines(walk, block, err);
    case PAGE_BLOCK_TEXT:
    case PAGE_BLOCK_HEADING:
        return put_paragraph(walk, block, err);
    case PAGE_BLOCK_CAPTION:
        return put_caption(walk, index, err);
    case PAGE_BLOCK_FOOTNOTE:
        return put_footnote(walk, index, err);
    case PAGE_BLOCK_IMAGE:
        return put_image(walk, index, err);
    case PAGE_BLOCK_CODE:
    case PAGE_BLOCK_COUNT:
        break;
    }
    return 0;
}

static bool is_left_out(const struct walk *walk, const struct page_block *block)
{
    return (block->line_count == 0 && block->kind != PAGE_BLOCK_IMAGE && !block->table) ||
           render_is_furniture(walk->style, walk->page, block);
}

/* Blocks from `at` on that make one run of code, which is one listing. */
static uint32_t code_run(const struct walk *walk, uint32_t at)
{
    const struct page_record *record = walk->page->record;
    uint32_t end = at;

    while (end < record->block_count && record->blocks[end].kind == PAGE_BLOCK_CODE &&
           !is_left_out(walk, &record->blocks[end])) {
        end++;
    }
    return end - at;
}

static int put_blocks(struct walk *walk, struct error *err)
{
    const struct page_record *record = walk->page->record;

    footnotes_find(record, &walk->last_note, &walk->notes);
    if (captions_bind(record, walk->page->arena, &walk->captions, err) < 0) {
        return -1;
    }
    for (uint32_t b = 0; b < record->block_count; b++) {
        uint32_t run = code_run(walk, b);

        if (run > 0) {
            if (put_code(walk, &record->blocks[b], run, err) < 0) {
                return -1;
            }
            b += run - 1;
        } else if (!is_left_out(walk, &record->blocks[b]) && put_block(walk, b, err) < 0) {
            return -1;
        }
    }
    return put_notes(walk, err);
}

static int put_failure(struct walk *walk, struct error *err)
{
    struct element element = {
        .kind = ELEMENT_FAILURE, .page = walk->page->number, .failed = walk->page};

    return flow_put(&walk->flow, &element, err);
}

static int put_plain(struct walk *walk, const char *text, struct error *err)
{
    struct element *element = flow_begin(&walk->flow, ELEMENT_PLAIN, walk->page->number, err);

    if (!element || buf_append_str(&element->text, text, err) < 0) {
        return -1;
    }
    return flow_put(&walk->flow, element, err);
}

/* A page's beginning stays out of a sentence that goes on over its top. */
static int put_page(struct walk *walk, struct error *err)
{
    struct flow *flow = &walk->flow;
    struct element element;

    element_init(&element, ELEMENT_PAGE, walk->page->number);
    if (flow->held != FLOW_NOTHING && walk->page->number - flow->page > 1) {
        return flow_put(flow, &element, err);
    }
    return flow_put_aside(flow, &element, err);
}

int walk_page(struct walk *walk, const struct render_page *page, struct error *err)
{
    walk->page = page;
    if (put_page(walk, err) < 0 || (page->failure_code && put_failure(walk, err) < 0)) {
        return -1;
    }
    if (page->record) {
        return put_blocks(walk, err);
    }
    return page->text ? put_plain(walk, page->text, err) : 0;
}

int walk_end(struct walk *walk, struct error *err)
{
    return flow_flush(&walk->flow, err);
}
