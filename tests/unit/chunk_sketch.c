/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Bodies for tests of chunks, and what must hold for any: the joined chunks are the body, none is
 * over its size, each record can be written, parents have their parts.
 */
#include "chunk_sketch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "workers/index/characters.h"

#define TEXT_MAX_BYTES ((size_t)256 << 20)
#define LINE_HEIGHT 12.0F

void chunk_sketch_init(struct chunk_sketch *sketch)
{
    *sketch = (struct chunk_sketch){.arena = arena_create(0)};
    cr_assert_not_null(sketch->arena);
    buf_init(&sketch->text, TEXT_MAX_BYTES);
}

void chunk_sketch_deinit(struct chunk_sketch *sketch)
{
    buf_deinit(&sketch->text);
    arena_destroy(sketch->arena);
    free(sketch->blocks);
    free(sketch->chunks);
}

static void add_pieces(struct chunk_sketch *sketch, struct body_block *block, uint32_t page)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i + 1 < block->text_bytes; i++) {
        count += block->text[i] == '\n';
    }
    block->pieces = arena_calloc(sketch->arena, count + 1, sizeof(*block->pieces));
    cr_assert_not_null(block->pieces);
    for (uint32_t i = 0; i < block->text_bytes; i++) {
        if (i == 0 || block->text[i - 1] == '\n') {
            float top = LINE_HEIGHT * (float)block->piece_count;

            block->pieces[block->piece_count++] =
                (struct body_piece){i, page, {72, top, 500, top + LINE_HEIGHT}};
        }
    }
}

struct body_block *chunk_sketch_add_n(struct chunk_sketch *sketch, enum page_block_kind kind,
                                      uint8_t level, uint32_t page, const char *text,
                                      size_t size_bytes)
{
    struct body_block *block;
    const char *joint = sketch->block_count > 0 ? "\n\n" : "";

    if (sketch->block_count == sketch->block_room) {
        sketch->block_room = sketch->block_room > 0 ? 2 * sketch->block_room : 64;
        sketch->blocks = reallocarray(sketch->blocks, sketch->block_room, sizeof(*sketch->blocks));
        cr_assert_not_null(sketch->blocks);
    }
    block = &sketch->blocks[sketch->block_count++];
    *block = (struct body_block){.kind = kind,
                                 .level = level,
                                 .joint = joint,
                                 .text = arena_strndup(sketch->arena, text, size_bytes),
                                 .text_bytes = (uint32_t)size_bytes};
    if (kind == PAGE_BLOCK_LIST_ITEM && sketch->block_count > 1 && block[-1].kind == kind) {
        block->joint = "\n";
    }
    cr_assert_not_null(block->text);
    add_pieces(sketch, block, page);
    cr_assert_eq(buf_append_str(&sketch->text, block->joint, NULL), 0);
    cr_assert_eq(buf_append(&sketch->text, block->text, size_bytes, NULL), 0);
    return block;
}

struct body_block *chunk_sketch_add(struct chunk_sketch *sketch, enum page_block_kind kind,
                                    uint8_t level, uint32_t page, const char *text)
{
    return chunk_sketch_add_n(sketch, kind, level, page, text, strlen(text));
}

/* --- cutting --- */

static int rewind_body(void *context, struct error *err)
{
    struct chunk_sketch *sketch = context;

    (void)err;
    sketch->next = 0;
    return 0;
}

static int next_block(void *context, struct body_block *ret_block, struct error *err)
{
    struct chunk_sketch *sketch = context;

    (void)err;
    if (sketch->next == sketch->block_count) {
        return 0;
    }
    *ret_block = sketch->blocks[sketch->next++];
    return 1;
}

/* Keeps what the wire keeps of it: so its record is seen to be a right one. */
static int keep_chunk(void *context, const struct chunk_record *chunk, struct error *err)
{
    struct chunk_sketch *sketch = context;
    struct buf wire;
    int result;

    if (sketch->chunk_count == sketch->chunk_room) {
        sketch->chunk_room = sketch->chunk_room > 0 ? 2 * sketch->chunk_room : 64;
        sketch->chunks = reallocarray(sketch->chunks, sketch->chunk_room, sizeof(*sketch->chunks));
        cr_assert_not_null(sketch->chunks);
    }
    buf_init(&wire, (size_t)4 << 20);
    result = chunk_record_encode(chunk, &wire, err);
    if (result == 0) {
        result = chunk_record_decode(wire.data, wire.size, sketch->arena,
                                     &sketch->chunks[sketch->chunk_count], err);
        sketch->chunk_count++;
    }
    buf_deinit(&wire);
    return result;
}

static const struct chunker_ops ops = {rewind_body, next_block, keep_chunk};

