/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Keeps mupdf from loading images before anybody knows whether they are wanted: a copy of a
 * resource dictionary in which each image is a small stand-in. mupdf 1.21 loads every image that Do
 * names before it calls a processor, and decodes JPEG 2000 in full.
 */
#ifndef EBB_WORKERS_PDF_IMAGE_RESOURCES_H
#define EBB_WORKERS_PDF_IMAGE_RESOURCES_H

#include <mupdf/pdf.h>
#include <stdbool.h>

#define IMAGE_RESOURCES_KEPT 8

struct image_resources {
    fz_context *ctx;
    struct {
        pdf_obj *original, *copy; /* owned references */
    } kept[IMAGE_RESOURCES_KEPT]; /* the last ones, as a ring */
    int next;
};

void image_resources_init(struct image_resources *resources, fz_context *ctx);
void image_resources_deinit(struct image_resources *resources);

/* The copy of a resource dictionary, or itself where it has no image. Owns: the caller. Throws
 * what mupdf throws. */
pdf_obj *image_resources_get(struct image_resources *resources, pdf_obj *original);

/* The image for which what mupdf takes for a form stands; NULL where it is a form. Borrowed. */
pdf_obj *image_resources_image(fz_context *ctx, pdf_obj *form);

#endif
