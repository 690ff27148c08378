/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Memory for one unit of work.
 *
 * Small pieces are cut off the current block by moving an offset; blocks start at 64 KiB and
 * double up to 1 MiB. A piece over a quarter of the current block size gets a block of its own,
 * so that it wastes nothing. Texts are packed without padding; everything else is aligned for any
 * type.
 *
 * Invariants: used <= max when there is a bound, padding counted; what arena_alloc returns is
 * zeroed. Nothing blocks or logs.
 */
#include "common/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FIRST_BYTES ((size_t)64 * 1024)
#define BLOCK_MAX_BYTES ((size_t)1024 * 1024)
#define OWN_BLOCK_FRACTION 4

struct block {
    struct block *next;
    size_t size_bytes; /* of data */
    size_t used_bytes;
    alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct block *current; /* where small pieces come from; older ones follow */
    struct block *large;   /* blocks of one piece each */
    size_t block_bytes;    /* size of the next block, its header included */
    size_t used_bytes;
    size_t max_bytes; /* SIZE_MAX where there is no bound */
};

struct arena *arena_create(size_t max_bytes)
{
    struct arena *arena = calloc(1, sizeof(*arena));

    if (arena) {
        arena->block_bytes = BLOCK_FIRST_BYTES;
        arena->max_bytes = max_bytes ? max_bytes : SIZE_MAX;
    }
    return arena;
}

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *next = block->next;

        free(block);
        block = next;
    }
}

void arena_destroy(struct arena *arena)
{
    if (!arena) {
        return;
    }
    free_blocks(arena->current);
    free_blocks(arena->large);
    free(arena);
}

void arena_reset(struct arena *arena)
{
    free_blocks(arena->large);
    arena->large = NULL;
    if (arena->current) {
        free_blocks(arena->current->next);
        arena->current->next = NULL;
        arena->current->used_bytes = 0;
    }
    arena->used_bytes = 0;
}

/* A block of one piece, zeroed by the kernel where it is big enough to be mapped. */
static void *alloc_large(struct arena *arena, size_t size_bytes)
{
    struct block *block;

    if (size_bytes > SIZE_MAX - sizeof(*block) || size_bytes > PTRDIFF_MAX) {
        return NULL;
    }
    block = calloc(1, sizeof(*block) + size_bytes);
    if (!block) {
        return NULL;
    }
    block->size_bytes = size_bytes;
    block->used_bytes = size_bytes;
    block->next = arena->large;
    arena->large = block;
    arena->used_bytes += size_bytes;
    return block->data;
}

static struct block *add_block(struct arena *arena)
{
    struct block *block = malloc(arena->block_bytes);

    if (!block) {
        return NULL;
    }
    block->next = arena->current;
    block->size_bytes = arena->block_bytes - sizeof(*block);
    block->used_bytes = 0;
    arena->current = block;
    if (arena->block_bytes < BLOCK_MAX_BYTES) {
        arena->block_bytes *= 2;
    }
    return block;
}

/* Not zeroed unless it is large. alignment: a power of two up to that of max_align_t. */
static void *alloc_piece(struct arena *arena, size_t size_bytes, size_t alignment)
{
    struct block *block = arena->current;
    size_t padding_bytes = 0;
    void *piece;

    if (size_bytes > arena->max_bytes - arena->used_bytes) {
        return NULL;
    }
    if (size_bytes > arena->block_bytes / OWN_BLOCK_FRACTION) {
        return alloc_large(arena, size_bytes);
    }
    if (block) {
        padding_bytes = (alignment - block->used_bytes % alignment) % alignment;
    }
    if (!block || block->size_bytes - block->used_bytes < padding_bytes ||
        block->size_bytes - block->used_bytes - padding_bytes < size_bytes) {
        block = add_block(arena);
        padding_bytes = 0;
        if (!block) {
            return NULL;
        }
    }
    if (padding_bytes > arena->max_bytes - arena->used_bytes - size_bytes) {
        return NULL;
    }
    piece = block->data + block->used_bytes + padding_bytes;
    block->used_bytes += padding_bytes + size_bytes;
    arena->used_bytes += padding_bytes + size_bytes;
    return piece;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    size_t piece_bytes = size_bytes ? size_bytes : 1; /* no two pieces share an address */
    bool large = piece_bytes > arena->block_bytes / OWN_BLOCK_FRACTION;
    void *piece = alloc_piece(arena, piece_bytes, alignof(max_align_t));

    if (piece && !large) {
        memset(piece, 0, piece_bytes);
    }
    return piece;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size_bytes)
{
    size_t total_bytes;

    if (__builtin_mul_overflow(count, size_bytes, &total_bytes)) {
        return NULL;
    }
    return arena_alloc(arena, total_bytes);
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_strndup(struct arena *arena, const char *text, size_t size_bytes)
{
    size_t length = strnlen(text, size_bytes);
    char *copy;

    if (length == SIZE_MAX) {
        return NULL;
    }
    copy = alloc_piece(arena, length + 1, 1);
    if (!copy) {
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list ap;
    int length;
    char *text;

    va_start(ap, fmt);
    length = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (length < 0) {
        return NULL;
    }
    text = alloc_piece(arena, (size_t)length + 1, 1);
    if (!text) {
        return NULL;
    }
    va_start(ap, fmt);
    vsnprintf(text, (size_t)length + 1, fmt, ap);
    va_end(ap);
    return text;
}

size_t arena_used_bytes(const struct arena *arena)
{
    return arena->used_bytes;
}
