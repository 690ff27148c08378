/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which chunks have the same text, white space folded: by their SHA-256.
 */
#ifndef EBB_WORKERS_INDEX_DUPLICATES_H
#define EBB_WORKERS_INDEX_DUPLICATES_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/hash.h"

struct duplicates;

struct duplicates *duplicates_create(void); /* NULL without memory */
void duplicates_destroy(struct duplicates *duplicates);
/* Forgets all. */
void duplicates_reset(struct duplicates *duplicates);
/* *ret_first: the ordinal that came first with this digest; 0 where it is this one. ERROR_MEMORY,
 * ERROR_LIMIT. */
int duplicates_note(struct duplicates *duplicates, const uint8_t digest[HASH_SHA256_BYTES],
                    uint32_t ordinal, uint32_t *ret_first, struct error *err);

/* The digest of text with each stretch of white space as one space and none at its ends. scratch:
 * emptied. */
int duplicates_digest(const char *text, size_t size_bytes, struct buf *scratch,
                      uint8_t ret_digest[HASH_SHA256_BYTES], struct error *err);

#endif
