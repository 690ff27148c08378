/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Bodies for tests of chunks: made block by block, cut, and the chunks kept.
 */
#ifndef EBB_TESTS_CHUNK_SKETCH_H
#define EBB_TESTS_CHUNK_SKETCH_H

#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "proto/body.h"
#include "proto/chunk.h"
#include "workers/index/chunker.h"

struct chunk_sketch {
    struct arena *arena;
    struct body_block *blocks;
    size_t block_count, block_room, next;
    struct buf text;             /* the body's: joints and texts */
    struct chunk_record *chunks; /* copies, texts terminated */
    size_t chunk_count, chunk_room;
    uint32_t searched; /* chunks of level 0 */
};

void chunk_sketch_init(struct chunk_sketch *sketch);
void chunk_sketch_deinit(struct chunk_sketch *sketch);

/* Adds a block on the page; each line of it (up to a line feed) is a piece with a box of its own.
 * level: of a heading or list item. */
struct body_block *chunk_sketch_add(struct chunk_sketch *sketch, enum page_block_kind kind,
                                    uint8_t level, uint32_t page, const char *text);
struct body_block *chunk_sketch_add_n(struct chunk_sketch *sketch, enum page_block_kind kind,
                                      uint8_t level, uint32_t page, const char *text,
                                      size_t size_bytes);

/* Cuts it, and demands all that is true of any chunks (docs/chunks.md). */
void chunk_sketch_cut(struct chunk_sketch *sketch, const struct chunk_sizes *sizes);
/* With one size. */
void chunk_sketch_cut_plain(struct chunk_sketch *sketch, uint32_t size, uint32_t overlap);

#endif
