/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a found table to a block: its cells one after the other, row by row. In the plain text a
 * row is a line, and tabs part its cells. Nothing blocks or logs.
 */
#include <math.h>
#include <string.h>

#include "workers/layout/compose_state.h"
#include "workers/layout/found_table.h"
#include "workers/layout/text.h"

#define LEADER_DOTS 4U /* fewer are an ellipsis */

/* Joins the text that was written at text with the line before it, in the same cell: with a space,
 * which stands between them already, or by dropping a hyphen. Returns where the line starts now. */
static const char *join(struct composer *composer, const char *before_text, const char *text)
{
    struct page_line *line = &composer->lines[composer->line_count - 1];
    struct page_line *before = line - 1;
    struct page_span *last = &before->spans[before->span_count - 1];
    size_t text_bytes = (size_t)(composer->out - text);
    size_t kept_bytes;
    size_t back;
    char *own;

    if (!text_is_hyphenated(before_text, text - 1, text, composer->out, &kept_bytes) ||
        last->text > before_text + kept_bytes) {
        return text;
    }
    /* The hyphen stays in its span, which moves to bytes of its own. */
    own = arena_alloc(composer->arena, last->text_bytes);
    if (!own) {
        return text;
    }
    memcpy(own, last->text, last->text_bytes);
    back = (size_t)(text - before_text) - kept_bytes;
    memmove(composer->out - text_bytes - back, text, text_bytes);
    last->text = own;
    before->hyphenated = true;
    composer->out -= back;
    for (uint32_t i = 0; i < line->span_count; i++) {
        line->spans[i].text -= back;
    }
    return text - back;
}

/* How much of a cell's text is its own: dots at its end that lead to the next cell are not. */
static uint32_t without_leader(const char *text, uint32_t text_bytes)
{
    uint32_t kept = text_bytes;
    uint32_t dots = 0;

    while (kept > 0 && (text[kept - 1] == '.' || text[kept - 1] == ' ')) {
        kept--;
        dots += text[kept] == '.';
    }
    return dots >= LEADER_DOTS ? kept : text_bytes;
}

static int compose_cell(struct composer *composer, const struct found_cell *found,
                        struct page_cell *cell, struct error *err)
{
    const char *start = composer->out;
    const char *before_text = NULL;

    for (uint32_t i = 0; i < found->line_count; i++) {
        uint32_t line_count = composer->line_count;
        const char *text;

        lines_measure(composer->glyphs, &found->lines[i]);
        if (before_text) {
            *composer->out++ = ' ';
        }
        if (compose_line(composer, &found->lines[i], &text, err) < 0) {
            return -1;
        }
        if (composer->line_count == line_count) {
            composer->out -= before_text ? 1 : 0;
            continue;
        }
        before_text = before_text ? join(composer, before_text, text) : text;
    }
    *cell = (struct page_cell){
        .row = found->row,
        .column = found->column,
        .row_span = found->row_span,
        .column_span = found->column_span,
        .header = found->header,
        .box = compose_box(composer->group, found->left, found->top, found->right, found->bottom),
        .text = start,
        .text_bytes = without_leader(start, (uint32_t)(composer->out - start))};
    return 0;
}

int compose_table(struct composer *composer, const struct found_table *found, struct error *err)
{
    struct page_block *block = &composer->blocks[composer->block_count];
    struct page_table *table = arena_alloc(composer->arena, sizeof(*table));
    uint32_t first_line = composer->line_count;
    char *start = composer->out;

    if (!table) {
        return error_set(err, ERROR_MEMORY, "no memory for a table");
    }
    *table = (struct page_table){
        .rows = found->rows,
        .columns = found->columns,
        .ruled = found->ruled,
        .cells = arena_calloc(composer->arena, found->cell_count, sizeof(*table->cells)),
        .cell_count = found->cell_count};
    if (!table->cells) {
        return error_set(err, ERROR_MEMORY, "no memory for %u cells", found->cell_count);
    }
    composer->code_left = INFINITY;
    for (uint32_t i = 0; i < found->cell_count; i++) {
        if (i > 0) {
            *composer->out++ = found->cells[i].row == found->cells[i - 1].row ? '\t' : '\n';
        }
        if (compose_cell(composer, &found->cells[i], &table->cells[i], err) < 0) {
            return -1;
        }
    }
    if (composer->line_count == first_line) {
        composer->out = start; /* nothing of it can be read */
        return 0;
    }
    *composer->out++ = '\n';
    *composer->out++ = '\n';
    *block = (struct page_block){
        .kind = PAGE_BLOCK_TABLE,
        .table = table,
        .lines = &composer->lines[first_line],
        .line_count = composer->line_count - first_line,
        .box = compose_box(composer->group, found->left, found->top, found->right, found->bottom)};
    for (uint32_t l = 0; l < block->line_count; l++) {
        compose_unite(&block->box, &block->lines[l].box);
    }
    composer->block_count++;
    return 0;
}
