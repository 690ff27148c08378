/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The font without glyphs, embedded so that no reader has to look for a substitute: a TrueType
 * font of an empty glyph and one that paints nothing, a map that gives every code the second one,
 * and the table of what the codes mean. The second glyph has a box all the same: readers drop
 * what has none before they look for text in it.
 *
 * Source: ISO 32000-1, 9.7 and 9.10.3; OpenType specification 1.9, chapters of the tables.
 * Blocks: writes the file. Diagnostics: none.
 */
#include "workers/pdf/glyphless_font.h"

#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"

#define REPLACEMENT 0xFFFDU
#define FIRST_SURROGATE 0xD800U
#define LAST_SURROGATE 0xDFFFU
#define CODES 65536U
#define EM 1000
#define ASCENT 800
#define DESCENT 200
#define ADVANCE 500
#define FONT_BYTES_MAX 4096U
#define CMAP_BYTES_MAX (1U << 20)
#define CMAP_LIST_MAX 100U /* entries of one list */

uint16_t glyphless_font_code(struct glyphless_font *font, uint32_t character)
{
    if (character >= FIRST_SURROGATE && character <= LAST_SURROGATE) {
        return REPLACEMENT;
    }
    if (character < CODES) {
        return (uint16_t)character;
    }
    for (uint32_t i = 0; i < font->beyond_count; i++) {
        if (font->beyond[i] == character) {
            return (uint16_t)(FIRST_SURROGATE + i);
        }
    }
    if (font->beyond_count == GLYPHLESS_BEYOND_MAX) {
        return REPLACEMENT;
    }
    font->beyond[font->beyond_count] = character;
    return (uint16_t)(FIRST_SURROGATE + font->beyond_count++);
}

/* --- the TrueType file --- */

struct table {
    const char *tag;
    const uint16_t *words; /* big-endian when written */
    size_t count;
};

/* clang-format off */
static const uint16_t CMAP[] = {0, 1, 3, 1, 0, 12, 4, 24, 0, 2, 2, 0, 0, 0xFFFF, 0, 0xFFFF, 1, 0};
/* A line from one corner of its box to the other: it paints nothing, and takes place. */
static const uint16_t GLYF[] = {
    1, 0, (uint16_t)-DESCENT, ADVANCE, ASCENT, 1 /* last point */, 0, 0x0101 /* two on the curve */,
    0, ADVANCE, (uint16_t)-DESCENT, EM};
static const uint16_t HEAD[] = {
    1, 0, 1, 0, 0, 0 /* the sum comes here */, 0x5F0F, 0x3CF5, 3, EM, 0, 0, 0, 0, 0, 0, 0, 0,
    0, (uint16_t)-DESCENT, ADVANCE, ASCENT, 0, 8, 2, 0, 0};
static const uint16_t HHEA[] = {
    1, 0, ASCENT, (uint16_t)-DESCENT, 0, ADVANCE, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint16_t HMTX[] = {ADVANCE, 0, 0};
static const uint16_t LOCA[] = {0, 0, ARRAY_LEN(GLYF)}; /* in units of two bytes */
static const uint16_t MAXP[] = {1, 0, 2, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint16_t NAME[] = {0, 0, 6};
static const uint16_t POST[] = {3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
/* clang-format on */

static const struct table TABLES[] = {
    {"cmap", CMAP, ARRAY_LEN(CMAP)}, {"glyf", GLYF, ARRAY_LEN(GLYF)},
    {"head", HEAD, ARRAY_LEN(HEAD)}, {"hhea", HHEA, ARRAY_LEN(HHEA)},
    {"hmtx", HMTX, ARRAY_LEN(HMTX)}, {"loca", LOCA, ARRAY_LEN(LOCA)},
    {"maxp", MAXP, ARRAY_LEN(MAXP)}, {"name", NAME, ARRAY_LEN(NAME)},
    {"post", POST, ARRAY_LEN(POST)},
};

#define HEAD_TABLE 2U
#define SUM_OFFSET 8U /* in the table head */
#define SUM_MAGIC 0xB1B0AFBAU

struct font_file {
    uint8_t bytes[FONT_BYTES_MAX];
    size_t size;
};

static void put16(struct font_file *file, uint32_t value)
{
    file->bytes[file->size++] = (uint8_t)(value >> 8);
    file->bytes[file->size++] = (uint8_t)value;
}

static void put32(struct font_file *file, uint32_t value)
{
    put16(file, value >> 16);
    put16(file, value & 0xFFFF);
}

/* Over whole words of four bytes. */
static uint32_t checksum(const uint8_t *bytes, size_t size_bytes)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size_bytes; i += 4) {
        sum += (uint32_t)bytes[i] << 24 | (uint32_t)bytes[i + 1] << 16 |
               (uint32_t)bytes[i + 2] << 8 | bytes[i + 3];
    }
    return sum;
}

static size_t padded(size_t size_bytes)
{
    return (size_bytes + 3) & ~(size_t)3;
}

static void put_table(struct font_file *file, const struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        put16(file, table->words[i]);
    }
    while (file->size % 4 != 0) {
        file->bytes[file->size++] = 0;
    }
}

