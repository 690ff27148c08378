/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Elements to blocks of a body.
 *
 * Invariants: pieces begin at characters, each behind the one before. Nothing blocks or logs.
 */
#include "workers/library/body_stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "workers/library/chars.h"
#include "workers/library/grid.h"
#include "workers/library/markdown.h"
#include "workers/library/walk.h"

/* A block that grows past these is handed on in parts; both stay below what a record may have. */
#define PART_TEXT_BYTES (BODY_TEXT_MAX_BYTES / 4)
#define PART_PIECES (BODY_PIECES_MAX / 4)
#define ELLIPSIS "\xE2\x80\xA6"

struct body_stream {
    struct walk *walk;
    body_stream_cb put;
    void *user;
    bool begun;                     /* a block was handed on */
    enum page_block_kind last_kind; /* its kind */
    /* The block in hand: */
    struct body_block block; /* but for text and pieces */
    struct buf text;
    struct body_piece *pieces;
    uint32_t piece_count, piece_capacity;
};

/* --- the block in hand --- */

static void begin(struct body_stream *stream, enum page_block_kind kind, uint8_t level)
{
    stream->block = (struct body_block){.kind = kind, .level = level};
    buf_reset(&stream->text, PART_TEXT_BYTES);
    stream->piece_count = 0;
}

/* What is appended next is in that box of that page. */
static int add_piece(struct body_stream *stream, uint32_t page, const struct page_box *box,
                     struct error *err)
{
    if (stream->piece_count == stream->piece_capacity) {
        uint32_t bigger = stream->piece_capacity ? stream->piece_capacity * 2 : 64;
        struct body_piece *moved = reallocarray(stream->pieces, bigger, sizeof *stream->pieces);

        if (!moved) {
            return error_set(err, ERROR_MEMORY, "no memory for a text's places");
        }
        stream->pieces = moved;
        stream->piece_capacity = bigger;
    }
    stream->pieces[stream->piece_count++] =
        (struct body_piece){(uint32_t)stream->text.size, page, *box};
    return 0;
}

static const char *joint_of(const struct body_stream *stream)
{
    if (!stream->begun) {
        return "";
    }
    return stream->block.kind == PAGE_BLOCK_LIST_ITEM && stream->last_kind == PAGE_BLOCK_LIST_ITEM
               ? "\n"
               : "\n\n";
}

/* White space that it begins with goes: a code's indent, a table's first cells where they are
 * empty. */
static void trim_start(struct body_stream *stream)
{
    struct body_piece *pieces = stream->pieces;
    size_t blank = 0;
    uint32_t kept = 0;

    while (blank < stream->text.size && stream->text.data[blank] <= 0x20) {
        blank++;
    }
    if (blank == 0) {
        return;
    }
    buf_consume(&stream->text, blank);
    for (uint32_t i = 0; i < stream->piece_count; i++) {
        struct body_piece piece = pieces[i];

        piece.offset = piece.offset > blank ? piece.offset - (uint32_t)blank : 0;
        kept -= kept > 0 && piece.offset == 0; /* of several at the start the last stays */
        pieces[kept++] = piece;
    }
    stream->piece_count = kept;
}

/* Where a slice of the text that begins at start ends: at a character, and not too far. */
static uint32_t slice_end(const struct body_stream *stream, uint32_t start)
{
    uint32_t size = (uint32_t)stream->text.size;
    uint32_t stop = start + PART_TEXT_BYTES;

    if (size - start <= BODY_TEXT_MAX_BYTES) {
        return size;
    }
    while (stop > start + 1 && (stream->text.data[stop] & 0xC0) == 0x80) {
        stop--;
    }
    return stop;
}

