/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SHA-256 by libmd, FNV-1a by hand.
 *
 * hash_sha256_file blocks on the disk. Nothing is logged.
 */
#include "common/hash.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <sha2.h>

#include "common/cleanup.h"

#define FILE_CHUNK_BYTES ((size_t)128 * 1024)

static_assert(HASH_SHA256_BYTES == SHA256_DIGEST_LENGTH, "libmd's digest is ours");

struct hash_sha256 {
    SHA2_CTX state;
};

struct hash_sha256 *hash_sha256_create(void)
{
    struct hash_sha256 *hash = malloc(sizeof(*hash));

    if (hash) {
        SHA256Init(&hash->state);
    }
    return hash;
}

void hash_sha256_update(struct hash_sha256 *hash, const void *data, size_t size_bytes)
{
    if (size_bytes > 0) {
        SHA256Update(&hash->state, data, size_bytes);
    }
}

void hash_sha256_finish(struct hash_sha256 *hash, uint8_t ret_digest[HASH_SHA256_BYTES])
{
    SHA256Final(ret_digest, &hash->state);
    hash_sha256_destroy(hash);
}

void hash_sha256_destroy(struct hash_sha256 *hash)
{
    free(hash);
}

void hash_sha256_of(const void *data, size_t size_bytes, uint8_t ret_digest[HASH_SHA256_BYTES])
{
    SHA2_CTX state;

    SHA256Init(&state);
    if (size_bytes > 0) {
        SHA256Update(&state, data, size_bytes);
    }
    SHA256Final(ret_digest, &state);
}

int hash_sha256_file(const char *path, char ret_hex[HASH_SHA256_HEX_BYTES],
                     uint64_t *ret_size_bytes, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE uint8_t *chunk = NULL;
    uint8_t digest[HASH_SHA256_BYTES];
    uint64_t size_bytes = 0;
    SHA2_CTX state;

    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s", path);
    }
    chunk = malloc(FILE_CHUNK_BYTES);
    if (!chunk) {
        return error_set(err, ERROR_MEMORY, "no memory to hash %s", path);
    }
    SHA256Init(&state);
    for (;;) {
        ssize_t got_bytes = read(fd, chunk, FILE_CHUNK_BYTES);

        if (got_bytes == 0) {
            break;
        }
        if (got_bytes > 0) {
            SHA256Update(&state, chunk, (size_t)got_bytes);
            size_bytes += (uint64_t)got_bytes;
        } else if (errno != EINTR) {
            return error_set_errno(err, errno, "cannot read %s", path);
        }
    }
    SHA256Final(digest, &state);
    hash_hex(digest, sizeof(digest), ret_hex);
    if (ret_size_bytes) {
        *ret_size_bytes = size_bytes;
    }
    return 0;
}

void hash_hex(const uint8_t *data, size_t size_bytes, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size_bytes; i++) {
        ret_hex[2 * i] = digits[data[i] >> 4];
        ret_hex[2 * i + 1] = digits[data[i] & 0x0fU];
    }
    ret_hex[2 * size_bytes] = '\0';
}

uint64_t hash_fnv1a(const void *data, size_t size_bytes)
{
    const uint8_t *bytes = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size_bytes; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}
