/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What layout wants to know of a mupdf font. Fonts lie about themselves, each flag in its own
 * way, so a name that says "Bold" counts as much as the flag. Nothing blocks or logs.
 */
#include "workers/pdf/fonts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

const char *font_plain_name(const char *name)
{
    size_t length = 0;

    while (isupper((unsigned char)name[length])) {
        length++;
    }
    return length == 6 && name[length] == '+' ? name + length + 1 : name;
}

uint8_t font_style_of_name(const char *name)
{
    static const struct {
        const char *word;
        uint8_t style;
    } words[] = {
        {"Bold", PAGE_STYLE_BOLD},     {"bold", PAGE_STYLE_BOLD},
        {"Black", PAGE_STYLE_BOLD},    {"Heavy", PAGE_STYLE_BOLD},
        {"-Bd", PAGE_STYLE_BOLD},      {"Italic", PAGE_STYLE_ITALIC},
        {"italic", PAGE_STYLE_ITALIC}, {"Oblique", PAGE_STYLE_ITALIC},
        {"-It", PAGE_STYLE_ITALIC},    {"Mono", PAGE_STYLE_MONO},
        {"Courier", PAGE_STYLE_MONO},  {"Consolas", PAGE_STYLE_MONO},
    };
    uint8_t style = 0;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strstr(name, words[i].word)) {
            style |= words[i].style;
        }
    }
    return style;
}

/* Metrics as parts of the size; what is absurd becomes what is usual. */
static void sane_metrics(float ascent, float descent, struct glyph_font *font)
{
    font->ascent = ascent > 0.3F && ascent < 1.5F ? ascent : 0.8F;
    font->descent = descent < 0.0F && descent > -0.8F ? -descent : 0.2F;
}

void font_describe(fz_context *ctx, fz_font *font, struct glyph_font *ret_font)
{
    const char *name = font_plain_name(fz_font_name(ctx, font));

    ret_font->key = font;
    snprintf(ret_font->name, sizeof(ret_font->name), "%s", name);
    ret_font->style = font_style_of_name(name);
    if (fz_font_is_bold(ctx, font)) {
        ret_font->style |= PAGE_STYLE_BOLD;
    }
    if (fz_font_is_italic(ctx, font)) {
        ret_font->style |= PAGE_STYLE_ITALIC;
    }
    if (fz_font_is_monospaced(ctx, font)) {
        ret_font->style |= PAGE_STYLE_MONO;
    }
    if (fz_font_is_serif(ctx, font)) {
        ret_font->style |= PAGE_STYLE_SERIF;
    }
    sane_metrics(fz_font_ascender(ctx, font), fz_font_descender(ctx, font), ret_font);
}
