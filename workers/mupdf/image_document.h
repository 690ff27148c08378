/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Documents whose pages are pictures (images, comic books), with pages of a sane size.
 */
#ifndef EBB_WORKERS_MUPDF_IMAGE_DOCUMENT_H
#define EBB_WORKERS_MUPDF_IMAGE_DOCUMENT_H

#include <mupdf/fitz.h>
#include <stdint.h>

/* What a page that is a picture shows. */
struct shown_image {
    fz_image *image; /* a reference of the caller's; NULL where nothing is shown */
    fz_matrix ctm;   /* of the unit square to the page, orientation applied */
};

/* Of a page of such a document. Throws as mupdf does. */
struct shown_image image_page_look(fz_context *ctx, fz_page *page);

/*
 * A document with the pages of inner, each of the size that its picture's resolution gives it.
 * Programs that know none write 72 or 96 dots per inch, or nothing: a picture that would so be
 * larger than A3 is taken for a page as long as A4. Takes inner over, also where it throws.
 */
fz_document *image_document_wrap(fz_context *ctx, fz_document *inner);

#endif
