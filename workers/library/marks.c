/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * From a page's record to its marks.
 *
 * Invariants: sizes are summed here first, so that a page of a thousand spans is a few rows.
 * Blocks on the disk only as any write in a transaction may. Logs nothing.
 */
#include "workers/library/marks.h"

#include "workers/library/style.h"

#define MARKS_SIZES 64 /* of one page that are told apart; further ones are not its body */

struct size_sums {
    uint32_t class[MARKS_SIZES];
    uint64_t bytes[MARKS_SIZES];
    uint32_t count;
};

static void add_size(struct size_sums *sums, uint32_t class, uint32_t bytes)
{
    uint32_t i = 0;

    while (i < sums->count && sums->class[i] != class) {
        i++;
    }
    if (i == sums->count) {
        if (sums->count == MARKS_SIZES) {
            return;
        }
        sums->class[i] = class;
        sums->bytes[i] = 0;
        sums->count++;
    }
    sums->bytes[i] += bytes;
}

static uint64_t add_block(struct size_sums *sums, const struct page_block *block)
{
    uint64_t bytes = 0;

    for (uint32_t l = 0; l < block->line_count; l++) {
        const struct page_line *line = &block->lines[l];

        for (uint32_t s = 0; s < line->span_count; s++) {
            const struct page_span *span = &line->spans[s];

            add_size(sums, style_class(span->size_pt, (span->style & PAGE_STYLE_BOLD) != 0),
                     span->text_bytes);
            bytes += span->text_bytes;
        }
    }
    return bytes;
}

struct mark {
    enum mark_kind kind;
    uint32_t class;
    uint64_t key;
    uint64_t weight;
};

static int put(struct library *library, int64_t document_row, uint32_t page, struct mark mark,
               struct error *err)
{
    struct statement *insert = library_statement(library, STATEMENT_MARK_PUT);

    statement_int(insert, 1, document_row);
    statement_int(insert, 2, page);
    statement_int(insert, 3, mark.kind);
    statement_int(insert, 4, mark.class);
    statement_int(insert, 5, (int64_t)mark.key);
    statement_int(insert, 6, (int64_t)mark.weight);
    return statement_run(insert, err);
}

static int put_block(struct library *library, int64_t document_row, uint32_t page,
                     const struct page_block *block, uint64_t bytes, struct error *err)
{
    bool heading = block->kind == PAGE_BLOCK_HEADING;

    if (block->margin != PAGE_MARGIN_NONE) {
        struct mark mark = {MARK_MARGIN, (uint32_t)block->margin, block->margin_key, 0};

        if (put(library, document_row, page, mark, err) < 0) {
            return -1;
        }
    }
    if (bytes > 0 && (heading ? !style_block_is_entry(block) : style_block_is_short(block))) {
        struct mark mark = {heading ? MARK_HEADING : MARK_SHORT, style_block_class(block),
                            block->margin_key, bytes};

        return put(library, document_row, page, mark, err);
    }
    return 0;
}

int marks_put(struct library *library, int64_t document_row, const struct page_record *record,
              struct error *err)
{
    struct size_sums sums;

    sums.count = 0;
    for (uint32_t b = 0; b < record->block_count; b++) {
        uint64_t bytes = add_block(&sums, &record->blocks[b]);

        if (put_block(library, document_row, record->number, &record->blocks[b], bytes, err) < 0) {
            return -1;
        }
    }
    for (uint32_t i = 0; i < sums.count; i++) {
        struct mark mark = {MARK_SIZE, sums.class[i], 0, sums.bytes[i]};

        if (put(library, document_row, record->number, mark, err) < 0) {
            return -1;
        }
    }
    return 0;
}
