/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * An open document: mupdf's context, its document, the bounds that both live in, and its errors
 * as the codes of PIPELINE.md.
 */
#ifndef EBB_WORKERS_MUPDF_DOCUMENT_H
#define EBB_WORKERS_MUPDF_DOCUMENT_H

#include <mupdf/fitz.h>
#include <mupdf/pdf.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "workers/mupdf/format.h"
#include "workers/mupdf/heap.h"
#include "workers/mupdf/labels.h"
#include "workers/mupdf/page_tree.h"
#include "workers/mupdf/warnings.h"

struct document_options {
    const char *password;  /* NULL or "" where none was given */
    uint64_t store_bytes;  /* mupdf's cache of fonts and other resources */
    uint64_t source_bytes; /* a larger file is refused */
    uint32_t pages;        /* more are refused */
    /* 0 for the defaults below: */
    uint64_t unpacked_bytes; /* an archive that unpacks to more is refused */
    uint64_t markup_bytes;   /* text with its markup that is to be laid out; more is refused */
};

#define DOCUMENT_UNPACKED_BYTES (UINT64_C(1) << 30)
#define DOCUMENT_MARKUP_BYTES (UINT64_C(16) << 20)

/* What flows (EPUB, HTML, ...) is laid out on pages of A5 with letters of 11 pt. */
#define DOCUMENT_FLOW_WIDTH_PT 420
#define DOCUMENT_FLOW_HEIGHT_PT 595
#define DOCUMENT_FLOW_EM_PT 11

struct document {
    struct heap heap; /* ctx's; heap.starved says that something was left out for want of memory */
    fz_context *ctx;
    fz_document *fz;
    pdf_document *pdf;     /* NULL where it is not a PDF; borrowed from fz */
    struct page_tree tree; /* of a PDF */
    struct labels labels;  /* of a PDF */
    struct format_found format;
    uint32_t page_count;
    bool encrypted;
    struct warnings warnings; /* of what was read since the last warnings_reset */
};

/*
 * Opens the file. ret_code, on failure: not_a_document, unsupported_format, password_required,
 * password_wrong, zero_pages, too_many_pages, too_large, memory_exceeded, or, when the file
 * cannot be read at all, "io". Static storage. Owns: the caller, until document_close.
 */
int document_open(const char *path, const struct document_options *options,
                  struct document **ret_document, const char **ret_code, struct error *err);
void document_close(struct document *document); /* NULL is a no-op */

/* After fz_catch: the code of what was thrown ("memory_exceeded", "damaged"). Static storage. */
const char *document_caught_code(fz_context *ctx);

#endif
