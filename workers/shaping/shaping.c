/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Glyphs and advances for MuPDF's layout of documents that flow (EPUB, HTML, FictionBook).
 *
 * MuPDF asks HarfBuzz for them. ebb reads such documents and prints none: it needs to know where
 * lines and pages break and where each character stands, not which shape joins the next. HarfBuzz
 * itself brings nine shared libraries into every worker (measured: 1.7 ms instead of 1.1 ms from
 * fork to READY, and 1.4 MB more), and loading it late would need a sandbox in which memory can
 * become executable. So the calls that MuPDF makes are answered here, in HarfBuzz's own types, from
 * the font alone: each character has one glyph and that glyph's advance, and right-to-left runs are
 * turned round. What is given up: kerning, ligatures, contextual forms and placed marks, which
 * change how a page looks (where OCR is forced on such a document, it sees this) and not what
 * its text is.
 *
 * Invariants: a glyph's cluster is the byte at which its character starts. A buffer that cannot
 * grow is cut, as HarfBuzz does it. Nothing blocks or logs.
 */
#include <ft2build.h>
#include <stdlib.h>
#include <string.h>

#include FT_FREETYPE_H
#include FT_ADVANCES_H
#include <hb-ft.h>
#include <hb.h>

#define REPLACEMENT 0xFFFDU
#define CAPACITY_MAX (1U << 24)

struct hb_buffer_t {
    hb_direction_t direction;
    unsigned count, capacity;
    hb_glyph_info_t *infos;
    hb_glyph_position_t *positions;
};

struct hb_font_t {
    FT_Face face; /* borrowed: MuPDF's font outlives this */
};

hb_buffer_t *hb_buffer_create(void)
{
    return calloc(1, sizeof(hb_buffer_t));
}

void hb_buffer_destroy(hb_buffer_t *buffer)
{
    if (buffer) {
        free(buffer->infos);
        free(buffer->positions);
        free(buffer);
    }
}

void hb_buffer_clear_contents(hb_buffer_t *buffer)
{
    if (buffer) {
        buffer->count = 0;
        buffer->direction = HB_DIRECTION_INVALID;
    }
}

void hb_buffer_set_direction(hb_buffer_t *buffer, hb_direction_t direction)
{
    if (buffer) {
        buffer->direction = direction;
    }
}

void hb_buffer_guess_segment_properties(hb_buffer_t *buffer)
{
    if (buffer && buffer->direction == HB_DIRECTION_INVALID) {
        buffer->direction = HB_DIRECTION_LTR;
    }
}

/* No font's glyphs differ by language here. */
hb_language_t hb_language_from_string(const char *text, int length)
{
    (void)text;
    (void)length;
    return HB_LANGUAGE_INVALID;
}

void hb_buffer_set_language(hb_buffer_t *buffer, hb_language_t language)
{
    (void)buffer;
    (void)language;
}

static int grow(hb_buffer_t *buffer)
{
    unsigned bigger = buffer->capacity ? buffer->capacity * 2 : 64;
    hb_glyph_info_t *infos;
    hb_glyph_position_t *positions;

    if (bigger > CAPACITY_MAX) {
        return -1;
    }
    infos = realloc(buffer->infos, bigger * sizeof(*infos));
    if (!infos) {
        return -1;
    }
    buffer->infos = infos;
    positions = realloc(buffer->positions, bigger * sizeof(*positions));
    if (!positions) {
        return -1;
    }
    buffer->positions = positions;
    buffer->capacity = bigger;
    return 0;
}

/* The character at text; its bytes are at least 1. MuPDF hands in what it wrote itself. */
static unsigned decode(const unsigned char *text, size_t size_bytes, unsigned *ret_character)
{
    static const struct {
        unsigned char mask, lead;
    } kinds[] = {{0x80, 0x00}, {0xE0, 0xC0}, {0xF0, 0xE0}, {0xF8, 0xF0}};

    for (unsigned more = 0; more < sizeof(kinds) / sizeof(kinds[0]) && more < size_bytes; more++) {
        unsigned character = text[0] & (unsigned char)~kinds[more].mask;

        if ((text[0] & kinds[more].mask) != kinds[more].lead) {
            continue;
        }
        for (unsigned i = 1; i <= more; i++) {
            if ((text[i] & 0xC0) != 0x80) {
                *ret_character = REPLACEMENT;
                return i;
            }
            character = character << 6 | (text[i] & 0x3F);
        }
        *ret_character = character;
        return more + 1;
    }
    *ret_character = REPLACEMENT;
    return 1;
}

