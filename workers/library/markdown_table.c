/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Rows of cells as Markdown. Invariants: a row is one line, so that HTML holds no empty line,
 * which would end it. Nothing blocks or logs.
 */
#include "workers/library/markdown_table.h"

#include <ctype.h>
#include <string.h>

#include "workers/library/grid.h"
#include "workers/library/markdown.h"

static int put(struct buf *out, const char *text, struct error *err)
{
    return buf_append_str(out, text, err);
}

/* Cells of one row, each at its column; places with no cell are empty. */
static int put_pipe_row(const struct page_table *table, uint32_t row, struct buf *out,
                        struct error *err)
{
    uint32_t c = grid_row_start(table, row);

    for (uint32_t column = 0; column < table->columns; column++) {
        if (put(out, "| ", err) < 0) {
            return -1;
        }
        if (c < table->cell_count && table->cells[c].row == row &&
            table->cells[c].column == column) {
            const struct page_cell *cell = &table->cells[c++];

            if (markdown_escape_cell(cell->text, cell->text_bytes, out, err) < 0 ||
                (cell->text_bytes > 0 && put(out, " ", err) < 0)) {
                return -1;
            }
        }
    }
    return put(out, "|\n", err);
}

static bool has_digit(const struct page_cell *cell)
{
    for (uint32_t i = 0; i < cell->text_bytes; i++) {
        if (isdigit((unsigned char)cell->text[i])) {
            return true;
        }
    }
    return false;
}

/* A pipe table must have a header. Without one known, a first row of words alone serves. */
static bool first_row_serves(const struct page_table *table)
{
    uint32_t c;

    for (c = 0; c < table->cell_count && table->cells[c].row == 0; c++) {
        if (table->cells[c].text_bytes == 0 || has_digit(&table->cells[c])) {
            return false;
        }
    }
    return c > 0 && table->rows > 1;
}

static int put_pipe_header(const struct page_table *table, uint32_t *ret_next_row, struct buf *out,
                           struct error *err)
{
    bool header = grid_header_rows(table) > 0 || first_row_serves(table);

    *ret_next_row = header ? 1 : 0;
    if (header ? put_pipe_row(table, 0, out, err) < 0 : put(out, "|", err) < 0) {
        return -1;
    }
    for (uint32_t column = 0; !header && column < table->columns; column++) {
        if (put(out, "  |", err) < 0) {
            return -1;
        }
    }
    if (!header && put(out, "\n", err) < 0) {
        return -1;
    }
    for (uint32_t column = 0; column < table->columns; column++) {
        if (put(out, column == 0 ? "| --- |" : " --- |", err) < 0) {
            return -1;
        }
    }
    return put(out, "\n", err);
}

static int put_pipe(const struct markdown_table_part *part, struct buf *out, struct error *err)
{
    uint32_t row = part->first_row;

    if (part->begins && put_pipe_header(part->table, &row, out, err) < 0) {
        return -1;
    }
    for (; row < part->table->rows; row++) {
        if (put_pipe_row(part->table, row, out, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int put_html_cell(const struct page_cell *cell, bool head, struct buf *out,
                         struct error *err)
{
    const char *tag = head || cell->header ? "th" : "td";

    if (buf_printf(out, err, "<%s", tag) < 0 ||
        (cell->row_span > 1 && buf_printf(out, err, " rowspan=\"%u\"", cell->row_span) < 0) ||
        (cell->column_span > 1 && buf_printf(out, err, " colspan=\"%u\"", cell->column_span) < 0) ||
        put(out, ">", err) < 0 ||
        markdown_escape_html(cell->text, cell->text_bytes, out, err) < 0) {
        return -1;
    }
    return buf_printf(out, err, "</%s>", tag);
}

static int put_html_row(const struct page_table *table, uint32_t row, bool head, struct buf *out,
                        struct error *err)
{
    if (put(out, "<tr>", err) < 0) {
        return -1;
    }
    for (uint32_t c = grid_row_start(table, row);
         c < table->cell_count && table->cells[c].row == row; c++) {
        if (put_html_cell(&table->cells[c], head, out, err) < 0) {
            return -1;
        }
    }
    return put(out, "</tr>\n", err);
}

static int put_html(const struct markdown_table_part *part, struct buf *out, struct error *err)
{
    uint32_t header_rows = part->begins ? grid_header_rows(part->table) : 0;
    uint32_t row = part->begins ? 0 : part->first_row;

    if (part->begins &&
        put(out, header_rows > 0 ? "<table>\n<thead>\n" : "<table>\n<tbody>\n", err) < 0) {
        return -1;
    }
    for (; row < part->table->rows; row++) {
        if ((header_rows > 0 && row == header_rows && put(out, "</thead>\n<tbody>\n", err) < 0) ||
            put_html_row(part->table, row, row < header_rows, out, err) < 0) {
            return -1;
        }
    }
    return 0;
}

int markdown_table_put(const struct markdown_table_part *part, struct buf *out, struct error *err)
{
    return part->html ? put_html(part, out, err) : put_pipe(part, out, err);
}
