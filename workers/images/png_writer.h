/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Writes a PNG row by row, so that an image of any size never is in memory as a whole.
 * Source: ISO/IEC 15948 (PNG); libpng does the work.
 */
#ifndef EBB_WORKERS_IMAGES_PNG_WRITER_H
#define EBB_WORKERS_IMAGES_PNG_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "workers/images/image_file.h"

#define PNG_PALETTE_MAX 256

struct png_format {
    uint32_t width, height; /* at least 1 */
    uint8_t bits;           /* of a sample: 1, 2, 4 or 8; less than 8 for gray and palettes alone */
    uint8_t components;     /* 1 gray or palette, 3 RGB */
    bool alpha;             /* one more component, of 8 bits; not with a palette */
    uint16_t palette_count; /* 0: no palette */
    const uint8_t *palette; /* red, green, blue of each colour; borrowed until create returns */
    float dpi;              /* 0: not said */
};

struct png_writer;
/* Borrows file, which must outlive it. NULL and err on failure. */
struct png_writer *png_writer_create(struct image_file *file, const struct png_format *format,
                                     struct error *err);
/* The next row, packed as PNG has it: samples under 8 bits from the most significant bit on. */
int png_writer_row(struct png_writer *writer, const uint8_t *row, struct error *err);
/* After the last row. The writer is freed, also on failure. */
int png_writer_finish(struct png_writer *writer, struct error *err);
void png_writer_discard(struct png_writer *writer); /* NULL is a no-op */

#endif
