/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * UUIDs (RFC 9562): version 7 for jobs, sortable by time; version 5 for everything in the
 * library, so that writing twice is an upsert.
 */
#ifndef EBB_COMMON_UUID_H
#define EBB_COMMON_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct uuid {
    uint8_t bytes[16];
};

#define UUID_TEXT_BYTES 37 /* with the terminating NUL */

/* From the wall clock and getrandom(2); later calls in one process compare greater (memcmp), from
 * whatever thread and whatever the wall clock does. */
int uuid_v7(struct uuid *ret_uuid, struct error *err);
/* SHA-1 of space and name, RFC 9562 section 5.5. */
void uuid_v5(const struct uuid *space, const void *name, size_t size_bytes, struct uuid *ret_uuid);
/* The library's: v5 in ebb's own name space (8862ccee-dd5f-49ba-a30c-92bf4058320a) of "<sha256
 * hex>/<kind>/<ordinal>". */
void uuid_library(const char *sha256_hex, const char *kind, uint64_t ordinal,
                  struct uuid *ret_uuid);
void uuid_format(const struct uuid *uuid, char ret_text[UUID_TEXT_BYTES]);
/* The form of uuid_format, in either case. ERROR_INVALID. */
int uuid_parse(const char *text, struct uuid *ret_uuid, struct error *err);
bool uuid_equal(const struct uuid *a, const struct uuid *b);

#endif
