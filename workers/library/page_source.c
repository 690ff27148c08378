/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Pages from rows. Memory is one page's. Blocks on the disk. Logs nothing.
 */
#include "workers/library/page_source.h"

/* How the page's tables lie in the document's. */
static int read_parts(const struct page_source *source, struct render_page *page, struct error *err)
{
    const struct page_record *record = page->record;
    struct render_part *parts;
    struct statement *list;
    uint32_t tables = 0;
    int got;

    for (uint32_t b = 0; b < record->block_count; b++) {
        tables += record->blocks[b].table != NULL;
    }
    if (tables == 0) {
        return 0;
    }
    parts = arena_calloc(page->arena, tables, sizeof *parts);
    if (!parts) {
        return error_set(err, ERROR_MEMORY, "no memory for a page's tables");
    }
    page->parts = parts;
    list = library_statement(source->library, STATEMENT_PARTS_OF_PAGE);
    statement_int(list, 1, source->document_row);
    statement_int(list, 2, page->number);
    while ((got = statement_step(list, err)) > 0 && page->part_count < tables) {
        parts[page->part_count++] = (struct render_part){
            .block = (uint32_t)statement_column_int(list, 0),
            .table = (uint32_t)statement_column_int(list, 1),
            .first_row = (uint32_t)statement_column_int(list, 2),
            .skipped_rows = (uint32_t)statement_column_int(list, 3),
            .spans = statement_column_int(list, 4) != 0,
        };
    }
    statement_end(list);
    return got < 0 ? -1 : 0;
}

int page_source_read(const struct page_source *source, struct statement *row,
                     struct page_record *record, struct render_page *ret_page, struct error *err)
{
    size_t size_bytes;
    const void *data = statement_column_blob(row, 4, &size_bytes);

    *ret_page = (struct render_page){
        .number = (uint32_t)statement_column_int(row, 0),
        .failure_code = statement_column_text(row, 1),
        .failure_text = statement_column_text(row, 2),
        .label = statement_column_text(row, 3),
        .text = statement_column_text(row, 5),
        .arena = library_scratch(source->library),
    };
    if (!data) {
        return 0;
    }
    if (page_record_decode(data, size_bytes, ret_page->arena, record, err) < 0) {
        return error_wrap(err, "the record of page %u in the library", ret_page->number);
    }
    ret_page->record = record;
    return source->parts ? read_parts(source, ret_page, err) : 0;
}
