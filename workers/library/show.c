/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document as text, Markdown, JSON, hOCR or ALTO, and its tables and images: all of it or some
 * pages.
 *
 * Invariants: one page is in memory at a time. Blocks on the disk. Logs nothing.
 */
#include "workers/library/show.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "workers/library/body_stream.h"
#include "workers/library/describe.h"
#include "workers/library/page_source.h"

#define SHOW_PROGRESS_PAGES 64

int show_page_done(struct show *show, struct error *err)
{
    show->pages_done++;
    if (show->pages_done % SHOW_PROGRESS_PAGES == 0 &&
        library_query_progress(show->query, show->pages_done, err) < 0) {
        return -1;
    }
    return answer_flush(show->answer, err);
}

static int put_text(struct show *show, const char *text, size_t size_bytes, struct error *err)
{
    if (render_text_page(text, size_bytes, show->pages_done == 0, &show->answer->buf, err) < 0) {
        return -1;
    }
    return show_page_done(show, err);
}

/* Pages that have no row yet are empty, so that the n-th text stays the n-th page. */
static int show_text(struct show *show, struct parse_range range, struct error *err)
{
    struct statement *texts = library_statement(show->library, STATEMENT_PAGE_TEXTS);
    uint64_t next = range.first;
    int got;

    statement_int(texts, 1, library_page_row(show->document.row, range.first));
    statement_int(texts, 2, library_page_row(show->document.row, range.last));
    while ((got = statement_step(texts, err)) > 0) {
        uint64_t number = (uint64_t)statement_column_int(texts, 0);
        const char *text = statement_column_text(texts, 1);

        for (; got > 0 && next < number; next++) {
            got = put_text(show, NULL, 0, err) < 0 ? -1 : 1;
        }
        if (got < 0 ||
            put_text(show, text, (size_t)sqlite3_column_bytes(texts->handle, 1), err) < 0) {
            got = -1;
            break;
        }
        next = number + 1;
    }
    statement_end(texts);
    for (; got == 0 && next <= range.last; next++) {
        got = put_text(show, NULL, 0, err);
    }
    return got;
}

bool show_wants(const struct show *show, uint32_t first, uint32_t last)
{
    for (size_t i = 0; i < show->range_count; i++) {
        if (show->ranges[i].first <= last && show->ranges[i].last >= first) {
            return true;
        }
    }
    return false;
}

/* One page to the answer. */
typedef int (*show_page)(struct show *show, const struct render_page *page, struct error *err);

static int put_markdown(struct show *show, const struct render_page *page, struct error *err)
{
    return markdown_stream_page(show->markdown, page, &show->answer->buf, err);
}

static int put_json(struct show *show, const struct render_page *page, struct error *err)
{
    struct emit *emit = &show->answer->emit;

    if (emit->comma && buf_append(&show->answer->buf, ",", 1, err) < 0) {
        return -1;
    }
    emit->comma = true;
    return render_json_page(&show->style, page, &show->answer->buf, err);
}

static int put_hocr(struct show *show, const struct render_page *page, struct error *err)
{
    return render_hocr_page(&show->style, page, &show->answer->buf, err);
}

static int put_alto(struct show *show, const struct render_page *page, struct error *err)
{
    return render_alto_page(&show->style, page, &show->answer->buf, err);
}

static int show_records(struct show *show, struct parse_range range, show_page put,
                        struct error *err)
{
    struct statement *rows = library_statement(show->library, STATEMENT_PAGE_RECORDS);
    struct page_source source = {show->library, show->document.row, show->flows};
    struct page_record record;
    struct render_page page;
    int got;

