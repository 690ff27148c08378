/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The fonts of a PDF.
 *
 * mupdf loads a font and maps its codes to characters by ToUnicode or by encoding. Where that
 * fails, the glyph's name in the file's encoding, its name in the font, and the font's own
 * character map are asked, in this order. Nothing blocks or logs.
 */
#include "workers/pdf/font_cache.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workers/pdf/fonts.h"
#include "workers/layout/text.h"

#define MORE_MAX 4096U
#define REVERSE_FIRST 0x20
#define REVERSE_END 0x10000
#define NAME_BYTES 128

void font_cache_init(struct font_cache *cache, fz_context *ctx, size_t max_bytes)
{
    memset(cache, 0, sizeof(*cache));
    cache->ctx = ctx;
    cache->max_bytes = max_bytes;
}

static size_t font_bytes(const struct cached_font *font)
{
    return sizeof(*font) + font->desc->size +
           sizeof(struct font_code) * (font->simple ? 256U : FONT_CODES);
}

static void drop_font(struct font_cache *cache, uint32_t index)
{
    struct cached_font *font = cache->fonts[index];

    cache->bytes -= font_bytes(font);
    pdf_drop_font(cache->ctx, font->desc);
    pdf_drop_obj(cache->ctx, font->dict);
    fz_free(cache->ctx, font->codes);
    fz_free(cache->ctx, font->more);
    fz_free(cache->ctx, font->character_of_glyph);
    fz_free(cache->ctx, font);
    cache->fonts[index] = cache->fonts[--cache->count];
}

void font_cache_deinit(struct font_cache *cache)
{
    while (cache->count > 0) {
        drop_font(cache, cache->count - 1);
    }
    fz_free(cache->ctx, cache->fonts);
    cache->fonts = NULL;
}

void font_cache_trim(struct font_cache *cache)
{
    while (cache->count > CACHED_FONTS_KEPT ||
           (cache->count > 0 && cache->bytes > cache->max_bytes)) {
        uint32_t oldest = 0;

        for (uint32_t i = 1; i < cache->count; i++) {
            if (cache->fonts[i]->used < cache->fonts[oldest]->used) {
                oldest = i;
            }
        }
        drop_font(cache, oldest);
    }
}

/* Fonts of type 3 have an em of their own: what their box says, where it says something. */
static float type3_size(fz_context *ctx, fz_font *font)
{
    fz_rect box = fz_font_bbox(ctx, font);
    float height = box.y1 - box.y0;

    return isfinite(height) && height > 1e-4F && height < 100.0F ? height : 1.0F;
}

static void describe(fz_context *ctx, struct cached_font *font)
{
    fz_font *fz = font->desc->font;
    struct glyph_font described;

    font_describe(ctx, fz, &described);
    memcpy(font->name, described.name, sizeof(font->name));
    font->style = described.style;
    font->ascent = described.ascent;
    font->descent = described.descent;
    font->simple = font->desc->cid_to_ucs_len == 256 && font->desc->wmode == 0 &&
                   font->desc->encoding->codespace_len == 1 &&
                   font->desc->encoding->codespace[0].n == 1;
    font->vertical = font->desc->wmode != 0;
    font->has_type3 = fz_font_t3_procs(ctx, fz) != NULL;
    font->type3_size = font->has_type3 ? type3_size(ctx, fz) : 1.0F;
    if (font->desc->flags & PDF_FD_FIXED_PITCH) {
        font->style |= PAGE_STYLE_MONO;
    }
    if (font->desc->flags & PDF_FD_ITALIC) {
        font->style |= PAGE_STYLE_ITALIC;
    }
    if (font->desc->flags & PDF_FD_FORCE_BOLD) {
        font->style |= PAGE_STYLE_BOLD;
    }
}

struct cached_font *font_cache_find(struct font_cache *cache, const pdf_font_desc *desc)
{
    for (uint32_t i = 0; i < cache->count; i++) {
        if (cache->fonts[i]->desc == desc) {
            cache->fonts[i]->used = ++cache->clock;
            return cache->fonts[i];
        }
    }
    return NULL;
}

