/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Renderers and the small writers under them: text, Markdown, JSON.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <string.h>

#include "workers/library/markdown.h"
#include "workers/library/render.h"
#include "workers/library/chars.h"

static const char *escaped(const char *text, bool at_start)
{
    static struct buf out;
    struct error err = ERROR_INIT;

    if (!out.max) {
        buf_init(&out, 1U << 20);
    }
    out.size = 0;
    cr_assert_eq(markdown_escape(text, strlen(text), at_start, &out, &err), 0);
    return buf_cstr(&out, &err);
}

Test(library_render, markdown_escapes_what_would_mean_something)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"plain text.", "plain text."},
        {"snake_case_name", "snake_case_name"},
        {"_emphasis_", "\\_emphasis\\_"},
        {"2 * 3 * 4", "2 * 3 * 4"},
        {"2*3*4", "2\\*3\\*4"},
        {"`code`", "\\`code\\`"},
        {"a <b> c", "a \\<b> c"},
        {"a < b", "a < b"},
        {"R&D &amp; &#38;", "R&D \\&amp; \\&#38;"},
        {"[1] and [a](b)", "[1] and [a\\](b)"},
        {"[a]: b", "[a\\]: b"},
        {"C:\\new\\*", "C:\\new\\\\*"},
        {"a lone * and ` and _x", "a lone * and ` and _x"},
        {"https://a.b/_c_ and *d*", "https://a.b/_c_ and \\*d\\*"},
        {"~~struck~~", "\\~\\~struck\\~\\~"},
        {"~ 5", "~ 5"},
        {"Strings . . . . . . . 71", "Strings \xE2\x80\xA6 71"},
        {"Name: ......", "Name: \xE2\x80\xA6"},
        {"wait...", "wait..."},
        {"a | b", "a | b"},
        {"see [^1]", "see \\[^1]"},
        {"one\ttwo\x01three", "one two three"},
        {"  trimmed  ", "trimmed"},
        {"", ""},
        {"   ", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_str_eq(escaped(cases[i].text, false), cases[i].expected, "%s", cases[i].text);
    }
}

Test(library_render, markdown_escapes_the_start_of_a_paragraph)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"- not a list", "\\- not a list"},
        {"-5 degrees", "-5 degrees"},
        {"---", "\\---"},
        {"- - -", "\\- - -"},
        {"+ x", "\\+ x"},
        {"* x", "\\* x"},
        {"===", "\\==="},
        {"# x", "\\# x"},
        {"#hashtag", "#hashtag"},
        {"####### seven", "####### seven"},
        {"> quoted", "\\> quoted"},
        {"1. first", "1\\. first"},
        {"12) twelfth", "12\\) twelfth"},
        {"1.5 mm", "1.5 mm"},
        {"1234567890. x", "1234567890. x"},
        {"2019", "2019"},
        {"***", "\\*\\*\\*"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_str_eq(escaped(cases[i].text, true), cases[i].expected, "%s", cases[i].text);
    }
}

