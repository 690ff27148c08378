/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * UUIDs (RFC 9562), versions 5 and 7.
 *
 * Version 7 keeps the last value and, within a millisecond or while the wall clock stands or goes
 * back, adds a random step to its random part (section 6.2, method 2); when that is used up, it
 * borrows a millisecond from the future.
 *
 * Invariants: each version 7 of a process is greater than the one before, from whatever thread.
 * getrandom(2) may block early in the boot only. Nothing is logged.
 */
#include "common/uuid.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <sha1.h>

#include "common/clock.h"

#define TIME_MASK UINT64_C(0xffffffffffff)    /* unix_ts_ms, 48 bits */
#define HIGH_MASK 0xfffU                      /* rand_a, 12 bits */
#define LOW_MASK UINT64_C(0x3fffffffffffffff) /* rand_b, 62 bits */

/* 8862ccee-dd5f-49ba-a30c-92bf4058320a: drawn once for ebb, never to be changed: the identity of
 * everything in every library hangs on it. */
static const struct uuid library_space = {{0x88, 0x62, 0xcc, 0xee, 0xdd, 0x5f, 0x49, 0xba, 0xa3,
                                           0x0c, 0x92, 0xbf, 0x40, 0x58, 0x32, 0x0a}};

static struct {
    pthread_mutex_t lock;
    uint64_t time_ms;
    uint32_t high;
    uint64_t low;
} last_v7 = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0};

static int random_fill(void *data, size_t size_bytes, struct error *err)
{
    ssize_t got_bytes;

    /* Up to 256 bytes come whole (getrandom(2)). */
    do {
        got_bytes = getrandom(data, size_bytes, 0);
    } while (got_bytes < 0 && errno == EINTR);
    if (got_bytes != (ssize_t)size_bytes) {
        return error_set_errno(err, got_bytes < 0 ? errno : EIO, "cannot get random bytes");
    }
    return 0;
}

static void put_be(uint8_t *bytes, size_t count, uint64_t value)
{
    while (count > 0) {
        bytes[--count] = (uint8_t)(value & 0xffU);
        value >>= 8;
    }
}

static void set_version(struct uuid *uuid, unsigned version)
{
    uuid->bytes[6] = (uint8_t)((uuid->bytes[6] & 0x0fU) | version << 4);
    uuid->bytes[8] = (uint8_t)((uuid->bytes[8] & 0x3fU) | 0x80U);
}

int uuid_v7(struct uuid *ret_uuid, struct error *err)
{
    uint64_t fresh[2];
    uint64_t time_ms;

    if (random_fill(fresh, sizeof(fresh), err) < 0) {
        return -1;
    }
    pthread_mutex_lock(&last_v7.lock);
    time_ms = clock_wall_ms() & TIME_MASK;
    if (time_ms <= last_v7.time_ms) {
        last_v7.low += 1 + (fresh[0] & UINT32_MAX);
        if (last_v7.low > LOW_MASK) {
            last_v7.low &= LOW_MASK;
            last_v7.high++;
        }
        time_ms = last_v7.high > HIGH_MASK ? last_v7.time_ms + 1 : last_v7.time_ms;
    }
    if (time_ms > last_v7.time_ms) {
        last_v7.time_ms = time_ms;
        last_v7.high = (uint32_t)fresh[0] & HIGH_MASK;
        last_v7.low = fresh[1] & LOW_MASK;
    }
    put_be(ret_uuid->bytes, 6, last_v7.time_ms);
    put_be(ret_uuid->bytes + 6, 2, last_v7.high);
    put_be(ret_uuid->bytes + 8, 8, last_v7.low);
    pthread_mutex_unlock(&last_v7.lock);
    set_version(ret_uuid, 7);
    return 0;
}

static void finish_v5(SHA1_CTX *state, struct uuid *ret_uuid)
{
    uint8_t digest[SHA1_DIGEST_LENGTH];

    SHA1Final(digest, state);
    memcpy(ret_uuid->bytes, digest, sizeof(ret_uuid->bytes));
    set_version(ret_uuid, 5);
}

static void start_v5(SHA1_CTX *state, const struct uuid *space)
{
    SHA1Init(state);
    SHA1Update(state, space->bytes, sizeof(space->bytes));
}

static void add_v5(SHA1_CTX *state, const void *data, size_t size_bytes)
{
    if (size_bytes > 0) {
        SHA1Update(state, data, size_bytes);
    }
}

void uuid_v5(const struct uuid *space, const void *name, size_t size_bytes, struct uuid *ret_uuid)
{
    SHA1_CTX state;

    start_v5(&state, space);
    add_v5(&state, name, size_bytes);
    finish_v5(&state, ret_uuid);
}

void uuid_library(const char *sha256_hex, const char *kind, uint64_t ordinal, struct uuid *ret_uuid)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, ordinal);
    SHA1_CTX state;

    start_v5(&state, &library_space);
    add_v5(&state, sha256_hex, strlen(sha256_hex));
    add_v5(&state, "/", 1);
    add_v5(&state, kind, strlen(kind));
    add_v5(&state, "/", 1);
    add_v5(&state, digits, (size_t)length);
    finish_v5(&state, ret_uuid);
}

static bool is_hyphen_place(size_t text_index)
{
    return text_index == 8 || text_index == 13 || text_index == 18 || text_index == 23;
}

void uuid_format(const struct uuid *uuid, char ret_text[UUID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t out = 0;

    for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
        if (is_hyphen_place(out)) {
            ret_text[out++] = '-';
        }
        ret_text[out++] = digits[uuid->bytes[i] >> 4];
        ret_text[out++] = digits[uuid->bytes[i] & 0x0fU];
    }
    ret_text[out] = '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

int uuid_parse(const char *text, struct uuid *ret_uuid, struct error *err)
{
    struct uuid uuid = {{0}};
    size_t nibbles = 0;
    size_t i;

    for (i = 0; i < UUID_TEXT_BYTES - 1 && text[i]; i++) {
        int value = hex_value(text[i]);

        if (is_hyphen_place(i) ? text[i] != '-' : value < 0) {
            break;
        }
        if (value >= 0) {
            uuid.bytes[nibbles / 2] = (uint8_t)(uuid.bytes[nibbles / 2] << 4 | value);
            nibbles++;
        }
    }
    if (i != UUID_TEXT_BYTES - 1 || text[i]) {
        return error_set(err, ERROR_INVALID, "expected a UUID, not \"%.60s\"", text);
    }
    *ret_uuid = uuid;
    return 0;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