/* Of text_length bytes, or up to the NUL for -1: the part of item_length bytes at item_offset. */
void hb_buffer_add_utf8(hb_buffer_t *buffer, const char *text, int text_length,
                        unsigned int item_offset, int item_length)
{
    size_t total = text_length < 0 ? strlen(text) : (size_t)text_length;
    size_t end = item_length < 0 ? total : (size_t)item_offset + (size_t)item_length;
    size_t at = item_offset;

    while (buffer && at < end && end <= total &&
           (buffer->count < buffer->capacity || grow(buffer) == 0)) {
        unsigned character;
        unsigned bytes = decode((const unsigned char *)text + at, end - at, &character);

        memset(&buffer->infos[buffer->count], 0, sizeof(*buffer->infos));
        memset(&buffer->positions[buffer->count], 0, sizeof(*buffer->positions));
        buffer->infos[buffer->count].codepoint = character;
        buffer->infos[buffer->count].cluster = (uint32_t)at;
        buffer->count++;
        at += bytes;
    }
}

hb_glyph_info_t *hb_buffer_get_glyph_infos(hb_buffer_t *buffer, unsigned int *length)
{
    if (length) {
        *length = buffer ? buffer->count : 0;
    }
    return buffer ? buffer->infos : NULL;
}

hb_glyph_position_t *hb_buffer_get_glyph_positions(hb_buffer_t *buffer, unsigned int *length)
{
    if (length) {
        *length = buffer ? buffer->count : 0;
    }
    return buffer ? buffer->positions : NULL;
}

hb_font_t *hb_ft_font_create(FT_Face face, hb_destroy_func_t destroy)
{
    hb_font_t *font = calloc(1, sizeof(*font));

    (void)destroy; /* MuPDF gives none: the face is its own */
    if (font) {
        font->face = face;
    }
    return font;
}

void hb_font_destroy(hb_font_t *font)
{
    free(font);
}

/* Characters that say how others are set, and show nothing themselves. */
static int is_ignorable(unsigned c)
{
    return c == 0xAD || c == 0x34F || c == 0x61C || (c >= 0x180B && c <= 0x180F) ||
           (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}

/* In the font's own units, as MuPDF sets the face's size. */
static hb_position_t advance_of(FT_Face face, FT_UInt glyph)
{
    FT_Fixed advance = 0;

    if (FT_Get_Advance(face, glyph, FT_LOAD_NO_SCALE, &advance) != 0) {
        return face->units_per_EM / 2; /* a font of bitmaps, or a damaged one */
    }
    return (hb_position_t)advance;
}

static void turn_round(hb_buffer_t *buffer)
{
    for (unsigned i = 0, j = buffer->count; i + 1 < j; i++) {
        hb_glyph_info_t info = buffer->infos[i];
        hb_glyph_position_t position = buffer->positions[i];

        j--;
        buffer->infos[i] = buffer->infos[j];
        buffer->positions[i] = buffer->positions[j];
        buffer->infos[j] = info;
        buffer->positions[j] = position;
    }
}

void hb_shape(hb_font_t *font, hb_buffer_t *buffer, const hb_feature_t *features,
              unsigned int feature_count)
{
    (void)features; /* small capitals, where a font has them: another look, the same text */
    (void)feature_count;
    for (unsigned i = 0; font && buffer && i < buffer->count; i++) {
        unsigned character = buffer->infos[i].codepoint;
        FT_UInt glyph = FT_Get_Char_Index(font->face, is_ignorable(character) ? ' ' : character);

        buffer->infos[i].codepoint = glyph;
        buffer->positions[i].x_advance =
            is_ignorable(character) ? 0 : advance_of(font->face, glyph);
    }
    if (buffer && buffer->direction == HB_DIRECTION_RTL) {
        turn_round(buffer);
    }
}