/* The block in hand; in slices where a line alone is more than a record may have. */
static int hand_on(struct body_stream *stream, struct error *err)
{
    struct body_block *block = &stream->block;
    struct body_piece *pieces = stream->pieces;
    struct body_piece *end_of_pieces = pieces + stream->piece_count;
    uint32_t start = 0;

    while (start < stream->text.size) {
        uint32_t stop = slice_end(stream, start);
        uint32_t count = 0;
        struct body_piece last;

        for (; pieces + count < end_of_pieces && pieces[count].offset < stop; count++) {
            pieces[count].offset -= start;
        }
        assert(count > 0); /* each slice begins with a piece */
        last = pieces[count - 1];
        block->text = (const char *)stream->text.data + start;
        block->text_bytes = stop - start;
        block->pieces = pieces;
        block->piece_count = count;
        if (stream->put(stream->user, block, err) < 0) {
            return -1;
        }
        pieces += count;
        if (stop < stream->text.size && (pieces == end_of_pieces || pieces->offset > stop)) {
            last.offset = stop; /* it goes on */
            *--pieces = last;
        }
        block->joint = "";
        start = stop;
    }
    return 0;
}

/* Hands on what is in hand, if it has any text. */
static int end(struct body_stream *stream, struct error *err)
{
    struct body_block *block = &stream->block;

    trim_start(stream);
    while (stream->text.size > 0 && stream->text.data[stream->text.size - 1] <= 0x20) {
        stream->text.size--;
    }
    while (stream->piece_count > 0 &&
           stream->pieces[stream->piece_count - 1].offset >= stream->text.size) {
        stream->piece_count--;
    }
    if (stream->text.size == 0) {
        return 0;
    }
    block->joint = joint_of(stream);
    stream->begun = true;
    stream->last_kind = block->kind;
    return hand_on(stream, err);
}

/* Where a block has become too large: hands on what there is, and begins another of its kind. */
static int part(struct body_stream *stream, struct error *err)
{
    struct body_block block = stream->block;

    if (stream->text.size < PART_TEXT_BYTES && stream->piece_count < PART_PIECES) {
        return 0;
    }
    if (end(stream, err) < 0) {
        return -1;
    }
    begin(stream, block.kind, block.level);
    stream->block.table = block.table;
    return 0;
}

/* --- running text --- */

/* A pass over an element's text. */
struct pass {
    const struct element *element;
    size_t at;    /* in its text */
    size_t piece; /* pieces that begin at or before `at` */
    size_t said;  /* of them, those that the block knows */
    char blank;   /* what is to stand before the next character; NUL for nothing */
};

/* Bytes of a mark and of what goes with it, at the pass's place; 0 where there is none. */
static size_t mark_bytes(const struct pass *pass)
{
    const uint8_t *data = pass->element->text.data + pass->at;
    size_t left = pass->element->text.size - pass->at;
    const uint8_t *off;

    if (data[0] < INLINE_SUPER_ON || data[0] > INLINE_NOTE_OFF) {
        return 0;
    }
    off = data[0] == INLINE_NOTE_ON ? memchr(data, INLINE_NOTE_OFF, left) : NULL;
    return off ? (size_t)(off - data) + 1 : 1;
}

static int put_char(struct body_stream *stream, struct pass *pass, const char *text,
                    size_t size_bytes, struct error *err)
{
    const struct element *element = pass->element;

    if (pass->blank && stream->text.size > 0 && stream->text.data[stream->text.size - 1] > 0x20 &&
        buf_append(&stream->text, &pass->blank, 1, err) < 0) {
        return -1;
    }
    if (pass->blank && part(stream, err) < 0) {
        return -1;
    }
    pass->blank = '\0';
    if (pass->piece > 0 && (pass->said < pass->piece || stream->piece_count == 0)) {
        const struct element_piece *piece = &element->pieces[pass->piece - 1];

        if (add_piece(stream, piece->page, &piece->box, err) < 0) {
            return -1;
        }
        pass->said = pass->piece;
    }
    return buf_append(&stream->text, text, size_bytes, err);
}

