/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Images and tables of a document: their rows, what finish makes of them over pages, and the lists
 * that show answers.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <string.h>

#define FULL_KEY(digit) digit digit digit digit digit digit digit digit
#define KEY_A FULL_KEY("aaaa")
#define KEY_B FULL_KEY("bbbb")

static void persist(struct shelf *shelf, struct page_record *record)
{
    cr_assert_eq(shelf_pages(shelf, SHELF_JOB, record->number, record->number, &record, 1), 0, "%s",
                 shelf->err.msg);
}

/* A page with a logo at its top, a picture with its caption, and text. */
static struct page_record *picture_page(struct shelf *shelf, uint32_t number, bool logo)
{
    struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "x", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "x", 10, 0, 0},
        {PAGE_BLOCK_CAPTION, "Figure 1: A chair", 10, 0, 0},
        {PAGE_BLOCK_TEXT, "Text of the page.", 10, 0, 0},
    };
    struct page_record *record = shelf_page(shelf, number, blocks, 4);

    shelf_make_image(shelf, record, 1, 'a', "Figure 1: A chair");
    if (logo) {
        shelf_make_image(shelf, record, 0, 'b', NULL);
    }
    return record;
}

Test(library_parts, an_image_is_one_row_with_its_places)
{
    struct shelf shelf;
    const char *digest;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 6), 0);
    for (uint32_t number = 1; number <= 6; number++) {
        persist(&shelf, picture_page(&shelf, number, number > 2));
        if (number > 1) { /* the picture is on the first page alone */
            shelf_sql(&shelf, "DELETE FROM image_placements WHERE page>1 AND key='" KEY_A "'");
        }
    }
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    cr_expect_eq(shelf.outcome.images, 1, "content");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM images"), "2");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT role||repeated||pages||caption||format||quality"
                                       " FROM images WHERE key='" KEY_A "'"),
                     "content01Figure 1: A chairpng0.75");
    cr_expect_str_eq(
        shelf_sql(&shelf, "SELECT role||repeated||pages FROM images WHERE key='" KEY_B "'"),
        "decoration14");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(DISTINCT id) FROM images WHERE length(id)=36"),
                     "2");
    digest = shelf_digest(&shelf);
    shelf_sql(&shelf, "UPDATE images SET repeated=0 WHERE key='" KEY_B "'");
    cr_expect_str_neq(shelf_digest(&shelf), digest);
    shelf_deinit(&shelf);
}

/* Few of many pages show it, but always in a margin: a chapter's ornament. */
Test(library_parts, an_image_in_furnitures_place_is_decoration)
{
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 30), 0);
    for (uint32_t number = 1; number <= 30; number++) {
        struct page_record *record = picture_page(&shelf, number, number <= 3);

        if (number <= 3) {
            record->images[1].box.y1 = 90;
        }
        record->images[0].key[0] = (char)('0' + number % 10); /* ten pictures, three times each */
        persist(&shelf, record);
    }
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(key) FROM images WHERE repeated"),
                     KEY_B);
    cr_expect_eq(shelf.outcome.images, 10);
    shelf_deinit(&shelf);
}

Test(library_parts, markdown_shows_images_with_their_captions_once)
{
    struct shelf shelf;
    const char *markdown;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 3), 0);
    for (uint32_t number = 1; number <= 3; number++) {
        struct page_record *record = picture_page(&shelf, number, true);

        record->images[0].key[0] = (char)('0' + number);
        persist(&shelf, record);
    }
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    markdown =
        SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown", "pages", "2");
    cr_expect_str_eq(
        markdown,
        "<!-- page 2 -->\n\n![Figure 1: A chair](images/2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ".png)\n\nText of the page.\n\n",
        "%s", markdown);
    shelf_deinit(&shelf);
}

