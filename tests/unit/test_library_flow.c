/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Markdown over the ends of lines, columns and pages: paragraphs, lists, footnotes.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <string.h>

#include "workers/library/render.h"

#define PAGES_MAX 4

/* Body text of 10 pt, so that nothing is a heading by its size. */
static const char *render(struct shelf *shelf, struct page_record *const *records, uint32_t count)
{
    struct document_style style = {.body_class = style_class(10, false)};
    struct markdown_stream *stream = markdown_stream_create(&style);
    const char *result;
    struct buf out;

    cr_assert_not_null(stream);
    buf_init(&out, 1U << 20);
    for (uint32_t i = 0; i < count; i++) {
        struct render_page page = {
            .number = records[i]->number, .record = records[i], .arena = shelf->arena};

        cr_assert_eq(markdown_stream_page(stream, &page, &out, &shelf->err), 0);
    }
    cr_assert_eq(markdown_stream_end(stream, &out, &shelf->err), 0);
    result = arena_strdup(shelf->arena, buf_cstr(&out, &shelf->err));
    buf_deinit(&out);
    markdown_stream_destroy(stream);
    return result;
}

static const char *render_texts(struct shelf *shelf, const char *first, const char *second)
{
    struct shelf_block block = {PAGE_BLOCK_TEXT, first, 10, 0, 0};
    struct page_record *records[2];

    records[0] = shelf_page(shelf, 1, &block, 1);
    block.text = second;
    records[1] = shelf_page(shelf, 2, &block, 1);
    return render(shelf, records, 2);
}

#define COMMENT_1 "<!-- page 1 -->\n\n"
#define COMMENT_2 "<!-- page 2 -->\n\n"

Test(library_flow, a_paragraph_goes_on_over_the_page)
{
    static const struct {
        const char *first, *second, *expected;
    } cases[] = {
        {"It was the best", "of times.", "It was the best of times.\n\n" COMMENT_2},
        {"a hyphen-", "ated word.", "a hyphenated word.\n\n" COMMENT_2},
        {"a hyphen\xE2\x80\x90", "ated word.", "a hyphenated word.\n\n" COMMENT_2},
        {"out-of-", "date news.", "out-of-date news.\n\n" COMMENT_2},
        {"Rome, Paris,", "London.", "Rome, Paris, London.\n\n" COMMENT_2},
        {"It ended.", "and began.", "It ended.\n\n" COMMENT_2 "and began.\n\n"},
        {"He said \"no.\"", "and left", "He said \"no.\"\n\n" COMMENT_2 "and left\n\n"},
        {"A title", "Another", "A title\n\n" COMMENT_2 "Another\n\n"},
        {"The word",
         "\xC3\xBC"
         "ber",
         "The word \xC3\xBC"
         "ber\n\n" COMMENT_2},
        {"in 1999 and more\nin the year\nwhen it", "2001 came, which was\na year",
         "in 1999 and more in the year when it\n\n" COMMENT_2 "2001 came, which was a year\n\n"},
        {"these three lines are\nof one length and full\nas it is seen at the t",
         "Paris came, which was\na town",
         "these three lines are of one length and full as it is seen"
         " at the t Paris came, which was a town\n\n" COMMENT_2},
    };
    struct shelf shelf;

    shelf_init(&shelf);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = render_texts(&shelf, cases[i].first, cases[i].second);

        cr_expect_str_eq(got, arena_printf(shelf.arena, COMMENT_1 "%s", cases[i].expected), "%s",
                         got);
    }
    shelf_deinit(&shelf);
}

/* Blocks that follow each other in one column were parted on purpose. */
Test(library_flow, columns_join_and_neighbours_do_not)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "the left column ends in the", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "middle of a sentence", 10, 0, 0},
    };
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 2);
    cr_expect_str_eq(render(&shelf, &record, 1),
                     COMMENT_1 "the left column ends in the\n\nmiddle of a sentence\n\n");
    record->blocks[1].box = (struct page_box){320, 40, 500, 50};
    cr_expect_str_eq(render(&shelf, &record, 1),
                     COMMENT_1 "the left column ends in the middle of a sentence\n\n");
    record->blocks[1].lines[0].spans[0].size_pt = 14;
    cr_expect_str_eq(render(&shelf, &record, 1),
                     COMMENT_1 "the left column ends in the\n\nmiddle of a sentence\n\n",
                     "of another size it is another text");
    shelf_deinit(&shelf);
}

