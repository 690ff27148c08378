/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document as Markdown, page by page: headings by the document's ranks, nested lists, tables,
 * images with their captions, footnotes, code, and paragraphs made whole over columns and pages.
 * Furniture and repeated images are left out.
 *
 * Invariants: every block ends in a blank line, but list items that follow each other. What is
 * held back is flow.h's. Nothing blocks or logs.
 */
#include "workers/library/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workers/library/caption.h"
#include "workers/library/flow.h"
#include "workers/library/footnotes.h"
#include "workers/library/grid.h"
#include "workers/library/markdown.h"
#include "workers/library/markdown_code.h"
#include "workers/library/markdown_table.h"

#define TEXT_MAX_BYTES ((size_t)1 << 30)

/* The items that the next one may be nested in. */
struct list_level {
    uint8_t level;  /* the record's */
    uint8_t column; /* where its content starts */
};

struct markdown_stream {
    const struct document_style *style;
    struct flow flow;
    struct buf scratch; /* one block's text */
    uint32_t last_note; /* the greatest number that is a footnote's label */
    struct list_level lists[PAGE_LIST_LEVEL_MAX + 1];
    uint32_t list_count;
    /* Of the page in hand: */
    const struct render_page *page;
    struct captions captions;
    struct footnotes notes;
    struct inline_notes inline_notes;
    struct buf definitions; /* of its footnotes, which come at its end */
};

static const char *note_label(void *context, const char *mark, size_t size_bytes)
{
    return footnotes_label(context, mark, size_bytes);
}

struct markdown_stream *markdown_stream_create(const struct document_style *style)
{
    struct markdown_stream *stream = calloc(1, sizeof *stream);

    if (stream) {
        stream->style = style;
        flow_init(&stream->flow, TEXT_MAX_BYTES);
        buf_init(&stream->scratch, TEXT_MAX_BYTES);
        buf_init(&stream->definitions, TEXT_MAX_BYTES);
        stream->inline_notes = (struct inline_notes){note_label, &stream->notes};
    }
    return stream;
}

void markdown_stream_destroy(struct markdown_stream *stream)
{
    if (stream) {
        flow_deinit(&stream->flow);
        buf_deinit(&stream->scratch);
        buf_deinit(&stream->definitions);
        free(stream);
    }
}

static int put(struct markdown_stream *stream, const char *text, struct error *err)
{
    return buf_append_str(stream->flow.out, text, err);
}

/* The block's text in stream->scratch. */
static int read_text(struct markdown_stream *stream, const struct page_block *block,
                     struct error *err)
{
    stream->scratch.size = 0;
    return inline_append_block(&stream->scratch, block, &stream->inline_notes, err);
}

static int put_heading(struct markdown_stream *stream, const struct page_block *block,
                       uint8_t level, struct error *err)
{
    struct buf *out = stream->flow.out;
    size_t before;

    if (flow_begin(&stream->flow, false, err) < 0 || read_text(stream, block, err) < 0 ||
        buf_append(out, "######", level, err) < 0 || put(stream, " ", err) < 0) {
        return -1;
    }
    before = out->size;
    if (markdown_escape((const char *)stream->scratch.data, stream->scratch.size, false, out, err) <
        0) {
        return -1;
    }
    /* A run of # at the end would be taken for the heading's closing. */
    if (out->size > before && out->data[out->size - 1] == '#') {
        out->size--;
        if (put(stream, "\\#", err) < 0) {
            return -1;
        }
    }
    return put(stream, "\n\n", err);
}

static int put_paragraph(struct markdown_stream *stream, const struct page_block *block,
                         struct error *err)
{
    struct flow *flow = &stream->flow;
    uint32_t page = stream->page->number;

    if (flow_goes_on(flow, page, block)) {
        return flow_go_on(flow, page, block, &stream->inline_notes, err);
    }
    if (flow_begin(flow, false, err) < 0 ||
        inline_append_block(&flow->text, block, &stream->inline_notes, err) < 0) {
        return -1;
    }
    flow_hold(flow, NULL, page, block);
    return 0;
}

/* How far the item is indented: as its parent's content, by the items before it. */
static uint32_t indent_item(struct markdown_stream *stream, uint8_t level, size_t lead_bytes)
{
    uint32_t indent;

    while (stream->list_count > 0 && stream->lists[stream->list_count - 1].level >= level) {
        stream->list_count--;
    }
    indent = stream->list_count > 0 ? stream->lists[stream->list_count - 1].column : 0;
    if (stream->list_count <= PAGE_LIST_LEVEL_MAX && indent + lead_bytes < 40) {
        stream->lists[stream->list_count++] =
            (struct list_level){level, (uint8_t)(indent + lead_bytes)};
    }
    return indent;
}

