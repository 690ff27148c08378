/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A chunk: a piece of a document's body of about the size that is embedded and found as one.
 * Written by `chunk`; the artifact's kind is "chunks" (PROTOCOL.md, "Chunk records"). And the text
 * of a chunk alone, on its way to be embedded again: kind "texts", "Text records".
 *
 * Chunks of level 0 are what is searched. Joined in their order, each without its first
 * overlap_bytes and behind its joint, they are the document's body (proto/body.h) to the byte. With
 * several sizes, chunks of level 1 and up are larger ones that have those of the level below as
 * parts.
 */
#ifndef EBB_PROTO_CHUNK_H
#define EBB_PROTO_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/hash.h"
#include "proto/page.h"

#define CHUNK_RECORD_VERSION 1
#define CHUNK_TEXT_MAX_BYTES (1U << 20)
#define CHUNK_HEADINGS_MAX 6
#define CHUNK_HEADING_MAX_BYTES 512
#define CHUNK_BOXES_MAX 4096
#define CHUNK_LEVELS_MAX 3
#define CHUNK_JOINT_MAX_BYTES (1U << 20)

/* X(SYMBOL, "name"): what most of its text is. */
#define CHUNK_KIND_LIST(X)                                                                         \
    X(TEXT, "text")                                                                                \
    X(LIST, "list")                                                                                \
    X(CODE, "code")                                                                                \
    X(TABLE, "table")

enum chunk_kind {
#define CHUNK_KIND_ENUM(symbol, name) CHUNK_KIND_##symbol,
    CHUNK_KIND_LIST(CHUNK_KIND_ENUM)
#undef CHUNK_KIND_ENUM
        CHUNK_KIND_COUNT
};

const char *chunk_kind_name(enum chunk_kind kind);

/* Where a stretch of its text is shown: a block's part, lines that lie together in one box. */
struct chunk_box {
    uint32_t offset; /* into text, rising; 0 for the first */
    uint32_t page;
    struct page_box box;
};

struct chunk_record {
    uint32_t ordinal; /* in the document over all levels, from 1; level 0 has the first ones */
    uint8_t level;    /* 0 for what is searched */
    uint32_t parent;  /* the ordinal of the chunk one level up that has it; 0 for none */
    enum chunk_kind kind;
    uint32_t first_page, last_page;
    const char **headings; /* from the outermost to the nearest above its start */
    uint8_t heading_levels[CHUNK_HEADINGS_MAX]; /* 1 to 6, rising */
    uint32_t heading_count;
    const char *joint; /* white space between the chunk before it on its level and it (of code a
                          line's indentation too); "" for the first */
    uint32_t overlap_bytes; /* so much of text repeats the end of the chunk before it, white space
                               behind it included */
    const char *text;       /* not empty; no white space at either end */
    uint32_t text_bytes;
    uint32_t table;          /* it is (a part of) the document's table of that number; 0 for none */
    struct chunk_box *boxes; /* at least one */
    uint32_t box_count;
    char sha256[HASH_SHA256_HEX_BYTES]; /* of text, white space folded */
    uint32_t duplicate_of;  /* the least ordinal of its level with the same sha256, before it; 0 */
    float length_quality;   /* shares, 0 to 1: near its size; starts and ends where sentences do; */
    float boundary_quality; /* has whole sentences, brackets and quotation marks */
    float completeness_quality;
};

int chunk_record_encode(const struct chunk_record *record, struct buf *out, struct error *err);
int chunk_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                        struct chunk_record *ret_record, struct error *err);

/* A chunk that lacks a vector: `gather` writes these for `embed_text`. */
struct text_record {
    uint64_t target;  /* the chunk's row number in the library */
    const char *text; /* ready to be embedded: chunk_embedding_text */
    uint32_t text_bytes;
};

int text_record_encode(const struct text_record *record, struct buf *out, struct error *err);
int text_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                       struct text_record *ret_record, struct error *err);

/* What is embedded of a chunk: its headings, joined by " > ", a line feed, its text; the text alone
 * where it has none. One way for all, so that the same chunk always has the same vector. Empties
 * out. */
int chunk_embedding_text(const char *const *headings, uint32_t heading_count, const char *text,
                         size_t text_bytes, struct buf *out, struct error *err);

#endif
