/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Writes the objects of a PDF one after the other: a new file, or an update at the end of one
 * whose bytes stay as they are. Nothing is kept in memory but where each object begins.
 *
 * Everything here throws as mupdf does (FZ_ERROR_GENERIC with the reason when the disk is full).
 * Source: ISO 32000-1, 7.5.
 */
#ifndef EBB_WORKERS_PDF_PDF_WRITER_H
#define EBB_WORKERS_PDF_PDF_WRITER_H

#include <mupdf/pdf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/file.h"

struct pdf_writer_entry {
    uint32_t number;
    uint16_t generation;
    uint64_t offset;
};

struct pdf_writer {
    fz_context *ctx;
    struct file_writer *file; /* borrowed; the caller commits or discards it */
    fz_output *out;
    pdf_crypt *crypt; /* borrowed; NULL: nothing is encrypted */
    struct pdf_writer_entry *entries;
    uint32_t count, capacity;
    uint32_t next_number;
    struct error *err; /* borrowed; says what the file's error was */
};

/* first_number: from which on object numbers are free (1 in a new file). What the file holds
 * already is the caller's: the head of a new PDF, or the PDF that is updated. err: set where a
 * write failed, before the throw. */
void pdf_writer_init(struct pdf_writer *writer, fz_context *ctx, struct file_writer *file,
                     uint32_t first_number, pdf_crypt *crypt, struct error *err);
/* Also of a zeroed one. Never throws. */
void pdf_writer_deinit(struct pdf_writer *writer);

/* A number for a new object. */
uint32_t pdf_writer_reserve(struct pdf_writer *writer);
/* Each object is written once. */
void pdf_writer_object(struct pdf_writer *writer, uint32_t number, uint16_t generation,
                       pdf_obj *object);
/* An object in PDF's own notation. doc: any document of the writer's context, to make it with. */
void pdf_writer_notation(struct pdf_writer *writer, pdf_document *doc, uint32_t number,
                         const char *text);
/* The same, not written. Owns: the caller. */
pdf_obj *pdf_writer_parse(struct pdf_writer *writer, pdf_document *doc, const char *text);
/* dict gets its /Length here; deflate: compresses the data and says so. */
void pdf_writer_stream(struct pdf_writer *writer, uint32_t number, pdf_obj *dict, const void *data,
                       size_t size_bytes, bool deflate);

struct pdf_writer_end {
    pdf_obj *trailer; /* /Root, /Info, /ID, /Encrypt as there are; /Size and /Prev come from here */
    bool update;      /* of a file with an earlier table, at previous */
    bool stream;      /* the table is a stream, as the earlier one is */
    uint64_t previous;
};

/* The table and the trailer. */
void pdf_writer_finish(struct pdf_writer *writer, const struct pdf_writer_end *end);

#endif
