/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Search: words, phrases, prefixes, rank, and anything that anybody may type.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void fill(struct shelf *shelf)
{
    cr_assert_eq(shelf_survey(shelf, SHELF_JOB, 1, 4), 0);
    shelf_simple_page(shelf, SHELF_JOB, 1, "Walnut table with brass feet");
    shelf_simple_page(shelf, SHELF_JOB, 2, "Brass lamp.\nWalnut, walnut and walnut again");
    shelf_simple_page(shelf, SHELF_JOB, 3, "Caf\xC3\xA9 chair, designed by O'Neill (2019)");
    shelf_simple_page(shelf, SHELF_JOB, 4, "Nothing AND nothing OR NOT nothing NEAR it");
    cr_assert_eq(shelf_survey(shelf, SHELF_OTHER_JOB, 2, 1), 0);
    shelf_simple_page(shelf, SHELF_OTHER_JOB, 1, "Another brass bed");
}

static const char *search(struct shelf *shelf, const char *words)
{
    const char *answer = SHELF_QUERY(shelf, "search", "q", words);

    cr_assert_not_null(answer, "%s: %s", words, shelf->err.msg);
    return answer;
}

/* Pages of the results in order, "1 2": their numbers in the answer. */
static const char *pages(struct shelf *shelf, const char *words)
{
    const char *at = search(shelf, words);
    const char *result = "";

    while ((at = strstr(at, "\"page\":"))) {
        at += 7;
        result = arena_printf(shelf->arena, "%s%s%.*s", result, result[0] ? " " : "",
                              (int)strspn(at, "0123456789"), at);
    }
    return result;
}

Test(library_search, finds_words_phrases_and_prefixes)
{
    static const struct {
        const char *words, *pages;
    } cases[] = {
        {"walnut", "2 1"},
        {"WALNUT", "2 1"},
        {"walnut brass", "2 1"},
        {"brass feet", "1"},
        {"\"brass feet\"", "1"},
        {"\"feet brass\"", ""},
        {"\"walnut and walnut\"", "2"},
        {"\"brass fe\"*", "1"},
        {"desig*", "3"},
        {"desig", ""},
        {"cafe", "3"},
        {"Caf\xC3\x89", "3"},
        {"o'neill", "3"},
        {"(2019)", "3"},
        {"AND", "2 4"},
        {"NOT", "4"},
        {"nothing NEAR it", "4"},
        {"walnut AND lamp", "2"},
        {"walnut AND feet", ""},
        {"bed", "1"},
        {"zebra", ""},
    };
    struct shelf shelf;

    shelf_init(&shelf);
    fill(&shelf);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_str_eq(pages(&shelf, cases[i].words), cases[i].pages, "%s", cases[i].words);
    }
    shelf_deinit(&shelf);
}

Test(library_search, hostile_words_are_words)
{
    static const char *const queries[] = {
        "\"",
        "\"\"",
        "\"\"\"",
        "*",
        "**",
        "walnut\"",
        "\"walnut",
        "a AND",
        "OR OR",
        "NOT",
        "NEAR(",
        "NEAR(a b, 5)",
        "text:walnut",
        "{text}: a",
        "^walnut",
        "-walnut",
        "+",
        "walnut + brass",
        "(",
        ")",
        "((((((((",
        "'; DROP TABLE pages; --",
        "%s%n",
        "\\",
        "walnut*brass",
        "a\tb\nc",
        "\x01\x02",
        "* * *",
        "\"*\"",
        "!!!",
        "\xE6\xBC\xA2\xE5\xAD\x97",
        "\xF0\x9F\x98\x80",
        "\"a\"\"b\"",
        "a\"b\"c",
        "pages_fts",
        "rank MATCH 'x'",
        "\xEF\xB7\x90",
    };
    struct shelf shelf;

    shelf_init(&shelf);
    fill(&shelf);
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        const char *answer = SHELF_QUERY(&shelf, "search", "q", queries[i]);

        cr_expect_not_null(answer, "%s: %s", queries[i], shelf.err.msg);
        cr_expect(!answer || strstr(answer, "\"results\":["), "%s", answer);
    }
    cr_expect_str_eq(pages(&shelf, "walnut\""), "2 1");
    cr_expect_str_eq(pages(&shelf, "-walnut"), "2 1");
    cr_expect_str_eq(pages(&shelf, "text:walnut"), "", "a column's name is a word");
    shelf_deinit(&shelf);
}

