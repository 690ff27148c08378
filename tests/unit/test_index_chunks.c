/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks: sections, sentences, tables, lists and code, overlap, places, duplicates. What holds for
 * any body is demanded by chunk_sketch.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "chunk_sketch.h"
#include "workers/index/characters.h"

static struct chunk_sketch sketch;

static void setup(void)
{
    chunk_sketch_init(&sketch);
}

static void teardown(void)
{
    chunk_sketch_deinit(&sketch);
}

TestSuite(index_chunks, .init = setup, .fini = teardown);

static const struct body_block *add(enum page_block_kind kind, const char *text)
{
    return chunk_sketch_add(&sketch, kind, 0, 1, text);
}

static void add_heading(uint8_t level, const char *text)
{
    chunk_sketch_add(&sketch, PAGE_BLOCK_HEADING, level, 1, text);
}

static void expect_texts(size_t count, const char *const *texts)
{
    for (size_t i = 0; i < sketch.chunk_count && i < count; i++) {
        cr_expect_str_eq(sketch.chunks[i].text, texts[i]);
    }
    cr_expect_eq(sketch.chunk_count, count, "%zu chunks, not %zu", sketch.chunk_count, count);
}

#define EXPECT_TEXTS(...)                                                                          \
    expect_texts(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                           \
                 (const char *[]){__VA_ARGS__})

#define S40 "A sentence that has just forty letters. " /* with the space behind it */

Test(index_chunks, a_short_body_is_one)
{
    add_heading(1, "Title");
    add(PAGE_BLOCK_TEXT, "Some text.");
    chunk_sketch_cut_plain(&sketch, 1024, 128);
    EXPECT_TEXTS("Title\n\nSome text.");
    cr_expect_eq(sketch.chunks[0].heading_count, 1);
    cr_expect_str_eq(sketch.chunks[0].headings[0], "Title");
    cr_expect_eq(sketch.chunks[0].heading_levels[0], 1);
    cr_expect_float_eq(sketch.chunks[0].boundary_quality, 1, 1e-6);
    cr_expect_float_eq(sketch.chunks[0].completeness_quality, 1, 1e-6);
    cr_expect_lt(sketch.chunks[0].length_quality, 0.1);
}

Test(index_chunks, an_empty_body_has_none)
{
    chunk_sketch_cut_plain(&sketch, 1024, 128);
    cr_expect_eq(sketch.chunk_count, 0);
    cr_expect_eq(sketch.searched, 0);
}

Test(index_chunks, never_cross_a_heading_that_is_not_below_theirs)
{
    add(PAGE_BLOCK_TEXT, "Before all headings.");
    add_heading(1, "One");
    add(PAGE_BLOCK_TEXT, "Text of one.");
    add_heading(2, "One a");
    add(PAGE_BLOCK_TEXT, "Text of a.");
    add_heading(2, "One b");
    add(PAGE_BLOCK_TEXT, "Text of b.");
    add_heading(1, "Two");
    add_heading(3, "Deep");
    add(PAGE_BLOCK_TEXT, "Text of deep.");
    add_heading(2, "Less deep");
    add_heading(2, "Empty");
    chunk_sketch_cut_plain(&sketch, 1024, 128);
    EXPECT_TEXTS("Before all headings.",
                 "One\n\nText of one.\n\nOne a\n\nText of a.\n\nOne b\n\nText of b.",
                 "Two\n\nDeep\n\nText of deep.", "Less deep", "Empty");
    cr_expect_eq(sketch.chunks[0].heading_count, 0);
    cr_expect_eq(sketch.chunks[1].heading_count, 1);
    cr_expect_eq(sketch.chunks[2].heading_count, 2);
    cr_expect_str_eq(sketch.chunks[2].headings[1], "Deep");
    cr_expect_eq(sketch.chunks[4].heading_count, 2);
    cr_expect_str_eq(sketch.chunks[4].headings[0], "Two");
    cr_expect_str_eq(sketch.chunks[4].headings[1], "Empty");
}

Test(index_chunks, all_under_a_heading_have_it)
{
    add_heading(1, "Chapter");
    add_heading(2, "Part");
    add(PAGE_BLOCK_TEXT, S40 S40 S40 S40 S40 "The end.");
    chunk_sketch_cut_plain(&sketch, 100, 0);
    cr_assert_eq(sketch.chunk_count, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(sketch.chunks[i].heading_count, 2);
        cr_expect_str_eq(sketch.chunks[i].headings[1], "Part");
    }
}

