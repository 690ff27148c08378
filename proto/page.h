/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The record of one page: what extract finds, ocr adds to, and the library keeps. Plain structs
 * in an arena, and their msgpack (PROTOCOL.md, "Page records").
 *
 * Units: points (1/72 inch), origin at the top left of the page as a reader sees it (rotation
 * applied). Texts are UTF-8, in logical order, without NUL. On the wire coordinates are rounded
 * to 1/100 pt.
 */
#ifndef EBB_PROTO_PAGE_H
#define EBB_PROTO_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"

struct page_box {
    float x0, y0, x1, y1;
};

/* Style bits of a span. */
enum {
    PAGE_STYLE_BOLD = 1,
    PAGE_STYLE_ITALIC = 2,
    PAGE_STYLE_MONO = 4,
    PAGE_STYLE_SERIF = 8,
    PAGE_STYLE_SUPERSCRIPT = 16,
    PAGE_STYLE_SUBSCRIPT = 32,
    PAGE_STYLE_HIDDEN = 64, /* drawn invisibly: render mode 3, or off the page */
};

struct page_span {
    const char *text;
    uint32_t text_bytes;
    uint16_t font; /* index into the record's fonts */
    uint8_t style; /* PAGE_STYLE bits */
    float size_pt;
    uint32_t color_rgb; /* 0xRRGGBB */
    struct page_box box;
    uint8_t confidence; /* of ocr, whose spans are words: 1 to 100, in percent; 0 for native text */
};

struct page_line {
    struct page_box box;
    int16_t angle_deg;  /* of the baseline, clockwise, 0 for upright text; -179 to 180 */
    bool vertical;      /* writing mode: top to bottom */
    bool right_to_left; /* the line's main direction */
    bool hyphenated; /* ends in a hyphen that the text drops: its word goes on in the next line */
    struct page_span *spans;
    uint32_t span_count;
};

/* X(SYMBOL, "name") */
#define PAGE_BLOCK_LIST(X)                                                                         \
    X(TEXT, "text")                                                                                \
    X(HEADING, "heading") /* by the page's own evidence; ranked by finish */                       \
    X(LIST_ITEM, "list_item")                                                                      \
    X(CODE, "code")                                                                                \
    X(TABLE, "table")                                                                              \
    X(IMAGE, "image")                                                                              \
    X(CAPTION, "caption") /* of the table or image beside it */                                    \
    X(FOOTNOTE, "footnote")

enum page_block_kind {
#define PAGE_BLOCK_ENUM(symbol, name) PAGE_BLOCK_##symbol,
    PAGE_BLOCK_LIST(PAGE_BLOCK_ENUM)
#undef PAGE_BLOCK_ENUM
        PAGE_BLOCK_COUNT
};

const char *page_block_kind_name(enum page_block_kind kind);

/* Where a block lies on the page: the first and last few lines may repeat over pages. */
enum page_margin { PAGE_MARGIN_NONE, PAGE_MARGIN_TOP, PAGE_MARGIN_BOTTOM };

/* A cell of a table. It covers rows row to row + row_span - 1, and columns likewise. */
struct page_cell {
    uint16_t row, column;           /* from 0 */
    uint16_t row_span, column_span; /* at least 1 */
    bool header;                    /* names a row or a column */
    struct page_box box; /* between its rulings, or around its text where there are none */
    const char
        *text; /* its lines joined by spaces, words broken over lines made whole; may be "" */
    uint32_t text_bytes;
};

struct page_table {
    uint16_t rows, columns;  /* at least 1 */
    bool ruled;              /* found by its lines; else by how its text is aligned */
    struct page_cell *cells; /* by row, then column; none overlaps another; empty ones included */
    uint32_t cell_count;
};

struct page_block {
    enum page_block_kind kind;
    enum page_margin margin;  /* a candidate for header (TOP) or footer (BOTTOM) */
    uint64_t margin_key;      /* FNV-1a of its text with digits folded; 0 where margin is NONE */
    bool ocr;                 /* its text was read by ocr */
    uint8_t level;            /* of a list item: 0 for the outermost; else 0 */
    struct page_table *table; /* of a TABLE whose cells are known; else NULL */
    uint32_t image;           /* of an IMAGE: index into the record's images; else 0 */
    struct page_box box;
    struct page_line *lines; /* a TABLE has its text's lines here too; an IMAGE has none */
    uint32_t line_count;
};

/* X(SYMBOL, "name") */
#define PAGE_IMAGE_ROLE_LIST(X)                                                                    \
    X(CONTENT, "content")       /* stored as a file, has a block */                                \
    X(SCAN, "scan")             /* of the page as a whole: stored, has no block */                 \
    X(TINY, "tiny")             /* not stored */                                                   \
    X(DECORATION, "decoration") /* one colour, a rule, a gradient: not stored */                   \
    X(UNREADABLE, "unreadable") /* damaged or over a bound: not stored; the page has a warning */

enum page_image_role {
#define PAGE_IMAGE_ROLE_ENUM(symbol, name) PAGE_IMAGE_ROLE_##symbol,
    PAGE_IMAGE_ROLE_LIST(PAGE_IMAGE_ROLE_ENUM)
#undef PAGE_IMAGE_ROLE_ENUM
        PAGE_IMAGE_ROLE_COUNT
};

const char *page_image_role_name(enum page_image_role role);

#define PAGE_IMAGE_KEY_BYTES 33 /* 32 lower-case hex digits and a NUL */

