/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Tables of page records, there and back.
 *
 * Invariant: what is refused when writing is refused when reading, so that nobody who holds a
 * decoded table needs to look whether its cells lie inside it or on each other. Nothing blocks or
 * logs.
 * Source: PROTOCOL.md, "Page records".
 */
#include "proto/page_wire.h"

#include <string.h>

/* --- what a table may be --- */

#define BITS_PER_BYTE 8U

/* Marks the cell's places; false when one is taken already. */
static bool claim(uint8_t taken[], const struct page_table *table, const struct page_cell *cell)
{
    for (unsigned row = cell->row; row < (unsigned)cell->row + cell->row_span; row++) {
        for (unsigned column = cell->column; column < (unsigned)cell->column + cell->column_span;
             column++) {
            unsigned place = row * table->columns + column;
            uint8_t bit = (uint8_t)(1U << (place % BITS_PER_BYTE));

            if (taken[place / BITS_PER_BYTE] & bit) {
                return false;
            }
            taken[place / BITS_PER_BYTE] |= bit;
        }
    }
    return true;
}

static bool comes_after(const struct page_cell *cell, const struct page_cell *before)
{
    return cell->row > before->row || (cell->row == before->row && cell->column > before->column);
}

const char *page_table_fault(const struct page_table *table)
{
    uint8_t taken[PAGE_TABLE_CELLS_MAX / BITS_PER_BYTE] = {0};

    if (table->rows == 0 || table->columns == 0 ||
        (uint32_t)table->rows * table->columns > PAGE_TABLE_CELLS_MAX) {
        return "a table with no rows or columns, or too many";
    }
    for (uint32_t i = 0; i < table->cell_count; i++) {
        const struct page_cell *cell = &table->cells[i];

        if (cell->row_span == 0 || cell->column_span == 0 ||
            (uint32_t)cell->row + cell->row_span > table->rows ||
            (uint32_t)cell->column + cell->column_span > table->columns) {
            return "a cell that is not inside its table";
        }
        if ((i > 0 && !comes_after(cell, cell - 1)) || !claim(taken, table, cell)) {
            return "cells that are out of order or on each other";
        }
    }
    return NULL;
}

/* --- tables --- */

void page_wire_put_box(struct pack *pack, const struct page_box *box)
{
    pack_int(pack, page_wire_hundredths(box->x0));
    pack_int(pack, page_wire_hundredths(box->y0));
    pack_int(pack, page_wire_hundredths(box->x1));
    pack_int(pack, page_wire_hundredths(box->y1));
}

void page_wire_put_table(struct pack *pack, const struct page_table *table)
{
    pack_array(pack, PAGE_WIRE_TABLE_FIELDS);
    pack_uint(pack, table->rows);
    pack_uint(pack, table->columns);
    pack_bool(pack, table->ruled);
    pack_array(pack, table->cell_count);
    for (uint32_t i = 0; i < table->cell_count; i++) {
        const struct page_cell *cell = &table->cells[i];

        pack_array(pack, PAGE_WIRE_CELL_FIELDS);
        pack_uint(pack, cell->row);
        pack_uint(pack, cell->column);
        pack_uint(pack, cell->row_span);
        pack_uint(pack, cell->column_span);
        pack_bool(pack, cell->header);
        page_wire_put_box(pack, &cell->box);
        pack_str_n(pack, cell->text, cell->text_bytes);
    }
}

static void take_cell(struct record *in, struct page_cell *ret_cell)
{
    const char *text;
    size_t text_bytes;

    scan_array_of(&in->scan, PAGE_WIRE_CELL_FIELDS);
    ret_cell->row = (uint16_t)record_u32(in, 0, UINT16_MAX);
    ret_cell->column = (uint16_t)record_u32(in, 0, UINT16_MAX);
    ret_cell->row_span = (uint16_t)record_u32(in, 1, UINT16_MAX);
    ret_cell->column_span = (uint16_t)record_u32(in, 1, UINT16_MAX);
    ret_cell->header = scan_bool(&in->scan);
    page_wire_take_box(in, &ret_cell->box);
    text = scan_str(&in->scan, 0, UINT32_MAX, &text_bytes);
    ret_cell->text = record_copy(in, text, text_bytes);
    ret_cell->text_bytes = (uint32_t)text_bytes;
}

struct page_table *page_wire_take_table(struct record *in)
{
    struct scan *scan = &in->scan;
    struct page_table *table;
    const char *fault;

    if (scan_nil(scan)) {
        return NULL;
    }
    table = record_alloc(in, 1, sizeof(*table), 1 + PAGE_WIRE_TABLE_FIELDS);
    scan_array_of(scan, PAGE_WIRE_TABLE_FIELDS);
    if (!table || scan->fault) {
        return NULL;
    }
    table->rows = (uint16_t)record_u32(in, 1, UINT16_MAX);
    table->columns = (uint16_t)record_u32(in, 1, UINT16_MAX);
    table->ruled = scan_bool(scan);
    table->cell_count = scan_array(scan, PAGE_TABLE_CELLS_MAX);
    table->cells =
        record_alloc(in, table->cell_count, sizeof(*table->cells), 1 + PAGE_WIRE_CELL_FIELDS);
    for (uint32_t i = 0; i < table->cell_count && !scan->fault; i++) {
        take_cell(in, &table->cells[i]);
    }
    fault = scan->fault ? NULL : page_table_fault(table);
    if (fault) {
        scan_fail(scan, fault);
    }
    return table;
}
