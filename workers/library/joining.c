/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From parts of tables to tables.
 *
 * Invariants: the same parts make the same tables, in whatever order their pages came. Two records
 * are decoded for each pair of pages that may share a table, and no other. Blocks on the disk.
 * Logs nothing.
 */
#include "workers/library/joining.h"

#include <math.h>

#include "workers/library/render.h"

#define WIDTH_SHARE_MIN 0.75 /* of the narrower part in the wider */

struct part {
    uint32_t page, block, rows, columns, header_rows;
    bool ruled, spans, at_top, at_bottom;
    double x0, x1;
    int64_t head_key, first_row_key;
    const char *caption;
    /* Found here: */
    uint32_t ordinal, first_row, skipped_rows;
};

struct parts {
    struct part *items;
    uint32_t count, capacity;
};

struct joining {
    struct library *library;
    const struct document *document;
    struct document_style style;
    struct arena *arena;   /* of the parts and the style */
    struct arena *records; /* of the pages in hand */
    struct parts parts;
};

static int add_part(struct joining *joining, struct part part, struct error *err)
{
    struct parts *parts = &joining->parts;

    if (parts->count == parts->capacity) {
        uint32_t bigger = parts->capacity ? parts->capacity * 2 : 64;
        struct part *moved = arena_calloc(joining->arena, bigger, sizeof *moved);

        if (!moved) {
            return error_set(err, ERROR_MEMORY, "no memory for a document's tables");
        }
        for (uint32_t i = 0; i < parts->count; i++) {
            moved[i] = parts->items[i];
        }
        parts->items = moved;
        parts->capacity = bigger;
    }
    parts->items[parts->count++] = part;
    return 0;
}

static int read_part(struct joining *joining, struct statement *row, struct error *err)
{
    const char *caption = statement_column_text(row, 13);
    struct part part = {
        .page = (uint32_t)statement_column_int(row, 0),
        .block = (uint32_t)statement_column_int(row, 1),
        .rows = (uint32_t)statement_column_int(row, 2),
        .columns = (uint32_t)statement_column_int(row, 3),
        .header_rows = (uint32_t)statement_column_int(row, 4),
        .ruled = statement_column_int(row, 5) != 0,
        .spans = statement_column_int(row, 6) != 0,
        .at_top = statement_column_int(row, 7) != 0,
        .at_bottom = statement_column_int(row, 8) != 0,
        .x0 = statement_column_real(row, 9),
        .x1 = statement_column_real(row, 10),
        .head_key = statement_column_int(row, 11),
        .first_row_key = statement_column_int(row, 12),
    };

    if (caption && !(part.caption = arena_strdup(joining->arena, caption))) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's tables");
    }
    return add_part(joining, part, err);
}