struct cached_font *font_cache_add(struct font_cache *cache, pdf_font_desc *desc, pdf_obj *dict)
{
    fz_context *ctx = cache->ctx;
    struct cached_font *font;

    if (cache->count >= CACHED_FONTS_MAX) {
        return cache->fonts[cache->count - 1];
    }
    if (cache->count == cache->capacity) {
        uint32_t bigger = cache->capacity ? cache->capacity * 2 : 32;

        cache->fonts = fz_realloc_array(ctx, cache->fonts, bigger, struct cached_font *);
        cache->capacity = bigger;
    }
    font = fz_calloc(ctx, 1, sizeof(*font));
    fz_try(ctx)
    {
        font->dict = pdf_keep_obj(ctx, dict);
        font->desc = pdf_keep_font(ctx, desc);
        describe(ctx, font);
        font->codes = fz_calloc(ctx, font->simple ? 256U : FONT_CODES, sizeof(struct font_code));
    }
    fz_catch(ctx)
    {
        pdf_drop_font(ctx, font->desc);
        pdf_drop_obj(ctx, font->dict);
        fz_free(ctx, font);
        fz_rethrow(ctx);
    }
    font->used = ++cache->clock;
    cache->fonts[cache->count++] = font;
    cache->bytes += font_bytes(font);
    return font;
}

/* The name that the file's own encoding gives a code of a simple font; NULL for none. */
static const char *encoding_name(fz_context *ctx, const struct cached_font *font, uint32_t code)
{
    pdf_obj *encoding = pdf_dict_get(ctx, font->dict, PDF_NAME(Encoding));
    pdf_obj *differences = pdf_dict_get(ctx, encoding, PDF_NAME(Differences));
    int length = pdf_array_len(ctx, differences);
    const char *name = NULL;
    int64_t at = 0;

    for (int i = 0; i < length; i++) {
        pdf_obj *item = pdf_array_get(ctx, differences, i);

        if (pdf_is_int(ctx, item)) {
            at = pdf_to_int(ctx, item);
        } else if (pdf_is_name(ctx, item)) {
            if (at == (int64_t)code) {
                name = pdf_to_name(ctx, item);
            }
            at++;
        }
    }
    return name;
}

static uint32_t named_characters(fz_context *ctx, const struct cached_font *font, uint32_t code,
                                 int glyph, uint32_t characters[GLYPH_NAME_CHARACTERS_MAX])
{
    const char *name = font->simple ? encoding_name(ctx, font, code) : NULL;
    char own[NAME_BYTES] = "";
    uint32_t count = name ? glyph_name_characters(name, characters) : 0;

    if (count > 0 || font->has_type3 || glyph <= 0 ||
        fz_font_flags(font->desc->font)->ft_substitute) {
        return count;
    }
    fz_get_glyph_name(ctx, font->desc->font, glyph, own, sizeof(own));
    return glyph_name_characters(own, characters);
}

/* Which character the font's own map leads to a glyph from. */
static void reverse_map(fz_context *ctx, struct cached_font *font)
{
    fz_font *fz = font->desc->font;

    font->reversed = true;
    if (font->has_type3 || !font->desc->is_embedded) {
        return;
    }
    font->glyph_limit = 0x10000;
    font->character_of_glyph = fz_calloc(ctx, font->glyph_limit, sizeof(uint32_t));
    for (int c = REVERSE_FIRST; c < REVERSE_END; c++) {
        int glyph = c >= 0xD800 && c < 0xF900 ? 0 : fz_encode_character(ctx, fz, c);

        if (glyph > 0 && (uint32_t)glyph < font->glyph_limit && !font->character_of_glyph[glyph]) {
            font->character_of_glyph[glyph] = (uint32_t)c;
        }
    }
}

static uint32_t mapped_character(fz_context *ctx, struct cached_font *font, int glyph)
{
    if (!font->reversed) {
        reverse_map(ctx, font);
    }
    return font->character_of_glyph && glyph > 0 && (uint32_t)glyph < font->glyph_limit
               ? font->character_of_glyph[glyph]
               : 0;
}

