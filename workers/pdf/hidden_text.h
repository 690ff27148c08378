/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The invisible text of a page that an earlier OCR left, and the page's content without it. What
 * is seen of the page is the same: nothing goes but operators that show text in render mode 3.
 */
#ifndef EBB_WORKERS_PDF_HIDDEN_TEXT_H
#define EBB_WORKERS_PDF_HIDDEN_TEXT_H

#include <mupdf/pdf.h>
#include <stdbool.h>

struct hidden_text_found {
    bool left; /* text stays: seen, or in a place where it cannot be told apart */
};

/*
 * A new buffer with the content as it is without its invisible text; NULL where there is none, or
 * none that can go safely. Throws as mupdf does. Owns: the caller, fz_drop_buffer.
 */
fz_buffer *hidden_text_remove(fz_context *ctx, pdf_obj *resources, fz_buffer *content,
                              struct hidden_text_found *ret_found);

#endif