Test(library_render, list_markers)
{
    static const struct {
        const char *text;
        size_t skip;
        const char *lead;
    } cases[] = {
        {"\xE2\x80\xA2 item", 4, "- "},
        {"\xE2\x80\xA2item", 3, "- "},
        {"- item", 2, "- "},
        {"-item", 0, "- "},
        {"12. item", 4, "12. "},
        {"3) item", 3, "3) "},
        {"3.5 kg", 0, "- "},
        {"(a) item", 0, "- "},
        {"", 0, "- "},
        {"\xE2\x80\xA2", 3, "- "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct markdown_marker marker;

        markdown_list_marker(cases[i].text, strlen(cases[i].text), &marker);
        cr_expect_eq(marker.skip_bytes, cases[i].skip, "%s", cases[i].text);
        cr_expect_str_eq(marker.lead, cases[i].lead, "%s", cases[i].text);
    }
}

Test(library_render, utf8_is_stepped_and_counted)
{
    static const char bad[] = "a\xC0\x80"
                              "b\xED\xA0\x80"
                              "c\xF5z\xE2\x82";
    uint64_t chars;
    uint64_t words;
    size_t used;
    size_t steps = 0;

    for (size_t at = 0; at < sizeof bad - 1; at += used, steps++) {
        chars_decode(bad + at, sizeof bad - 1 - at, &used);
    }
    cr_expect_eq(steps, sizeof bad - 1, "each bad byte is a step");
    cr_expect_eq(chars_decode("\xE2\x82\xAC", 3, &used), 0x20AC);
    cr_expect_eq(used, 3);
    cr_expect_eq(chars_last("x\xF0\x9F\x98\x80", 5), 0x1F600);
    cr_expect_eq(chars_last("", 0), 0);
    chars_count("Zwei W\xC3\xB6rter, -- 3\n", 20, &chars, &words);
    cr_expect_eq(words, 3);
    cr_expect_eq(chars, 19);
    cr_expect(chars_is_unspaced(0x6F22));
    cr_expect(!chars_is_unspaced(0xD55C), "Korean has spaces");
}

static const char *render_page(struct shelf *shelf, const struct document_style *style,
                               struct render_page page)
{
    struct markdown_stream *stream = markdown_stream_create(style);
    const char *result;
    struct buf out;

    cr_assert_not_null(stream);
    page.arena = shelf->arena;
    buf_init(&out, 1U << 20);
    cr_assert_eq(markdown_stream_page(stream, &page, &out, &shelf->err), 0);
    cr_assert_eq(markdown_stream_end(stream, &out, &shelf->err), 0);
    result = arena_strdup(shelf->arena, buf_cstr(&out, &shelf->err));
    buf_deinit(&out);
    markdown_stream_destroy(stream);
    return result;
}

static const char *render_markdown(struct shelf *shelf, const struct document_style *style,
                                   const struct shelf_block *blocks, uint32_t count)
{
    struct render_page page = {.number = 7, .record = shelf_page(shelf, 7, blocks, count)};

    return render_page(shelf, style, page);
}

static struct document_style style_of(struct style_furniture *furniture, uint32_t count)
{
    struct document_style style = {.body_class = style_class(10, false),
                                   .heading_count = 2,
                                   .furniture = furniture,
                                   .furniture_count = count};

    style.headings[0] = (struct style_heading){style_class(20, true), 0, 1};
    style.headings[1] = (struct style_heading){style_class(14, false), 0, 2};
    return style;
}

Test(library_render, markdown_of_a_page)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "Page 7", 9, 0, PAGE_MARGIN_TOP},
        {PAGE_BLOCK_HEADING, "Of nuts\nand C #", 20, PAGE_STYLE_BOLD, 0},
        {PAGE_BLOCK_TEXT, "A paragraph of\ntwo lines with *stars*", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "\xE2\x80\xA2 first\nitem", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "2. second", 10, 0, 0},
        {PAGE_BLOCK_CODE, "if (a)\n  b(`c`);", 10, PAGE_STYLE_MONO, 0},
        {PAGE_BLOCK_CODE, "end", 10, PAGE_STYLE_MONO, 0},
        {PAGE_BLOCK_HEADING, "Ten points", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "Fourteen points", 14, 0, 0},
        {PAGE_BLOCK_TABLE, "a b\nc d", 10, 0, 0},
    };
    struct style_furniture furniture;
    struct document_style style;
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 7, blocks, 1);
    furniture = (struct style_furniture){PAGE_MARGIN_TOP, record->blocks[0].margin_key};
    style = style_of(&furniture, 1);
    cr_expect_str_eq(render_markdown(&shelf, &style, blocks, 10),
                     "<!-- page 7 -->\n\n"
                     "# Of nuts and C \\#\n\n"
                     "A paragraph of two lines with \\*stars\\*\n\n"
                     "- first item\n"
                     "2. second\n\n"
                     "```\nif (a)\n  b(`c`);\n\nend\n```\n\n"
                     "Ten points\n\n"
                     "## Fourteen points\n\n"
                     "a b\\\nc d\n\n");
    shelf_deinit(&shelf);
}

Test(library_render, markdown_joins_lines)
{
    struct shelf_block hyphenated = {PAGE_BLOCK_TEXT, "a hyphen-\nated word", 10, 0, 0};
    struct shelf_block compound = {PAGE_BLOCK_TEXT, "a well-\nknown word", 10, 0, 0};
    struct shelf_block chinese = {PAGE_BLOCK_TEXT, "\xE6\xBC\xA2\n\xE5\xAD\x97", 10, 0, 0};
    struct document_style style = style_of(NULL, 0);
    struct render_page page = {.number = 1};
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    cr_expect_str_eq(render_markdown(&shelf, &style, &compound, 1),
                     "<!-- page 7 -->\n\na well-known word\n\n");
    cr_expect_str_eq(render_markdown(&shelf, &style, &chinese, 1),
                     "<!-- page 7 -->\n\n\xE6\xBC\xA2\xE5\xAD\x97\n\n");
    record = shelf_page(&shelf, 1, &hyphenated, 1);
    record->blocks[0].lines[0].hyphenated = true;
    page.record = record;
    cr_expect_str_eq(render_page(&shelf, &style, page), "<!-- page 1 -->\n\na hyphenated word\n\n");
    shelf_deinit(&shelf);
}

