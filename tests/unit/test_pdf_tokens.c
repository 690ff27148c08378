/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * workers/pdf/tokens and inline_image: every kind of token, and that any bytes come to an end.
 */
#include "workers/pdf/tokens.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct token next_of(struct tokens *tokens)
{
    struct token token = {TOKEN_END, 0, NULL, 0};

    tokens_next(tokens, &token);
    return token;
}

static void init(struct tokens *tokens, const char *text)
{
    tokens_init(tokens, (const uint8_t *)text, strlen(text));
}

static void expect_bytes(struct tokens *tokens, enum token_kind kind, const char *text)
{
    struct token token = next_of(tokens);

    cr_assert_eq(token.kind, kind, "for %s", text);
    cr_assert_eq(token.size_bytes, strlen(text), "for %s", text);
    cr_assert_eq(memcmp(token.bytes, text, token.size_bytes), 0, "for %s", text);
}

static void expect_number(struct tokens *tokens, float number)
{
    struct token token = next_of(tokens);

    cr_assert_eq(token.kind, TOKEN_NUMBER);
    cr_assert_float_eq(token.number, number, 1e-4F, "%g is not %g", (double)token.number,
                       (double)number);
}

Test(pdf_tokens, numbers)
{
    struct tokens tokens;

    init(&tokens, "1 -2 +3 .5 -.25 4. 12.345 --5 12-34 1.2.3 0.000000001 123456789012");
    expect_number(&tokens, 1);
    expect_number(&tokens, -2);
    expect_number(&tokens, 3);
    expect_number(&tokens, 0.5F);
    expect_number(&tokens, -0.25F);
    expect_number(&tokens, 4);
    expect_number(&tokens, 12.345F);
    expect_number(&tokens, -5);
    expect_number(&tokens, 12);
    expect_number(&tokens, 1.2F);
    expect_number(&tokens, 0);
    cr_assert_float_eq(next_of(&tokens).number, 123456789012.0F, 1e5F);
    cr_assert_eq(next_of(&tokens).kind, TOKEN_END);
    tokens_deinit(&tokens);
}

Test(pdf_tokens, numbers_end_where_keywords_begin)
{
    struct tokens tokens;

    init(&tokens, "1 0 0rg[0.5]0Tc");
    expect_number(&tokens, 1);
    expect_number(&tokens, 0);
    expect_number(&tokens, 0);
    expect_bytes(&tokens, TOKEN_KEYWORD, "rg");
    cr_assert_eq(next_of(&tokens).kind, TOKEN_ARRAY_OPEN);
    expect_number(&tokens, 0.5F);
    cr_assert_eq(next_of(&tokens).kind, TOKEN_ARRAY_CLOSE);
    expect_number(&tokens, 0);
    expect_bytes(&tokens, TOKEN_KEYWORD, "Tc");
    tokens_deinit(&tokens);
}

Test(pdf_tokens, literal_strings)
{
    struct tokens tokens;

    init(&tokens, "(plain)(a(b)c)(\\(\\)\\\\\\n\\101\\0601\\7x)(two\\\nlines)(cr\r\nlf)()");
    expect_bytes(&tokens, TOKEN_STRING, "plain");
    expect_bytes(&tokens, TOKEN_STRING, "a(b)c");
    expect_bytes(&tokens, TOKEN_STRING, "()\\\nA01\ax");
    expect_bytes(&tokens, TOKEN_STRING, "twolines");
    expect_bytes(&tokens, TOKEN_STRING, "cr\nlf");
    expect_bytes(&tokens, TOKEN_STRING, "");
    cr_assert_eq(next_of(&tokens).kind, TOKEN_END);
    tokens_deinit(&tokens);
}

Test(pdf_tokens, strings_that_never_end)
{
    struct tokens tokens;

    init(&tokens, "(open (still");
    expect_bytes(&tokens, TOKEN_STRING, "open (still");
    cr_assert_eq(next_of(&tokens).kind, TOKEN_END);
    tokens_deinit(&tokens);
    init(&tokens, "(back\\");
    expect_bytes(&tokens, TOKEN_STRING, "back\\");
    tokens_deinit(&tokens);
    init(&tokens, "<4");
    expect_bytes(&tokens, TOKEN_STRING, "@");
    tokens_deinit(&tokens);
}