Test(library_parts, images_are_listed)
{
    struct shelf shelf;
    const char *list;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 3), 0);
    for (uint32_t number = 1; number <= 3; number++) {
        persist(&shelf, picture_page(&shelf, number, number == 3));
    }
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    list = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "images");
    cr_assert_not_null(list, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(list, "\"images\":[{\"id\":\""), "%s", list);
    cr_expect_not_null(strstr(list, "\"key\":\"" KEY_A "\",\"file\":\"images/" KEY_A ".png\""),
                       "%s", list);
    cr_expect_not_null(strstr(list, "\"width_px\":640,\"height_px\":480,\"bits\":8,"
                                    "\"masked\":false,\"file_bytes\":4321"),
                       "%s", list);
    cr_expect_not_null(strstr(list, "\"perceptual_hash\":\"fedcba9876543210\",\"pages\":3"), "%s",
                       list);
    cr_expect_not_null(strstr(list, "{\"page\":2,\"bbox\":[72,112,77,122],\"dpi\":150"), "%s",
                       list);
    cr_expect_not_null(strstr(list, KEY_B), "%s", list);
    list = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "images", "pages", "1-2");
    cr_expect_null(strstr(list, KEY_B), "%s", list);
    cr_expect_not_null(strstr(list, KEY_A), "%s", list);
    shelf_deinit(&shelf);
}

/* What a page showed before it was read anew goes from the list. */
Test(library_parts, an_image_that_is_shown_no_more_goes)
{
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    persist(&shelf, picture_page(&shelf, 1, true));
    persist(&shelf, picture_page(&shelf, 1, false));
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(key) FROM images"), KEY_A);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM image_placements"), "1");
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB));
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT (SELECT count(*) FROM images) + (SELECT count(*)"
                                       " FROM image_placements)"),
                     "0");
    shelf_deinit(&shelf);
}

static const char *const prices[] = {"Name", "Price", "Chair", "12 | 13", "Table", "<40>"};
static const char *const prices_on[] = {"NAME", "Price", "Lamp", "7", "Stool", "9"};
static const char *const others[] = {"Town", "Price", "Bonn", "7", "Rome", "9"};

/* Head, text before, table, text behind, foot; the texts only where they are not NULL. */
static struct page_record *table_page(struct shelf *shelf, uint32_t number, const char *before,
                                      const char *const *cells, const char *behind)
{
    struct shelf_block blocks[5];
    struct page_record *record;
    uint32_t count = 0;
    uint32_t table;

    blocks[count++] = (struct shelf_block){PAGE_BLOCK_TEXT, "Price list", 10, 0, PAGE_MARGIN_TOP};
    if (before) {
        blocks[count++] = (struct shelf_block){PAGE_BLOCK_TEXT, before, 10, 0, 0};
    }
    table = count;
    blocks[count++] = (struct shelf_block){PAGE_BLOCK_TABLE, "cells", 10, 0, 0};
    if (behind) {
        blocks[count++] = (struct shelf_block){PAGE_BLOCK_TEXT, behind, 10, 0, 0};
    }
    blocks[count++] = (struct shelf_block){
        PAGE_BLOCK_TEXT, arena_printf(shelf->arena, "Page %u", number), 10, 0, PAGE_MARGIN_BOTTOM};
    record = shelf_page(shelf, number, blocks, count);
    shelf_make_table(shelf, &record->blocks[table], 3, 2, 1, cells);
    return record;
}

static void fill_with_tables(struct shelf *shelf)
{
    cr_assert_eq(shelf_survey(shelf, SHELF_JOB, 1, 4), 0);
    persist(shelf, table_page(shelf, 1, "Our prices.", prices, NULL));
    persist(shelf, table_page(shelf, 2, NULL, prices_on, NULL));
    persist(shelf, table_page(shelf, 3, NULL, others, "Text below."));
    persist(shelf, table_page(shelf, 4, NULL, others, NULL));
    cr_assert_eq(shelf_finish(shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf->err.msg);
}

Test(library_parts, tables_over_pages_are_joined)
{
    struct shelf shelf;
    const char *digest;

    shelf_init(&shelf);
    fill_with_tables(&shelf);
    cr_expect_eq(shelf.outcome.tables, 3);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(first_page||'-'||last_page||':'||rows||"
                                       "'x'||columns||'/'||header_rows) FROM tables"),
                     "1-2:5x2/1,3-3:3x2/1,4-4:3x2/1");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(ordinal||':'||first_row||'-'||"
                                       "skipped_rows) FROM table_parts"),
                     "1:0-0,1:3-1,2:0-0,3:0-0");
    digest = shelf_digest(&shelf);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    cr_expect_str_eq(shelf_digest(&shelf), digest, "twice is once");
    shelf_sql(&shelf, "UPDATE tables SET rows=9 WHERE ordinal=2");
    cr_expect_str_neq(shelf_digest(&shelf), digest);
    shelf_deinit(&shelf);
}

