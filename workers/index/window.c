/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The window over a body. It holds whole blocks of text, but cuts only as many atoms as are asked
 * for: it is as large as the longest block, however long the body is.
 *
 * Blocks as its source does. Logs nothing.
 */
#include "workers/index/window.h"

#include <stdlib.h>
#include <string.h>

#include "workers/index/block_cutter.h"
#include "workers/index/characters.h"
#include "workers/index/vec.h"

#define TEXT_MAX_BYTES (4U * BODY_TEXT_MAX_BYTES)
#define TEXT_IDLE_BYTES 65536U /* so much of what was let go of may stay */
#define ATOMS_MAX (1U << 22)
#define SHOWN_MAX (4U * BODY_PIECES_MAX)
#define HEADINGS_MAX (1U << 16)

struct window {
    window_source source;
    void *context;
    uint32_t smallest;
    bool ended;

    struct buf text;
    uint64_t text_start; /* byte of the body at which text begins */
    struct place end;    /* of all that was taken in */
    struct vec atoms, shown, headings;
    uint64_t atom_end; /* byte: of the last atom */

    bool block_open; /* it has text that is not cut yet */
    struct block_cutter cutter;
    struct atom common; /* what the open block's atoms have in common; seam: of the first */
    bool block_begun;   /* its first atom is cut */
    uint64_t block_byte;
    uint64_t block_number;

    enum page_block_kind kind; /* of the last block */
    uint8_t level;             /* of the last block, if it was a heading; else 0 */
    uint64_t glued;            /* character: where the headings begin that stand right before */
    uint64_t stretch;
};

struct window *window_create(uint32_t smallest, window_source source, void *context)
{
    struct window *window = calloc(1, sizeof(*window));

    if (!window) {
        return NULL;
    }
    window->source = source;
    window->context = context;
    window->smallest = smallest;
    window->kind = PAGE_BLOCK_TEXT;
    buf_init(&window->text, TEXT_MAX_BYTES);
    vec_init(&window->atoms, sizeof(struct atom), ATOMS_MAX);
    vec_init(&window->shown, sizeof(struct shown), SHOWN_MAX);
    vec_init(&window->headings, sizeof(struct window_heading), HEADINGS_MAX);
    return window;
}

void window_destroy(struct window *window)
{
    if (window) {
        buf_deinit(&window->text);
        vec_deinit(&window->atoms);
        vec_deinit(&window->shown);
        vec_deinit(&window->headings);
        free(window);
    }
}

/* --- taking blocks in --- */

/* White space folded, cut before a character that does not fit. */
static void fold_heading(const char *text, size_t size_bytes, char *ret_text)
{
    size_t offset = character_skip_space(text, 0, size_bytes);
    size_t used = 0;

    while (offset < size_bytes) {
        size_t next = offset;
        bool space = character_is_space(character_next(text, &next));

        if (space) {
            next = character_skip_space(text, offset, size_bytes);
            if (next >= size_bytes || used + 1 > CHUNK_HEADING_MAX_BYTES) {
                break;
            }
            ret_text[used++] = ' ';
        } else {
            if (used + (next - offset) > CHUNK_HEADING_MAX_BYTES) {
                break;
            }
            memcpy(ret_text + used, text + offset, next - offset);
            used += next - offset;
        }
        offset = next;
    }
    ret_text[character_trim(ret_text, 0, used)] = '\0';
}

static int take_heading(struct window *window, const struct body_block *block, uint8_t level,
                        uint64_t byte, struct error *err)
{
    struct window_heading *heading = vec_add(&window->headings, err);

    if (!heading) {
        return error_wrap(err, "headings");
    }
    heading->byte = byte + character_skip_space(block->text, 0, block->text_bytes);
    heading->level = level;
    fold_heading(block->text, block->text_bytes, heading->text);
    return 0;
}