Test(index_chunks, a_heading_is_not_left_alone_at_an_end)
{
    add_heading(1, "Chapter");
    add(PAGE_BLOCK_TEXT, S40 "Another one that is a little shorter.");
    add_heading(2, "Section");
    add(PAGE_BLOCK_TEXT, S40 S40 S40);
    chunk_sketch_cut_plain(&sketch, 110, 0);
    EXPECT_TEXTS("Chapter\n\n" S40 "Another one that is a little shorter.",
                 "Section\n\n" S40 "A sentence that has just forty letters.",
                 "A sentence that has just forty letters.");
}

Test(index_chunks, sentences_are_whole_and_overlap)
{
    add(PAGE_BLOCK_TEXT, "Number one is the first of them all. Number two comes next to it. "
                         "Number three is the last one but one. Number four ends it here.");
    chunk_sketch_cut_plain(&sketch, 80, 35);
    EXPECT_TEXTS("Number one is the first of them all. Number two comes next to it.",
                 "Number two comes next to it. Number three is the last one but one.",
                 "three is the last one but one. Number four ends it here.");
    cr_expect_eq(sketch.chunks[1].overlap_bytes, strlen("Number two comes next to it. "));
    cr_expect_str_eq(sketch.chunks[1].joint, " ");
    cr_expect_float_eq(sketch.chunks[1].completeness_quality, 1, 1e-6);
    cr_expect_float_eq(sketch.chunks[2].boundary_quality, 2.0 / 3, 1e-3);
}

Test(index_chunks, a_long_sentence_is_cut_at_clauses)
{
    add(PAGE_BLOCK_TEXT, "This sentence goes on and on without an end in sight, and behind its "
                         "comma it goes on again, until it has been cut in parts that fit");
    chunk_sketch_cut_plain(&sketch, 70, 0);
    EXPECT_TEXTS("This sentence goes on and on without an end in sight,",
                 "and behind its comma it goes on again,",
                 "until it has been cut in parts that fit");
    cr_expect_lt(sketch.chunks[0].boundary_quality, 1);
}

Test(index_chunks, a_table_stays_whole_where_it_fits)
{
    struct body_block *table;

    add(PAGE_BLOCK_TEXT, S40);
    table = chunk_sketch_add(&sketch, PAGE_BLOCK_TABLE, 0, 2,
                             "name\tsize\trank\nfirst row\t10\t1\nsecond row\t20\t2\n"
                             "third row\t30\t3\nfourth row\t40\t4");
    table->table = 7;
    add(PAGE_BLOCK_TEXT, S40);
    chunk_sketch_cut_plain(&sketch, 90, 40);
    cr_assert_eq(sketch.chunk_count, 3);
    cr_expect_str_eq(sketch.chunks[1].text, table->text);
    cr_expect_eq(sketch.chunks[1].kind, CHUNK_KIND_TABLE);
    cr_expect_eq(sketch.chunks[1].table, 7);
    cr_expect_eq(sketch.chunks[1].first_page, 2);
    cr_expect_eq(sketch.chunks[1].box_count, 1, "rows that touch are one box");
    cr_expect_eq(sketch.chunks[0].table, 0);
    cr_expect_eq(sketch.chunks[2].overlap_bytes, 0);
}

Test(index_chunks, a_long_table_is_cut_between_rows)
{
    struct body_block *table =
        chunk_sketch_add(&sketch, PAGE_BLOCK_TABLE, 0, 2,
                         "name\tsize of it. And more\nfirst row\t10. Ten\nsecond row\t20. Twenty\n"
                         "third row\t30. Thirty\nfourth row\t40. Forty\nfifth row\t50. Fifty");

    table->table = 1;
    chunk_sketch_cut_plain(&sketch, 64, 25);
    cr_assert_eq(sketch.chunk_count, 3);
    for (size_t i = 0; i < sketch.chunk_count; i++) {
        const char *at = strstr(table->text, sketch.chunks[i].text);

        cr_assert_not_null(at);
        cr_expect(at == table->text || at[-1] == '\n', "chunk %zu begins in a row", i);
        at += sketch.chunks[i].text_bytes;
        cr_expect(*at == '\n' || *at == '\0', "chunk %zu ends in a row", i);
        cr_expect_eq(sketch.chunks[i].table, 1);
    }
}

