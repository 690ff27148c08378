/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A page of an open document in, what can be read on it out.
 */
#ifndef EBB_WORKERS_OCR_RECOGNISE_H
#define EBB_WORKERS_OCR_RECOGNISE_H

#include <mupdf/fitz.h>

#include "common/arena.h"
#include "common/error.h"
#include "proto/page.h"
#include "workers/layout/glyphs.h"
#include "workers/ocr/engine.h"

struct recognise_options {
    struct engine *engine; /* with its models loaded */
    struct glyphs *glyphs;
    uint64_t max_pixels;      /* of a page */
    uint64_t max_image_bytes; /* of one image, decoded */
    uint32_t attempt;         /* from 1; later ones are cheaper */
    float dpi;                /* for measuring: read at this; 0: as the page asks for */
    bool as_drawn;            /* for measuring: never turned, enlarged or taken from its image */
};

struct recognised {
    struct page_record layout; /* blocks and text, as words_lay_out leaves them */
    uint32_t word_count;
    float confidence; /* mean, 0 to 100 */
    float dpi;        /* of what was read */
    float turned_deg; /* clockwise; -180 to 180 */
    /* What it took, for who measures: in all, and the engine's part of it. */
    float all_ms, engine_ms;
};

/*
 * Reads a page. ret_code, on failure, says what to call it: "page_too_large", "memory_exceeded",
 * "damaged", "engine_failed", "cancelled"; static storage. Everything of ret_recognised lives in
 * arena.
 */
int recognise_page(fz_context *ctx, fz_page *page, const struct recognise_options *options,
                   struct arena *arena, struct recognised *ret_recognised, const char **ret_code,
                   struct error *err);

#endif
