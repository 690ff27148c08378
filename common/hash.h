/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SHA-256 (libmd), in one go or in pieces, and its hex text.
 */
#ifndef EBB_COMMON_HASH_H
#define EBB_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define HASH_SHA256_BYTES 32
#define HASH_SHA256_HEX_BYTES 65 /* with the terminating NUL */

struct hash_sha256;                           /* a running digest */
struct hash_sha256 *hash_sha256_create(void); /* NULL when out of memory */
void hash_sha256_update(struct hash_sha256 *hash, const void *data, size_t size_bytes);
/* Finishes and frees; hash is gone then. */
void hash_sha256_finish(struct hash_sha256 *hash, uint8_t ret_digest[HASH_SHA256_BYTES]);
void hash_sha256_destroy(struct hash_sha256 *hash);

void hash_sha256_of(const void *data, size_t size_bytes, uint8_t ret_digest[HASH_SHA256_BYTES]);
/* Streams the file (blocks on the disk); returns its size through ret_size_bytes when not NULL. */
int hash_sha256_file(const char *path, char ret_hex[HASH_SHA256_HEX_BYTES],
                     uint64_t *ret_size_bytes, struct error *err);
/* ret_hex: 2 * size_bytes + 1 bytes; lower case. */
void hash_hex(const uint8_t *data, size_t size_bytes, char *ret_hex);
/* FNV-1a, 64 bits: for hash tables and checks against accidents, not against people. */
uint64_t hash_fnv1a(const void *data, size_t size_bytes);

#endif