Test(index_chunks, code_keeps_its_lines)
{
    add(PAGE_BLOCK_CODE, "int main(void)\n{\n        if (x) {\n                return f(x) + "
                         "g(x);\n        }\n        return 0;\n}");
    chunk_sketch_cut_plain(&sketch, 64, 0);
    cr_assert_eq(sketch.chunk_count, 2);
    cr_expect_eq(sketch.chunks[0].kind, CHUNK_KIND_CODE);
    cr_expect_eq(sketch.chunks[1].joint[0], '\n');
}

Test(index_chunks, items_of_a_list_stay_whole)
{
    add(PAGE_BLOCK_LIST_ITEM, "First item. It has two sentences.");
    add(PAGE_BLOCK_LIST_ITEM, "Second item. It has two sentences.");
    add(PAGE_BLOCK_LIST_ITEM, "Third item. It has two sentences.");
    chunk_sketch_cut_plain(&sketch, 80, 0);
    EXPECT_TEXTS("First item. It has two sentences.\nSecond item. It has two sentences.",
                 "Third item. It has two sentences.");
    cr_expect_eq(sketch.chunks[0].kind, CHUNK_KIND_LIST);
}

Test(index_chunks, places_are_where_the_text_is)
{
    chunk_sketch_add(&sketch, PAGE_BLOCK_TEXT, 0, 3, "One\ntwo\nthree.");
    chunk_sketch_add(&sketch, PAGE_BLOCK_TEXT, 0, 4, "Four.");
    chunk_sketch_cut_plain(&sketch, 1024, 128);
    cr_assert_eq(sketch.chunk_count, 1);
    cr_expect_eq(sketch.chunks[0].first_page, 3);
    cr_expect_eq(sketch.chunks[0].last_page, 4);
    cr_assert_eq(sketch.chunks[0].box_count, 2);
    cr_expect_float_eq(sketch.chunks[0].boxes[0].box.y1, 36, 0.01);
    cr_expect_eq(sketch.chunks[0].boxes[1].offset, strlen("One\ntwo\nthree.\n\n"));
}

Test(index_chunks, duplicates_are_found)
{
    add_heading(1, "A");
    add(PAGE_BLOCK_TEXT, "Same  text.");
    add_heading(1, "A");
    add(PAGE_BLOCK_TEXT, "Same text.");
    add_heading(1, "B");
    add(PAGE_BLOCK_TEXT, "Same text.");
    chunk_sketch_cut_plain(&sketch, 1024, 128);
    cr_assert_eq(sketch.chunk_count, 3);
    cr_expect_eq(sketch.chunks[0].duplicate_of, 0);
    cr_expect_eq(sketch.chunks[1].duplicate_of, 1);
    cr_expect_eq(sketch.chunks[2].duplicate_of, 0);
}

Test(index_chunks, levels_have_each_other_as_parts)
{
    struct chunk_sizes sizes = {.sizes = {64, 128, 256}, .count = 3, .overlap = 20};
    size_t of_level[CHUNK_LEVELS_MAX] = {0};

    for (int i = 0; i < 20; i++) {
        add(PAGE_BLOCK_TEXT, S40 "And a short one. " S40 "Then some more of it.");
    }
    chunk_sketch_cut(&sketch, &sizes);
    for (size_t i = 0; i < sketch.chunk_count; i++) {
        of_level[sketch.chunks[i].level]++;
    }
    cr_expect_eq(of_level[0], sketch.searched);
    cr_expect_gt(of_level[0], of_level[1]);
    cr_expect_gt(of_level[1], of_level[2]);
    cr_expect_gt(of_level[2], 5);
}

Test(index_chunks, a_tiny_rest_is_shared)
{
    add(PAGE_BLOCK_TEXT, S40 S40 S40 S40 S40 "Rest.");
    chunk_sketch_cut_plain(&sketch, 200, 0);
    cr_assert_eq(sketch.chunk_count, 2);
    cr_expect_gt(sketch.chunks[1].text_bytes, 50);
}
