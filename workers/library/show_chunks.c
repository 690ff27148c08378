/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's chunks as JSON. Invariants: one chunk is in memory at a time. Blocks on the disk.
 * Logs nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "workers/library/show.h"

#define BOX_NUMBERS 6

/* "[[offset,page,x0,y0,x1,y1],...]", as chunks.c wrote it; false for anything else. */
static bool next_box(const char **at, double ret_numbers[BOX_NUMBERS])
{
    const char *text = *at;

    if (*text != '[' && *text != ',') {
        return false;
    }
    text++;
    if (*text++ != '[') {
        return false;
    }
    for (size_t i = 0; i < BOX_NUMBERS; i++) {
        char *end;

        ret_numbers[i] = strtod(text, &end);
        if (end == text || *end != (i + 1 < BOX_NUMBERS ? ',' : ']')) {
            return false;
        }
        text = end + 1;
    }
    *at = text;
    return true;
}

static void put_boxes(struct emit *emit, const char *boxes)
{
    double numbers[BOX_NUMBERS];

    emit_key(emit, "boxes");
    emit_open(emit, '[');
    while (boxes && next_box(&boxes, numbers)) {
        emit_open(emit, '{');
        emit_key_uint(emit, "offset", (uint64_t)numbers[0]);
        emit_key_uint(emit, "page", (uint64_t)numbers[1]);
        emit_key(emit, "bbox");
        emit_open(emit, '[');
        for (size_t i = 2; i < BOX_NUMBERS; i++) {
            emit_hundredths(emit, numbers[i]);
        }
        emit_close(emit, ']');
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

static void put_quality(struct emit *emit, struct statement *row)
{
    emit_key(emit, "quality");
    emit_open(emit, '{');
    emit_key_hundredths(emit, "length", statement_column_real(row, 14));
    emit_key_hundredths(emit, "boundary", statement_column_real(row, 15));
    emit_key_hundredths(emit, "completeness", statement_column_real(row, 16));
    emit_close(emit, '}');
}

static int put_chunk(struct show *show, struct statement *row, struct error *err)
{
    const char *headings = statement_column_text(row, 7);
    struct emit *emit = &show->answer->emit;

    show_item_begin(show, "chunk");
    emit_key_str(emit, "chunk_id", statement_column_text(row, 0));
    emit_key_uint(emit, "ordinal", (uint64_t)statement_column_int(row, 1));
    emit_key_uint(emit, "level", (uint64_t)statement_column_int(row, 2));
    emit_key_uint(emit, "parent", (uint64_t)statement_column_int(row, 3));
    emit_key_str(emit, "kind", statement_column_text(row, 4));
    emit_key_uint(emit, "first_page", (uint64_t)statement_column_int(row, 5));
    emit_key_uint(emit, "last_page", (uint64_t)statement_column_int(row, 6));
    emit_key(emit, "headings");
    emit_raw(emit, headings && headings[0] ? headings : "[]");
    emit_key_str(emit, "text", statement_column_text(row, 8));
    emit_key_str(emit, "joint", statement_column_text(row, 9));
    emit_key_uint(emit, "overlap_bytes", (uint64_t)statement_column_int(row, 10));
    put_boxes(emit, statement_column_text(row, 11));
    emit_key_str(emit, "sha256", statement_column_text(row, 12));
    emit_key_uint(emit, "duplicate_of", (uint64_t)statement_column_int(row, 13));
    put_quality(emit, row);
    emit_key_bool(emit, "embedded", statement_column_int(row, 17) != 0);
    if (show_item_vectors(
            show, VECTOR_KIND_TEXT,
            library_page_row(show->document.row, (uint32_t)statement_column_int(row, 1)),
            err) < 0) {
        return -1;
    }
    return show_item_end(show, err);
}

int show_chunks(struct show *show, struct error *err)
{
    struct statement *list = library_statement(show->library, STATEMENT_CHUNKS_LIST);
    int got;

    show_list_begin(show, "chunks");
    statement_int(list, 1, show->document.row);
    while ((got = statement_step(list, err)) > 0) {
        if (!show_wants(show, (uint32_t)statement_column_int(list, 5),
                        (uint32_t)statement_column_int(list, 6))) {
            continue;
        }
        if (put_chunk(show, list, err) < 0 || show_page_done(show, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    show_list_end(show);
    return got;
}
