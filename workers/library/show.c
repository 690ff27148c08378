/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document as text, Markdown or JSON, all of it or some pages.
 *
 * Invariants: one page is in memory at a time. Blocks on the disk. Logs nothing.
 */
#include "workers/library/query.h"

#include <stdio.h>
#include <string.h>

#include "common/parse.h"
#include "workers/library/describe.h"
#include "workers/library/render.h"

#define SHOW_RANGES_MAX 1000
#define SHOW_PROGRESS_PAGES 64

struct show {
    struct library *library;
    const struct library_query *query;
    struct answer *answer;
    struct document document;
    struct document_style style;
    struct parse_range ranges[SHOW_RANGES_MAX]; /* within the document */
    size_t range_count;
    uint32_t pages_done;
};

/* One range of pages to the answer. */
typedef int (*show_range)(struct show *show, struct parse_range range, struct error *err);

static int page_done(struct show *show, struct error *err)
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
    return page_done(show, err);
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

/* The row as a page; record is where its record is decoded to. */
static int read_page(struct show *show, struct statement *row, struct page_record *record,
                     struct render_page *ret_page, struct error *err)
{
    size_t size_bytes;
    const void *data = statement_column_blob(row, 4, &size_bytes);

    *ret_page = (struct render_page){
        .number = (uint32_t)statement_column_int(row, 0),
        .failure_code = statement_column_text(row, 1),
        .failure_text = statement_column_text(row, 2),
        .label = statement_column_text(row, 3),
    };
    if (!data) {
        return 0;
    }
    if (page_record_decode(data, size_bytes, library_scratch(show->library), record, err) < 0) {
        return error_wrap(err, "the record of page %u in the library", ret_page->number);
    }
    ret_page->record = record;
    return 0;
}

static int render(struct show *show, bool markdown, const struct render_page *page,
                  struct error *err)
{
    struct emit *emit = &show->answer->emit;

    if (markdown) {
        return render_markdown_page(&show->style, page, &show->answer->buf, err);
    }
    if (emit->comma && buf_append(&show->answer->buf, ",", 1, err) < 0) {
        return -1;
    }
    emit->comma = true;
    return render_json_page(&show->style, page, &show->answer->buf, err);
}

static int show_records(struct show *show, struct parse_range range, bool markdown,
                        struct error *err)
{
    struct statement *rows = library_statement(show->library, STATEMENT_PAGE_RECORDS);
    struct page_record record;
    struct render_page page;
    int got;

    statement_int(rows, 1, library_page_row(show->document.row, range.first));
    statement_int(rows, 2, library_page_row(show->document.row, range.last));
    while ((got = statement_step(rows, err)) > 0) {
        if (read_page(show, rows, &record, &page, err) < 0 ||
            render(show, markdown, &page, err) < 0 || page_done(show, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(rows);
    return got;
}

static int show_markdown(struct show *show, struct parse_range range, struct error *err)
{
    return show_records(show, range, true, err);
}

static int show_json(struct show *show, struct parse_range range, struct error *err)
{
    return show_records(show, range, false, err);
}

static int put_ranges(struct show *show, show_range put, struct error *err)
{
    for (size_t i = 0; i < show->range_count; i++) {
        if (put(show, show->ranges[i], err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int show_json_document(struct show *show, struct error *err)
{
    struct emit *emit = &show->answer->emit;

    emit_open(emit, '{');
    if (describe_document(show->library, &show->document, &show->style, show->answer, err) < 0) {
        return -1;
    }
    emit_key(emit, "pages");
    emit_open(emit, '[');
    if (put_ranges(show, show_json, err) < 0) {
        return -1;
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
    return 0;
}

static int show_format(struct show *show, const char *format, struct error *err)
{
    if (strcmp(format, "text") == 0) {
        return put_ranges(show, show_text, err);
    }
    if (strcmp(format, "markdown") == 0) {
        return put_ranges(show, show_markdown, err);
    }
    if (strcmp(format, "json") == 0) {
        return show_json_document(show, err);
    }
    return error_set(err, ERROR_INVALID, "\"%.40s\" is no format: text, markdown or json", format);
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
