/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf/glyph_names and text: what names and characters stand for.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "workers/pdf/fonts.h"
#include "workers/pdf/glyph_names.h"
#include "workers/layout/text.h"

static void expect_name(const char *name, uint32_t count, uint32_t first, uint32_t last)
{
    uint32_t characters[GLYPH_NAME_CHARACTERS_MAX] = {0};

    cr_assert_eq(glyph_name_characters(name, characters), count, "%s", name);
    if (count > 0) {
        cr_assert_eq(characters[0], first, "%s", name);
        cr_assert_eq(characters[count - 1], last, "%s", name);
    }
}

Test(pdf_names, the_glyph_list)
{
    expect_name("A", 1, 'A', 'A');
    expect_name("Lcommaaccent", 1, 0x13B, 0x13B);
    expect_name("fi", 1, 0xFB01, 0xFB01);
    expect_name("afii10017", 1, 0x410, 0x410);
}

Test(pdf_names, parts_and_variants)
{
    expect_name("f_i", 2, 'f', 'i');
    expect_name("f_f_i", 3, 'f', 'i');
    expect_name("a.LP", 1, 'a', 'a');
    expect_name("one.oldstyle", 1, '1', '1');
    expect_name("T_h.swash", 2, 'T', 'h');
    expect_name("Lcommaaccent_uni20AC0308_u1040C.alternate", 4, 0x13B, 0x1040C);
}

Test(pdf_names, spelt_codes)
{
    expect_name("uni0041", 1, 'A', 'A');
    expect_name("uni00660069", 2, 'f', 'i');
    expect_name("u1F600", 1, 0x1F600, 0x1F600);
    expect_name("u0041", 1, 'A', 'A');
}

Test(pdf_names, signs_in_the_sizes_of_tex)
{
    expect_name("parenleftBigg", 1, '(', '(');
    expect_name("bracketrightbig", 1, ']', ']');
    expect_name("summationdisplay", 1, 0x2211, 0x2211);
    expect_name("integraltext", 1, 0x222B, 0x222B);
    expect_name("nosuchsignBig", 0, 0, 0);
}

Test(pdf_names, names_that_say_nothing)
{
    expect_name("", 0, 0, 0);
    expect_name(".notdef", 0, 0, 0);
    expect_name("g123", 0, 0, 0);
    expect_name("uni004", 0, 0, 0);
    expect_name("uniD800", 0, 0, 0);
    expect_name("uni00zz", 0, 0, 0);
    expect_name("u110000", 0, 0, 0);
    expect_name("f_g123", 0, 0, 0);
    expect_name("____", 0, 0, 0);
}

Test(pdf_names, more_parts_than_room_are_refused_or_cut)
{
    uint32_t characters[GLYPH_NAME_CHARACTERS_MAX];

    cr_assert_leq(glyph_name_characters("a_b_c_d_e_f_g_h_i_j_k", characters),
                  GLYPH_NAME_CHARACTERS_MAX);
}

static void expect_text(uint32_t c, const char *wanted)
{
    char text[TEXT_EXPANDED_BYTES + 1];
    char *end = text_put_plain(text, c);

    *end = '\0';
    cr_assert_str_eq(text, wanted, "U+%04X", c);
}

Test(pdf_text, utf8)
{
    expect_text('a', "a");
    expect_text(0xE9, "\xc3\xa9");
    expect_text(0x20AC, "\xe2\x82\xac");
    expect_text(0x1F600, "\xf0\x9f\x98\x80");
    for (uint32_t c = 1; c < 0x110000; c += 97) {
        char text[4];
        char *end = text_put(text, c);
        size_t bytes;

        if (c < 0xD800 || c >= 0xE000) {
            cr_assert_eq(text_get(text, end, &bytes), c);
            cr_assert_eq(bytes, (size_t)(end - text));
        }
    }
}

Test(pdf_text, ligatures_are_expanded)
{
    expect_text(0xFB00, "ff");
    expect_text(0xFB01, "fi");
    expect_text(0xFB04, "ffl");
    expect_text(0xFEFB, "\xd9\x84\xd8\xa7"); /* lam and alef */
}

Test(pdf_text, spaces_and_nothings)
{
    expect_text(0xA0, " ");
    expect_text(0x3000, " ");
    expect_text('\t', " ");
    expect_text(0xAD, "-");
    expect_text(0x01, "");
    expect_text(0x200B, "");
    expect_text(0xFFFE, "");
    expect_text(0xD800, "");
    expect_text(0x110000, "");
}

Test(pdf_text, no_character_is_longer_than_promised)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        char text[TEXT_EXPANDED_BYTES];
        size_t length = (size_t)(text_put_plain(text, c) - text);

        cr_assert_leq(length, c < TEXT_EXPANDS ? TEXT_PLAIN_BYTES : TEXT_EXPANDED_BYTES,
                      "U+%04X is %zu bytes", c, length);
    }
}

static bool hyphenated(const char *line, const char *next, size_t *kept)
{
    return text_is_hyphenated(line, line + strlen(line), next, next + strlen(next), kept);
}

Test(pdf_text, hyphens_at_line_ends)
{
    size_t kept = 0;

    cr_assert(hyphenated("an exam-", "ple of it", &kept));
    cr_assert_eq(kept, 7);
    cr_assert(hyphenated("an exam- ", "ple", &kept));
    cr_assert(hyphenated("Stra\xc3\x9f"
                         "en\xe2\x80\x90",
                         "bahn", &kept));
    cr_assert_not(hyphenated("pages 3-", "7", &kept));
    cr_assert_not(hyphenated("Anglo-", "American", &kept));
    cr_assert_not(hyphenated("a dash -", "and text", &kept));
    cr_assert_not(hyphenated("-", "text", &kept));
    cr_assert_not(hyphenated("", "text", &kept));
    cr_assert_not(hyphenated("exam-", "", &kept));
    cr_assert_not(hyphenated("word", "next", &kept));
    cr_assert_not(hyphenated("the built-in-", "functions", &kept));
    cr_assert(hyphenated("a built-in func-", "tion", &kept));
}

Test(pdf_text, hyphens_that_are_the_words_own)
{
    size_t kept = 0;

    cr_assert_not(hyphenated("art of self-", "publishing", &kept));
    cr_assert_not(hyphenated("Well-", "tempered", &kept));
    cr_assert(hyphenated("a self-", "ish man", &kept));
    cr_assert(hyphenated("a themself-", "publishing", &kept));
    cr_assert_not(hyphenated("the state-", "of-the-art system", &kept));
    cr_assert_not(hyphenated("from end-", "to-end", &kept));
    cr_assert(hyphenated("an inter-", "national-level thing", &kept));
}

Test(pdf_fonts, names_tell_styles)
{
    cr_assert_str_eq(font_plain_name("ABCDEF+Garamond"), "Garamond");
    cr_assert_str_eq(font_plain_name("ABCDE+Garamond"), "ABCDE+Garamond");
    cr_assert_str_eq(font_plain_name("Garamond"), "Garamond");
    cr_assert_eq(font_style_of_name("Arial-BoldItalicMT"), PAGE_STYLE_BOLD | PAGE_STYLE_ITALIC);
    cr_assert_eq(font_style_of_name("Courier-Oblique"), PAGE_STYLE_MONO | PAGE_STYLE_ITALIC);
    cr_assert_eq(font_style_of_name("Times-Roman"), 0);
}
