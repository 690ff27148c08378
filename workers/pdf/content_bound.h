/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How much a page's content unpacks to, asked before it is run: a few kilobytes can stand for
 * terabytes (a decompression bomb).
 */
#ifndef EBB_WORKERS_PDF_CONTENT_BOUND_H
#define EBB_WORKERS_PDF_CONTENT_BOUND_H

#include <mupdf/pdf.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether contents (a stream, or an array of them) unpacks to more than max_bytes. Costs nothing
 * where the packed size alone says that it cannot; else unpacks up to max_bytes, and throws what
 * mupdf throws for want of memory. What cannot be unpacked counts as far as it goes. */
bool content_exceeds(fz_context *ctx, pdf_obj *contents, uint64_t max_bytes);

#endif