static int take_pieces(struct window *window, const struct body_block *block, uint64_t byte,
                       struct error *err)
{
    for (uint32_t i = 0; i < block->piece_count; i++) {
        struct shown *shown = vec_add(&window->shown, err);

        if (!shown) {
            return error_wrap(err, "lines");
        }
        *shown = (struct shown){byte + block->pieces[i].offset, window->block_number,
                                block->pieces[i].page, block->pieces[i].box};
    }
    return 0;
}

static bool stands_alone(enum page_block_kind kind)
{
    return kind == PAGE_BLOCK_TABLE || kind == PAGE_BLOCK_CODE;
}

static enum chunk_kind kind_of(enum page_block_kind kind)
{
    switch (kind) {
    case PAGE_BLOCK_LIST_ITEM:
        return CHUNK_KIND_LIST;
    case PAGE_BLOCK_CODE:
        return CHUNK_KIND_CODE;
    case PAGE_BLOCK_TABLE:
        return CHUNK_KIND_TABLE;
    case PAGE_BLOCK_TEXT:
    case PAGE_BLOCK_HEADING:
    case PAGE_BLOCK_IMAGE:
    case PAGE_BLOCK_CAPTION:
    case PAGE_BLOCK_FOOTNOTE:
    case PAGE_BLOCK_COUNT:
        break;
    }
    return CHUNK_KIND_TEXT;
}

static enum seam seam_before(const struct window *window, enum page_block_kind kind)
{
    if (kind == PAGE_BLOCK_HEADING) {
        return SEAM_HEADING;
    }
    return kind == PAGE_BLOCK_LIST_ITEM && window->kind == kind ? SEAM_LINE : SEAM_BLOCK;
}

/* Readies the cutter for the block, whose text is in the window from start on. */
static void open_block(struct window *window, const struct body_block *block, uint8_t level,
                       struct place start)
{
    bool headed = window->level > 0 && (level == 0 || level > window->level);
    bool whole =
        block->kind == PAGE_BLOCK_TABLE || block->kind == PAGE_BLOCK_LIST_ITEM || level > 0;

    if (!headed) {
        window->glued = start.character;
    }
    if (stands_alone(block->kind) || stands_alone(window->kind)) {
        window->stretch++;
    }
    window->common = (struct atom){
        .stretch = window->stretch,
        .table = block->kind == PAGE_BLOCK_TABLE ? block->table : 0,
        .seam = seam_before(window, block->kind),
        .kind = kind_of(block->kind),
        .heading = level,
    };
    window->cutter = (struct block_cutter){
        .size_bytes = block->text_bytes,
        .by_lines = stands_alone(block->kind),
        .unit_seam = stands_alone(block->kind) ? SEAM_LINE : SEAM_SENTENCE,
        .unit_whole = whole ? window->end.character - window->glued : 0,
        .smallest = window->smallest,
        .place = start,
    };
    window->block_byte = start.byte;
    window->block_open = true;
    window->block_begun = false;
    window->kind = block->kind;
    window->level = level;
}

static uint8_t level_of(const struct body_block *block)
{
    if (block->kind != PAGE_BLOCK_HEADING) {
        return 0;
    }
    return block->level < CHUNK_HEADINGS_MAX ? block->level : CHUNK_HEADINGS_MAX;
}

static bool is_blank(const struct body_block *block)
{
    return character_skip_space(block->text, 0, block->text_bytes) >= block->text_bytes;
}

static int take_block(struct window *window, const struct body_block *block, struct error *err)
{
    struct place start = window->end;
    size_t joint_bytes = strlen(block->joint);
    uint8_t level = level_of(block);

    start.byte += joint_bytes;
    start.character += joint_bytes;
    if (buf_append(&window->text, block->joint, joint_bytes, err) < 0 ||
        buf_append(&window->text, block->text, block->text_bytes, err) < 0) {
        return error_wrap(err, "text");
    }
    window->end.byte = start.byte + block->text_bytes;
    window->end.character = start.character + character_count(block->text, block->text_bytes);
    if (is_blank(block)) {
        return 0;
    }
    window->block_number++;
    if ((level > 0 && take_heading(window, block, level, start.byte, err) < 0) ||
        take_pieces(window, block, start.byte, err) < 0) {
        return -1;
    }
    open_block(window, block, level, start);
    return 0;
}