static void make_font_file(struct font_file *file)
{
    size_t offset = 12 + 16 * ARRAY_LEN(TABLES);
    size_t head_offset = 0;
    struct font_file sum;

    file->size = 0;
    put32(file, 0x00010000);
    put16(file, ARRAY_LEN(TABLES));
    put16(file, 128); /* of a binary search: the largest power of two, 8, times 16 */
    put16(file, 3);
    put16(file, 16 * ARRAY_LEN(TABLES) - 128);
    for (size_t i = 0; i < ARRAY_LEN(TABLES); i++) {
        struct font_file content = {.size = 0};

        put_table(&content, &TABLES[i]);
        memcpy(file->bytes + file->size, TABLES[i].tag, 4);
        file->size += 4;
        put32(file, checksum(content.bytes, content.size));
        put32(file, (uint32_t)offset);
        put32(file, (uint32_t)(TABLES[i].count * 2));
        head_offset = i == HEAD_TABLE ? offset : head_offset;
        offset += padded(TABLES[i].count * 2);
    }
    for (size_t i = 0; i < ARRAY_LEN(TABLES); i++) {
        put_table(file, &TABLES[i]);
    }
    sum.size = 0;
    put32(&sum, SUM_MAGIC - checksum(file->bytes, file->size));
    memcpy(file->bytes + head_offset + SUM_OFFSET, sum.bytes, sum.size);
}

/* --- what the codes mean --- */

static const char CMAP_HEAD[] = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
                                "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) "
                                "/Supplement 0 >> def\n"
                                "/CMapName /Ebb-Unicode def\n/CMapType 2 def\n"
                                "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n";
static const char CMAP_TAIL[] =
    "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n";

/* Rows of 256 codes that are characters themselves; a range may not go over a row. */
static int put_rows(struct buf *out, struct error *err)
{
    uint32_t left = CODES / 256 - (LAST_SURROGATE + 1 - FIRST_SURROGATE) / 256;
    uint32_t in_list = 0;

    for (uint32_t row = 0; row < CODES; row += 256) {
        if (row >= FIRST_SURROGATE && row <= LAST_SURROGATE) {
            continue;
        }
        if (in_list == 0) {
            in_list = left < CMAP_LIST_MAX ? left : CMAP_LIST_MAX;
            left -= in_list;
            if (buf_printf(out, err, "%u beginbfrange\n", in_list) < 0) {
                return -1;
            }
        }
        if (buf_printf(out, err, "<%04X> <%04X> <%04X>\n", row, row + 255, row) < 0 ||
            (--in_list == 0 && buf_append_str(out, "endbfrange\n", err) < 0)) {
            return -1;
        }
    }
    return 0;
}