    statement_int(rows, 1, library_page_row(show->document.row, range.first));
    statement_int(rows, 2, library_page_row(show->document.row, range.last));
    while ((got = statement_step(rows, err)) > 0) {
        if (page_source_read(&source, rows, &record, &page, err) < 0 || put(show, &page, err) < 0 ||
            show_page_done(show, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(rows);
    return got;
}

static int put_pages(struct show *show, show_page put, struct error *err)
{
    for (size_t i = 0; i < show->range_count; i++) {
        if (show_records(show, show->ranges[i], put, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int show_texts(struct show *show, struct error *err)
{
    for (size_t i = 0; i < show->range_count; i++) {
        if (show_text(show, show->ranges[i], err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int show_markdown(struct show *show, struct error *err)
{
    int result = -1;

    show->flows = true;
    show->markdown = markdown_stream_create(&show->style);
    if (!show->markdown) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's Markdown");
    }
    if (put_pages(show, put_markdown, err) == 0) {
        result = markdown_stream_end(show->markdown, &show->answer->buf, err);
    }
    markdown_stream_destroy(show->markdown);
    return result;
}

static int put_body_block(void *user, const struct body_block *block, struct error *err)
{
    struct buf *out = &((struct show *)user)->answer->buf;

    return buf_append_str(out, block->joint, err) < 0
               ? -1
               : buf_append(out, block->text, block->text_bytes, err);
}

static int put_body(struct show *show, const struct render_page *page, struct error *err)
{
    return body_stream_page(show->body, page, err);
}

/* The text that is cut into chunks. */
static int show_body(struct show *show, struct error *err)
{
    int result = -1;

    show->flows = true;
    show->body = body_stream_create(&show->style, put_body_block, show);
    if (!show->body) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's body");
    }
    if (put_pages(show, put_body, err) == 0) {
        result = body_stream_end(show->body, err);
    }
    body_stream_destroy(show->body);
    return result;
}

static int show_json(struct show *show, struct error *err)
{
    struct emit *emit = &show->answer->emit;

    emit_open(emit, '{');
    if (describe_document(show->library, &show->document, &show->style, show->answer, err) < 0) {
        return -1;
    }
    emit_key(emit, "pages");
    emit_open(emit, '[');
    if (put_pages(show, put_json, err) < 0) {
        return -1;
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
    return 0;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct parse_range *x = a;
    const struct parse_range *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

/* Rising and apart: no page of an XML document may come twice, as its ids are unique. */
static void merge_ranges(struct show *show)
{
    size_t kept = 0;

    qsort(show->ranges, show->range_count, sizeof show->ranges[0], compare_ranges);
    for (size_t i = 1; i < show->range_count; i++) {
        if (show->ranges[i].first > show->ranges[kept].last) {
            show->ranges[++kept] = show->ranges[i];
        } else if (show->ranges[i].last > show->ranges[kept].last) {
            show->ranges[kept].last = show->ranges[i].last;
        }
    }
    show->range_count = kept + 1;
}

/* The document's name lives as long as its statement's row does. */
static int show_xml(struct show *show, bool alto, struct error *err)
{
    struct statement *get = library_statement(show->library, STATEMENT_DOCUMENT_GET);
    struct render_document document = {.sha256 = show->document.sha256,
                                       .page_count = show->document.page_count};
    struct buf *out = &show->answer->buf;
    int result = -1;

    merge_ranges(show);
    statement_int(get, 1, show->document.row);
    if (statement_step(get, err) > 0) {
        document.name = statement_column_text(get, 12);
        result = alto ? render_alto_begin(&document, &show->style, out, err)
                      : render_hocr_begin(&document, out, err);
    }
    statement_end(get);
    if (result < 0 || put_pages(show, alto ? put_alto : put_hocr, err) < 0) {
        return -1;
    }
    return alto ? render_alto_end(out, err) : render_hocr_end(out, err);
}

static int show_hocr(struct show *show, struct error *err)
{
    return show_xml(show, false, err);
}

static int show_alto(struct show *show, struct error *err)
{
    return show_xml(show, true, err);
}

static int show_format(struct show *show, const char *format, struct error *err)
{
    static const struct {
        const char *name;
        int (*put)(struct show *show, struct error *err);
    } formats[] = {
        {"text", show_texts},    {"markdown", show_markdown}, {"json", show_json},
        {"hocr", show_hocr},     {"alto", show_alto},         {"tables", show_tables},
        {"images", show_images}, {"chunks", show_chunks},     {"body", show_body},
    };

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (strcmp(formats[i].name, format) == 0) {
            return formats[i].put(show, err);
        }
    }
    return error_set(err, ERROR_INVALID,
                     "\"%.40s\" is no format: text, markdown, json, hocr, alto, tables, images, "
                     "chunks or body",
                     format);
}

/* Where no pages were asked for: all. */
static int read_ranges(struct show *show, const char *pages, struct error *err)
{
    if (!pages) {
        show->ranges[0] = (struct parse_range){1, show->document.page_count};
        show->range_count = 1;
        return 0;
    }
    if (parse_ranges(pages, show->ranges, SHOW_RANGES_MAX, &show->range_count, err) < 0) {
        return error_wrap(err, "pages");
    }
    for (size_t i = 0; i < show->range_count; i++) {
        if (show->ranges[i].first > show->document.page_count) {
            return error_set(err, ERROR_INVALID, "there is no page %u: the document has %u",
                             show->ranges[i].first, show->document.page_count);
        }
        if (show->ranges[i].last > show->document.page_count) {
            show->ranges[i].last = show->document.page_count;
        }
    }
    return 0;
}

/* The style outlives the pages, whose memory is the library's scratch. */
static int show_document(struct show *show, const char *format, struct error *err)
{
    struct arena *arena = arena_create(0);
    int result = -1;

    if (!arena) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's style");
    }
    if (style_load(show->library, show->document.row, arena, &show->style, err) == 0) {
        result = show_format(show, format, err);
    }
    arena_destroy(arena);
    return result;
}

int answer_show(struct library *library, const struct library_query *query, struct answer *answer,
                struct error *err)
{
    const char *name = library_query_param(query, "document", NULL);
    struct show show = {.library = library, .query = query, .answer = answer};

    if (!name) {
        return error_set(err, ERROR_INVALID, "show needs the parameter document");
    }
    if (document_find(library, name, &show.document, err) < 0 ||
        read_ranges(&show, library_query_param(query, "pages", NULL), err) < 0) {
        return -1;
    }
    return show_document(&show, library_query_param(query, "format", "text"), err);
}
