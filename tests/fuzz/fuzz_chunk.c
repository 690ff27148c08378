/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any bytes as a body: its chunks, joined without their overlap, are the body again on each level;
 * none is over its size, and each can be written.
 *
 * The first three bytes are sizes and overlap. Then blocks: a byte of kind and joint, one of level,
 * two of length, and so many bytes of text, made UTF-8. Each line of it is a piece.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/utf8.h"
#include "workers/index/characters.h"
#include "workers/index/chunker.h"

#define HEAD_BYTES 3U
#define BLOCK_BYTES 4U
#define TEXT_MAX_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

struct fuzzed {
    const uint8_t *data;
    size_t size_bytes, offset;
    struct arena *arena;
    struct chunk_sizes sizes;
    struct buf body;
    struct buf joined[CHUNK_LEVELS_MAX];
    uint32_t ordinal;
};

static void demand(int truth)
{
    if (!truth) {
        abort();
    }
}

static int rewind_body(void *context, struct error *err)
{
    struct fuzzed *fuzzed = context;

    (void)err;
    fuzzed->offset = HEAD_BYTES;
    fuzzed->body.size = 0;
    return 0;
}

static void add_pieces(struct fuzzed *fuzzed, struct body_block *block)
{
    block->pieces = arena_calloc(fuzzed->arena, block->text_bytes, sizeof(*block->pieces));
    demand(block->pieces != NULL);
    for (uint32_t i = 0; i < block->text_bytes; i++) {
        if (i == 0 || block->text[i - 1] == '\n') {
            float top = (float)(i % 800);

            block->pieces[block->piece_count++] =
                (struct body_piece){i, 1 + i / 100, {10, top, 500, top + 12}};
        }
    }
}

static int next_block(void *context, struct body_block *ret_block, struct error *err)
{
    static const char *const joints[] = {"", "\n", "\n\n"};
    struct fuzzed *fuzzed = context;
    const uint8_t *at = fuzzed->data + fuzzed->offset;
    size_t left = fuzzed->size_bytes - fuzzed->offset;
    struct body_block block = {.kind = PAGE_BLOCK_TEXT};
    size_t length;
    char *text;

    (void)err;
    if (left <= BLOCK_BYTES) {
        return 0;
    }
    length = (size_t)at[2] << 8 | at[3];
    length = length < left - BLOCK_BYTES ? length : left - BLOCK_BYTES;
    length = length > 0 ? length : 1;
    fuzzed->offset += BLOCK_BYTES + length;
    arena_reset(fuzzed->arena);
    text = arena_alloc(fuzzed->arena, 3 * length + 1);
    demand(text != NULL);
    block.text = text;
    block.text_bytes = (uint32_t)utf8_clean(at + BLOCK_BYTES, length, text, 3 * length);
    block.kind = (enum page_block_kind)(at[0] % PAGE_BLOCK_COUNT);
    block.kind = block.kind == PAGE_BLOCK_IMAGE ? PAGE_BLOCK_TEXT : block.kind;
    block.level = block.kind == PAGE_BLOCK_HEADING ? 1 + at[1] % 15 : at[1] % 4;
    block.table = block.kind == PAGE_BLOCK_TABLE ? at[1] : 0;
    block.joint = joints[at[0] / PAGE_BLOCK_COUNT % 3];
    add_pieces(fuzzed, &block);
    demand(buf_append_str(&fuzzed->body, block.joint, NULL) == 0);
    demand(buf_append(&fuzzed->body, block.text, block.text_bytes, NULL) == 0);
    *ret_block = block;
    return 1;
}

static int take_chunk(void *context, const struct chunk_record *chunk, struct error *err)
{
    struct fuzzed *fuzzed = context;
    struct buf *joined = &fuzzed->joined[chunk->level];
    struct buf wire;

    demand(chunk->ordinal == ++fuzzed->ordinal);
    demand(character_count(chunk->text, chunk->text_bytes) <= fuzzed->sizes.sizes[chunk->level]);
    demand(character_count(chunk->text, chunk->overlap_bytes) <= fuzzed->sizes.overlap);
    demand(character_trim(chunk->text, 0, chunk->text_bytes) == chunk->text_bytes);
    demand(character_skip_space(chunk->text, 0, chunk->text_bytes) == 0);
    demand(buf_append_str(joined, chunk->joint, NULL) == 0);
    demand(buf_append(joined, chunk->text + chunk->overlap_bytes,
                      chunk->text_bytes - chunk->overlap_bytes, NULL) == 0);
    buf_init(&wire, TEXT_MAX_BYTES);
    demand(chunk_record_encode(chunk, &wire, err) == 0);
    buf_deinit(&wire);
    return 0;
}

static void read_sizes(const uint8_t *head, struct chunk_sizes *sizes)
{
    uint32_t smallest = CHUNK_SIZE_MIN + head[0];

    sizes->count = 1 + head[1] % CHUNK_LEVELS_MAX;
    for (uint32_t i = 0; i < CHUNK_LEVELS_MAX; i++) {
        sizes->sizes[i] = smallest + i * (1 + head[1]);
    }
    sizes->overlap = head[2] < (smallest + 1) / 2 ? head[2] : (smallest - 1) / 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const struct chunker_ops ops = {rewind_body, next_block, take_chunk};
    struct fuzzed fuzzed = {.data = data, .size_bytes = size_bytes};
    struct error err = ERROR_INIT;
    uint32_t count;
    uint32_t searched;
    size_t body_bytes;

    if (size_bytes < HEAD_BYTES) {
        return 0;
    }
    read_sizes(data, &fuzzed.sizes);
    fuzzed.arena = arena_create(0);
    buf_init(&fuzzed.body, TEXT_MAX_BYTES);
    for (size_t i = 0; i < CHUNK_LEVELS_MAX; i++) {
        buf_init(&fuzzed.joined[i], TEXT_MAX_BYTES);
    }
    demand(chunk_body(&fuzzed.sizes, &ops, &fuzzed, &count, &searched, &err) == 0);
    demand(count == fuzzed.ordinal && searched <= count);
    body_bytes = character_trim((const char *)fuzzed.body.data, 0, fuzzed.body.size);
    for (size_t i = 0; i < CHUNK_LEVELS_MAX; i++) {
        if (i < fuzzed.sizes.count) {
            demand(fuzzed.joined[i].size == body_bytes);
            demand(body_bytes == 0 ||
                   memcmp(fuzzed.joined[i].data, fuzzed.body.data, body_bytes) == 0);
        }
        buf_deinit(&fuzzed.joined[i]);
    }
    buf_deinit(&fuzzed.body);
    arena_destroy(fuzzed.arena);
    return 0;
}
