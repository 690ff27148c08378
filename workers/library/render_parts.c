/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Boxes, files and cells as JSON. Nothing blocks or logs.
 */
#include "workers/library/render_parts.h"

#include <stdio.h>

#include "workers/library/grid.h"

void render_json_box(struct emit *emit, const char *key, const struct page_box *box)
{
    emit_key(emit, key);
    emit_open(emit, '[');
    emit_hundredths(emit, (double)box->x0);
    emit_hundredths(emit, (double)box->y0);
    emit_hundredths(emit, (double)box->x1);
    emit_hundredths(emit, (double)box->y1);
    emit_close(emit, ']');
}

void render_json_file(struct emit *emit, const char *key, const char *format)
{
    char file[80];

    snprintf(file, sizeof file, "images/%s.%s", key, format ? format : "");
    emit_key_str(emit, "key", key);
    emit_key_str(emit, "file", file);
}

static void put_cell(struct emit *emit, const struct page_cell *cell, struct render_rows rows)
{
    emit_open(emit, '{');
    emit_key_uint(emit, "row", cell->row - rows.first + rows.as);
    emit_key_uint(emit, "column", cell->column);
    if (cell->row_span > 1) {
        emit_key_uint(emit, "row_span", cell->row_span);
    }
    if (cell->column_span > 1) {
        emit_key_uint(emit, "column_span", cell->column_span);
    }
    if (cell->header) {
        emit_key_bool(emit, "header", true);
    }
    if (rows.page > 0) {
        emit_key_uint(emit, "page", rows.page);
    }
    render_json_box(emit, "bbox", &cell->box);
    emit_key(emit, "text");
    emit_str_n(emit, cell->text, cell->text_bytes);
    emit_close(emit, '}');
}

void render_json_cells(struct emit *emit, const struct page_table *table, struct render_rows rows)
{
    for (uint32_t c = grid_row_start(table, rows.first); c < table->cell_count; c++) {
        put_cell(emit, &table->cells[c], rows);
    }
}
