/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * hOCR and ALTO: words and their boxes, what XML cannot hold, pages. That real parsers take them
 * is the integration tests' business.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <string.h>

#include "workers/library/words.h"
#include "workers/library/xml.h"

static struct word *words_of(struct shelf *shelf, const struct page_line *line, uint32_t *ret_count)
{
    struct word *words = NULL;

    cr_assert_eq(words_of_line(line, shelf->arena, &words, ret_count, &shelf->err), 0);
    return words;
}

static void expect_word(const struct word *word, const char *text, float x0, float x1)
{
    cr_expect_eq(word->text_bytes, strlen(text), "%s", text);
    cr_expect_eq(memcmp(word->text, text, word->text_bytes), 0, "%s", text);
    cr_expect_float_eq(word->box.x0, x0, 0.01F, "%s: %f", text, (double)word->box.x0);
    cr_expect_float_eq(word->box.x1, x1, 0.01F, "%s: %f", text, (double)word->box.x1);
}

Test(library_xml, native_spans_are_cut_by_their_characters)
{
    struct page_span spans[] = {
        {.text = "ab  cd", .text_bytes = 6, .size_pt = 10, .box = {0, 0, 60, 10}},
        {.text = "ef ", .text_bytes = 3, .size_pt = 10, .style = 1, .box = {60, 0, 90, 12}},
        {.text = "\xC3\xA4", .text_bytes = 2, .size_pt = 10, .box = {90, 0, 100, 10}},
    };
    struct page_line line = {.spans = spans, .span_count = 3};
    struct shelf shelf;
    struct word *words;
    uint32_t count;

    shelf_init(&shelf);
    words = words_of(&shelf, &line, &count);
    cr_assert_eq(count, 3);
    expect_word(&words[0], "ab", 0, 20);
    expect_word(&words[1], "cdef", 40, 80);
    cr_expect_float_eq(words[1].box.y1, 12, 0.01F);
    expect_word(&words[2], "\xC3\xA4", 90, 100);
    shelf_deinit(&shelf);
}

Test(library_xml, ocr_spans_are_words)
{
    struct page_span spans[] = {
        {.text = "One ", .text_bytes = 4, .confidence = 90, .box = {0, 0, 30, 10}},
        {.text = "two", .text_bytes = 3, .confidence = 80, .box = {35, 0, 65, 10}},
    };
    struct page_line line = {.spans = spans, .span_count = 2};
    struct shelf shelf;
    struct word *words;
    uint32_t count;

    shelf_init(&shelf);
    words = words_of(&shelf, &line, &count);
    cr_assert_eq(count, 2);
    expect_word(&words[0], "One", 0, 30);
    cr_expect_eq(words[0].confidence, 90);
    expect_word(&words[1], "two", 35, 65);
    shelf_deinit(&shelf);
}

Test(library_xml, words_follow_the_writing)
{
    struct page_span span = {.text = "ab cd", .text_bytes = 5, .box = {0, 0, 10, 50}};
    struct page_line line = {.spans = &span, .span_count = 1, .vertical = true};
    struct shelf shelf;
    struct word *words;
    uint32_t count;

    shelf_init(&shelf);
    words = words_of(&shelf, &line, &count);
    cr_assert_eq(count, 2);
    cr_expect_float_eq(words[1].box.y0, 30, 0.01F);
    line.vertical = false;
    line.angle_deg = -90;
    words = words_of(&shelf, &line, &count);
    cr_expect_float_eq(words[1].box.y1, 20, 0.01F);
    span.text = "\xD7\xA9\xD7\x9C \xD7\x95";
    span.text_bytes = 7;
    span.box = (struct page_box){0, 0, 40, 10};
    line.angle_deg = 0;
    words = words_of(&shelf, &line, &count);
    expect_word(&words[0], "\xD7\xA9\xD7\x9C", 20, 40);
    expect_word(&words[1], "\xD7\x95", 0, 10);
    span.text = "   ";
    span.text_bytes = 3;
    words_of(&shelf, &line, &count);
    cr_expect_eq(count, 0);
    shelf_deinit(&shelf);
}