static int put_beyond(const struct glyphless_font *font, struct buf *out, struct error *err)
{
    for (uint32_t i = 0; i < font->beyond_count; i++) {
        uint32_t left = font->beyond_count - i;
        uint32_t rest = font->beyond[i] - CODES;

        if (i % CMAP_LIST_MAX == 0 && buf_printf(out, err, "%u beginbfchar\n",
                                                 left < CMAP_LIST_MAX ? left : CMAP_LIST_MAX) < 0) {
            return -1;
        }
        if (buf_printf(out, err, "<%04X> <%04X%04X>\n", FIRST_SURROGATE + i, 0xD800 + (rest >> 10),
                       0xDC00 + (rest & 0x3FF)) < 0) {
            return -1;
        }
        if ((left == 1 || i % CMAP_LIST_MAX == CMAP_LIST_MAX - 1) &&
            buf_append_str(out, "endbfchar\n", err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int make_cmap(const struct glyphless_font *font, struct buf *out, struct error *err)
{
    if (buf_append_str(out, CMAP_HEAD, err) < 0 || put_rows(out, err) < 0 ||
        put_beyond(font, out, err) < 0) {
        return -1;
    }
    return buf_append_str(out, CMAP_TAIL, err);
}

/* --- the objects --- */

/* Writes a stream with nothing in its dictionary but what belongs to every stream. */
static void write_plain_stream(struct pdf_writer *writer, pdf_document *doc, uint32_t number,
                               const char *key, const void *data, size_t size_bytes)
{
    fz_context *ctx = writer->ctx;
    pdf_obj *dict = pdf_new_dict(ctx, doc, 4);

    fz_try(ctx)
    {
        if (key) {
            pdf_dict_puts_drop(ctx, dict, key, pdf_new_int(ctx, (int64_t)size_bytes));
        }
        pdf_writer_stream(writer, number, dict, data, size_bytes, true);
    }
    fz_always(ctx)
    {
        pdf_drop_obj(ctx, dict);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

static void write_cmap(const struct glyphless_font *font, struct pdf_writer *writer,
                       pdf_document *doc, uint32_t number)
{
    fz_context *ctx = writer->ctx;
    struct error err = ERROR_INIT;
    struct buf buf;

    buf_init(&buf, CMAP_BYTES_MAX);
    fz_try(ctx)
    {
        if (make_cmap(font, &buf, &err) < 0) {
            fz_throw(ctx, FZ_ERROR_MEMORY, "%s", err.msg);
        }
        write_plain_stream(writer, doc, number, NULL, buf.data, buf.size);
    }
    fz_always(ctx)
    {
        buf_deinit(&buf);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

/* Two bytes a code: all of them lead to glyph 1. */
static void write_glyph_map(struct pdf_writer *writer, pdf_document *doc, uint32_t number)
{
    fz_context *ctx = writer->ctx;
    uint8_t *map = fz_calloc(ctx, CODES, 2);

    fz_try(ctx)
    {
        for (uint32_t code = 0; code < CODES; code++) {
            map[2 * code + 1] = 1;
        }
        write_plain_stream(writer, doc, number, NULL, map, (size_t)CODES * 2);
    }
    fz_always(ctx)
    {
        fz_free(ctx, map);
    }
    fz_catch(ctx)
    {
        fz_rethrow(ctx);
    }
}

void glyphless_font_write(const struct glyphless_font *font, struct pdf_writer *writer,
                          pdf_document *doc, uint32_t number)
{
    uint32_t descendant = pdf_writer_reserve(writer);
    uint32_t descriptor = pdf_writer_reserve(writer);
    uint32_t file = pdf_writer_reserve(writer);
    uint32_t map = pdf_writer_reserve(writer);
    uint32_t unicode = pdf_writer_reserve(writer);
    struct font_file bytes;
    char text[512];

    fz_snprintf(text, sizeof(text),
                "<</Type/Font/Subtype/Type0/BaseFont/EbbInvisible/Encoding/Identity-H"
                "/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>",
                (int)descendant, (int)unicode);
    pdf_writer_notation(writer, doc, number, text);
    fz_snprintf(text, sizeof(text),
                "<</Type/Font/Subtype/CIDFontType2/BaseFont/EbbInvisible/CIDSystemInfo"
                "<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW %d"
                "/FontDescriptor %d 0 R/CIDToGIDMap %d 0 R>>",
                ADVANCE, (int)descriptor, (int)map);
    pdf_writer_notation(writer, doc, descendant, text);
    fz_snprintf(text, sizeof(text),
                "<</Type/FontDescriptor/FontName/EbbInvisible/Flags 5/FontBBox[0 %d %d %d]"
                "/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d/StemV 80/FontFile2 %d 0 R>>",
                -DESCENT, ADVANCE, ASCENT, ASCENT, -DESCENT, ASCENT, (int)file);
    pdf_writer_notation(writer, doc, descriptor, text);
    make_font_file(&bytes);
    write_plain_stream(writer, doc, file, "Length1", bytes.bytes, bytes.size);
    write_glyph_map(writer, doc, map);
    write_cmap(font, writer, doc, unicode);
}
