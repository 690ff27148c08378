/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Small pages and small PDFs for the tests of workers/pdf.
 */
#ifndef EBB_TESTS_UNIT_PDF_SKETCH_H
#define EBB_TESTS_UNIT_PDF_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "proto/page.h"
#include "workers/mupdf/document.h"
#include "workers/pdf/extract.h"
#include "workers/layout/glyphs.h"

/* A page on which text is drawn by hand: every character is half its size wide. */
struct sketch {
    struct glyphs glyphs;
    struct arena *arena;
    struct page_record record;
    float width_pt, height_pt;
};

void sketch_init(struct sketch *sketch, float width_pt, float height_pt);
void sketch_deinit(struct sketch *sketch);

struct sketch_style {
    float size_pt;
    uint8_t style; /* PAGE_STYLE bits */
    int16_t angle_deg;
    bool vertical;
    bool leftwards; /* each character stands left of the one before, as logical order draws it */
};

#define SKETCH_PLAIN ((struct sketch_style){.size_pt = 10})

/* Draws UTF-8 text from (x, y), y being the baseline. */
void sketch_text(struct sketch *sketch, float x, float y, struct sketch_style style,
                 const char *text);
/* Lays the page out into record. */
void sketch_lay_out(struct sketch *sketch);
/* A span's text, a line's text and a block's text, terminated; in the sketch's arena. */
const char *sketch_block(struct sketch *sketch, uint32_t block);

/*
 * Writes a PDF of the given objects to a new temporary file: objects[i] is the body of object
 * i + 1, of which object 1 is the catalog. xref and trailer are made to fit. ret_path: at least
 * 64 bytes. trailer: further entries ("" for none).
 */
void sketch_pdf(const char *const *objects, uint32_t count, const char *trailer, char *ret_path);
/* A PDF of one page of 612 x 792 with that content and font F1 (Helvetica), to a new file.
 * page_more and font_more are further entries of the page and of the font. */
void sketch_pdf_page(const char *content, const char *page_more, const char *font_more,
                     char *ret_path);
/* Any bytes, to a new file. */
void sketch_file(const void *data, size_t size_bytes, char *ret_path);

#define SKETCH_PATH_BYTES 64

/* A file, opened. */
struct sketch_document {
    char path[SKETCH_PATH_BYTES];
    struct document *document; /* NULL before it is opened */
    struct extractor extractor;
    struct arena *arena;
};

void sketch_document_init(struct sketch_document *sketch);
/* Closes what is open and removes the file. */
void sketch_document_deinit(struct sketch_document *sketch);
/* Opens path. NULL, or the code of why it could not be opened. */
const char *sketch_document_open(struct sketch_document *sketch, const char *password,
                                 uint32_t pages_max);
struct page_record sketch_document_extract(struct sketch_document *sketch, uint32_t number);
/* The record's plain text, terminated; in the sketch's arena. */
const char *sketch_document_text(struct sketch_document *sketch, const struct page_record *record);

#endif
