/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document as Markdown: what its walk hands on, element by element.
 *
 * Invariants: every element ends in a blank line, but list items that follow each other. Nothing
 * blocks or logs.
 */
#include "workers/library/render.h"

#include <stdlib.h>
#include <string.h>

#include "workers/library/markdown.h"
#include "workers/library/markdown_table.h"
#include "workers/library/walk.h"

#define ITEM_COLUMN_MAX 40

/* The items that the next one may be nested in. */
struct list_level {
    uint8_t level;  /* the record's */
    uint8_t column; /* where its content starts */
};

struct markdown_stream {
    struct walk *walk;
    struct buf *out; /* borrowed; set for each page */
    bool in_list;    /* what was written last is an item */
    struct list_level lists[PAGE_LIST_LEVEL_MAX + 1];
    uint32_t list_count;
};

static int put(struct markdown_stream *stream, const char *text, struct error *err)
{
    return buf_append_str(stream->out, text, err);
}

static const char *text_of(const struct element *element)
{
    return element->text.size > 0 ? (const char *)element->text.data : "";
}

static int put_text(struct markdown_stream *stream, const struct element *element, bool at_start,
                    struct error *err)
{
    return markdown_escape(text_of(element), element->text.size, at_start, stream->out, err);
}

static int put_heading(struct markdown_stream *stream, const struct element *element,
                       struct error *err)
{
    struct buf *out = stream->out;
    size_t before;