Test(library_search, every_byte_alone_and_in_a_word)
{
    struct shelf shelf;

    shelf_init(&shelf);
    fill(&shelf);
    for (int byte = 1; byte < 128; byte++) {
        const char word[] = {'w', 'a', (char)byte, 'l', ' ', (char)byte, '\0'};

        cr_expect_not_null(SHELF_QUERY(&shelf, "search", "q", word), "byte %d: %s", byte,
                           shelf.err.msg);
    }
    shelf_deinit(&shelf);
}

Test(library_search, what_cannot_be_searched_is_explained)
{
    struct shelf shelf;
    char many[65 * 2 + 1];
    char *longest;

    shelf_init(&shelf);
    fill(&shelf);
    for (size_t i = 0; i < 65; i++) {
        memcpy(many + i * 2, "a ", 3);
    }
    longest = arena_alloc(shelf.arena, 60001);
    memset(longest, 'y', 60000);
    cr_expect_null(SHELF_QUERY(&shelf, "search", "q", many));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SHELF_QUERY(&shelf, "search", "q", longest));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SHELF_QUERY(&shelf, "search", "q", "  "));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SHELF_QUERY(&shelf, "search", NULL));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SHELF_QUERY(&shelf, "search", "q", "walnut", "k", "0"));
    cr_expect_not_null(strstr(shelf.err.msg, "k"), "%s", shelf.err.msg);
    cr_expect_null(SHELF_QUERY(&shelf, "search", "q", "walnut", "k", "many"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SHELF_QUERY(&shelf, "search", "q", "walnut", "document", "ffffffff"));
    cr_expect_eq(shelf.err.code, ERROR_NOT_FOUND, "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}

Test(library_search, k_and_document_narrow_it)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    fill(&shelf);
    answer = SHELF_QUERY(&shelf, "search", "q", "brass", "k", "1");
    cr_expect_not_null(strstr(answer, "\"page\""));
    cr_expect_null(strstr(strstr(answer, "\"page\"") + 1, "\"page\""), "%s", answer);
    answer = SHELF_QUERY(&shelf, "search", "q", "brass", "document", SHELF_OTHER_JOB);
    cr_expect_not_null(strstr(answer, "bed"), "%s", answer);
    cr_expect_null(strstr(answer, "lamp"), "%s", answer);
    shelf_deinit(&shelf);
}

Test(library_search, results_say_where_and_mark_the_words)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    fill(&shelf);
    answer = search(&shelf, "lamp");
    cr_expect_not_null(strstr(answer, "\"document\":\"file-1.pdf\",\"page\":2,\"label\":null"),
                       "%s", answer);
    cr_expect_not_null(
        strstr(answer, "\"snippet\":\"Brass \\u0002lamp\\u0003. Walnut, walnut and walnut again\""),
        "%s", answer);
    cr_expect_not_null(strstr(answer, "\"score\":"));
    cr_expect_null(strstr(answer, "\"score\":-"), "a score grows with the match: %s", answer);
    shelf_deinit(&shelf);
}

/* A page's own control characters cannot pass for marks, nor break the JSON. */
Test(library_search, marks_in_a_pages_text_are_dropped)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    shelf_simple_page(&shelf, SHELF_JOB, 1, "evil \x02mark\x03 \"here\" and there");
    answer = search(&shelf, "there");
    cr_expect_not_null(
        strstr(answer, "\"snippet\":\"evil mark \\\"here\\\" and \\u0002there\\u0003\""), "%s",
        answer);
    shelf_deinit(&shelf);
}

Test(library_search, an_unknown_kind_is_explained)
{
    struct shelf shelf;

    shelf_init(&shelf);
    cr_expect_null(SHELF_QUERY(&shelf, "dance", NULL));
    cr_expect_eq(shelf.err.code, ERROR_INVALID);
    cr_expect_not_null(strstr(shelf.err.msg, "search"), "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}
