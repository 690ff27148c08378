/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The segments of a JPEG up to its frame header. Input is not trusted: every length is checked.
 * Nothing blocks or logs.
 */
#include "workers/images/jpeg_header.h"

#include <string.h>

enum { SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, TEM = 0x01, APP14 = 0xEE };

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* SOF0 to SOF15 but DHT, JPG and DAC, which lie between them. */
static bool is_frame(uint8_t marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/* body: of the frame segment, without its length. */
static bool read_frame(uint8_t marker, const uint8_t *body, size_t size_bytes,
                       struct jpeg_header *header)
{
    if (size_bytes < 6 || size_bytes < 6 + 3U * body[5]) {
        return false;
    }
    header->process = marker & 0x0F;
    header->progressive = header->process % 4 == 2;
    header->bits = body[0];
    header->height = get16(body + 1);
    header->width = get16(body + 3);
    header->components = body[5];
    header->rgb_names =
        header->components == 3 && body[6] == 'R' && body[9] == 'G' && body[12] == 'B';
    return header->width > 0 && header->components > 0;
}

bool jpeg_header_read(const uint8_t *data, size_t size_bytes, struct jpeg_header *ret_header)
{
    struct jpeg_header header = {0};
    size_t at = 2;

    if (size_bytes < 4 || data[0] != 0xFF || data[1] != SOI) {
        return false;
    }
    while (at + 4 <= size_bytes) {
        uint8_t marker = data[at + 1];
        size_t length;

        if (data[at] != 0xFF) {
            return false;
        }
        if (marker == 0xFF) { /* padding */
            at++;
            continue;
        }
        if (marker == TEM || (marker >= 0xD0 && marker <= SOI)) { /* these stand alone */
            at += 2;
            continue;
        }
        if (marker == EOI || marker == SOS) {
            return false;
        }
        length = get16(data + at + 2);
        if (length < 2 || length > size_bytes - at - 2) {
            return false;
        }
        if (is_frame(marker)) {
            if (!read_frame(marker, data + at + 4, length - 2, &header)) {
                return false;
            }
            *ret_header = header;
            return true;
        }
        if (marker == APP14 && length >= 14 && memcmp(data + at + 4, "Adobe", 5) == 0) {
            header.has_adobe = true;
            header.adobe_transform = data[at + 15];
        }
        at += 2 + length;
    }
    return false;
}

bool jpeg_header_is_common(const struct jpeg_header *header)
{
    return header->process <= 2 && header->bits == 8 && header->height > 0 &&
           (header->components == 1 || header->components == 3);
}

uint64_t jpeg_header_decode_bytes(const struct jpeg_header *header)
{
    /* A coefficient of 16 bits for each sample, none of them subsampled at worst. */
    return header->progressive ? (uint64_t)header->width * header->height * header->components * 2
                               : 0;
}