Test(library_xml, text_is_what_xml_can_hold)
{
    static const char text[] = "a<b>&\"c'\x01\x0B\t\n\xEF\xBF\xBE\xC3\xA9\xFF.";
    struct error err = ERROR_INIT;
    struct xml xml;
    struct buf out;

    buf_init(&out, 1U << 20);
    xml_init(&xml, &out);
    xml_text(&xml, text, sizeof text - 1);
    xml_number(&xml, "n", -1.254);
    xml_number(&xml, "m", 0.0 / 0.0);
    cr_assert_eq(xml_finish(&xml, &err), 0);
    cr_expect_str_eq(buf_cstr(&out, &err), "a&lt;b&gt;&amp;&quot;c&#39;  \xC3\xA9\xEF\xBF\xBD."
                                           " n=\"-1.25\" m=\"0\"");
    buf_deinit(&out);
}

Test(library_xml, a_failure_is_remembered)
{
    struct error err = ERROR_INIT;
    struct xml xml;
    struct buf out;

    buf_init(&out, 4);
    xml_init(&xml, &out);
    xml_put(&xml, "too long");
    xml_put(&xml, "x");
    cr_expect_eq(xml_finish(&xml, &err), -1);
    cr_expect_eq(err.code, ERROR_LIMIT);
    buf_deinit(&out);
}

/* Two pages and one that failed: OCR's with a broken word, and a native one with a table and an
 * image. */
static void fill(struct shelf *shelf)
{
    static const char *const cells[] = {"A", "B"};
    struct structure_failure failure = {3, "crashed", "signal 11"};
    struct shelf_block read = {PAGE_BLOCK_TEXT, "a hyphen-\nated <word>", 10, 0, 0};
    struct shelf_block blocks[] = {{PAGE_BLOCK_TEXT, "A B", 10, PAGE_STYLE_BOLD, 0},
                                   {PAGE_BLOCK_TEXT, "x", 10, 0, 0},
                                   {PAGE_BLOCK_TEXT, " ", 10, 0, 0}};
    struct page_record *records[2];

    records[0] = shelf_page(shelf, 1, &read, 1);
    records[0]->source = "ocr";
    records[0]->ocr_reason = "no_text";
    records[0]->ocr_languages = "eng";
    records[0]->ocr_dpi = 144;
    records[0]->confidence = 87.5F;
    records[0]->label = "i";
    records[0]->blocks[0].lines[0].hyphenated = true;
    records[0]->blocks[0].lines[1].spans[0].confidence = 66;
    records[1] = shelf_page(shelf, 2, blocks, 3);
    shelf_make_table(shelf, &records[1]->blocks[0], 1, 2, 0, cells);
    shelf_make_image(shelf, records[1], 1, 'd', NULL);
    cr_assert_eq(shelf_survey(shelf, SHELF_JOB, 1, 3), 0);
    cr_assert_eq(shelf_pages(shelf, SHELF_JOB, 1, 2, records, 2), 0, "%s", shelf->err.msg);
    cr_assert_eq(shelf_finish(shelf, SHELF_JOB, &failure, 1), 0, "%s", shelf->err.msg);
}

static const char *show(struct shelf *shelf, const char *format, const char *pages)
{
    const char *answer =
        SHELF_QUERY(shelf, "show", "document", SHELF_JOB, "format", format, "pages", pages);

    cr_assert_not_null(answer, "%s", shelf->err.msg);
    return answer;
}

static void expect_parts(const char *answer, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_expect_not_null(strstr(answer, parts[i]), "no %s in: %s", parts[i], answer);
    }
}