Test(library_flow, a_figure_waits_for_the_sentence_to_end)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "a sentence that a", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "x", 10, 0, 0},
        {PAGE_BLOCK_CAPTION, "Fig. 1: [A] picture", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "picture interrupts.", 10, 0, 0},
    };
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 4);
    shelf_make_image(&shelf, record, 1, 'c', NULL);
    cr_expect_str_eq(render(&shelf, &record, 1), COMMENT_1
                     "a sentence that a picture interrupts.\n\n"
                     "![Fig. 1: \\[A\\] picture](images/cccccccccccccccccccccccccccccccc.png)\n\n");
    record->images[0].role = PAGE_IMAGE_ROLE_DECORATION;
    record->images[0].key[0] = '\0';
    cr_expect_str_eq(render(&shelf, &record, 1),
                     COMMENT_1 "a sentence that a picture interrupts.\n\nFig. 1: [A] picture\n\n",
                     "what is not stored is not referred to, and its caption stays");
    shelf_deinit(&shelf);
}

Test(library_flow, lists_nest)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_LIST_ITEM, "1. one", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "\xE2\x80\xA2 in one", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "\xE2\x80\x93 deeper", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "10. ten", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "a) in ten", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "Text.", 10, 0, 0},
        {PAGE_BLOCK_LIST_ITEM, "- alone", 10, 0, 0},
    };
    static const uint8_t levels[] = {0, 1, 2, 0, 1, 0, 1};
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, blocks, 7);
    for (uint32_t b = 0; b < 7; b++) {
        record->blocks[b].level = levels[b];
    }
    cr_expect_str_eq(render(&shelf, &record, 1), COMMENT_1 "1. one\n   - in one\n     - deeper\n"
                                                           "10. ten\n    - a) in ten\n\nText.\n\n"
                                                           "- alone\n\n");
    shelf_deinit(&shelf);
}

Test(library_flow, an_item_goes_on_over_the_page)
{
    struct shelf_block item = {PAGE_BLOCK_LIST_ITEM, "- an item that", 10, 0, 0};
    struct shelf_block rest = {PAGE_BLOCK_TEXT, "goes on.", 10, 0, 0};
    struct page_record *records[2];
    struct shelf shelf;

    shelf_init(&shelf);
    records[0] = shelf_page(&shelf, 1, &item, 1);
    records[1] = shelf_page(&shelf, 2, &rest, 1);
    cr_expect_str_eq(render(&shelf, records, 2), COMMENT_1 "- an item that goes on.\n\n" COMMENT_2);
    shelf_deinit(&shelf);
}

/* Splits a block's first span before its last `tail` bytes, which become another style. */
static void raise_tail(struct shelf *shelf, struct page_block *block, uint32_t tail, uint8_t style)
{
    struct page_line *line = &block->lines[0];
    struct page_span *spans = arena_calloc(shelf->arena, 2, sizeof *spans);

    spans[0] = line->spans[0];
    spans[1] = line->spans[0];
    spans[0].text_bytes -= tail;
    spans[1].text += spans[0].text_bytes;
    spans[1].text_bytes = tail;
    spans[1].style = style;
    line->spans = spans;
    line->span_count = 2;
}

/* The block's first `head` bytes become superscript. */
static void raise_head(struct shelf *shelf, struct page_block *block, uint32_t head)
{
    raise_tail(shelf, block, block->lines[0].spans[0].text_bytes - head, 0);
    block->lines[0].spans[0].style = PAGE_STYLE_SUPERSCRIPT;
}

Test(library_flow, raised_and_lowered_text)
{
    static const struct {
        const char *text;
        uint32_t tail;
        uint8_t style;
        const char *expected;
    } cases[] = {
        {"m2", 1, PAGE_STYLE_SUPERSCRIPT, "m<sup>2</sup>"},
        {"CO2", 1, PAGE_STYLE_SUBSCRIPT, "CO<sub>2</sub>"},
        {"on the 1st", 2, PAGE_STYLE_SUPERSCRIPT, "on the 1st"},
        {"a king[1]", 3, PAGE_STYLE_SUPERSCRIPT, "a king[1]"},
        {"\xE2\x81\x84"
         "4",
         1, PAGE_STYLE_SUBSCRIPT,
         "\xE2\x81\x84"
         "4"},
        {"so it is7", 1, PAGE_STYLE_SUPERSCRIPT, "so it is<sup>7</sup>"},
    };
    struct shelf shelf;

    shelf_init(&shelf);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct shelf_block block = {PAGE_BLOCK_TEXT, cases[i].text, 10, 0, 0};
        struct page_record *record = shelf_page(&shelf, 1, &block, 1);
        const char *got;

        raise_tail(&shelf, &record->blocks[0], cases[i].tail, cases[i].style);
        got = render(&shelf, &record, 1);
        cr_expect_str_eq(got, arena_printf(shelf.arena, COMMENT_1 "%s\n\n", cases[i].expected),
                         "%s", got);
    }
    shelf_deinit(&shelf);
}

