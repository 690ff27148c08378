/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Facts of a table. Invariants: reads cells in their order, by row and column, as page.h says
 * that they lie. Nothing blocks, allocates or logs.
 */
#include "workers/library/grid.h"

#include <ctype.h>

#define FNV_BASIS UINT64_C(0xCBF29CE484222325)
#define FNV_PRIME UINT64_C(0x100000001B3)

uint32_t grid_row_start(const struct page_table *table, uint32_t row)
{
    uint32_t low = 0;
    uint32_t high = table->cell_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (table->cells[middle].row < row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_header_row(const struct page_table *table, uint32_t row)
{
    bool any = false;

    for (uint32_t c = grid_row_start(table, row);
         c < table->cell_count && table->cells[c].row == row; c++) {
        if (table->cells[c].text_bytes == 0) {
            continue;
        }
        if (!table->cells[c].header) {
            return false;
        }
        any = true;
    }
    return any;
}

uint32_t grid_header_rows(const struct page_table *table)
{
    uint32_t rows = 0;

    while (rows + 1U < table->rows && is_header_row(table, rows)) {
        rows++;
    }
    return rows;
}

bool grid_has_spans(const struct page_table *table)
{
    for (uint32_t c = 0; c < table->cell_count; c++) {
        if (table->cells[c].row_span > 1 || table->cells[c].column_span > 1) {
            return true;
        }
    }
    return grid_header_rows(table) > 1;
}

static uint64_t add_byte(uint64_t key, uint8_t byte)
{
    return (key ^ byte) * FNV_PRIME;
}

uint64_t grid_rows_key(const struct page_table *table, uint32_t rows)
{
    uint64_t key = FNV_BASIS;
    bool any = false;

    for (uint32_t c = 0; c < table->cell_count && table->cells[c].row < rows; c++) {
        const struct page_cell *cell = &table->cells[c];

        for (uint32_t i = 0; i < cell->text_bytes; i++) {
            uint8_t byte = (uint8_t)cell->text[i];

            if (byte > 0x20) {
                key = add_byte(key, byte < 0x80 ? (uint8_t)tolower(byte) : byte);
                any = true;
            }
        }
        key = add_byte(key, 0); /* so that a text does not move to another cell unseen */
    }
    return any ? key : 0;
}
