/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Small pieces of which the store's replies are packed. For store_read*.c and store_summary.c.
 */
#ifndef EBB_SUPERVISOR_STORE_REPLY_H
#define EBB_SUPERVISOR_STORE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/uuid.h"
#include "proto/value.h"

/* Rows whose number is known only at their end, kept below what a reply can hold. */
struct reply_rows {
    struct buf body;
    struct pack pack; /* into body */
    size_t count;
};

/* max_bytes: no row begins once so many are in use (a row is at most 70 KiB). */
void reply_rows_init(struct reply_rows *rows, size_t max_bytes);
void reply_rows_deinit(struct reply_rows *rows);
/* Whether one more row fits; counts it if so. */
bool reply_rows_add(struct reply_rows *rows);
/* key and the array of the rows. */
void reply_rows_pack(struct pack *pack, const char *key, const struct reply_rows *rows);

void pack_key_nil(struct pack *pack, const char *key);
/* RFC 3339; nil for 0. */
void pack_key_time(struct pack *pack, const char *key, uint64_t wall_ms);
/* nil for NULL and "". */
void pack_key_text(struct pack *pack, const char *key, const char *text);
/* nil for NULL. */
void pack_key_uuid(struct pack *pack, const char *key, const struct uuid *uuid);
/* nil for 0. */
void pack_key_positive(struct pack *pack, const char *key, uint64_t number);

/* An element of units_peak. */
void pack_unit_peak(struct pack *pack, const char *stage, uint64_t first, uint64_t last,
                    uint64_t peak_rss_bytes);

/* Rows of a reply that has nothing else of size. */
#define REPLY_ROWS_MAX_BYTES ((size_t)900 * 1024)

#endif