static int next_block(struct window *window, struct error *err)
{
    struct body_block block;
    int found = window->source(window->context, &block, err);

    if (found < 0) {
        return -1;
    }
    if (found == 0) {
        window->ended = true;
        return 0;
    }
    return take_block(window, &block, err);
}

static int next_atom(struct window *window, struct error *err)
{
    struct atom atom = window->common;
    struct atom *place;

    window->cutter.text = window_text(window, window->block_byte);
    if (!block_cutter_next(&window->cutter, &atom)) {
        window->block_open = false;
        return 0;
    }
    if (!window->block_begun) {
        atom.seam = window->common.seam;
        atom.whole = 0;
        window->block_begun = true;
    }
    atom.gap_start = window->atom_end;
    window->atom_end = atom.end.byte;
    place = vec_add(&window->atoms, err);
    if (!place) {
        return error_wrap(err, "atoms");
    }
    *place = atom;
    return 0;
}

int window_fill(struct window *window, size_t from, uint64_t characters, struct error *err)
{
    for (;;) {
        size_t count;
        const struct atom *atoms = window_atoms(window, &count);

        if (window_ended(window) ||
            (count > from &&
             atoms[count - 1].end.character - atoms[from].start.character > characters)) {
            return 0;
        }
        if ((window->block_open ? next_atom(window, err) : next_block(window, err)) < 0) {
            return -1;
        }
    }
}

bool window_ended(const struct window *window)
{
    return window->ended && !window->block_open;
}

/* --- letting go --- */

static void drop_text(struct window *window, uint64_t byte)
{
    uint64_t keep = window->block_open && window->block_byte < byte ? window->block_byte : byte;
    size_t dropped = (size_t)(keep - window->text_start);

    if (dropped > TEXT_IDLE_BYTES && dropped > window->text.size / 2) {
        buf_consume(&window->text, dropped);
        window->text_start = keep;
    }
}

size_t window_drop(struct window *window, uint64_t byte)
{
    const struct window_heading *headings = vec_items(&window->headings);
    const struct shown *shown = vec_items(&window->shown);
    size_t count;
    const struct atom *atoms = window_atoms(window, &count);
    size_t dropped = 0;
    size_t lines = 0;
    size_t titles = 0;

    while (atoms && dropped < count && atoms[dropped].end.byte <= byte) {
        dropped++;
    }
    while (shown && lines + 1 < window->shown.count && shown[lines + 1].byte <= byte) {
        lines++;
    }
    while (headings && titles < window->headings.count && headings[titles].byte < byte) {
        titles++;
    }
    drop_text(window, atoms && dropped < count ? atoms[dropped].gap_start : byte);
    vec_drop(&window->atoms, dropped);
    vec_drop(&window->shown, lines);
    vec_drop(&window->headings, titles);
    return dropped;
}

/* --- looking --- */

const struct atom *window_atoms(const struct window *window, size_t *ret_count)
{
    *ret_count = window->atoms.count;
    return vec_items(&window->atoms);
}

const char *window_text(const struct window *window, uint64_t byte)
{
    return (const char *)window->text.data + (byte - window->text_start);
}

const struct shown *window_shown(const struct window *window, uint64_t byte, size_t *ret_count)
{
    const struct shown *shown = vec_items(&window->shown);
    size_t low = 0;
    size_t high = window->shown.count; /* the answer is in [low, high) */

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (shown[middle].byte <= byte) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *ret_count = window->shown.count - low;
    return shown + low;
}

const struct window_heading *window_heading_at(const struct window *window, uint64_t byte)
{
    const struct window_heading *headings = vec_items(&window->headings);

    for (size_t i = 0; headings && i < window->headings.count && headings[i].byte <= byte; i++) {
        if (headings[i].byte == byte) {
            return &headings[i];
        }
    }
    return NULL;
}