Test(library_render, markdown_fences_outlast_backticks)
{
    struct shelf_block code = {PAGE_BLOCK_CODE, "a ```` b", 10, PAGE_STYLE_MONO, 0};
    struct document_style style = style_of(NULL, 0);
    struct shelf shelf;

    shelf_init(&shelf);
    cr_expect_str_eq(render_markdown(&shelf, &style, &code, 1),
                     "<!-- page 7 -->\n\n`````\na ```` b\n`````\n\n");
    shelf_deinit(&shelf);
}

Test(library_render, markdown_notes_a_failed_page)
{
    struct document_style style = {0};
    struct render_page page = {
        .number = 9, .failure_code = "deadline_exceeded", .failure_text = "30 s --> <b>"};
    struct shelf shelf;

    shelf_init(&shelf);
    cr_expect_str_eq(render_page(&shelf, &style, page),
                     "<!-- page 9 -->\n\n> **Page 9 could not be read** (deadline_exceeded): "
                     "30 s --> \\<b>\n\n");
    shelf_deinit(&shelf);
}

Test(library_render, json_of_a_page)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "7", 9, 0, PAGE_MARGIN_BOTTOM},
        {PAGE_BLOCK_TEXT, "Big", 20, PAGE_STYLE_BOLD, 0},
        {PAGE_BLOCK_HEADING, "Small", 8, 0, 0},
    };
    struct style_furniture furniture;
    struct document_style style;
    struct render_page page = {.number = 7, .label = "vii"};
    struct page_record *record;
    struct shelf shelf;
    struct buf out;

    shelf_init(&shelf);
    buf_init(&out, 1U << 20);
    record = shelf_page(&shelf, 7, blocks, 3);
    record->blocks[2].lines[0].spans[0].color_rgb = 0x00FF7F;
    record->blocks[2].lines[0].angle_deg = 90;
    page.record = record;
    furniture = (struct style_furniture){PAGE_MARGIN_BOTTOM, record->blocks[0].margin_key};
    style = style_of(&furniture, 1);
    cr_assert_eq(render_json_page(&style, &page, &out, &shelf.err), 0);
    cr_expect_str_eq(
        buf_cstr(&out, &shelf.err),
        "{\"number\":7,\"label\":\"vii\",\"failure\":null,\"width_pt\":595.32,\"height_pt\":841.92,"
        "\"rotation_deg\":0,\"source\":\"native\",\"ocr_reason\":null,\"glyphs\":15,\"garbled\":0,"
        "\"hidden\":0,\"images\":0,\"image_cover\":0,\"warnings\":[],"
        "\"image_placements\":[],"
        "\"fonts\":[{\"name\":\"Serif\"}],\"text\":\"7\\n\\nBig\\n\\nSmall\\n\\n\",\"blocks\":["
        "{\"kind\":\"text\",\"role\":\"footer\",\"bbox\":[72,72,76.5,81],\"lines\":["
        "{\"bbox\":[72,72,76.5,81],\"text\":\"7\",\"spans\":["
        "{\"text\":\"7\",\"font\":0,\"size_pt\":9,\"bbox\":[72,72,76.5,81]}]}]},"
        "{\"kind\":\"heading\",\"role\":\"body\",\"level\":1,\"bbox\":[72,112,102,132],\"lines\":["
        "{\"bbox\":[72,112,102,132],\"text\":\"Big\",\"spans\":["
        "{\"text\":\"Big\",\"font\":0,\"size_pt\":20,\"style\":[\"bold\"],"
        "\"bbox\":[72,112,102,132]}]}]},"
        "{\"kind\":\"text\",\"role\":\"body\",\"bbox\":[72,152,92,160],\"lines\":["
        "{\"bbox\":[72,152,92,160],\"text\":\"Small\",\"angle_deg\":90,\"spans\":["
        "{\"text\":\"Small\",\"font\":0,\"size_pt\":8,\"color\":\"#00ff7f\","
        "\"bbox\":[72,152,92,160]}]}]}]}");
    buf_deinit(&out);
    shelf_deinit(&shelf);
}
