/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl/text.c: whatever goes in, no control reaches a terminal.
 */
#include "ctl/text.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "common/cleanup.h"

static void set_locale(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
}

TestSuite(ctl_text, .init = set_locale);

static const char *line(struct buf *out, const char *text, size_t size_bytes, unsigned max_columns)
{
    buf_init(out, 1U << 20);
    cr_assert_eq(text_append_line(out, text, size_bytes, max_columns, NULL), 0);
    return buf_cstr(out, NULL);
}

Test(ctl_text, decodes_every_character_and_refuses_what_is_none)
{
    static const struct {
        const char *text;
        size_t taken_bytes;
        uint32_t character;
    } cases[] = {
        {"a", 1, 'a'},
        {"\xC3\xBC", 2, 0xFC},
        {"\xE4\xB8\xAD", 3, 0x4E2D},
        {"\xF0\x9F\x98\x80", 4, 0x1F600},
        {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
        {"\xF4\x90\x80\x80", 1, TEXT_REPLACEMENT}, /* over U+10FFFF */
        {"\xC0\x80", 1, TEXT_REPLACEMENT},         /* overlong */
        {"\xE0\x80\x80", 1, TEXT_REPLACEMENT},
        {"\xED\xA0\x80", 1, TEXT_REPLACEMENT}, /* a surrogate */
        {"\xE4\xB8", 1, TEXT_REPLACEMENT},     /* cut */
        {"\x80", 1, TEXT_REPLACEMENT},
        {"\xFF", 1, TEXT_REPLACEMENT},
        {"\xC3(", 1, TEXT_REPLACEMENT},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t character;

        cr_expect_eq(text_next(cases[i].text, strlen(cases[i].text), &character),
                     cases[i].taken_bytes, "case %zu", i);
        cr_expect_eq(character, cases[i].character, "case %zu", i);
    }
}

Test(ctl_text, a_line_has_no_controls)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"plain \xC3\xBC", "plain \xC3\xBC"},
        {"a\nb\tc\rd", "a?b?c?d"},
        {"\x1b[31mred", "?[31mred"},
        {"\x7f", "?"},
        {"\xC2\x9B"
         "1m",
         "?1m"},                             /* C1: CSI */
        {"\xE2\x80\xAEgpj.exe", "?gpj.exe"}, /* a direction override */
        {"\xE2\x81\xA6isolate", "?isolate"},
        {"a\xE2\x80\xA8z", "a?z"}, /* a line separator */
        {"\xFF\xC3", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char small[64];
        struct buf out;

        cr_expect_str_eq(line(&out, cases[i].text, strlen(cases[i].text), 0), cases[i].shown);
        text_line(cases[i].text, small, sizeof(small));
        cr_expect_str_eq(small, cases[i].shown);
        buf_deinit(&out);
    }
}

Test(ctl_text, a_line_is_cut_to_its_columns)
{
    static const struct {
        const char *text;
        unsigned columns;
        const char *shown;
    } cases[] = {
        {"12345", 5, "12345"},
        {"123456", 5, "1234\xE2\x80\xA6"},
        {"123456", 1, "\xE2\x80\xA6"},
        {"\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD", 5, "\xE4\xB8\xAD\xE4\xB8\xAD\xE2\x80\xA6"},
        {"\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD", 4, "\xE4\xB8\xAD\xE2\x80\xA6"},
        {"\n\n\n", 2, "?\xE2\x80\xA6"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out;

        cr_expect_str_eq(line(&out, cases[i].text, strlen(cases[i].text), cases[i].columns),
                         cases[i].shown, "case %zu: \"%s\"", i, (const char *)out.data);
        cr_expect_leq(text_columns((const char *)out.data), cases[i].columns);
        buf_deinit(&out);
    }
}

Test(ctl_text, a_fixed_array_is_never_overrun_nor_left_in_a_character)
{
    char text[6];

    text_line("\xC3\xBC\xC3\xBC\xC3\xBC", text, sizeof(text));
    cr_expect_str_eq(text, "\xC3\xBC\xC3\xBC");
    text_line("abcdefgh", text, 1);
    cr_expect_str_eq(text, "");
}

/* Feeds text in pieces of a size; the caller frees what comes back. */
static char *filtered(const char *text, size_t size_bytes, size_t piece_bytes)
{
    struct text_filter filter = {.held_bytes = 0};
    struct buf out;
    char *copy;

    buf_init(&out, 1U << 20);
    for (size_t at = 0; at < size_bytes; at += piece_bytes) {
        size_t left = size_bytes - at;

        cr_assert_eq(text_filter_feed(&filter, text + at, left < piece_bytes ? left : piece_bytes,
                                      &out, NULL),
                     0);
    }
    cr_assert_eq(text_filter_end(&filter, &out, NULL), 0);
    copy = strdup(buf_cstr(&out, NULL));
    buf_deinit(&out);
    return copy;
}

Test(ctl_text, a_document_is_filtered_alike_in_pieces_of_any_size)
{
    static const char text[] =
        "Zeile\teins\n\xE4\xB8\xAD\x1b[1m\xC2\x9B\f\xF0\x9F\x98\x80\xE4(\xFF\xE4\xB8";
    static const char shown[] = "Zeile\teins\n\xE4\xB8\xAD?[1m?\n\xE2\x94\x80\xE2\x94\x80\xE2\x94"
                                "\x80\xE2\x94\x80\n\xF0\x9F\x98\x80\xEF\xBF\xBD(\xEF\xBF\xBD\xEF"
                                "\xBF\xBD\xEF\xBF\xBD";

    for (size_t piece_bytes = 1; piece_bytes < sizeof(text); piece_bytes++) {
        AUTO_FREE char *got = filtered(text, sizeof(text) - 1, piece_bytes);

        cr_expect_str_eq(got, shown, "pieces of %zu", piece_bytes);
    }
}

Test(ctl_text, no_bytes_make_a_control)
{
    unsigned seed = 1;

    for (unsigned round = 0; round < 2000; round++) {
        char noise[64];
        AUTO_FREE char *got = NULL;

        for (size_t i = 0; i < sizeof(noise); i++) {
            noise[i] = (char)rand_r(&seed);
        }
        got = filtered(noise, sizeof(noise), 1 + round % sizeof(noise));
        for (const char *at = got; *at;) {
            uint32_t character;

            at += text_next(at, strlen(at), &character);
            cr_assert(character == '\n' || character == '\t' ||
                      (character >= 0x20 && (character < 0x7F || character > 0x9F)));
        }
    }
}

Test(ctl_text, knows_a_uuid)
{
    cr_expect(text_is_uuid("0192f0c1-0000-7000-8000-00000000abcd"));
    cr_expect_not(text_is_uuid("0192f0c1-0000-7000-8000-00000000abc"));
    cr_expect_not(text_is_uuid(""));
}
