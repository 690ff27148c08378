/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Runs the content of a PDF page for its text alone: mupdf's content processor with callbacks of
 * our own. mupdf reads the content, looks resources up, loads fonts and colour spaces, decides on
 * optional content and gets over what is broken. Here remain text and what moves or colours it,
 * and forms. Of paths, lines and rectangles are taken; images are noted with their place but not
 * loaded.
 * Source: ISO 32000-1, 8 and 9; mupdf/pdf/interpret.h.
 */
#ifndef EBB_WORKERS_PDF_INTERPRETER_H
#define EBB_WORKERS_PDF_INTERPRETER_H

#include <mupdf/pdf.h>
#include <stdint.h>

#include "workers/pdf/font_cache.h"
#include "workers/layout/glyphs.h"
#include "workers/pdf/image_resources.h"
#include "workers/pdf/images.h"
#include "workers/pdf/paths.h"
#include "workers/tables/rulings.h"

#define FORM_DEPTH_MAX 24
#define FORM_COUNT_MAX 100000U /* forms shown on one page: nested ones can multiply */

struct interpreter_options {
    size_t font_bytes; /* of fonts kept between pages */
    /* Asked now and then; true sets the cookie's abort, which ends the page. NULL: never asked. */
    bool (*cancelled)(void *user);
    void *user;
};

struct interpreter {
    fz_context *ctx;
    pdf_document *doc;
    struct glyphs *glyphs;
    struct images *shown;    /* the page's images; borrowed; NULL: they are only counted */
    struct rulings *rulings; /* the page's; borrowed; NULL: not collected */
    fz_cookie *cookie;
    bool (*cancelled)(void *user);
    void *user;
    uint32_t ticks; /* operators, as far as they are counted */
    struct font_cache fonts;
    struct image_resources images;
    struct graphics_state *states; /* the stack; the last is the one at hand */
    uint32_t state_count, state_capacity;
    struct path path;       /* the one that is being made */
    uint32_t outline_count; /* shapes drawn since interpreter_run */
};

/* Everything is borrowed, and must outlive the interpreter. */
void interpreter_init(struct interpreter *interpreter, fz_context *ctx, pdf_document *doc,
                      struct glyphs *glyphs, fz_cookie *cookie,
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