/* --- what must hold --- */

static void check_joined(const struct chunk_sketch *sketch, uint8_t level)
{
    struct buf joined;
    size_t body_bytes = character_trim((const char *)sketch->text.data, 0, sketch->text.size);

    buf_init(&joined, TEXT_MAX_BYTES);
    for (size_t i = 0; i < sketch->chunk_count; i++) {
        const struct chunk_record *chunk = &sketch->chunks[i];

        if (chunk->level == level) {
            cr_assert_eq(buf_append_str(&joined, chunk->joint, NULL), 0);
            cr_assert_eq(buf_append(&joined, chunk->text + chunk->overlap_bytes,
                                    chunk->text_bytes - chunk->overlap_bytes, NULL),
                         0);
        }
    }
    cr_assert_eq(joined.size, body_bytes, "level %u: %zu bytes of %zu", level, joined.size,
                 body_bytes);
    cr_assert(body_bytes == 0 || memcmp(joined.data, sketch->text.data, body_bytes) == 0,
              "level %u is not the body", level);
    buf_deinit(&joined);
}

static void check_overlap(const struct chunk_record *chunk, const struct chunk_record *before,
                          uint32_t overlap)
{
    size_t repeated;

    if (chunk->overlap_bytes == 0) {
        return;
    }
    cr_assert_not_null(before, "the first chunk repeats something");
    cr_assert_leq(character_count(chunk->text, chunk->overlap_bytes), overlap);
    repeated = character_trim(chunk->text, 0, chunk->overlap_bytes);
    cr_assert_leq(repeated, before->text_bytes);
    cr_assert_eq(memcmp(before->text + before->text_bytes - repeated, chunk->text, repeated), 0,
                 "chunk %u repeats something else", chunk->ordinal);
    cr_assert(strlen(chunk->joint) == chunk->overlap_bytes - repeated &&
              memcmp(chunk->joint, chunk->text + repeated, chunk->overlap_bytes - repeated) == 0);
}

static void check_chunk(const struct chunk_sketch *sketch, size_t index,
                        const struct chunk_sizes *sizes)
{
    const struct chunk_record *chunk = &sketch->chunks[index];
    const struct chunk_record *before =
        index > 0 && chunk[-1].level == chunk->level ? chunk - 1 : NULL;

    cr_assert_eq(chunk->ordinal, index + 1);
    cr_assert_leq(character_count(chunk->text, chunk->text_bytes), sizes->sizes[chunk->level],
                  "chunk %u is over its size", chunk->ordinal);
    cr_assert_eq(character_skip_space(chunk->text, 0, chunk->text_bytes), 0);
    cr_assert_eq(character_trim(chunk->text, 0, chunk->text_bytes), chunk->text_bytes);
    cr_assert_eq(character_skip_space(chunk->joint, 0, strlen(chunk->joint)), strlen(chunk->joint));
    check_overlap(chunk, before, sizes->overlap);
    cr_assert_eq(chunk->parent != 0, chunk->level + 1U < sizes->count);
    if (chunk->parent != 0) {
        const struct chunk_record *parent = &sketch->chunks[chunk->parent - 1];

        cr_assert_eq(parent->level, chunk->level + 1);
        cr_assert_not_null(memmem(parent->text, parent->text_bytes, chunk->text, chunk->text_bytes),
                           "chunk %u is no part of chunk %u", chunk->ordinal, parent->ordinal);
        cr_assert(!before || before->parent == chunk->parent ||
                  before->parent + 1 == chunk->parent);
    }
    if (chunk->duplicate_of != 0) {
        cr_assert_str_eq(sketch->chunks[chunk->duplicate_of - 1].sha256, chunk->sha256);
        cr_assert_eq(sketch->chunks[chunk->duplicate_of - 1].level, chunk->level);
    }
}

void chunk_sketch_cut(struct chunk_sketch *sketch, const struct chunk_sizes *sizes)
{
    struct error err = ERROR_INIT;
    uint32_t count;

    sketch->chunk_count = 0;
    cr_assert_eq(chunk_body(sizes, &ops, sketch, &count, &sketch->searched, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(count, sketch->chunk_count);
    for (size_t i = 0; i < sketch->chunk_count; i++) {
        check_chunk(sketch, i, sizes);
    }
    for (uint32_t level = 0; level < sizes->count; level++) {
        check_joined(sketch, (uint8_t)level);
    }
}

void chunk_sketch_cut_plain(struct chunk_sketch *sketch, uint32_t size, uint32_t overlap)
{
    struct chunk_sizes sizes = {.sizes = {size}, .count = 1, .overlap = overlap};

    chunk_sketch_cut(sketch, &sizes);
}