static int put_list_item(struct markdown_stream *stream, const struct page_block *block,
                         struct error *err)
{
    struct flow *flow = &stream->flow;
    struct markdown_marker marker;
    char lead[FLOW_LEAD_BYTES];
    uint32_t indent;

    if (flow_begin(flow, true, err) < 0 || read_text(stream, block, err) < 0) {
        return -1;
    }
    if (!flow->in_list) {
        stream->list_count = 0;
    }
    markdown_list_marker(stream->scratch.size > 0 ? (const char *)stream->scratch.data : "",
                         stream->scratch.size, &marker);
    indent = indent_item(stream, block->level, strlen(marker.lead));
    snprintf(lead, sizeof lead, "%*s%s", (int)indent, "", marker.lead);
    if (stream->scratch.size > marker.skip_bytes &&
        buf_append(&flow->text, stream->scratch.data + marker.skip_bytes,
                   stream->scratch.size - marker.skip_bytes, err) < 0) {
        return -1;
    }
    flow_hold(flow, lead, stream->page->number, block);
    return 0;
}

/* Lines stay lines: for a table whose cells are not known. */
static int put_lines(struct markdown_stream *stream, const struct page_block *block,
                     struct error *err)
{
    if (flow_begin(&stream->flow, false, err) < 0) {
        return -1;
    }
    for (uint32_t l = 0; l < block->line_count; l++) {
        stream->scratch.size = 0;
        if (inline_append_line(&stream->scratch, &block->lines[l], &stream->inline_notes, err) <
                0 ||
            markdown_escape((const char *)stream->scratch.data, stream->scratch.size, true,
                            stream->flow.out, err) < 0 ||
            put(stream, l + 1 < block->line_count ? "\\\n" : "\n\n", err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int put_table(struct markdown_stream *stream, uint32_t index, struct error *err)
{
    const struct page_block *block = &stream->page->record->blocks[index];
    const struct render_part *part = render_part_at(stream->page, index);
    struct flow *flow = &stream->flow;
    struct markdown_table_part table = {.table = block->table};
    bool open = flow->held == FLOW_PIPE_TABLE || flow->held == FLOW_HTML_TABLE;

    if (part && part->first_row > 0 && open && flow->table == part->table) {
        table.html = flow->held == FLOW_HTML_TABLE;
        table.first_row = part->skipped_rows;
    } else {
        if (flow_begin(flow, false, err) < 0) {
            return -1;
        }
        table.html = part ? part->spans : grid_has_spans(block->table);
        table.begins = true;
    }
    if (markdown_table_put(&table, flow->out, err) < 0) {
        return -1;
    }
    flow->held = table.html ? FLOW_HTML_TABLE : FLOW_PIPE_TABLE;
    flow->table = part ? part->table : 0;
    flow->page = stream->page->number;
    return 0;
}

static int put_code(struct markdown_stream *stream, const struct page_block *blocks, uint32_t count,
                    struct error *err)
{
    if (flow_begin(&stream->flow, false, err) < 0) {
        return -1;
    }
    return markdown_code_put(blocks, count, &stream->scratch, stream->flow.out, err);
}

/* Text beside the flow: a caption that no image shows, a footnote that nothing refers to. */
static int put_aside(struct markdown_stream *stream, struct error *err)
{
    struct buf *out = flow_aside(&stream->flow, err);

    if (!out || markdown_escape((const char *)stream->scratch.data, stream->scratch.size, true, out,
                                err) < 0) {
        return -1;
    }
    return buf_append_str(out, "\n\n", err);
}

static int put_definition(struct markdown_stream *stream, const struct footnote *note,
                          struct error *err)
{
    struct buf *out = &stream->definitions;

    if (buf_printf(out, err, "[^%s]: ", note->label) < 0 ||
        markdown_escape((const char *)stream->scratch.data, stream->scratch.size, false, out, err) <
            0) {
        return -1;
    }
    return buf_append_str(out, "\n\n", err);
}

static int put_definitions(struct markdown_stream *stream, struct error *err)
{
    struct buf *definitions = &stream->definitions;
    struct buf *out;
    int result = 0;

    if (definitions->size > 0) {
        out = flow_aside(&stream->flow, err);
        result = out ? buf_append(out, definitions->data, definitions->size, err) : -1;
        buf_reset(definitions, 65536);
    }
    return result;
}

/* The note's text without its mark, in scratch. */
static int read_note(struct markdown_stream *stream, const struct footnote *note, struct error *err)
{
    const struct page_line *lines =
        &stream->page->record->blocks[note->block].lines[note->first_line];
    struct page_span first = lines->spans[0];
    struct page_line line = *lines;
    struct buf *text = &stream->scratch;

    first.text += note->skip_bytes;
    first.text_bytes -= (uint32_t)note->skip_bytes;
    first.style = 0;
    line.spans = &first;
    line.span_count = 1;
    text->size = 0;
    if (inline_append_line(text, &line, NULL, err) < 0) {
        return -1;
    }
    line.spans = lines->spans + 1;
    line.span_count = lines->span_count - 1;
    if (inline_append_line(text, &line, &stream->inline_notes, err) < 0) {
        return -1;
    }
    if (note->line_count == 1) {
        return 0;
    }
    if (inline_join(text, lines + 1, lines->hyphenated, err) < 0) {
        return -1;
    }
    return inline_append_lines(text, lines + 1, note->line_count - 1, &stream->inline_notes, err);
}

static int put_footnote(struct markdown_stream *stream, uint32_t index, struct error *err)
{
    const struct page_block *block = &stream->page->record->blocks[index];
    uint32_t line = 0;

    while (line < block->line_count) {
        const struct footnote *note = footnotes_at(&stream->notes, index, line);
        uint32_t end = line + 1;

        if (note) {
            if (read_note(stream, note, err) < 0 || put_definition(stream, note, err) < 0) {
                return -1;
            }
            line += note->line_count;
            continue;
        }
        while (end < block->line_count && !footnotes_at(&stream->notes, index, end)) {
            end++;
        }
        stream->scratch.size = 0;
        if (inline_append_lines(&stream->scratch, &block->lines[line], end - line,
                                &stream->inline_notes, err) < 0 ||
            put_aside(stream, err) < 0) {
            return -1;
        }
        line = end;
    }
    return 0;
}

/* NULL when it is not to be shown. */
static const struct page_image *image_of(const struct markdown_stream *stream, uint32_t index)
{
    const struct page_record *record = stream->page->record;
    const struct page_block *block = &record->blocks[index];
    const struct page_image *image;

    if (block->kind != PAGE_BLOCK_IMAGE || block->image >= record->image_record_count) {
        return NULL;
    }
    image = &record->images[block->image];
    return image->role == PAGE_IMAGE_ROLE_CONTENT && image->key[0] &&
                   !style_is_repeated(stream->style, image->key)
               ? image
               : NULL;
}

static int put_image(struct markdown_stream *stream, uint32_t index, struct error *err)
{
    const struct page_image *image = image_of(stream, index);
    uint32_t caption = stream->captions.of[index];
    struct buf *out;

    if (!image) {
        return 0;
    }
    out = flow_aside(&stream->flow, err);
    if (!out || buf_append_str(out, "![", err) < 0 ||
        (caption != CAPTION_NONE &&
         (caption_text(&stream->page->record->blocks[caption], &stream->scratch, err) < 0 ||
          markdown_escape_label((const char *)stream->scratch.data, stream->scratch.size, out,
                                err) < 0))) {
        return -1;
    }
    return buf_printf(out, err, "](images/%s.%s)\n\n", image->key, image->format);
}

static int put_caption(struct markdown_stream *stream, uint32_t index, struct error *err)
{
    uint32_t target = stream->captions.target[index];

    if (target != CAPTION_NONE && image_of(stream, target)) {
        return 0; /* it is shown with its image */
    }
    if (read_text(stream, &stream->page->record->blocks[index], err) < 0) {
        return -1;
    }
    return put_aside(stream, err);
}

static int put_block(struct markdown_stream *stream, uint32_t index, struct error *err)
{
    const struct page_block *block = &stream->page->record->blocks[index];
    uint8_t level = style_heading_level(stream->style, block);

    if (level > 0) {
        return put_heading(stream, block, level, err);
    }
    switch (block->kind) {
    case PAGE_BLOCK_LIST_ITEM:
        return put_list_item(stream, block, err);
    case PAGE_BLOCK_TABLE:
        return block->table ? put_table(stream, index, err) : put_lines(stream, block, err);
    case PAGE_BLOCK_TEXT:
    case PAGE_BLOCK_HEADING:
        return put_paragraph(stream, block, err);
    case PAGE_BLOCK_CAPTION:
        return put_caption(stream, index, err);
    case PAGE_BLOCK_FOOTNOTE:
        return put_footnote(stream, index, err);
    case PAGE_BLOCK_IMAGE:
        return put_image(stream, index, err);
    case PAGE_BLOCK_CODE:
    case PAGE_BLOCK_COUNT:
        break;
    }
    return 0;
}

static bool is_left_out(const struct markdown_stream *stream, const struct page_block *block)
{
    return (block->line_count == 0 && block->kind != PAGE_BLOCK_IMAGE && !block->table) ||
           render_is_furniture(stream->style, stream->page, block);
}

/* Blocks from `at` on that make one run of code, which is one listing. */
static uint32_t code_run(const struct markdown_stream *stream, uint32_t at)
{
    const struct page_record *record = stream->page->record;
    uint32_t end = at;

    while (end < record->block_count && record->blocks[end].kind == PAGE_BLOCK_CODE &&
           !is_left_out(stream, &record->blocks[end])) {
        end++;
    }
    return end - at;
}

static int put_blocks(struct markdown_stream *stream, struct error *err)
{
    const struct page_record *record = stream->page->record;

    footnotes_find(record, &stream->last_note, &stream->notes);
    if (captions_bind(record, stream->page->arena, &stream->captions, err) < 0) {
        return -1;
    }
    for (uint32_t b = 0; b < record->block_count; b++) {
        uint32_t run = code_run(stream, b);

        if (run > 0) {
            if (put_code(stream, &record->blocks[b], run, err) < 0) {
                return -1;
            }
            b += run - 1;
        } else if (!is_left_out(stream, &record->blocks[b]) && put_block(stream, b, err) < 0) {
            return -1;
        }
    }
    return put_definitions(stream, err);
}

static int put_failure(struct markdown_stream *stream, struct error *err)
{
    const struct render_page *failed = stream->page;
    const char *text = failed->failure_text ? failed->failure_text : "";
    struct buf *out = stream->flow.out;

    if (flow_begin(&stream->flow, false, err) < 0 ||
        buf_printf(out, err, "> **Page %u could not be read** (", failed->number) < 0 ||
        markdown_escape(failed->failure_code, strlen(failed->failure_code), false, out, err) < 0 ||
        put(stream, text[0] ? "): " : ")", err) < 0 ||
        markdown_escape(text, strlen(text), false, out, err) < 0) {
        return -1;
    }
    return put(stream, "\n\n", err);
}

/* Of a page without its record: paragraphs are what blank lines part. */
static int put_plain(struct markdown_stream *stream, const char *text, struct error *err)
{
    if (flow_begin(&stream->flow, false, err) < 0) {
        return -1;
    }
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        size_t before = stream->flow.out->size;

        if (markdown_escape(text, length, true, stream->flow.out, err) < 0 ||
            (stream->flow.out->size > before && put(stream, "\n\n", err) < 0)) {
            return -1;
        }
        text += length + (end ? 2 : 0);
    }
    return 0;
}

/* The page's comment stays out of a sentence that goes on over its top. */
static int put_comment(struct markdown_stream *stream, struct error *err)
{
    struct flow *flow = &stream->flow;
    bool waits = flow_is_open(flow) && stream->page->number - flow->page <= 1;

    if (!waits && flow_begin(flow, false, err) < 0) {
        return -1;
    }
    return buf_printf(waits ? &flow->after : flow->out, err, "<!-- page %u -->\n\n",
                      stream->page->number);
}

int markdown_stream_page(struct markdown_stream *stream, const struct render_page *page,
                         struct buf *out, struct error *err)
{
    stream->page = page;
    stream->flow.out = out;
    if (put_comment(stream, err) < 0 || (page->failure_code && put_failure(stream, err) < 0)) {
        return -1;
    }
    if (page->record) {
        return put_blocks(stream, err);
    }
    return page->text ? put_plain(stream, page->text, err) : 0;
}

int markdown_stream_end(struct markdown_stream *stream, struct buf *out, struct error *err)
{
    stream->flow.out = out;
    return flow_begin(&stream->flow, false, err);
}