static struct page_record *noted_page(struct shelf *shelf, uint32_t number, const char *text,
                                      const char *note)
{
    struct shelf_block blocks[] = {{PAGE_BLOCK_TEXT, text, 10, 0, 0},
                                   {PAGE_BLOCK_FOOTNOTE, note, 8, 0, 0},
                                   {PAGE_BLOCK_TEXT, "More.", 10, 0, 0}};
    struct page_record *record = shelf_page(shelf, number, blocks, 3);

    raise_tail(shelf, &record->blocks[0], 1, PAGE_STYLE_SUPERSCRIPT);
    return record;
}

Test(library_flow, footnotes)
{
    struct page_record *records[3];
    struct shelf shelf;
    const char *got;

    shelf_init(&shelf);
    records[0] = noted_page(&shelf, 1, "It is so.1", "1It was\nnot.");
    raise_head(&shelf, &records[0]->blocks[1], 1);
    records[1] = noted_page(&shelf, 2, "Here too.*", "* A second one.");
    records[2] = noted_page(&shelf, 3, "And again.1", "1 A third.");
    got = render(&shelf, records, 3);
    cr_expect_str_eq(got,
                     COMMENT_1 "It is so.[^1]\n\nMore.\n\n[^1]: It was not.\n\n" COMMENT_2
                               "Here too.[^2-1]\n\nMore.\n\n[^2-1]: A second one.\n\n"
                               "<!-- page 3 -->\n\nAnd again.[^3-1]\n\nMore.\n\n"
                               "[^3-1]: A third.\n\n",
                     "%s", got);
    shelf_deinit(&shelf);
}

/* A note that nothing refers to stays where it is, and a reference with no note is a number. */
Test(library_flow, footnotes_that_do_not_match)
{
    struct page_record *record;
    struct shelf shelf;
    const char *got;

    shelf_init(&shelf);
    record = noted_page(&shelf, 1, "It is so.1", "2 Of something else.");
    got = render(&shelf, &record, 1);
    cr_expect_str_eq(got, COMMENT_1 "It is so.<sup>1</sup>\n\n2 Of something else.\n\nMore.\n\n",
                     "%s", got);
    shelf_deinit(&shelf);
}

/* Marks of direction tell a display what a reader of the text has no use for. */
Test(library_flow, invisible_characters_are_dropped)
{
    struct shelf_block block = {
        PAGE_BLOCK_TEXT,
        "\xE2\x80\xAB\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D\xE2\x80\xAC so\xC2\xAD"
        "ft\x7F",
        10, 0, 0};
    struct page_record *record;
    struct shelf shelf;

    shelf_init(&shelf);
    record = shelf_page(&shelf, 1, &block, 1);
    cr_expect_str_eq(render(&shelf, &record, 1),
                     COMMENT_1 "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D soft\n\n");
    shelf_deinit(&shelf);
}

Test(library_flow, page_numbers_are_furniture)
{
    static const struct {
        const char *text;
        enum page_margin margin;
        bool furniture;
    } cases[] = {
        {"3", PAGE_MARGIN_TOP, true},
        {"- 3 -", PAGE_MARGIN_BOTTOM, true},
        {"Page 3 of 12", PAGE_MARGIN_TOP, true},
        {"Seite 3", PAGE_MARGIN_BOTTOM, true},
        {"iii", PAGE_MARGIN_BOTTOM, true},
        {"http://a.b/c 3/34", PAGE_MARGIN_BOTTOM, true},
        {"5", PAGE_MARGIN_BOTTOM, true},
        {"5", PAGE_MARGIN_TOP, false},
        {"5", PAGE_MARGIN_NONE, false},
        {"512", PAGE_MARGIN_BOTTOM, false},
        {"3 apples", PAGE_MARGIN_TOP, false},
        {"4/34", PAGE_MARGIN_TOP, false},
        {"Total 3.5", PAGE_MARGIN_BOTTOM, false},
    };
    struct document_style style = {0};
    struct shelf shelf;

    shelf_init(&shelf);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct shelf_block block = {PAGE_BLOCK_TEXT, cases[i].text, 10, 0, cases[i].margin};
        struct page_record *record = shelf_page(&shelf, 3, &block, 1);
        struct render_page page = {.number = 3, .label = "iii", .record = record};

        cr_expect_eq(render_is_furniture(&style, &page, &record->blocks[0]), cases[i].furniture,
                     "%s", cases[i].text);
    }
    shelf_deinit(&shelf);
}
