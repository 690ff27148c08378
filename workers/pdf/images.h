/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The images of a page: collected while it is read, looked into and written when it is laid out.
 */
#ifndef EBB_WORKERS_PDF_IMAGES_H
#define EBB_WORKERS_PDF_IMAGES_H

#include <mupdf/pdf.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "proto/page.h"
#include "workers/pdf/image_store.h"

struct image_shown {
    struct image_ref ref;   /* owned references */
    fz_matrix ctm;          /* of the unit square, the image's top left corner at (0, 0) */
    uint32_t glyphs_before; /* drawn on the page until then */
};

struct images {
    fz_context *ctx;
    struct image_store store;
    struct image_shown *shown; /* in drawing order */
    uint32_t count, capacity;
    uint64_t held_bytes;           /* in images that are no objects */
    bool left_out;                 /* a bound was reached */
    bool (*cancelled)(void *user); /* NULL: never asked */
    void *user;
};

/* doc: NULL where the document is no PDF. */
void images_init(struct images *images, fz_context *ctx, pdf_document *doc,
                 const struct image_options *options);
void images_deinit(struct images *images);
/* Forgets the page's. */
void images_reset(struct images *images);

/* An image shown; object or image is NULL. Takes references. Throws FZ_ERROR_MEMORY. */
void images_add(struct images *images, pdf_obj *object, fz_image *image, fz_matrix ctm,
                uint32_t glyphs_before);

/*
 * Fills the images of the record, which is laid out, and writes the files of those that are its
 * content. Warnings by fz_warn. Throws FZ_ERROR_MEMORY alone. Ends early when cancelled says so,
 * and when store.err is set: the file system's, for which the unit must fail.
 */
void images_finish(struct images *images, struct arena *arena, struct page_record *record);

#endif
