/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An image as a document holds it: what it is, and whether its bytes are a file as they are.
 *
 * It is loaded but not decoded, with one exception: mupdf decodes a JPEG 2000 image in a PDF as it
 * loads it, so that is left until somebody asks (image_source_decode).
 */
#ifndef EBB_WORKERS_PDF_IMAGE_SOURCE_H
#define EBB_WORKERS_PDF_IMAGE_SOURCE_H

#include <mupdf/pdf.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/page.h"
#include "workers/images/jp2.h"
#include "workers/images/jpeg_header.h"

struct image_source {
    fz_context *ctx;
    pdf_document *doc;
    pdf_obj *object;  /* of a PDF's JPEG 2000 image; borrowed; else NULL */
    fz_image *image;  /* owned; NULL until image_source_decode where object is set */
    fz_buffer *bytes; /* of the image as it is stored, one filter left; NULL where there is none */
    uint32_t width, height;
    uint8_t bits;
    bool masked;  /* has transparency */
    bool stencil; /* paints a colour where it is 0 */
    bool is_jpeg, is_jp2;
    bool by_rows; /* its filter decodes row by row */
    struct jpeg_header jpeg;
    struct jp2_header jp2;
    const char *color_space; /* for page_image; static storage */
    /* The format of which bytes are a whole file that clients show right; NULL where they are
     * none. */
    const char *format;
    uint64_t decode_bytes; /* that decoding takes at once; 0 where it goes by rows */
};

/* Throws what mupdf throws, FZ_ERROR_GENERIC for what is damaged. Nothing is left open then. */
void image_source_open(struct image_source *source, fz_context *ctx, pdf_document *doc,
                       pdf_obj *object);
/* One that a device was given, or that stands in the content. Keeps image. */
void image_source_open_image(struct image_source *source, fz_context *ctx, fz_image *image);
void image_source_close(struct image_source *source);

/* Sets image where it is not yet. Throws. */
void image_source_decode(struct image_source *source);

/* Width and height as the dictionary has them, without reading the image; 0 for nonsense. */
void image_source_size(fz_context *ctx, pdf_obj *object, uint32_t *ret_width, uint32_t *ret_height);

#endif
