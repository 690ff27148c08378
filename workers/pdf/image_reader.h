/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reads an image row by row: decoded by its filter as far as a row needs, unpacked to 8 bits,
 * /Decode applied, palettes looked up. Colours stay in the image's own space until the band that
 * they are in is converted (image_bands.h).
 */
#ifndef EBB_WORKERS_PDF_IMAGE_READER_H
#define EBB_WORKERS_PDF_IMAGE_READER_H

#include <mupdf/fitz.h>
#include <stdbool.h>
#include <stdint.h>

#include "workers/pdf/image_source.h"

#define IMAGE_PALETTE_MAX 256

struct image_reader {
    fz_context *ctx;
    const struct image_source *source; /* borrowed */
    fz_stream *coded, *stream;         /* the filter's stream, and what rows are read from; owned */
    fz_pixmap *tile;                   /* instead, where all was decoded at once; owned */
    fz_colorspace *space;              /* of what is read: borrowed; NULL for gray */
    uint32_t width, height;
    uint32_t row;             /* the next */
    uint32_t components;      /* of what is read */
    uint32_t coded_per_pixel; /* samples in the stream: one more for a colour key's padding */
    bool packed;              /* rows are handed out as they are stored: samples under 8 bits */
    bool inverted;            /* bits (packed) are the other way round */
    bool keyed;               /* a colour key makes transparency */
    bool indexed, decoded;    /* the palette, the table applies */
    bool cut_short;           /* rows were missing, and are 0 */
    uint8_t palette[IMAGE_PALETTE_MAX * 3]; /* by stored value: RGB */
    uint8_t (*table)[256];                  /* of /Decode, by component; owned */
    uint8_t *line;                          /* one row as coded; owned */
    size_t line_bytes;
};

/* Whether rows can be had as they are stored: gray or a palette of at most 8 bits, no mask. */
bool image_reader_can_pack(const struct image_source *source);

/*
 * Starts at the first row. halvings: the decoder may halve the size up to so often (only that of
 * JPEG does). packed: only where image_reader_can_pack. The source must outlive the reader, and
 * have its image (image_source_decode). Throws; nothing is left open then.
 */
void image_reader_open(struct image_reader *reader, const struct image_source *source, int halvings,
                       bool packed);
void image_reader_close(struct image_reader *reader);

/* The bytes of a row as it is handed out, alpha apart. */
size_t image_reader_row_bytes(const struct image_reader *reader);
/* Reads the next row. ret_alpha: width bytes, or NULL; 255 where there is no transparency. Throws
 * where decoding does. */
void image_reader_row(struct image_reader *reader, uint8_t *ret_row, uint8_t *ret_alpha);

#endif
