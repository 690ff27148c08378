/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The fonts of a PDF, kept between pages, and what each of their codes is: how far it moves and
 * which characters it stands for. Codes are looked up when first met.
 */
#ifndef EBB_WORKERS_PDF_FONT_CACHE_H
#define EBB_WORKERS_PDF_FONT_CACHE_H

#include <mupdf/pdf.h>
#include <stdbool.h>
#include <stdint.h>

#include "workers/pdf/glyph_names.h"
#include "workers/layout/glyphs.h"

/* What a code is. */
struct font_code {
    uint32_t key;       /* the code + 1; 0 for an empty entry */
    uint32_t character; /* the first; GLYPH_UNKNOWN where nobody knows */
    float advance;      /* of the pen, as part of the size; vertical writing moves by -1 or so */
    float extent;       /* of the glyph along the writing direction, as part of the size */
    uint32_t more_first, more_count; /* further characters, in the font's more */
};

#define FONT_CODES 1024U /* entries; codes share them by their low bits */

struct cached_font {
    pdf_font_desc *desc; /* owned reference: mupdf's font, and the key */
    pdf_obj *dict;       /* owned reference */
    bool simple;         /* one byte is one code */
    bool vertical;
    bool has_type3;
    float type3_size; /* height of the em, where the font is of type 3 */
    uint8_t style;
    float ascent, descent;
    char name[GLYPH_FONT_NAME_BYTES];
    struct font_code *codes; /* FONT_CODES, or 256 for a simple font */
    uint32_t *more;
    uint32_t more_count, more_capacity;
    uint32_t *character_of_glyph; /* reversed character map, made when first needed */
    uint32_t glyph_limit;
    bool reversed; /* that was tried */
    uint64_t used; /* when last asked for */
};

/* Of one page; for more, the last one stands in. */
#define CACHED_FONTS_MAX 4096U
/* Kept between pages. */
#define CACHED_FONTS_KEPT 128U

struct font_cache {
    fz_context *ctx;
    size_t max_bytes; /* of fonts that are kept */
    size_t bytes;
    struct cached_font **fonts;
    uint32_t count, capacity;
    uint64_t clock;
};

void font_cache_init(struct font_cache *cache, fz_context *ctx, size_t max_bytes);
void font_cache_deinit(struct font_cache *cache);
/* Before a page: forgets fonts that were not used for longest until the rest is within bounds. */
void font_cache_trim(struct font_cache *cache);

/* The entry of a font that mupdf loaded; NULL when it is not there yet. Owns: the cache, until
 * font_cache_trim. */
struct cached_font *font_cache_find(struct font_cache *cache, const pdf_font_desc *desc);
/* Adds one. dict: where it was loaded from; anything else where it is a stand-in. Throws only
 * FZ_ERROR_MEMORY. */
struct cached_font *font_cache_add(struct font_cache *cache, pdf_font_desc *desc, pdf_obj *dict);

/* Looks a code up that is not in codes. Throws only FZ_ERROR_MEMORY. */
struct font_code *font_code_learn(struct font_cache *cache, struct cached_font *font,
                                  uint32_t code);

static inline struct font_code *font_code_get(struct font_cache *cache, struct cached_font *font,
                                              uint32_t code)
{
    struct font_code *entry = &font->codes[code & (font->simple ? 255U : FONT_CODES - 1)];

    return entry->key == code + 1 ? entry : font_code_learn(cache, font, code);
}

#endif