static int read_parts(struct joining *joining, struct error *err)
{
    struct statement *list = library_statement(joining->library, STATEMENT_PARTS_LIST);
    int got;

    statement_int(list, 1, joining->document->row);
    while ((got = statement_step(list, err)) > 0) {
        if (read_part(joining, list, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    return got;
}

/* Whether what stands between the table and the page's edge is furniture, footnotes below it
 * apart. */
static int is_at_edge(struct joining *joining, const struct part *part, bool bottom,
                      bool *ret_at_edge, struct error *err)
{
    struct page_record record;
    struct render_page page = {.number = part->page, .record = &record};
    size_t size_bytes;
    struct statement *get = library_statement(joining->library, STATEMENT_RECORD_GET);
    const void *data;
    int got;

    arena_reset(joining->records);
    statement_int(get, 1, library_page_row(joining->document->row, part->page));
    got = statement_step(get, err);
    data = got > 0 ? statement_column_blob(get, 0, &size_bytes) : NULL;
    got = data ? page_record_decode(data, size_bytes, joining->records, &record, err) : got;
    statement_end(get);
    *ret_at_edge = data && got == 0;
    if (!*ret_at_edge) {
        return got;
    }
    page.label = record.label;
    for (uint32_t b = bottom ? part->block + 1 : 0; b < (bottom ? record.block_count : part->block);
         b++) {
        if (!(bottom && record.blocks[b].kind == PAGE_BLOCK_FOOTNOTE) &&
            !render_is_furniture(&joining->style, &page, &record.blocks[b])) {
            *ret_at_edge = false;
        }
    }
    return 0;
}

/* head: the table's first part. ret_skipped: rows of next that repeat its header. */
static bool heads_agree(const struct part *head, const struct part *next, uint32_t *ret_skipped)
{
    *ret_skipped = 0;
    if (next->header_rows > 0) {
        *ret_skipped = next->header_rows;
        return next->header_rows == head->header_rows && next->head_key == head->head_key;
    }
    if (next->rows > 1 && head->header_rows <= 1 && next->first_row_key != 0 &&
        next->first_row_key == head->first_row_key) {
        *ret_skipped = 1;
    }
    return true;
}

static bool widths_agree(const struct part *a, const struct part *b)
{
    double x = a->x1 - a->x0;
    double y = b->x1 - b->x0;

    return fmin(x, y) >= WIDTH_SHARE_MIN * fmax(x, y);
}

static int goes_on(struct joining *joining, const struct part *head, const struct part *last,
                   const struct part *next, uint32_t *ret_skipped, bool *ret_goes_on,
                   struct error *err)
{
    *ret_goes_on = false;
    if (next->page != last->page + 1 || next->columns != head->columns || !last->at_bottom ||
        !next->at_top || !widths_agree(last, next) || !heads_agree(head, next, ret_skipped)) {
        return 0;
    }
    if (is_at_edge(joining, last, true, ret_goes_on, err) < 0) {
        return -1;
    }
    return *ret_goes_on ? is_at_edge(joining, next, false, ret_goes_on, err) : 0;
}

static int put_part(const struct joining *joining, const struct part *part, struct error *err)
{
    struct statement *put = library_statement(joining->library, STATEMENT_PART_FINISH);

    statement_int(put, 1, joining->document->row);
    statement_int(put, 2, part->page);
    statement_int(put, 3, part->block);
    statement_int(put, 4, part->ordinal);
    statement_int(put, 5, part->first_row);
    statement_int(put, 6, part->skipped_rows);
    return statement_run(put, err);
}

/* Parts first to end (exclusive) are one table. */
static int put_table(const struct joining *joining, uint32_t first, uint32_t end, uint32_t ordinal,
                     struct error *err)
{
    const struct part *parts = joining->parts.items;
    struct statement *put;
    char id[UUID_TEXT_BYTES];
    struct uuid uuid;
    uint64_t rows = 0;
    bool spans = false;

    for (uint32_t i = first; i < end; i++) {
        rows += parts[i].rows - parts[i].skipped_rows;
        spans = spans || parts[i].spans;
        if (put_part(joining, &parts[i], err) < 0) {
            return -1;
        }
    }
    uuid_library(joining->document->sha256, "table", ordinal, &uuid);
    uuid_format(&uuid, id);
    put = library_statement(joining->library, STATEMENT_TABLE_PUT);
    statement_int(put, 1, joining->document->row);
    statement_int(put, 2, ordinal);
    statement_text(put, 3, id);
    statement_int(put, 4, parts[first].page);
    statement_int(put, 5, parts[end - 1].page);
    statement_int(put, 6, (int64_t)rows);
    statement_int(put, 7, parts[first].columns);
    statement_int(put, 8, parts[first].header_rows);
    statement_int(put, 9, parts[first].ruled);
    statement_int(put, 10, spans);
    statement_text(put, 11, parts[first].caption);
    return statement_run(put, err);
}

static int join(struct joining *joining, uint64_t *ret_count, struct error *err)
{
    struct part *parts = joining->parts.items;
    uint32_t first = 0; /* part of the table in hand */
    uint32_t ordinal = 1;

    for (uint32_t i = 0; i < joining->parts.count; i++) {
        bool on = false;
        uint32_t skipped = 0;

        if (i > first &&
            goes_on(joining, &parts[first], &parts[i - 1], &parts[i], &skipped, &on, err) < 0) {
            return -1;
        }
        if (on) {
            parts[i].skipped_rows = skipped;
            parts[i].first_row =
                parts[i - 1].first_row + parts[i - 1].rows - parts[i - 1].skipped_rows;
        } else if (i > first) {
            if (put_table(joining, first, i, ordinal, err) < 0) {
                return -1;
            }
            ordinal++;
            first = i;
        }
        parts[i].ordinal = ordinal;
    }
    if (joining->parts.count == 0) {
        *ret_count = 0;
        return 0;
    }
    *ret_count = ordinal;
    return put_table(joining, first, joining->parts.count, ordinal, err);
}

static int clear_tables(struct library *library, int64_t document_row, struct error *err)
{
    struct statement *clear = library_statement(library, STATEMENT_TABLES_CLEAR);

    statement_int(clear, 1, document_row);
    return statement_run(clear, err);
}

int joining_make_tables(struct library *library, const struct document *document,
                        uint64_t *ret_count, struct error *err)
{
    struct joining joining = {.library = library,
                              .document = document,
                              .arena = arena_create(0),
                              .records = arena_create(0)};
    int result = -1;

    if (!joining.arena || !joining.records) {
        error_set(err, ERROR_MEMORY, "no memory for a document's tables");
    } else if (clear_tables(library, document->row, err) == 0 && read_parts(&joining, err) == 0 &&
               (joining.parts.count < 2 ||
                style_load(library, document->row, joining.arena, &joining.style, err) == 0)) {
        result = join(&joining, ret_count, err);
    }
    arena_destroy(joining.arena);
    arena_destroy(joining.records);
    return result;
}