    if (buf_append(out, "######", element->level, err) < 0 || put(stream, " ", err) < 0) {
        return -1;
    }
    before = out->size;
    if (put_text(stream, element, false, err) < 0) {
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

static int put_paragraph(struct markdown_stream *stream, const struct element *element,
                         struct error *err)
{
    size_t before = stream->out->size;

    if (put_text(stream, element, true, err) < 0) {
        return -1;
    }
    return stream->out->size > before ? put(stream, "\n\n", err) : 0;
}

static int put_aside(struct markdown_stream *stream, const struct element *element,
                     struct error *err)
{
    return put_text(stream, element, true, err) < 0 ? -1 : put(stream, "\n\n", err);
}

/* How far the item is indented: as its parent's content, by the items before it. */
static uint32_t indent_item(struct markdown_stream *stream, uint8_t level, size_t lead_bytes)
{
    uint32_t indent;

    while (stream->list_count > 0 && stream->lists[stream->list_count - 1].level >= level) {
        stream->list_count--;
    }
    indent = stream->list_count > 0 ? stream->lists[stream->list_count - 1].column : 0;
    if (stream->list_count <= PAGE_LIST_LEVEL_MAX && indent + lead_bytes < ITEM_COLUMN_MAX) {
        stream->lists[stream->list_count++] =
            (struct list_level){level, (uint8_t)(indent + lead_bytes)};
    }
    return indent;
}

static int put_item(struct markdown_stream *stream, const struct element *element,
                    struct error *err)
{
    uint32_t indent;

    if (!stream->in_list) {
        stream->list_count = 0;
    }
    indent = indent_item(stream, element->level, strlen(element->lead));
    if (buf_printf(stream->out, err, "%*s%s", (int)indent, "", element->lead) < 0 ||
        put_text(stream, element, true, err) < 0) {
        return -1;
    }
    stream->in_list = true;
    return put(stream, "\n", err);
}

static int put_lines(struct markdown_stream *stream, const struct element *element,
                     struct error *err)
{
    const char *text = text_of(element);
    size_t left = element->text.size;

    for (;;) {
        const char *end = memchr(text, '\n', left);
        size_t length = end ? (size_t)(end - text) : left;

        if (markdown_escape(text, length, true, stream->out, err) < 0 ||
            put(stream, end ? "\\\n" : "\n\n", err) < 0) {
            return -1;
        }
        if (!end) {
            return 0;
        }
        text = end + 1;
        left -= length + 1;
    }
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

static int put_listing(struct markdown_stream *stream, const struct element *element,
                       struct error *err)
{
    size_t fence = markdown_longest_fence(text_of(element), element->text.size) + 1;

    fence = fence < 3 ? 3 : fence;
    if (put_fence(stream->out, fence, "\n", err) < 0 ||
        buf_append(stream->out, element->text.data, element->text.size, err) < 0) {
        return -1;
    }
    return put_fence(stream->out, fence, "\n\n", err);
}

static int put_rows(struct markdown_stream *stream, const struct element *element,
                    struct error *err)
{
    struct markdown_table_part part = {.table = element->rows.table,
                                       .html = element->rows.spans,
                                       .begins = element->rows.begins,
                                       .first_row = element->rows.first_row};

    return markdown_table_put(&part, stream->out, err);
}

static int put_table_end(struct markdown_stream *stream, const struct element *element,
                         struct error *err)
{
    return put(stream, element->rows.spans ? "</tbody>\n</table>\n\n" : "\n", err);
}

static int put_note(struct markdown_stream *stream, const struct element *element,
                    struct error *err)
{
    if (buf_printf(stream->out, err, "[^%s]: ", element->label) < 0 ||
        put_text(stream, element, false, err) < 0) {
        return -1;
    }
    return put(stream, "\n\n", err);
}

static int put_image(struct markdown_stream *stream, const struct element *element,
                     struct error *err)
{
    if (put(stream, "![", err) < 0 ||
        markdown_escape_label(text_of(element), element->text.size, stream->out, err) < 0) {
        return -1;
    }
    return buf_printf(stream->out, err, "](images/%s.%s)\n\n", element->key, element->format);
}

static int put_failure(struct markdown_stream *stream, const struct element *element,
                       struct error *err)
{
    const struct render_page *failed = element->failed;
    const char *text = failed->failure_text ? failed->failure_text : "";
    struct buf *out = stream->out;

    if (buf_printf(out, err, "> **Page %u could not be read** (", failed->number) < 0 ||
        markdown_escape(failed->failure_code, strlen(failed->failure_code), false, out, err) < 0 ||
        put(stream, text[0] ? "): " : ")", err) < 0 ||
        markdown_escape(text, strlen(text), false, out, err) < 0) {
        return -1;
    }
    return put(stream, "\n\n", err);
}

/* Of a page without its record: paragraphs are what blank lines part. */
static int put_plain(struct markdown_stream *stream, const struct element *element,
                     struct error *err)
{
    const char *text = text_of(element);
    const char *stop = text + element->text.size;

    while (text < stop) {
        const char *end = memmem(text, (size_t)(stop - text), "\n\n", 2);
        size_t length = (size_t)((end ? end : stop) - text);
        size_t before = stream->out->size;

        if (markdown_escape(text, length, true, stream->out, err) < 0 ||
            (stream->out->size > before && put(stream, "\n\n", err) < 0)) {
            return -1;
        }
        text += length + (end ? 2 : 0);
    }
    return 0;
}

static int put_page(struct markdown_stream *stream, const struct element *element,
                    struct error *err)
{
    return buf_printf(stream->out, err, "<!-- page %u -->\n\n", element->page);
}

static int close_list(struct markdown_stream *stream, struct error *err)
{
    bool open = stream->in_list;

    stream->in_list = false;
    return open ? put(stream, "\n", err) : 0;
}

static int put_element(void *user, const struct element *element, struct error *err)
{
    static int (*const puts[])(struct markdown_stream * stream, const struct element *element,
                               struct error *err) = {
        [ELEMENT_PAGE] = put_page,           [ELEMENT_FAILURE] = put_failure,
        [ELEMENT_PLAIN] = put_plain,         [ELEMENT_HEADING] = put_heading,
        [ELEMENT_PARAGRAPH] = put_paragraph, [ELEMENT_ITEM] = put_item,
        [ELEMENT_LISTING] = put_listing,     [ELEMENT_LINES] = put_lines,
        [ELEMENT_TABLE_ROWS] = put_rows,     [ELEMENT_TABLE_END] = put_table_end,
        [ELEMENT_CAPTION] = put_aside,       [ELEMENT_REMARK] = put_aside,
        [ELEMENT_NOTE] = put_note,           [ELEMENT_IMAGE] = put_image,
    };
    struct markdown_stream *stream = user;

    if (element->kind != ELEMENT_ITEM && close_list(stream, err) < 0) {
        return -1;
    }
    return puts[element->kind](stream, element, err);
}

struct markdown_stream *markdown_stream_create(const struct document_style *style)
{
    struct markdown_stream *stream = calloc(1, sizeof *stream);

    if (stream) {
        stream->walk = walk_create(style, (struct flow_sink){put_element, stream});
        if (!stream->walk) {
            free(stream);
            return NULL;
        }
    }
    return stream;
}

void markdown_stream_destroy(struct markdown_stream *stream)
{
    if (stream) {
        walk_destroy(stream->walk);
        free(stream);
    }
}

int markdown_stream_page(struct markdown_stream *stream, const struct render_page *page,
                         struct buf *out, struct error *err)
{
    stream->out = out;
    return walk_page(stream->walk, page, err);
}

int markdown_stream_end(struct markdown_stream *stream, struct buf *out, struct error *err)
{
    stream->out = out;
    return walk_end(stream->walk, err) < 0 ? -1 : close_list(stream, err);
}
