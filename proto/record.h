/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading an artifact's records into an arena: what pages and surveys share. Only for proto/.
 *
 * As with the scan beneath it, the first fault sticks, and record_finish tells it.
 */
#ifndef EBB_PROTO_RECORD_H
#define EBB_PROTO_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "proto/scan.h"

struct record {
    struct scan scan;
    struct arena *arena;
    bool no_memory;
};

void record_init(struct record *record, const void *data, size_t size_bytes, struct arena *arena);
/* Zeroed memory for an array of count elements, each of which takes at least wire_bytes of input:
 * nothing is allocated when fewer are left. NULL for none and after a fault. */
void *record_alloc(struct record *record, uint32_t count, size_t element_bytes, size_t wire_bytes);
/* Copies a text into the arena, terminated. NULL gives NULL. */
const char *record_copy(struct record *record, const char *text, size_t size_bytes);
/* Takes a STR of at most max_bytes and copies it. */
const char *record_text(struct record *record, size_t max_bytes);
/* NULL for NIL. */
const char *record_text_or_nil(struct record *record, size_t max_bytes);
uint32_t record_u32(struct record *record, uint32_t min, uint32_t max);
/* 0 when all went well and nothing is left; else ERROR_CORRUPT or ERROR_MEMORY. name: of the kind
 * of record, for the message. */
int record_finish(struct record *record, const char *name, struct error *err);

#endif