static bool is_known(int c)
{
    return c > 0 && c != GLYPH_UNKNOWN && c <= 0x10FFFF && !(c >= 0xD800 && c < 0xE000);
}

/* The characters of a code: mupdf's, or what else can be found out. */
static uint32_t find_characters(fz_context *ctx, struct cached_font *font, uint32_t code, int cid,
                                uint32_t characters[GLYPH_NAME_CHARACTERS_MAX])
{
    pdf_font_desc *desc = font->desc;
    int found[GLYPH_NAME_CHARACTERS_MAX] = {0};
    int count = desc->to_unicode ? pdf_lookup_cmap_full(desc->to_unicode, (unsigned)cid, found) : 0;
    uint32_t named;
    int glyph;

    if (count > 0 && is_known(found[0])) {
        for (int i = 0; i < count; i++) {
            characters[i] = is_known(found[i]) ? (uint32_t)found[i] : GLYPH_UNKNOWN;
        }
        return (uint32_t)count;
    }
    glyph = pdf_font_cid_to_gid(ctx, desc, cid);
    named = named_characters(ctx, font, code, glyph, characters);
    if (named > 1) { /* mupdf takes the first part of "f_i" for the whole */
        return named;
    }
    if ((size_t)cid < desc->cid_to_ucs_len && is_known(desc->cid_to_ucs[cid])) {
        characters[0] = desc->cid_to_ucs[cid];
        return 1;
    }
    if (named == 0) {
        characters[0] = mapped_character(ctx, font, glyph);
        if (characters[0] == 0) {
            characters[0] = GLYPH_UNKNOWN;
        }
    }
    return 1;
}

static void remember_more(fz_context *ctx, struct cached_font *font, struct font_code *entry,
                          const uint32_t *characters, uint32_t count)
{
    if (count > 0 && font->more_count + count > MORE_MAX) { /* start anew */
        memset(font->codes, 0, sizeof(*font->codes) * (font->simple ? 256U : FONT_CODES));
        font->more_count = 0;
    }
    entry->more_first = font->more_count;
    entry->more_count = 0;
    if (count == 0) {
        return;
    }
    if (font->more_count + count > font->more_capacity) {
        uint32_t bigger = font->more_capacity ? font->more_capacity * 2 : 64;

        font->more = fz_realloc_array(ctx, font->more, bigger, uint32_t);
        font->more_capacity = bigger;
    }
    memcpy(font->more + font->more_count, characters, count * sizeof(*characters));
    font->more_count += count;
    entry->more_count = count;
}

static float advance_of(fz_context *ctx, const struct cached_font *font, int cid)
{
    if (font->vertical) {
        return (float)pdf_lookup_vmtx(ctx, font->desc, cid).w * 0.001F;
    }
    return (float)pdf_lookup_hmtx(ctx, font->desc, cid).w * 0.001F;
}

/* What a glyph takes up; broken files give every width as 0, so the font is asked then. */
static float extent_of(fz_context *ctx, const struct cached_font *font, int cid, float advance)
{
    if (font->vertical || advance != 0) {
        return fabsf(advance);
    }
    return fabsf(
        fz_advance_glyph(ctx, font->desc->font, pdf_font_cid_to_gid(ctx, font->desc, cid), 0));
}

struct font_code *font_code_learn(struct font_cache *cache, struct cached_font *font, uint32_t code)
{
    fz_context *ctx = cache->ctx;
    struct font_code *entry = &font->codes[code & (font->simple ? 255U : FONT_CODES - 1)];
    uint32_t characters[GLYPH_NAME_CHARACTERS_MAX];
    uint32_t count;
    int cid = pdf_lookup_cmap(font->desc->encoding, code);

    entry->key = 0;
    if (cid < 0) {
        *entry = (struct font_code){.key = code + 1, .character = 0};
        return entry;
    }
    count = find_characters(ctx, font, code, cid, characters);
    remember_more(ctx, font, entry, characters + 1, count - 1);
    entry->character = text_is_space(characters[0]) ? ' ' : characters[0];
    entry->advance = advance_of(ctx, font, cid);
    entry->extent = extent_of(ctx, font, cid, entry->advance);
    entry->key = code + 1;
    return entry;
}