Test(library_xml, hocr)
{
    static const char *const parts[] = {
        "<title>file-1.pdf</title>",
        "<meta name=\"ocr-number-of-pages\" content=\"3\" />",
        "<div class=\"ocr_page\" id=\"page_1\" title=\"bbox 0 0 1191 1684; ppageno 0; "
        "scan_res 144 144; lpageno i\">",
        "<div class=\"ocr_carea\" id=\"block_1_0\" title=\"bbox 144 144 ",
        "<span class=\"ocr_line\" id=\"line_1_0_0\" title=\"bbox 144 144 234 164; baseline 0 -4; "
        "x_size 20\">",
        "<span class=\"ocrx_word\" id=\"word_1_0_0_0\" title=\"bbox 144 144 154 164\">a</span> ",
        "; x_wconf 66\">&lt;word&gt;</span>",
        "<div class=\"ocr_page\" id=\"page_2\" title=\"bbox 0 0 2481 3508; ppageno 1; "
        "scan_res 300 300\">",
        "<strong>A</strong>",
        "<div class=\"ocr_photo\" id=\"photo_2_1\" title=\"bbox 300 467 321 508\"></div>",
        "<div class=\"ocr_page\" id=\"page_3\" title=\"bbox 0 0 0 0; ppageno 2; "
        "scan_res 300 300\">\n</div>\n</body>\n</html>\n",
    };
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    fill(&shelf);
    answer = show(&shelf, "hocr", "1-");
    expect_parts(answer, parts, sizeof parts / sizeof parts[0]);
    cr_expect_null(strstr(show(&shelf, "hocr", "2"), "page_1"));
    shelf_deinit(&shelf);
}

Test(library_xml, alto)
{
    static const char *const parts[] = {
        "<fileName>file-1.pdf</fileName>",
        "<TextStyle ID=\"size_40\" FONTSIZE=\"10\"/>",
        "<Page ID=\"page_1\" PHYSICAL_IMG_NR=\"1\" PRINTED_IMG_NR=\"i\" WIDTH=\"9922\" ",
        " PC=\"0.88\"",
        "<TextBlock ID=\"block_1_0\" STYLEREFS=\"size_40\" HPOS=\"1200\" VPOS=\"1200\"",
        "CONTENT=\"hyphen\" SUBS_TYPE=\"HypPart1\" SUBS_CONTENT=\"hyphenated\"/>",
        "/><HYP CONTENT=\"-\"/></TextLine>",
        "CONTENT=\"ated\" SUBS_TYPE=\"HypPart2\" SUBS_CONTENT=\"hyphenated\" WC=\"0.66\"/>",
        "CONTENT=\"&lt;word&gt;\" WC=\"0.66\"/>",
        "<ComposedBlock ID=\"table_2_0\"",
        "STYLE=\"bold\"",
        "<Illustration ID=\"image_2_1\" HPOS=\"1200\"",
        "FILEID=\"images/dddddddddddddddddddddddddddddddd.png\"/>",
        "<Page ID=\"page_3\" PHYSICAL_IMG_NR=\"3\" QUALITY=\"Damaged\"/>\n</Layout>\n</alto>\n",
    };
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    fill(&shelf);
    answer = show(&shelf, "alto", "1-");
    expect_parts(answer, parts, sizeof parts / sizeof parts[0]);
    cr_expect_null(strstr(answer, "block_2_2"), "a block without words is left out");
    shelf_deinit(&shelf);
}

/* Ids are unique, whatever is asked for. */
Test(library_xml, pages_come_once)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    fill(&shelf);
    answer = show(&shelf, "alto", "2,1-2,2-3");
    cr_expect_not_null(strstr(answer, "\"page_3\""), "%s", answer);
    for (int page = 1; page <= 3; page++) {
        const char *id = arena_printf(shelf.arena, "ID=\"page_%d\"", page);
        const char *first = strstr(answer, id);

        cr_assert_not_null(first, "%s", id);
        cr_expect_null(strstr(first + 1, id), "%s", id);
    }
    shelf_deinit(&shelf);
}
