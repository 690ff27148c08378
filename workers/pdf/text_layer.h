/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The words that ocr read on a page, as a content stream that shows them invisibly where they
 * stand: each as long and as high as on the page, in the direction of its line, spaces between
 * them.
 */
#ifndef EBB_WORKERS_PDF_TEXT_LAYER_H
#define EBB_WORKERS_PDF_TEXT_LAYER_H

#include <mupdf/fitz.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/pdf/glyphless_font.h"

/* The font's name among the page's resources. */
#define TEXT_LAYER_FONT "EbbText"

/*
 * Appends the stream, nothing where the page has no word that ocr read. to_page: from the
 * record's coordinates to those in which the page's content is drawn. ERROR_LIMIT and
 * ERROR_MEMORY from out.
 */
int text_layer_write(const struct page_record *record, fz_matrix to_page,
                     struct glyphless_font *font, struct buf *out, uint32_t *ret_words,
                     struct error *err);

#endif