/* Appends the element's text; lines: its line feeds stay; said: so many of its pieces are known. */
static int add_text(struct body_stream *stream, const struct element *element, bool lines,
                    size_t said, struct error *err)
{
    struct pass pass = {.element = element, .said = said};
    const char *text = (const char *)element->text.data;
    size_t size_bytes = element->text.size;

    while (pass.at < size_bytes) {
        size_t used = mark_bytes(&pass);
        const char *from = text + pass.at;

        while (pass.piece < element->piece_count && element->pieces[pass.piece].offset <= pass.at) {
            pass.piece++;
        }
        if (used > 0) {
            pass.at += used;
            continue;
        }
        if ((uint8_t)*from <= 0x20 || *from == 0x7F) {
            pass.blank = lines && *from == '\n' ? '\n' : pass.blank == '\n' ? '\n' : ' ';
            pass.at++;
            continue;
        }
        used = *from == '.' ? markdown_leader_bytes(from, size_bytes - pass.at) : 0;
        if (used > 0) {
            pass.at += used;
            from = ELLIPSIS;
            used = strlen(ELLIPSIS);
        } else {
            chars_decode(from, size_bytes - pass.at, &used);
            pass.at += used;
        }
        if (put_char(stream, &pass, from, used, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int put_text(struct body_stream *stream, const struct element *element,
                    enum page_block_kind kind, struct error *err)
{
    begin(stream, kind, element->level);
    if (add_text(stream, element, element->kind == ELEMENT_LINES, 0, err) < 0) {
        return -1;
    }
    return end(stream, err);
}

/* Its marker is where its first line is. */
static int put_item(struct body_stream *stream, const struct element *element, struct error *err)
{
    size_t lead_bytes = strlen(element->lead);

    if (element->piece_count == 0) {
        return 0;
    }
    begin(stream, PAGE_BLOCK_LIST_ITEM, element->level);
    if (add_piece(stream, element->pieces[0].page, &element->pieces[0].box, err) < 0 ||
        buf_append_str(&stream->text, element->lead, err) < 0 ||
        add_text(stream, element, false, 1, err) < 0) {
        return -1;
    }
    return stream->text.size > lead_bytes ? end(stream, err) : 0;
}

/* --- code --- */

static int put_listing(struct body_stream *stream, const struct element *element, struct error *err)
{
    const char *text = (const char *)element->text.data;

    begin(stream, PAGE_BLOCK_CODE, 0);
    for (size_t i = 0; i < element->piece_count; i++) {
        const struct element_piece *piece = &element->pieces[i];
        size_t next =
            i + 1 < element->piece_count ? element->pieces[i + 1].offset : element->text.size;

        if (part(stream, err) < 0 || add_piece(stream, piece->page, &piece->box, err) < 0 ||
            buf_append(&stream->text, text + piece->offset, next - piece->offset, err) < 0) {
            return -1;
        }
    }
    return end(stream, err);
}

/* --- tables --- */

/* White space and control characters become one space; dots that lead nowhere go. */
static int add_cell(struct body_stream *stream, const struct page_cell *cell, struct error *err)
{
    size_t size_bytes = markdown_without_leader(cell->text, cell->text_bytes);
    bool blank = false;
    bool any = false;

    for (size_t i = 0; i < size_bytes; i++) {
        if ((uint8_t)cell->text[i] <= 0x20 || cell->text[i] == 0x7F) {
            blank = any;
            continue;
        }
        if ((blank && buf_append(&stream->text, " ", 1, err) < 0) ||
            buf_append(&stream->text, cell->text + i, 1, err) < 0) {
            return -1;
        }
        blank = false;
        any = true;
    }
    return 0;
}

static void widen(struct page_box *box, const struct page_box *by)
{
    box->x0 = by->x0 < box->x0 ? by->x0 : box->x0;
    box->y0 = by->y0 < box->y0 ? by->y0 : box->y0;
    box->x1 = by->x1 > box->x1 ? by->x1 : box->x1;
    box->y1 = by->y1 > box->y1 ? by->y1 : box->y1;
}

/* Around the cells that are in this row alone; the table's, where there are none. */
static struct page_box row_box(const struct element_rows *rows, uint32_t row)
{
    const struct page_table *table = rows->table;
    struct page_box box = *rows->box;
    bool any = false;

    for (uint32_t c = grid_row_start(table, row);
         c < table->cell_count && table->cells[c].row == row; c++) {
        if (table->cells[c].row_span > 1) {
            continue;
        }
        if (!any) {
            box = table->cells[c].box;
        }
        widen(&box, &table->cells[c].box);
        any = true;
    }
    return box;
}

static int add_cells(struct body_stream *stream, const struct page_table *table, uint32_t row,
                     struct error *err)
{
    uint32_t column = 0;

    for (uint32_t c = grid_row_start(table, row);
         c < table->cell_count && table->cells[c].row == row; c++) {
        const struct page_cell *cell = &table->cells[c];

        for (; column < cell->column; column++) {
            if (buf_append(&stream->text, "\t", 1, err) < 0) {
                return -1;
            }
        }
        if (add_cell(stream, cell, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A line of the table's text, with what empty cells it ends in left out; none for an empty row. */
static int add_row(struct body_stream *stream, const struct element *element, uint32_t row,
                   bool *ret_any, struct error *err)
{
    struct page_box box = row_box(&element->rows, row);
    size_t before = stream->text.size;
    size_t start = before;

    if (before > 0) {
        if (buf_append(&stream->text, "\n", 1, err) < 0) {
            return -1;
        }
        start++;
    }
    if (add_piece(stream, element->page, &box, err) < 0 ||
        add_cells(stream, element->rows.table, row, err) < 0) {
        return -1;
    }
    while (stream->text.size > start && stream->text.data[stream->text.size - 1] == '\t') {
        stream->text.size--;
    }
    *ret_any = stream->text.size > start;
    if (!*ret_any) {
        stream->text.size = before;
        stream->piece_count--;
    }
    return 0;
}

static int put_rows(struct body_stream *stream, const struct element *element, struct error *err)
{
    const struct element_rows *rows = &element->rows;
    uint32_t header_rows = rows->begins ? grid_header_rows(rows->table) : 0;

    if (rows->begins) {
        begin(stream, PAGE_BLOCK_TABLE, 0);
        stream->block.table = rows->number;
    }
    for (uint32_t row = rows->begins ? 0 : rows->first_row; row < rows->table->rows; row++) {
        bool any = false;

        if (part(stream, err) < 0 || add_row(stream, element, row, &any, err) < 0) {
            return -1;
        }
        if (any && row < header_rows) {
            stream->block.header_rows++;
        }
    }
    return 0;
}

/* --- the stream --- */

static int put_element(void *user, const struct element *element, struct error *err)
{
    struct body_stream *stream = user;

    switch (element->kind) {
    case ELEMENT_HEADING:
        return put_text(stream, element, PAGE_BLOCK_HEADING, err);
    case ELEMENT_PARAGRAPH:
        return put_text(stream, element, PAGE_BLOCK_TEXT, err);
    case ELEMENT_LINES:
        return put_text(stream, element, PAGE_BLOCK_TABLE, err);
    case ELEMENT_CAPTION:
    case ELEMENT_IMAGE:
        return put_text(stream, element, PAGE_BLOCK_CAPTION, err);
    case ELEMENT_REMARK:
    case ELEMENT_NOTE:
        return put_text(stream, element, PAGE_BLOCK_FOOTNOTE, err);
    case ELEMENT_ITEM:
        return put_item(stream, element, err);
    case ELEMENT_LISTING:
        return put_listing(stream, element, err);
    case ELEMENT_TABLE_ROWS:
        return put_rows(stream, element, err);
    case ELEMENT_TABLE_END:
        return end(stream, err);
    case ELEMENT_PAGE:
    case ELEMENT_FAILURE:
    case ELEMENT_PLAIN:
        break;
    }
    return 0;
}

struct body_stream *body_stream_create(const struct document_style *style, body_stream_cb put,
                                       void *user)
{
    struct body_stream *stream = calloc(1, sizeof *stream);

    if (stream) {
        buf_init(&stream->text, ELEMENT_TEXT_MAX_BYTES);
        stream->put = put;
        stream->user = user;
        stream->walk = walk_create(style, (struct flow_sink){put_element, stream});
        if (!stream->walk) {
            body_stream_destroy(stream);
            return NULL;
        }
    }
    return stream;
}

void body_stream_destroy(struct body_stream *stream)
{
    if (stream) {
        walk_destroy(stream->walk);
        buf_deinit(&stream->text);
        free(stream->pieces);
        free(stream);
    }
}

int body_stream_page(struct body_stream *stream, const struct render_page *page, struct error *err)
{
    return walk_page(stream->walk, page, err);
}

int body_stream_end(struct body_stream *stream, struct error *err)
{
    return walk_end(stream->walk, err);
}