/* One place where an image is shown. The same image shown elsewhere says the same of itself. */
struct page_image {
    enum page_image_role role;
    /* First half of the SHA-256 of its file images/<key>.<format> in the job's folder; "" where it
     * is not stored. */
    char key[PAGE_IMAGE_KEY_BYTES];
    const char *format;      /* of the file: "jpeg", "png", "jp2"; "" where it is not stored */
    const char *color_space; /* of the source: "gray", "rgb", "cmyk", "indexed", "lab", ... */
    uint32_t width_px, height_px;
    uint8_t bits; /* of a component, in the source */
    bool masked;  /* has transparency */
    uint64_t file_bytes;
    float sharpness, contrast, brightness, noise,
        quality; /* 0 to 1; see workers/images/quality.h */
    uint64_t perceptual_hash;
    /* Of this place: */
    struct page_box box; /* around the image as shown, not clipped by anything but the page */
    float dpi;           /* the smaller of its two resolutions; 0 when it has no area */
    int16_t angle_deg;   /* as it is turned, clockwise: -179 to 180 */
    const char *caption; /* the nearest text that can be one; NULL where there is none */
};

struct page_font {
    const char *name; /* without the subset prefix "ABCDEF+" */
    uint8_t style;    /* PAGE_STYLE bits that the font itself has */
};

struct page_record {
    uint32_t number;   /* 1-based */
    const char *label; /* as printed in a reader ("iv"); NULL where the document has none */
    float width_pt, height_pt;
    uint16_t rotation_deg; /* 0, 90, 180, 270: already applied */
    const char *source;    /* of its text: "native", "ocr", or "mixed" */
    const char
        *ocr_reason; /* "no_text", "sparse_text", "garbled", "forced", "redo"; NULL: no OCR */
    const char *failure_code; /* NULL, or why the page could not be read: blocks are what was got */
    const char *failure_text;
    uint32_t glyph_count;
    uint32_t garbled_count; /* glyphs with no known character */
    uint32_t hidden_count;
    uint32_t image_count; /* placements */
    float image_cover;    /* share of the page's area under images, 0 to 1 */
    struct page_font *fonts;
    uint32_t font_count;
    struct page_block *blocks; /* in reading order */
    uint32_t block_count;
    struct page_image *images; /* in drawing order, those of every role up to PAGE_IMAGES_MAX */
    uint32_t image_record_count;
    /* Of ocr; 0 and NULL where it read nothing: */
    float confidence;          /* mean over its words, weighted by their letters: 0 to 100 */
    const char *ocr_languages; /* "eng+deu" */
    uint16_t ocr_dpi;
    float ocr_skew_deg; /* by which the page was turned back, clockwise, quarter turns included */
    const char **warnings; /* the parser's, at most PAGE_WARNINGS_MAX */
    uint32_t warning_count;
    /* Plain text in reading order: lines end in \n, blocks in a blank line; a row of a table whose
     * cells are known is a line, with tabs between its cells. */
    const char *text;
    uint32_t text_bytes;
};

#define PAGE_WARNINGS_MAX 16
#define PAGE_FONTS_MAX 65536U
#define PAGE_COORDINATE_MAX_PT 20000000.0F
#define PAGE_RECORD_VERSION 2
#define PAGE_IMAGES_MAX 4096U
#define PAGE_TABLE_CELLS_MAX 65536U /* rows times columns */
#define PAGE_LIST_LEVEL_MAX 15U

/* Most bytes of the texts but the page's own and the spans'; encoding cuts at a character. */
#define PAGE_LABEL_MAX_BYTES 255
#define PAGE_SOURCE_MAX_BYTES 16
#define PAGE_OCR_REASON_MAX_BYTES 32
#define PAGE_FAILURE_CODE_MAX_BYTES 64
#define PAGE_FAILURE_TEXT_MAX_BYTES 512
#define PAGE_FONT_NAME_MAX_BYTES 255
#define PAGE_WARNING_MAX_BYTES 512
#define PAGE_IMAGE_FORMAT_MAX_BYTES 8
#define PAGE_COLOR_SPACE_MAX_BYTES 16
#define PAGE_CAPTION_MAX_BYTES 512
#define PAGE_OCR_LANGUAGES_MAX_BYTES 255

/*
 * Appends the record as one msgpack object. Documents are full of strange numbers: a coordinate
 * that is no number is written as 0, one past PAGE_COORDINATE_MAX_PT as that, and bytes of a text
 * that are not UTF-8 as U+FFFD. ERROR_INVALID for what only our own mistake makes: a font,
 * style, kind, colour, angle or rotation that does not exist, no number, no source, too many fonts
 * or warnings. ERROR_LIMIT or ERROR_MEMORY from out, which is as it was then.
 */
int page_record_encode(const struct page_record *record, struct buf *out, struct error *err);
/* Decodes into arena; strings are copied. ERROR_CORRUPT for anything page_record_encode would not
 * write, down to the byte. ERROR_MEMORY when arena is full. */
int page_record_decode(const void *data, size_t size_bytes, struct arena *arena,
                       struct page_record *ret_record, struct error *err);
/* All but fonts, blocks and images, which are left empty and looked at only as far as msgpack goes.
 * text is borrowed from data and not terminated; the other strings are copied. For who stores the
 * record as it is. */
int page_record_decode_head(const void *data, size_t size_bytes, struct arena *arena,
                            struct page_record *ret_record, struct error *err);

#endif
