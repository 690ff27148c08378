/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Assemble: the job's document as a PDF whose scanned pages can be searched. The pages of a PDF
 * stay as they are, byte for byte; what ocr read is added beneath them, invisibly. Pictures become
 * the pages of a new PDF.
 */
#ifndef EBB_WORKERS_PDF_ASSEMBLE_H
#define EBB_WORKERS_PDF_ASSEMBLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"
#include "workers/mupdf/document.h"

/* The file's name in the job's folder. */
#define ASSEMBLE_NAME "searchable.pdf"

struct assemble_job {
    struct document *document;
    const char *source;    /* the document's own file */
    const char *folder;    /* the job's: ocr's artifacts are in it, and the PDF comes into it */
    const char *languages; /* "eng+deu" */
    const char *password;  /* "" for none */
    struct arena *arena;   /* of the page at hand; reset for each */
    /* Says that the page is next; false ends the work. */
    bool (*progress)(void *user, uint32_t page, uint32_t pages_done);
    /* A page whose text could not be added; text says why. */
    void (*page_failed)(void *user, uint32_t page, const char *text);
    void *user;
};

struct assemble_result {
    uint32_t pages_read; /* by ocr, with text added */
    uint32_t words;
    uint32_t pages_with_both; /* read again, and the text that they had could not all go */
    uint64_t bytes;           /* of the file */
};

/* Whether there can be a searchable PDF of such a document. */
bool assemble_possible(const struct document *document);

/*
 * A page that was read although it had text (ocr is force or redo) loses what of it is invisible,
 * an earlier OCR's; text that is seen stays.
 *
 * Writes folder/searchable.pdf under a temporary name and renames it. A PDF with no page that ocr
 * read is copied. Other pages than those of a picture or PDF: ERROR_UNSUPPORTED, as is a PDF that
 * is encrypted in a way that cannot be kept. ERROR_CANCELLED, ERROR_FULL, ERROR_MEMORY.
 */
int assemble_document(const struct assemble_job *job, struct assemble_result *ret_result,
                      struct error *err);

#endif
