/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * msgpack's numbers written straight into memory, always in their shortest form. The caller has
 * made room: PACK_NUMBER_BYTES are enough for any of them. Each returns where the next byte goes.
 * Only for proto/.
 * Source: the MessagePack specification.
 */
#ifndef EBB_PROTO_PACK_BYTES_H
#define EBB_PROTO_PACK_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PACK_NUMBER_BYTES 9U

static inline uint8_t *pack_bytes_big_endian(uint8_t *at, uint8_t tag, uint64_t number,
                                             size_t width)
{
    *at++ = tag;
    for (size_t i = width; i-- > 0;) {
        *at++ = (uint8_t)(number >> (8 * i));
    }
    return at;
}

static inline uint8_t *pack_bytes_uint(uint8_t *at, uint64_t value)
{
    if (value < 0x80) {
        *at = (uint8_t)value;
        return at + 1;
    }
    if (value <= UINT8_MAX) {
        return pack_bytes_big_endian(at, 0xcc, value, 1);
    }
    if (value <= UINT16_MAX) {
        return pack_bytes_big_endian(at, 0xcd, value, 2);
    }
    if (value <= UINT32_MAX) {
        return pack_bytes_big_endian(at, 0xce, value, 4);
    }
    return pack_bytes_big_endian(at, 0xcf, value, 8);
}

static inline uint8_t *pack_bytes_int(uint8_t *at, int64_t value)
{
    if (value >= 0) {
        return pack_bytes_uint(at, (uint64_t)value);
    }
    if (value >= -32) {
        *at = (uint8_t)value;
        return at + 1;
    }
    if (value >= INT8_MIN) {
        return pack_bytes_big_endian(at, 0xd0, (uint64_t)value, 1);
    }
    if (value >= INT16_MIN) {
        return pack_bytes_big_endian(at, 0xd1, (uint64_t)value, 2);
    }
    if (value >= INT32_MIN) {
        return pack_bytes_big_endian(at, 0xd2, (uint64_t)value, 4);
    }
    return pack_bytes_big_endian(at, 0xd3, (uint64_t)value, 8);
}

/* The head of what has a count. tag: of the form with the count inside it, which takes counts
 * below inside; 0 for BIN, which has none. tag8: of the form with one byte, 0 for arrays and
 * maps, which have none; tag16 and the tag after it are of those with two and four. */
static inline uint8_t *pack_bytes_count(uint8_t *at, uint8_t tag, uint32_t inside, uint8_t tag8,
                                        uint8_t tag16, uint32_t count)
{
    if (count < inside) {
        *at = (uint8_t)(tag | count);
        return at + 1;
    }
    if (count <= UINT8_MAX && tag8) {
        return pack_bytes_big_endian(at, tag8, count, 1);
    }
    if (count <= UINT16_MAX) {
        return pack_bytes_big_endian(at, tag16, count, 2);
    }
    return pack_bytes_big_endian(at, (uint8_t)(tag16 + 1), count, 4);
}

static inline uint8_t *pack_bytes_str(uint8_t *at, uint32_t size_bytes)
{
    return pack_bytes_count(at, 0xa0, 32, 0xd9, 0xda, size_bytes);
}

static inline uint8_t *pack_bytes_bin(uint8_t *at, uint32_t size_bytes)
{
    return pack_bytes_count(at, 0, 0, 0xc4, 0xc5, size_bytes);
}

static inline uint8_t *pack_bytes_array(uint8_t *at, uint32_t elements)
{
    return pack_bytes_count(at, 0x90, 16, 0, 0xdc, elements);
}

static inline uint8_t *pack_bytes_map(uint8_t *at, uint32_t entries)
{
    return pack_bytes_count(at, 0x80, 16, 0, 0xde, entries);
}

static inline uint8_t *pack_bytes_float(uint8_t *at, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return pack_bytes_big_endian(at, 0xca, bits, sizeof(bits));
}

static inline uint8_t *pack_bytes_double(uint8_t *at, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return pack_bytes_big_endian(at, 0xcb, bits, sizeof(bits));
}

#endif
