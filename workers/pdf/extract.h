/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Extract: a page of an open document in, its record out.
 */
#ifndef EBB_WORKERS_PDF_EXTRACT_H
#define EBB_WORKERS_PDF_EXTRACT_H

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/mupdf/document.h"
#include "workers/layout/glyphs.h"
#include "workers/pdf/interpreter.h"
#include "workers/tables/rulings.h"
#include "workers/pdf/ocr_plan.h"

struct extractor {
    struct document *document;      /* borrowed */
    struct glyphs glyphs;           /* of the page at hand */
    struct images images;           /* likewise */
    struct images *shown;           /* of these; NULL where images are only counted */
    struct rulings rulings;         /* likewise */
    struct interpreter interpreter; /* of a PDF */
    uint64_t content_bytes;         /* as in the options */
    uint32_t pages_cached;          /* since mupdf's cache of objects was emptied */
    fz_cookie cookie;               /* abort = 1 ends the page at hand soon */
    enum ocr_mode ocr_mode;         /* AUTO unless set */
};

struct extract_options {
    size_t page_glyphs;          /* of one page; further ones are left out */
    uint64_t content_bytes;      /* a page whose content unpacks to more is not read; 0: no bound */
    struct image_options images; /* per_page 0: they are only counted */
    struct interpreter_options interpreter;
};

void extractor_init(struct extractor *extractor, struct document *document,
                    const struct extract_options *options);
void extractor_deinit(struct extractor *extractor);

/*
 * Reads page number (from 1). A page that cannot be read yields a record all the same, with
 * failure_code ("damaged", "memory_exceeded", "page_too_large") and what was got before. ret_record
 * lives in arena. Where the file system refuses an image's file, extractor->images.store.err says
 * how: the unit must fail.
 */
void extract_page(struct extractor *extractor, uint32_t number, struct arena *arena,
                  struct page_record *ret_record);

#endif
