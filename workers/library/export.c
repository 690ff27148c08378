/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The library as JSON Lines: of each document, by its id, a line for it, then its pages, chunks,
 * tables and images, each in their order.
 *
 * Invariants: two libraries with the same results give the same bytes, unless times are asked for;
 * one line is in memory at a time. Blocks on the disk. Logs nothing.
 */
#include <stdio.h>

#include "common/clock.h"
#include "workers/library/describe.h"
#include "workers/library/show.h"

static void put_time(struct emit *emit, const char *key, int64_t wall_ms)
{
    char text[CLOCK_RFC3339_BYTES];

    clock_format_rfc3339((uint64_t)wall_ms, text);
    emit_key_str(emit, key, text);
}

static int put_times(struct show *show, struct error *err)
{
    struct statement *get = library_statement(show->library, STATEMENT_DOCUMENT_TIMES);
    int got;

    statement_int(get, 1, show->document.row);
    got = statement_step(get, err);
    if (got > 0) {
        put_time(&show->answer->emit, "added_at", statement_column_int(get, 0));
        put_time(&show->answer->emit, "updated_at", statement_column_int(get, 1));
    }
    statement_end(get);
    return got < 0 ? -1 : 0;
}

static int put_tags(struct show *show, struct error *err)
{
    struct statement *list = library_statement(show->library, STATEMENT_TAGS_LIST);
    struct emit *emit = &show->answer->emit;
    int got;

    emit_key(emit, "tags");
    emit_open(emit, '[');
    statement_int(list, 1, show->document.row);
    while ((got = statement_step(list, err)) > 0) {
        emit_str(emit, statement_column_text(list, 0));
    }
    statement_end(list);
    emit_close(emit, ']');
    return got;
}

static int put_document(struct show *show, bool times, struct error *err)
{
    struct emit *emit = &show->answer->emit;

    emit_open(emit, '{');
    emit_key_str(emit, "type", "document");
    if (describe_document(show->library, &show->document, &show->style, show->answer, err) < 0 ||
        put_tags(show, err) < 0 || (times && put_times(show, err) < 0)) {
        return -1;
    }
    return show_item_end(show, err);
}

static int put_page(struct show *show, struct statement *page, struct error *err)
{
    struct emit *emit = &show->answer->emit;

    show_item_begin(show, "page");
    emit_key_uint(emit, "number", (uint64_t)statement_column_int(page, 0));
    emit_key_str(emit, "id", statement_column_text(page, 1));
    emit_key_str(emit, "label", statement_column_text(page, 2));
    emit_key_hundredths(emit, "width_pt", statement_column_real(page, 3));
    emit_key_hundredths(emit, "height_pt", statement_column_real(page, 4));
    emit_key_int(emit, "rotation_deg", statement_column_int(page, 5));
    emit_key_str(emit, "source", statement_column_text(page, 6));
    emit_key_str(emit, "ocr_languages", statement_column_text(page, 7));
    emit_key_hundredths(emit, "confidence", statement_column_real(page, 8));
    emit_key_str(emit, "failure", statement_column_text(page, 9));
    emit_key(emit, "text");
    emit_str_n(emit, statement_column_text(page, 10),
               (size_t)sqlite3_column_bytes(page->handle, 10));
    return show_item_end(show, err) < 0 ? -1 : show_page_done(show, err);
}

static int put_pages(struct show *show, struct error *err)
{
    struct statement *pages = library_statement(show->library, STATEMENT_EXPORT_PAGES);
    int got;

    statement_int(pages, 1, show->document.row);
    while ((got = statement_step(pages, err)) > 0) {
        if (put_page(show, pages, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(pages);
    return got;
}

static int export_document(struct show *show, bool times, struct error *err)
{
    struct arena *arena = arena_create(0);
    int result = -1;

    if (!arena) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's style");
    }
    show->ranges[0] = (struct parse_range){1, UINT32_MAX};
    show->range_count = 1;
    if (style_load(show->library, show->document.row, arena, &show->style, err) == 0 &&
        put_document(show, times, err) == 0 && put_pages(show, err) == 0 &&
        show_chunks(show, err) == 0 && show_tables(show, err) == 0) {
        result = show_images(show, err);
    }
    arena_destroy(arena);
    return result;
}

/* The document whose id comes next; 1, 0, -1. */
static int next_document(struct show *show, struct error *err)
{
    char id[UUID_TEXT_BYTES];
    struct statement *next = library_statement(show->library, STATEMENT_DOCUMENT_AFTER);
    int got;

    statement_text(next, 1, show->document.id);
    got = statement_step(next, err);
    if (got > 0) {
        const char *text = statement_column_text(next, 0);

        snprintf(id, sizeof id, "%s", text ? text : "");
    }
    statement_end(next);
    return got > 0 && document_find(show->library, id, &show->document, err) < 0 ? -1 : got;
}

static int export_all(struct show *show, bool times, struct error *err)
{
    int got;

    while ((got = next_document(show, err)) > 0) {
        if (export_document(show, times, err) < 0) {
            return -1;
        }
    }
    return got;
}

int answer_export(struct library *library, const struct library_query *query, struct answer *answer,
                  struct error *err)
{
    const char *name = library_query_param(query, "document", NULL);
    struct show show = {.library = library, .query = query, .answer = answer, .lines = true};
    bool times;

    if (library_query_param_bool(query, "vectors", &show.vectors, err) < 0 ||
        library_query_param_bool(query, "times", &times, err) < 0) {
        return -1;
    }
    if (!name) {
        return export_all(&show, times, err);
    }
    if (document_find(library, name, &show.document, err) < 0) {
        return -1;
    }
    return export_document(&show, times, err);
}
