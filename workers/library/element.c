/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Elements: text and pieces. Nothing blocks or logs.
 */
#include "workers/library/element.h"

#include <math.h>
#include <stdlib.h>

#include "workers/library/chars.h"

#define CODE_INDENT_MAX 60
#define KEEP_BYTES ((size_t)1 << 20)
#define KEEP_PIECES 4096

void element_init(struct element *element, enum element_kind kind, uint32_t page)
{
    *element = (struct element){.kind = kind, .page = page};
    buf_init(&element->text, ELEMENT_TEXT_MAX_BYTES);
}

void element_deinit(struct element *element)
{
    buf_deinit(&element->text);
    free(element->pieces);
    element->pieces = NULL;
}

void element_reset(struct element *element, enum element_kind kind, uint32_t page)
{
    struct element old = *element;

    *element = (struct element){.kind = kind, .page = page, .text = old.text};
    buf_reset(&element->text, KEEP_BYTES);
    if (old.piece_capacity > KEEP_PIECES) {
        free(old.pieces);
    } else {
        element->pieces = old.pieces;
        element->piece_capacity = old.piece_capacity;
    }
}

int element_add_piece(struct element *element, uint32_t page, const struct page_box *box,
                      struct error *err)
{
    if (element->piece_count == element->piece_capacity) {
        size_t bigger = element->piece_capacity ? element->piece_capacity * 2 : 16;
        struct element_piece *moved =
            reallocarray(element->pieces, bigger, sizeof *element->pieces);

        if (!moved) {
            return error_set(err, ERROR_MEMORY, "no memory for a text's places");
        }
        element->pieces = moved;
        element->piece_capacity = bigger;
    }
    element->pieces[element->piece_count++] =
        (struct element_piece){element->text.size, page, *box};
    return 0;
}

int element_add_lines(struct element *element, uint32_t page, const struct page_line *lines,
                      uint32_t count, const struct inline_notes *notes, struct error *err)
{
    for (uint32_t l = 0; l < count; l++) {
        bool broken = l > 0 && lines[l - 1].hyphenated;

        if ((l > 0 && inline_join(&element->text, &lines[l], broken, err) < 0) ||
            element_add_piece(element, page, &lines[l].box, err) < 0 ||
            inline_append_line(&element->text, &lines[l], notes, err) < 0) {
            return -1;
        }
    }
    return 0;
}

void element_skip(struct element *element, size_t size_bytes)
{
    buf_consume(&element->text, size_bytes);
    for (size_t i = 0; i < element->piece_count; i++) {
        struct element_piece *piece = &element->pieces[i];

        piece->offset -= piece->offset < size_bytes ? piece->offset : size_bytes;
    }
}

/* Spaces for a line that starts right of its block, by the width of its own characters; none
 * where its text has them already. */
static int indent_line(struct buf *out, const struct page_block *block,
                       const struct page_line *line, struct error *err)
{
    uint64_t chars = 0;
    uint64_t line_chars;
    uint64_t words;
    float indent;

    for (uint32_t s = 0; s < line->span_count; s++) {
        chars_count(line->spans[s].text, line->spans[s].text_bytes, &line_chars, &words);
        chars += line_chars;
    }
    if (chars == 0 || line->box.x1 <= line->box.x0 || line->spans[0].text_bytes == 0 ||
        line->spans[0].text[0] == ' ') {
        return 0;
    }
    indent = (line->box.x0 - block->box.x0) / ((line->box.x1 - line->box.x0) / (float)chars);
    for (long i = lroundf(fminf(indent, CODE_INDENT_MAX)); i > 0; i--) {
        if (buf_append(out, " ", 1, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int add_code_line(struct element *element, uint32_t page, const struct page_block *block,
                         const struct page_line *line, struct error *err)
{
    struct buf *out = &element->text;

    if (element_add_piece(element, page, &line->box, err) < 0 ||
        indent_line(out, block, line, err) < 0) {
        return -1;
    }
    for (uint32_t s = 0; s < line->span_count; s++) {
        if (buf_append(out, line->spans[s].text, line->spans[s].text_bytes, err) < 0) {
            return -1;
        }
    }
    return buf_append(out, "\n", 1, err);
}

int element_add_listing(struct element *element, uint32_t page, const struct page_block *blocks,
                        uint32_t count, struct error *err)
{
    for (uint32_t b = 0; b < count; b++) {
        if (b > 0 && buf_append(&element->text, "\n", 1, err) < 0) {
            return -1;
        }
        for (uint32_t l = 0; l < blocks[b].line_count; l++) {
            if (add_code_line(element, page, &blocks[b], &blocks[b].lines[l], err) < 0) {
                return -1;
            }
        }
    }
    return 0;
}
