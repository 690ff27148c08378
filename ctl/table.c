/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Aligned tables for people.
 *
 * Invariants: all cells are in one buffer as terminated texts, in order; no cell holds a control
 * character. Widths are columns of a terminal, not bytes. Blocks only as `file` does.
 */
#include "ctl/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/parse.h"
#include "ctl/output.h"
#include "ctl/text.h"

#define TABLE_BYTES_MAX (256U << 20)
#define CELL_BYTES 1280
#define GAP_COLUMNS 2
#define GIVES_WAY_LEAST 16

struct table {
    const struct table_column *columns;
    size_t column_count;
    size_t cell_count;
    unsigned widths[TABLE_COLUMNS_MAX];
    struct buf cells;
    bool failed;
};

struct table *table_create(const struct table_column *columns, size_t column_count)
{
    struct table *table = calloc(1, sizeof(*table));

    assert(column_count > 0 && column_count <= TABLE_COLUMNS_MAX);
    if (!table) {
        return NULL;
    }
    table->columns = columns;
    table->column_count = column_count;
    buf_init(&table->cells, TABLE_BYTES_MAX);
    for (size_t i = 0; i < table->column_count; i++) {
        table->widths[i] = text_columns(columns[i].title);
    }
    return table;
}

void table_destroy(struct table *table)
{
    if (table) {
        buf_deinit(&table->cells);
        free(table);
    }
}

static void put(struct table *table, const char *text, size_t size_bytes)
{
    size_t column;
    size_t start;
    unsigned width;

    if (!table || table->failed) {
        return;
    }
    start = table->cells.size;
    if (size_bytes == 0) {
        text = "-";
        size_bytes = 1;
    }
    if (text_append_line(&table->cells, text, size_bytes, 0, NULL) < 0 ||
        buf_append(&table->cells, "", 1, NULL) < 0) {
        table->failed = true;
        return;
    }
    column = table->cell_count++ % table->column_count;
    width = text_columns((const char *)table->cells.data + start);
    table->widths[column] = width > table->widths[column] ? width : table->widths[column];
}

void table_text(struct table *table, const char *text)
{
    put(table, text, text ? strlen(text) : 0);
}

void table_format(struct table *table, const char *fmt, ...)
{
    char text[CELL_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    table_text(table, text);
}

void table_number(struct table *table, uint64_t number)
{
    table_format(table, "%" PRIu64, number);
}

void table_bytes(struct table *table, uint64_t bytes)
{
    char text[32];

    parse_format_bytes(bytes, text, sizeof(text));
    table_text(table, text);
}

void table_duration(struct table *table, uint64_t duration_ms)
{
    char text[32];

    clock_format_duration(duration_ms, text, sizeof(text));
    table_text(table, text);
}

void table_value_text(struct table *table, struct value value)
{
    size_t size_bytes;
    const char *text = value_str(value, &size_bytes);

    put(table, text, text ? size_bytes : 0);
}

/* True when there is a number to show; else a dash is put. */
static bool is_number(struct table *table, struct value value)
{
    if (value_type(value) == VALUE_UINT || value_type(value) == VALUE_FLOAT) {
        return true;
    }
    table_text(table, NULL);
    return false;
}

/* A float of a reply is rounded; a peer may send anything, and only what fits is cast. */
static uint64_t number_of(struct value value)
{
    double number;

    if (value_type(value) == VALUE_UINT) {
        return value_uint(value, 0);
    }
    number = value_float(value, 0.0);
    return number > 0.0 && number < 1e18 ? (uint64_t)(number + 0.5) : 0;
}

void table_value_number(struct table *table, struct value value)
{
    if (is_number(table, value)) {
        table_number(table, number_of(value));
    }
}

void table_value_bytes(struct table *table, struct value value)
{
    if (is_number(table, value)) {
        table_bytes(table, number_of(value));
    }
}

void table_value_duration(struct table *table, struct value value)
{
    if (is_number(table, value)) {
        table_duration(table, number_of(value));
    }
}

size_t table_rows(const struct table *table)
{
    return table && table->column_count > 0 ? table->cell_count / table->column_count : 0;
}

/* Takes from the column that gives way what the row is too wide. */
static void fit(const struct table *table, unsigned max_columns, unsigned *widths)
{
    unsigned total = 0;

    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = table->widths[i];
        total += widths[i] + (i > 0 ? GAP_COLUMNS : 0);
    }
    for (size_t i = 0; i < table->column_count && max_columns > 0 && total > max_columns; i++) {
        if (table->columns[i].align == TABLE_GIVES_WAY && widths[i] > GIVES_WAY_LEAST) {
            unsigned spare = widths[i] - GIVES_WAY_LEAST;
            unsigned over = total - max_columns;
            unsigned taken = over < spare ? over : spare;

            widths[i] -= taken;
            total -= taken;
        }
    }
}

static void print_cell(const struct table_column *column, const char *text, unsigned width,
                       bool last, FILE *file)
{
    unsigned columns = text_columns(text);
    unsigned pad = columns < width ? width - columns : 0;

    if (column->align == TABLE_RIGHT) {
        fprintf(file, "%*s%s", (int)pad, "", text);
    } else if (columns > width) {
        struct buf cut;

        buf_init(&cut, CELL_BYTES);
        if (text_append_line(&cut, text, strlen(text), width, NULL) == 0) {
            fwrite(cut.data, 1, cut.size, file);
        }
        buf_deinit(&cut);
    } else {
        fprintf(file, "%s%*s", text, last ? 0 : (int)pad, "");
    }
    fputs(last ? "\n" : "  ", file);
}

int table_print(const struct table *table, FILE *file, unsigned max_columns)
{
    unsigned widths[TABLE_COLUMNS_MAX];
    const char *cell;

    if (!table) {
        return -1;
    }
    assert(table->column_count > 0);
    fit(table, max_columns, widths);
    fputs(output_style(file, STYLE_BOLD), file);
    for (size_t i = 0; i < table->column_count; i++) {
        print_cell(&table->columns[i], table->columns[i].title, widths[i],
                   i + 1 == table->column_count, file);
    }
    fputs(output_style(file, STYLE_PLAIN), file);
    cell = (const char *)table->cells.data;
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t column = i % table->column_count;

        print_cell(&table->columns[column], cell, widths[column], column + 1 == table->column_count,
                   file);
        cell += strlen(cell) + 1;
    }
    return table->failed ? -1 : 0;
}
