/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The boxes and the first segment of JPEG 2000. Input is not trusted: every length is checked.
 * Nothing blocks or logs.
 */
#include "workers/images/jp2.h"

#include <string.h>

#define BOX(a, b, c, d)                                                                            \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define SIGNATURE_BYTES 12
#define SIZ_BYTES 42 /* from the codestream's start to the end of its first component */
#define COLR_ENUMERATED 1

static uint32_t get32(const uint8_t *at)
{
    return BOX(at[0], at[1], at[2], at[3]);
}

/* SOC and SIZ, with which every codestream begins. */
static bool read_codestream(const uint8_t *data, size_t size_bytes, struct jp2_header *header)
{
    uint32_t x1, y1, x0, y0;

    if (size_bytes < SIZ_BYTES || get32(data) != BOX(0xFF, 0x4F, 0xFF, 0x51)) {
        return false;
    }
    x1 = get32(data + 8);
    y1 = get32(data + 12);
    x0 = get32(data + 16);
    y0 = get32(data + 20);
    header->components = (uint16_t)(data[40] << 8 | data[41]);
    if (x1 <= x0 || y1 <= y0 || header->components == 0 || size_bytes < SIZ_BYTES + 3) {
        return false;
    }
    header->width = x1 - x0;
    header->height = y1 - y0;
    header->bits = (uint8_t)((data[42] & 0x7F) + 1);
    return true;
}

/* A box at data: its type, and where what it holds starts and ends. */
static bool next_box(const uint8_t *data, size_t size_bytes, uint32_t *ret_type, size_t *ret_start,
                     size_t *ret_end)
{
    uint64_t length;

    if (size_bytes < 8) {
        return false;
    }
    length = get32(data);
    *ret_type = get32(data + 4);
    *ret_start = 8;
    if (length == 1) {
        if (size_bytes < 16) {
            return false;
        }
        length = (uint64_t)get32(data + 8) << 32 | get32(data + 12);
        *ret_start = 16;
    } else if (length == 0) { /* to the end of the file */
        length = size_bytes;
    }
    if (length < *ret_start) {
        return false;
    }
    *ret_end = length < size_bytes ? (size_t)length : size_bytes;
    return true;
}

static void read_header_boxes(const uint8_t *data, size_t size_bytes, struct jp2_header *header)
{
    size_t at = 0;
    size_t start, end;
    uint32_t type;
    bool colored = false;

    while (next_box(data + at, size_bytes - at, &type, &start, &end)) {
        const uint8_t *body = data + at + start;

        if (type == BOX('p', 'c', 'l', 'r')) {
            header->has_palette = true;
        } else if (type == BOX('c', 'd', 'e', 'f')) {
            header->has_channels = true;
        } else if (type == BOX('c', 'o', 'l', 'r') && !colored && end - start >= 7 &&
                   body[0] == COLR_ENUMERATED) {
            header->color_space = get32(body + 3);
        }
        colored = colored || type == BOX('c', 'o', 'l', 'r');
        at += end;
    }
}

bool jp2_header_read(const uint8_t *data, size_t size_bytes, struct jp2_header *ret_header)
{
    static const uint8_t signature[SIGNATURE_BYTES] = {0,   0,   0,    12,   'j',  'P',
                                                       ' ', ' ', 0x0D, 0x0A, 0x87, 0x0A};
    struct jp2_header header = {0};
    size_t at = SIGNATURE_BYTES;
    size_t start, end;
    uint32_t type;

    if (size_bytes < SIGNATURE_BYTES || memcmp(data, signature, SIGNATURE_BYTES) != 0) {
        if (!read_codestream(data, size_bytes, &header)) {
            return false;
        }
        *ret_header = header;
        return true;
    }
    header.is_file = true;
    while (next_box(data + at, size_bytes - at, &type, &start, &end)) {
        if (type == BOX('j', 'p', '2', 'h')) {
            read_header_boxes(data + at + start, end - start, &header);
        } else if (type == BOX('j', 'p', '2', 'c')) {
            if (!read_codestream(data + at + start, end - start, &header)) {
                return false;
            }
            *ret_header = header;
            return true;
        }
        at += end;
    }
    return false;
}

bool jp2_header_is_common(const struct jp2_header *header)
{
    return header->is_file && header->bits == 8 && !header->has_palette && !header->has_channels &&
           ((header->components == 1 && header->color_space == 17) ||
            (header->components == 3 && (header->color_space == 16 || header->color_space == 18)));
}