Test(pdf_tokens, hexadecimal_strings)
{
    struct tokens tokens;

    init(&tokens, "<48 65 6C6c6F><4><zz41>");
    expect_bytes(&tokens, TOKEN_STRING, "Hello");
    expect_bytes(&tokens, TOKEN_STRING, "@");
    expect_bytes(&tokens, TOKEN_STRING, "A");
    tokens_deinit(&tokens);
}

Test(pdf_tokens, names_comments_and_dictionaries)
{
    struct tokens tokens;

    init(&tokens, "/F1/A#20B/#zz % (comment) /no\n/Last<</K/V>>T*'\"");
    expect_bytes(&tokens, TOKEN_NAME, "F1");
    expect_bytes(&tokens, TOKEN_NAME, "A B");
    expect_bytes(&tokens, TOKEN_NAME, "#zz");
    expect_bytes(&tokens, TOKEN_NAME, "Last");
    cr_assert_eq(next_of(&tokens).kind, TOKEN_DICT_OPEN);
    expect_bytes(&tokens, TOKEN_NAME, "K");
    expect_bytes(&tokens, TOKEN_NAME, "V");
    cr_assert_eq(next_of(&tokens).kind, TOKEN_DICT_CLOSE);
    expect_bytes(&tokens, TOKEN_KEYWORD, "T*'\"");
    tokens_deinit(&tokens);
}

Test(pdf_tokens, earlier_tokens_stay_while_later_ones_are_decoded)
{
    struct tokens tokens;
    struct token first, second;

    init(&tokens, "(\\101BC)(\\104EF)");
    tokens_next(&tokens, &first);
    tokens_next(&tokens, &second);
    cr_assert_eq(memcmp(first.bytes, "ABC", 3), 0);
    cr_assert_eq(memcmp(second.bytes, "DEF", 3), 0);
    tokens_deinit(&tokens);
}

Test(pdf_tokens, raw_inline_images_are_skipped_by_size)
{
    /* 4 x 2 pixels of one byte; the data looks like the end and like operators. */
    static const char text[] = "/W 4 /H 2 /BPC 8 /CS /G ID \nEI (x)T\nEI Q";
    struct tokens tokens;

    init(&tokens, text);
    tokens_skip_image(&tokens);
    expect_bytes(&tokens, TOKEN_KEYWORD, "Q");
    tokens_deinit(&tokens);
}

Test(pdf_tokens, filtered_inline_images_end_at_a_plausible_EI)
{
    static const char text[] = "/W 9 /H 9 /F /Fl ID \x01\x02 EI \x03\xff more\nEI\nBT";
    struct tokens tokens;

    init(&tokens, text);
    tokens_skip_image(&tokens);
    expect_bytes(&tokens, TOKEN_KEYWORD, "BT");
    tokens_deinit(&tokens);
}

Test(pdf_tokens, images_without_end_take_the_rest)
{
    struct tokens tokens;

    init(&tokens, "/W 9 /H 9 ID abc");
    tokens_skip_image(&tokens);
    cr_assert_eq(next_of(&tokens).kind, TOKEN_END);
    tokens_deinit(&tokens);
    init(&tokens, "/W 9");
    tokens_skip_image(&tokens);
    cr_assert_eq(next_of(&tokens).kind, TOKEN_END);
    tokens_deinit(&tokens);
}

Test(pdf_tokens, any_bytes_come_to_an_end)
{
    static const char alphabet[] = "()<>[]{}/%\\ \n\rabEI09.-#BI\x80\xff";
    uint8_t data[200];

    srand(7);
    for (int round = 0; round < 20000; round++) {
        size_t size = (size_t)(rand() % (int)sizeof(data));
        struct tokens tokens;
        struct token token;
        size_t steps = 0;

        for (size_t i = 0; i < size; i++) {
            data[i] = (uint8_t)alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
        }
        tokens_init(&tokens, data, size);
        do {
            tokens_next(&tokens, &token);
            cr_assert_leq(tokens.at, tokens.end);
            if (token.kind == TOKEN_KEYWORD && token.size_bytes == 2 &&
                memcmp(token.bytes, "BI", 2) == 0) {
                tokens_skip_image(&tokens);
            }
            cr_assert_leq(++steps, size + 1);
        } while (token.kind != TOKEN_END);
        cr_assert_leq(tokens.decoded_bytes, size);
        tokens_deinit(&tokens);
    }
}
