/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * common/hash: SHA-256 against FIPS 180-4's examples, in one go, in pieces and from a file;
 * FNV-1a against its authors' vectors.
 */
#include "common/hash.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define TWO_BLOCKS "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define SHA256_TWO_BLOCKS "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
#define SHA256_MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static const char *hex_of(const void *data, size_t size_bytes)
{
    static char hex[HASH_SHA256_HEX_BYTES];
    uint8_t digest[HASH_SHA256_BYTES];

    hash_sha256_of(data, size_bytes, digest);
    hash_hex(digest, sizeof(digest), hex);
    return hex;
}

Test(hash, sha256_known_answers)
{
    cr_assert_str_eq(hex_of(NULL, 0), SHA256_EMPTY);
    cr_assert_str_eq(hex_of("abc", 3), SHA256_ABC);
    cr_assert_str_eq(hex_of(TWO_BLOCKS, strlen(TWO_BLOCKS)), SHA256_TWO_BLOCKS);
}

Test(hash, sha256_in_pieces)
{
    struct hash_sha256 *hash = hash_sha256_create();
    uint8_t digest[HASH_SHA256_BYTES];
    char hex[HASH_SHA256_HEX_BYTES];
    char piece[1000];

    memset(piece, 'a', sizeof(piece));
    hash_sha256_update(hash, NULL, 0);
    hash_sha256_update(hash, piece, 1);
    hash_sha256_update(hash, piece, 999);
    for (int i = 1; i < 1000; i++) {
        hash_sha256_update(hash, piece, sizeof(piece));
    }
    hash_sha256_finish(hash, digest);
    hash_hex(digest, sizeof(digest), hex);
    cr_assert_str_eq(hex, SHA256_MILLION_A);
    hash_sha256_destroy(hash_sha256_create());
    hash_sha256_destroy(NULL);
}

Test(hash, sha256_of_a_file)
{
    char path[] = "/tmp/ebb-test-hash-XXXXXX";
    int fd = mkstemp(path);
    char hex[HASH_SHA256_HEX_BYTES] = "untouched";
    struct error err = ERROR_INIT;
    uint64_t size_bytes = 1;
    char piece[1000];

    memset(piece, 'a', sizeof(piece));
    cr_assert_eq(hash_sha256_file(path, hex, &size_bytes, &err), 0);
    cr_assert_str_eq(hex, SHA256_EMPTY);
    cr_assert_eq(size_bytes, 0);
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(write(fd, piece, sizeof(piece)), sizeof(piece));
    }
    close(fd);
    cr_assert_eq(hash_sha256_file(path, hex, &size_bytes, &err), 0);
    cr_assert_str_eq(hex, SHA256_MILLION_A);
    cr_assert_eq(size_bytes, 1000000);
    cr_assert_eq(hash_sha256_file(path, hex, NULL, &err), 0);
    unlink(path);
}

Test(hash, a_missing_file_leaves_the_outputs)
{
    char hex[HASH_SHA256_HEX_BYTES] = "untouched";
    struct error err = ERROR_INIT;
    uint64_t size_bytes = 77;

    cr_assert_eq(hash_sha256_file("/nonexistent/file", hex, &size_bytes, &err), -1);
    cr_assert_eq(err.code, ERROR_NOT_FOUND);
    cr_assert(strstr(err.msg, "/nonexistent/file"));
    cr_assert_eq(hash_sha256_file("/", hex, &size_bytes, &err), -1);
    cr_assert_eq(err.code, ERROR_SYSTEM);
    cr_assert_str_eq(hex, "untouched");
    cr_assert_eq(size_bytes, 77);
}

Test(hash, hex)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xff};
    char hex[9];

    hash_hex(bytes, sizeof(bytes), hex);
    cr_assert_str_eq(hex, "000ff0ff");
    hash_hex(bytes, 0, hex);
    cr_assert_str_eq(hex, "");
}

Test(hash, fnv1a_known_answers)
{
    cr_assert_eq(hash_fnv1a("", 0), UINT64_C(0xcbf29ce484222325));
    cr_assert_eq(hash_fnv1a("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
    cr_assert_eq(hash_fnv1a("foobar", 6), UINT64_C(0x85944171f73967e8));
}
