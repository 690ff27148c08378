/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What survey finds out about a document before any page is read, and its msgpack
 * (PROTOCOL.md, "Survey records").
 */
#ifndef EBB_PROTO_SURVEY_H
#define EBB_PROTO_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/hash.h"

struct survey_pair {
    const char *key;
    const char *value;
};

struct survey_outline {
    uint32_t page;  /* 1-based; 0 when it leads nowhere */
    uint16_t depth; /* 0 for the top */
    const char *title;
};

#define SURVEY_OUTLINE_MAX 20000
#define SURVEY_METADATA_MAX 32
#define SURVEY_WARNINGS_MAX 64
#define SURVEY_RECORD_VERSION 1

/* Most bytes of its texts; encoding cuts at a character. */
#define SURVEY_FORMAT_MAX_BYTES 32
#define SURVEY_KEY_MAX_BYTES 64
#define SURVEY_VALUE_MAX_BYTES 4096
#define SURVEY_TITLE_MAX_BYTES 1024
#define SURVEY_WARNING_MAX_BYTES 512

struct survey_record {
    char sha256[HASH_SHA256_HEX_BYTES];
    uint64_t size_bytes;
    const char *format; /* "PDF 1.7", "EPUB", ... */
    uint32_t page_count;
    bool encrypted;
    bool repaired; /* damaged, and read all the same */
    struct survey_pair
        *metadata; /* title, author, subject, keywords, creator, producer, created, modified */
    uint32_t metadata_count;
    struct survey_outline *outline;
    uint32_t outline_count;
    const char **warnings;
    uint32_t warning_count;
};

/* Appends the record as one msgpack object. ERROR_INVALID for no SHA-256 in lower-case hex and no
 * format, ERROR_LIMIT for more entries than the maxima above; else from out, which is as it was
 * then. */
int survey_record_encode(const struct survey_record *record, struct buf *out, struct error *err);
/* Decodes into arena; strings are copied. ERROR_CORRUPT for anything survey_record_encode would
 * not write, down to the byte. ERROR_MEMORY when arena is full. */
int survey_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                         struct survey_record *ret_record, struct error *err);

#endif
