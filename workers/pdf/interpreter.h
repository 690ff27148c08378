/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Runs the content of a PDF page for its text alone: text and what moves or colours it, forms,
 * optional content. Paths are counted, images are counted and measured but never loaded, all else
 * is passed over. mupdf gives objects, streams and fonts.
 * Source: ISO 32000-1, 8 and 9.
 */
#ifndef EBB_WORKERS_PDF_INTERPRETER_H
#define EBB_WORKERS_PDF_INTERPRETER_H

#include <mupdf/pdf.h>
#include <stdint.h>

#include "common/buf.h"
#include "workers/pdf/font_cache.h"
#include "workers/pdf/glyphs.h"

#define FORM_DEPTH_MAX 24

struct interpreter_options {
    size_t font_bytes;    /* of fonts kept between pages */
    size_t content_bytes; /* of one stream; the rest is left out with a warning */
};

struct interpreter {
    fz_context *ctx;
    pdf_document *doc;
    struct glyphs *glyphs;
    const fz_cookie *cookie;
    struct font_cache fonts;
    struct buf content[FORM_DEPTH_MAX]; /* of the page and of the forms in it, reused */
    struct graphics_state *states;      /* the stack; the last is the one at hand */
    uint32_t state_count, state_capacity;
    uint32_t outline_count; /* shapes drawn since interpreter_run */
};

/* Everything is borrowed, and must outlive the interpreter. */
void interpreter_init(struct interpreter *interpreter, fz_context *ctx, pdf_document *doc,
                      struct glyphs *glyphs, const fz_cookie *cookie,
                      const struct interpreter_options *options);
void interpreter_deinit(struct interpreter *interpreter);

struct interpreter_page {
    pdf_obj *resources;
    pdf_obj *contents;
    fz_matrix ctm; /* from user space to the page as seen */
    float width_pt, height_pt;
};

/* Adds the page's glyphs and images to glyphs. What is broken is left out, with fz_warn. Throws
 * FZ_ERROR_MEMORY alone. Ends early when cookie's abort is set. */
void interpreter_run(struct interpreter *interpreter, const struct interpreter_page *page);

#endif
