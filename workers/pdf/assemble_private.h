/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What assembling a PDF from a PDF (assemble_update.c) and from pictures (assemble_pictures.c)
 * have in common.
 */
#ifndef EBB_WORKERS_PDF_ASSEMBLE_PRIVATE_H
#define EBB_WORKERS_PDF_ASSEMBLE_PRIVATE_H

#include "common/buf.h"
#include "proto/page.h"
#include "workers/pdf/assemble.h"
#include "workers/pdf/glyphless_font.h"
#include "workers/pdf/pdf_writer.h"

struct assembly {
    const struct assemble_job *job;
    fz_context *ctx;
    pdf_document *objects;    /* any document of ctx, to make objects with; borrowed */
    struct file_writer *file; /* borrowed */
    struct pdf_writer writer;
    struct glyphless_font font;
    uint32_t font_number;
    struct buf stream; /* of the page at hand */
    bool reread;       /* it was read although it had text, which ocr's takes the place of */
    struct assemble_result result;
    struct error write_err; /* of the file */
    bool cancelled;
};

/* The job's next page; throws where the work is to end. */
void assemble_begin_page(struct assembly *assembly, uint32_t number, uint32_t done);
/* After fz_catch: the page goes without its text; memory, a full disk and a cancelled job are
 * everybody's, and thrown on. */
void assemble_page_caught(struct assembly *assembly, uint32_t number);
/*
 * What ocr read on a page, as a stream's bytes in assembly->stream, which is empty where it read
 * nothing. Throws where the page's artifact cannot be read.
 */
void assemble_text(struct assembly *assembly, uint32_t number, fz_matrix to_page);
/* Writes assembly->stream as an object; its number. */
uint32_t assemble_write_stream(struct assembly *assembly);
/* The same, of what ocr read: counts the page. */
uint32_t assemble_write_text(struct assembly *assembly);
/* The trailer's /ID from the first part that it has, or from the source. */
void assemble_put_id(struct assembly *assembly, pdf_obj *trailer);

/* Throw as mupdf does. The caller has made the file and the assembly. base: what the file is a
 * copy of so far, open from base_path. */
void assemble_update(struct assembly *assembly, pdf_document *base, const char *base_path);
void assemble_pictures(struct assembly *assembly);

#endif
