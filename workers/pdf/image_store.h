/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What images are and look like, and their files. Each object of a PDF is looked into once and
 * written once by a worker, however often it is shown.
 */
#ifndef EBB_WORKERS_PDF_IMAGE_STORE_H
#define EBB_WORKERS_PDF_IMAGE_STORE_H

#include <mupdf/pdf.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "proto/page.h"
#include "workers/images/image_file.h"
#include "workers/images/quality.h"
#include "workers/images/slices.h"
#include "workers/pdf/image_source.h"

#define IMAGES_KEPT 2048 /* facts of objects */

struct image_options {
    const char *folder;    /* the job's; NULL: no file is written */
    uint64_t pixels;       /* of one image; a larger one is unreadable */
    uint64_t memory_bytes; /* for decoding one that does not go by rows */
    uint64_t file_bytes;   /* of one image's file */
    uint32_t per_page;     /* placements recorded */
};

#define IMAGE_WHY_BYTES 96

struct image_facts {
    bool readable;
    char why[IMAGE_WHY_BYTES]; /* not readable */
    bool by_rows;              /* can be a slice of a picture */
    bool cut_short;            /* its data ends early: the rest is black */
    bool measured, stored;     /* what follows them is known */
    uint32_t width, height;
    uint8_t bits;
    bool masked;
    const char *color_space;
    /* measured */
    struct quality quality;
    uint64_t hash;
    bool plain;
    struct slice_edges edges;
    /* stored */
    struct image_file_name name;
    const char *format;
};

struct image_store {
    fz_context *ctx;
    pdf_document *doc; /* NULL where it is no PDF */
    struct image_options options;
    struct image_file_options file;
    struct {
        int object; /* 0: none */
        struct image_facts facts;
    } * kept;         /* IMAGES_KEPT of them, by object number */
    struct error err; /* of the file system: the unit cannot go on; code 0 where there is none */
};

/* Throws FZ_ERROR_MEMORY. Copies options but for the folder, which must outlive the store. */
void image_store_init(struct image_store *store, fz_context *ctx, pdf_document *doc,
                      const struct image_options *options);
void image_store_deinit(struct image_store *store);

/* An image shown: an object of the PDF, or one that mupdf has loaded. */
struct image_ref {
    pdf_obj *object; /* indirect; NULL for the other kind */
    fz_image *image;
};

/* Looks into the image. What is damaged or over a bound has readable false. Throws FZ_ERROR_MEMORY
 * alone. */
void image_store_measure(struct image_store *store, const struct image_ref *ref,
                         struct image_facts *ret_facts);
/* Writes the file of an image that was measured, or finds out that it is there. Fills what is
 * stored; readable becomes false where that fails. Throws FZ_ERROR_MEMORY alone. Sets err for what
 * the file system refuses. */
void image_store_write(struct image_store *store, const struct image_ref *ref,
                       struct image_facts *facts);
/* Writes the slices as one picture, each below (or right of) the one before, and looks into it.
 * False, with facts untouched, where that cannot be done: then they are pictures of their own.
 * Throws FZ_ERROR_MEMORY alone. */
bool image_store_write_joined(struct image_store *store, const struct image_ref *refs,
                              uint32_t count, bool vertical, struct image_facts *facts);

/* What is measured of an image: from a small version of 1 or 3 components. Throws
 * FZ_ERROR_MEMORY. */
void image_facts_measure(fz_context *ctx, const struct picture *picture, struct image_facts *facts);

#endif
