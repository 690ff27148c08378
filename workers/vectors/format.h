/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The bytes of a vector file: a header of a page, then slots of one size. Little endian. Only for
 * workers/vectors/.
 *
 *   header   0  magic "EBBVEC1\0"    8  version   12 dimensions   16 bytes of a slot   20 zeros
 *           24  FNV-1a of the bytes before; zeros up to 4096
 *   slot     0  row (0: erased)      8  factor    12 error        16 checksum          20 zeros
 *           32  components in 8 bits, filled up with zeros to a multiple of 32
 *
 * A slot's checksum is the FNV-1a of all its bytes, those of the checksum taken as zeros, its two
 * halves folded into one. An erased slot is zeros, as is one that was never written.
 */
#ifndef EBB_WORKERS_VECTORS_FORMAT_H
#define EBB_WORKERS_VECTORS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "workers/vectors/quantise.h"

#define FORMAT_HEADER_BYTES 4096U
#define FORMAT_SLOT_HEAD_BYTES 32U

struct format_slot {
    int64_t row;
    float factor;
    float error;
    uint32_t checksum;
    uint32_t zeros[3];
};

static inline size_t format_slot_bytes(uint32_t dimensions)
{
    return FORMAT_SLOT_HEAD_BYTES + (size_t)quantise_padded(dimensions);
}

static inline uint64_t format_offset(uint64_t slot, size_t slot_bytes)
{
    return FORMAT_HEADER_BYTES + slot * slot_bytes;
}

/* The most slots whose offsets fit a file's. */
#define FORMAT_SLOTS_MAX (UINT64_C(1) << 40)

void format_header(uint32_t dimensions, uint8_t ret_header[FORMAT_HEADER_BYTES]);
/* Reads the header at the file's start. ERROR_CORRUPT for any but that of these dimensions. */
int format_check_header(int fd, uint32_t dimensions, struct error *err);
/* vector: of length 1. */
void format_slot(uint8_t *ret_slot, uint32_t dimensions, int64_t row, const float *vector);
bool format_slot_is_whole(const uint8_t *slot, size_t slot_bytes);
bool format_slot_is_erased(const uint8_t *slot, size_t slot_bytes);
/* ERROR_INVALID where dimensions is 0 or over VECTOR_DIMENSIONS_MAX. */
int format_check_dimensions(uint32_t dimensions, struct error *err);

#endif
