/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a JPEG says of itself, and whether whoever is given the file will show it right.
 * Source: ITU-T T.81, annex B; the Adobe segment: T.872, 6.5.3.
 */
#ifndef EBB_WORKERS_IMAGES_JPEG_HEADER_H
#define EBB_WORKERS_IMAGES_JPEG_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jpeg_header {
    uint32_t width, height;
    uint8_t bits;       /* of a sample */
    uint8_t components; /* 1 gray, 3 colours, 4 CMYK or YCCK */
    uint8_t process;    /* the n of SOFn: 0 baseline, 1 extended, 2 progressive, ... */
    bool progressive;   /* its decoder holds the whole of it */
    bool has_adobe;
    uint8_t adobe_transform; /* 0 none, 1 YCbCr, 2 YCCK */
    bool rgb_names;          /* its components are called R, G and B */
};

/* False where data is no JPEG or ends before it says how large it is. */
bool jpeg_header_read(const uint8_t *data, size_t size_bytes, struct jpeg_header *ret_header);

/* Whether every browser shows the file: Huffman-coded baseline, extended or progressive, 8 bits,
 * gray or RGB or YCbCr. */
bool jpeg_header_is_common(const struct jpeg_header *header);

/* The memory that decoding takes beyond some rows. */
uint64_t jpeg_header_decode_bytes(const struct jpeg_header *header);

#endif
