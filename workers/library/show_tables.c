/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The document's tables as JSON, those over several pages as one.
 *
 * Invariants: one page's record is in memory at a time. Blocks on the disk. Logs nothing.
 */
#include "workers/library/render_parts.h"
#include "workers/library/show.h"

struct part {
    uint32_t page, block, skipped_rows, first_row;
    struct page_box box;
};

struct parts {
    struct part *items;
    uint32_t count, capacity;
};

static int add_part(struct parts *parts, struct statement *row, struct arena *arena,
                    struct error *err)
{
    if (parts->count == parts->capacity) {
        uint32_t bigger = parts->capacity ? parts->capacity * 2 : 16;
        struct part *moved = arena_calloc(arena, bigger, sizeof *moved);

        if (!moved) {
            return error_set(err, ERROR_MEMORY, "no memory for a table's parts");
        }
        for (uint32_t i = 0; i < parts->count; i++) {
            moved[i] = parts->items[i];
        }
        parts->items = moved;
        parts->capacity = bigger;
    }
    parts->items[parts->count++] = (struct part){
        .page = (uint32_t)statement_column_int(row, 0),
        .block = (uint32_t)statement_column_int(row, 1),
        .skipped_rows = (uint32_t)statement_column_int(row, 2),
        .first_row = (uint32_t)statement_column_int(row, 3),
        .box = {(float)statement_column_real(row, 5), (float)statement_column_real(row, 6),
                (float)statement_column_real(row, 7), (float)statement_column_real(row, 8)},
    };
    return 0;
}

static int read_parts(struct show *show, struct statement *table, struct arena *arena,
                      struct parts *ret_parts, struct error *err)
{
    struct statement *list = library_statement(show->library, STATEMENT_PARTS_OF_TABLE);
    int got;

    statement_int(list, 1, show->document.row);
    statement_int(list, 2, statement_column_int(table, 2));
    statement_int(list, 3, statement_column_int(table, 3));
    statement_int(list, 4, statement_column_int(table, 0));
    while ((got = statement_step(list, err)) > 0) {
        if (add_part(ret_parts, list, arena, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    return got;
}

/* The cells of one part, from its page's record. */
static int put_cells(struct show *show, const struct part *part, struct error *err)
{
    struct statement *get = library_statement(show->library, STATEMENT_RECORD_GET);
    struct page_record record;
    const void *data = NULL;
    size_t size_bytes;
    int got;

    statement_int(get, 1, library_page_row(show->document.row, part->page));
    got = statement_step(get, err);
    if (got > 0 && (data = statement_column_blob(get, 0, &size_bytes))) {
        got = page_record_decode(data, size_bytes, library_scratch(show->library), &record, err);
    }
    statement_end(get);
    if (got < 0) {
        return error_wrap(err, "the record of page %u in the library", part->page);
    }
    if (!data || part->block >= record.block_count || !record.blocks[part->block].table) {
        return error_set(err, ERROR_CORRUPT, "page %u has no table at block %u", part->page,
                         part->block);
    }
    render_json_cells(&show->answer->emit, record.blocks[part->block].table,
                      (struct render_rows){part->skipped_rows, part->first_row, part->page});
    return show_page_done(show, err);
}

static void put_parts(struct emit *emit, const struct parts *parts)
{
    emit_key(emit, "parts");
    emit_open(emit, '[');
    for (uint32_t i = 0; i < parts->count; i++) {
        emit_open(emit, '{');
        emit_key_uint(emit, "page", parts->items[i].page);
        render_json_box(emit, "bbox", &parts->items[i].box);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

static int put_table(struct show *show, struct statement *table, struct arena *arena,
                     struct error *err)
{
    struct emit *emit = &show->answer->emit;
    struct parts parts = {0};

    arena_reset(arena);
    if (read_parts(show, table, arena, &parts, err) < 0) {
        return -1;
    }
    show_item_begin(show, "table");
    emit_key_uint(emit, "number", (uint64_t)statement_column_int(table, 0));
    emit_key_str(emit, "id", statement_column_text(table, 1));
    emit_key_uint(emit, "first_page", (uint64_t)statement_column_int(table, 2));
    emit_key_uint(emit, "last_page", (uint64_t)statement_column_int(table, 3));
    emit_key_uint(emit, "rows", (uint64_t)statement_column_int(table, 4));
    emit_key_uint(emit, "columns", (uint64_t)statement_column_int(table, 5));
    emit_key_uint(emit, "header_rows", (uint64_t)statement_column_int(table, 6));
    emit_key_bool(emit, "ruled", statement_column_int(table, 7) != 0);
    emit_key_str(emit, "caption", statement_column_text(table, 9));
    put_parts(emit, &parts);
    emit_key(emit, "cells");
    emit_open(emit, '[');
    for (uint32_t i = 0; i < parts.count; i++) {
        if (put_cells(show, &parts.items[i], err) < 0) {
            return -1;
        }
    }
    emit_close(emit, ']');
    return show_item_end(show, err);
}

static int put_tables(struct show *show, struct arena *arena, struct error *err)
{
    struct statement *list = library_statement(show->library, STATEMENT_TABLES_LIST);
    int got;

    statement_int(list, 1, show->document.row);
    while ((got = statement_step(list, err)) > 0) {
        if (show_wants(show, (uint32_t)statement_column_int(list, 2),
                       (uint32_t)statement_column_int(list, 3)) &&
            put_table(show, list, arena, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    return got;
}

int show_tables(struct show *show, struct error *err)
{
    struct arena *arena = arena_create(0);
    int result;

    if (!arena) {
        return error_set(err, ERROR_MEMORY, "no memory for a table's parts");
    }
    show_list_begin(show, "tables");
    result = put_tables(show, arena, err);
    show_list_end(show);
    arena_destroy(arena);
    return result;
}