Test(library_parts, markdown_of_a_table_over_pages)
{
    struct shelf shelf;
    const char *markdown;

    shelf_init(&shelf);
    fill_with_tables(&shelf);
    markdown =
        SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown", "pages", "1-3");
    cr_expect_str_eq(
        markdown,
        "<!-- page 1 -->\n\nOur prices.\n\n"
        "| Name | Price |\n| --- | --- |\n| Chair | 12 \\| 13 |\n| Table | <40> |\n"
        "| Lamp | 7 |\n| Stool | 9 |\n\n<!-- page 2 -->\n\n<!-- page 3 -->\n\n"
        "| Town | Price |\n| --- | --- |\n| Bonn | 7 |\n| Rome | 9 |\n\nText below.\n\n",
        "%s", markdown);
    markdown =
        SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown", "pages", "2");
    cr_expect_str_eq(markdown,
                     "<!-- page 2 -->\n\n| NAME | Price |\n| --- | --- |\n| Lamp | 7 |\n"
                     "| Stool | 9 |\n\n",
                     "a part alone has its header: %s", markdown);
    shelf_deinit(&shelf);
}

Test(library_parts, tables_are_listed)
{
    struct shelf shelf;
    const char *list;

    shelf_init(&shelf);
    fill_with_tables(&shelf);
    list = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "tables", "pages", "2");
    cr_assert_not_null(list, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(list, "\"tables\":[{\"number\":1,\"id\":\""), "%s", list);
    cr_expect_not_null(strstr(list, "\"first_page\":1,\"last_page\":2,\"rows\":5,\"columns\":2,"
                                    "\"header_rows\":1,\"ruled\":true,\"caption\":null,\"parts\":["
                                    "{\"page\":1,"),
                       "%s", list);
    cr_expect_not_null(
        strstr(list, "\"cells\":[{\"row\":0,\"column\":0,\"header\":true,\"page\":1,\"bbox\":"
                     "[72,152,122,162],\"text\":\"Name\"},"),
        "%s", list);
    cr_expect_not_null(strstr(list, "\"text\":\"<40>\"},{\"row\":3,\"column\":0,\"page\":2,"), "%s",
                       list);
    cr_expect_null(strstr(list, "Bonn"), "%s", list);
    list = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "tables");
    cr_expect_not_null(strstr(list, "\"number\":3"), "%s", list);
    shelf_deinit(&shelf);
}

/* Spans need HTML, and then all parts of the table are HTML. */
Test(library_parts, a_table_with_spans_is_html)
{
    static const char *const spanning[] = {"A & B", NULL, "C", "D", "", "E"};
    static const char *const plain[] = {"F", "G", "H", "I", "J", "K"};
    struct page_record *record;
    struct shelf shelf;
    const char *markdown;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 2), 0);
    persist(&shelf, table_page(&shelf, 1, NULL, spanning, NULL));
    record = table_page(&shelf, 2, NULL, plain, NULL);
    shelf_make_table(&shelf, &record->blocks[1], 3, 2, 0, plain);
    persist(&shelf, record);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    /* The running head is on two pages: no furniture, so it parts the table. */
    cr_expect_eq(shelf.outcome.tables, 2);
    record->blocks[0].margin = PAGE_MARGIN_NONE;
    markdown =
        SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown", "pages", "1");
    cr_expect_str_eq(markdown,
                     "<!-- page 1 -->\n\nPrice list\n\n<table>\n<thead>\n"
                     "<tr><th colspan=\"2\">A &amp; B</th></tr>\n</thead>\n<tbody>\n"
                     "<tr><td>C</td><td>D</td></tr>\n<tr><td></td><td>E</td></tr>\n"
                     "</tbody>\n</table>\n\n",
                     "%s", markdown);
    shelf_deinit(&shelf);
}
