/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Search: words, phrases, prefixes, vectors, filters, duplicates, images, and a library that is
 * not as it should be.
 */
#include "search_shelf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "workers/embedding/lexical.h"

#define PAGES_OF(shelf, ...)                                                                       \
    search_shelf_values(shelf, ask(shelf, (const char *const[]){__VA_ARGS__, NULL}), "first_page")

static const struct search_shelf_chunk furniture[] = {
    {1, "Tables", "Walnut table with brass feet"},
    {2, "Lamps", "Brass lamp.\nWalnut, walnut and walnut again"},
    {3, "Chairs", "Caf\xC3\xA9 chair, designed by O'Neill (2019)"},
    {4, NULL, "Nothing AND nothing OR NOT nothing NEAR it"},
    {5, "Care of wood", "Rub the surface with a dry cloth. Oil it once a year."},
};
static const struct search_shelf_chunk beds[] = {
    {1, "Beds", "Another brass bed"},
    {1, "Care of wood", "Rub the surface with a dry cloth. Oil it once a year."},
};

static void fill(struct shelf *shelf)
{
    shelf_init(shelf);
    search_shelf_document(shelf, SHELF_JOB, 1, 5, furniture, 5, true);
    search_shelf_document(shelf, SHELF_OTHER_JOB, 2, 1, beds, 2, true);
}

static const char *ask(struct shelf *shelf, const char *const *params)
{
    const char *answer = search_shelf_ask(shelf, params);

    cr_assert_not_null(answer, "%s: %s", params[1], shelf->err.msg);
    return answer;
}

Test(index_search, words_phrases_and_prefixes)
{
    static const struct {
        const char *words, *pages;
    } cases[] = {
        {"lamp", "2"},
        {"LAMP", "2"},
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
        {"chairs", "3"},
        {"\"brass feet\" lamp", "1"},
        {"zebra feet", "1"},
        {"zebra", ""},
        {"text:lamp", "2"},
        {"-lamp", "2"},
        {"NEAR", "4"},
    };
    struct shelf shelf;

    fill(&shelf);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_str_eq(PAGES_OF(&shelf, "q", cases[i].words, "mode", "text"), cases[i].pages,
                         "%s: %s", cases[i].words,
                         PAGES_OF(&shelf, "q", cases[i].words, "mode", "text"));
    }
    cr_expect_str_eq(PAGES_OF(&shelf, "q", "walnut feet", "mode", "text"), "1 2",
                     "any of the words will do, the one with both comes first");
    shelf_deinit(&shelf);
}

Test(index_search, hostile_words_are_words)
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
        "NEAR(a b,5)",
        "{text}:a",
        "^walnut",
        "-walnut",
        "+",
        "(",
        ")",
        "'; DROP TABLE x",
        "%s%n",
        "\\",
        "walnut*b",
        "a\tb\nc",
        "\x01\x02",
        "\"*\"",
        "!!!",
        "\xF0\x9F\x98\x80",
        "\"a\"\"b\"",
        "a\"b\"c",
        "rank MATCH 1",
        "\xEF\xB7\x90",
        "\xFF\xFE",
        "\"brass lamp\"*",
        "a* b* c*",
    };
    struct shelf shelf;

    fill(&shelf);
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        cr_expect_not_null(SEARCH_ASK(&shelf, "q", queries[i]), "%s: %s", queries[i],
                           shelf.err.msg);
    }
    for (int byte = 1; byte < 128; byte++) {
        const char word[] = {'w', 'a', (char)byte, 'l', ' ', (char)byte, '\0'};

        cr_expect_not_null(SEARCH_ASK(&shelf, "q", word, "mode", "text"), "byte %d: %s", byte,
                           shelf.err.msg);
    }
    shelf_deinit(&shelf);
}

Test(index_search, what_cannot_be_searched_is_explained)
{
    struct shelf shelf;
    const char *many = "";
    char *longest;

    fill(&shelf);
    for (int i = 0; i < 65; i++) {
        many = arena_printf(shelf.arena, "%s w%d", many, i);
    }
    longest = arena_alloc(shelf.arena, 60001);
    memset(longest, 'y', 60000);
    cr_expect_null(SEARCH_ASK(&shelf, "q", many));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", longest));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "  "));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, NULL));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "walnut", "k", "0"));
    cr_expect_not_null(strstr(shelf.err.msg, "k"), "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "walnut", "mode", "best"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "walnut", "document", "ffffffff"));
    cr_expect_eq(shelf.err.code, ERROR_NOT_FOUND, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "walnut", "document", "ff"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "walnut", "since", "yesterday"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "walnut", "until", "2026-02-30"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "walnut", "pages", "many"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}

Test(index_search, a_result_says_where_and_marks_the_words)
{
    struct shelf shelf;
    const char *answer;

    fill(&shelf);
    answer = ask(&shelf, (const char *const[]){"q", "lamp", "mode", "text", NULL});
    cr_expect_not_null(strstr(answer, "\"query\":\"lamp\",\"mode\":\"text\",\"model\":null"), "%s",
                       answer);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "document"), "\"file-1.pdf\"");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "page"), "2 2 2", "%s", answer);
    cr_expect_not_null(strstr(answer, "\"headings\":[\"Lamps\"]"), "%s", answer);
    cr_expect_not_null(
        strstr(answer, "\"snippet\":\"Brass \\u0002lamp\\u0003. Walnut, walnut and walnut again\""),
        "%s", answer);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "text_rank"), "1");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "vector_rank"), "null");
    cr_expect_not_null(strstr(answer, "{\"page\":2,\"bbox\":[72,90,300,102]}"), "%s", answer);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "warnings"), "[");
    shelf_deinit(&shelf);
}

/* Words that say nothing of a subject neither choose nor are marked, beside others. */
Test(index_search, a_question_in_plain_words)
{
    struct shelf shelf;
    const char *answer;

    fill(&shelf);
    answer =
        ask(&shelf, (const char *const[]){"q", "what is it with the cloth?", "mode", "text", NULL});
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "5", "%s", answer);
    cr_expect_not_null(strstr(answer, "with a dry \\u0002cloth\\u0003. Oil it once"), "%s", answer);
    answer = ask(&shelf, (const char *const[]){"q", "with it", "mode", "text", "k", "1", NULL});
    cr_expect_not_null(strstr(answer, "\\u0002with\\u0003 a dry cloth. Oil \\u0002it\\u0003 once"),
                       "alone they are words: %s", answer);
    shelf_deinit(&shelf);
}

/* The half of a text in which a snippet lies is where its box is. */
Test(index_search, boxes_are_those_of_the_snippet)
{
    struct search_shelf_chunk chunk = {1, NULL, NULL};
    struct shelf shelf;
    const char *answer;
    char text[3000];

    memset(text, 'x', sizeof text);
    for (size_t i = 7; i < sizeof text; i += 8) {
        text[i] = ' ';
    }
    memcpy(text, "needle ", 7);
    memcpy(text + 2992, "haystack", 8);
    text[sizeof text - 1] = '\0';
    memcpy(text + 2984, "thread ", 7);
    chunk.text = text;
    shelf_init(&shelf);
    search_shelf_document(&shelf, SHELF_JOB, 1, 1, &chunk, 1, false);
    answer = ask(&shelf, (const char *const[]){"q", "needle", "mode", "text", NULL});
    cr_expect_not_null(strstr(answer, "\"boxes\":[{\"page\":1,\"bbox\":[72,72,300,84]}]"), "%s",
                       answer);
    answer = ask(&shelf, (const char *const[]){"q", "thread", "mode", "text", NULL});
    cr_expect_not_null(strstr(answer, "\"boxes\":[{\"page\":1,\"bbox\":[72,90,300,102]}]"), "%s",
                       answer);
    cr_expect_not_null(strstr(answer, "\\u0002thread\\u0003"), "%s", answer);
    cr_expect_null(strstr(answer, "needle "), "%s", answer);
    shelf_deinit(&shelf);
}

/* A text's own control characters cannot pass for marks, nor break the JSON. */
Test(index_search, marks_in_a_text_are_dropped)
{
    static const struct search_shelf_chunk chunk = {1, NULL,
                                                    "evil \x02mark\x03 \"here\" \\ and there"};
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    search_shelf_document(&shelf, SHELF_JOB, 1, 1, &chunk, 1, false);
    answer = ask(&shelf, (const char *const[]){"q", "there", "mode", "text", NULL});
    cr_expect_not_null(
        strstr(answer, "\"snippet\":\"evil mark \\\"here\\\" \\\\ and \\u0002there\\u0003\""), "%s",
        answer);
    shelf_deinit(&shelf);
}

Test(index_search, vectors_find_what_is_spelled_alike)
{
    struct shelf shelf;
    const char *answer;

    fill(&shelf);
    cr_expect_str_eq(PAGES_OF(&shelf, "q", "designers", "mode", "text"), "");
    answer = ask(&shelf, (const char *const[]){"q", "designers", "mode", "vector", "k", "1", NULL});
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "3", "%s", answer);
    cr_expect_not_null(strstr(answer, "\"model\":\"" LEXICAL_MODEL "\""), "%s", answer);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "vector_rank"), "1");
    answer = ask(&shelf, (const char *const[]){"q", "brass lamp", "k", "1", NULL});
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "text_rank"), "1");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "vector_rank"), "1");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "mode"), "\"hybrid\"");
    shelf_deinit(&shelf);
}

Test(index_search, what_is_there_twice_is_shown_once)
{
    struct shelf shelf;
    const char *answer;

    fill(&shelf);
    for (int i = 0; i < 3; i++) {
        static const char *const modes[] = {"text", "vector", "hybrid"};

        answer = ask(&shelf, (const char *const[]){"q", "dry cloth surface", "mode", modes[i], "k",
                                                   "1", NULL});
        cr_expect_str_eq(search_shelf_values(&shelf, answer, "duplicates"), "1", "%s", answer);
        cr_expect_str_eq(search_shelf_values(&shelf, answer, "document"), "\"file-1.pdf\"");
    }
    answer = ask(&shelf, (const char *const[]){"q", "dry cloth", "mode", "text", NULL});
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "5", "%s", answer);
    answer = ask(&shelf, (const char *const[]){"q", "dry cloth", "document", SHELF_OTHER_JOB, "k",
                                               "1", NULL});
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "duplicates"), "0", "%s", answer);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "document"), "\"file-2.pdf\"");
    shelf_deinit(&shelf);
}

static void execute(struct shelf *shelf, const char *sql)
{
    cr_assert_str_eq(shelf_sql(shelf, sql), "", "%s", sql);
}

Test(index_search, filters_narrow_both_sides)
{
    static const char *const modes[] = {"text", "vector", "hybrid"};
    struct shelf shelf;

    fill(&shelf);
    execute(&shelf, "UPDATE documents SET added_ms=1767225600000 WHERE row=1"); /* 2026-01-01 */
    execute(&shelf, "UPDATE documents SET added_ms=1769990399999 WHERE row=2"); /* 2026-02-01 */
    execute(&shelf, "INSERT INTO document_tags VALUES(1,'wood'),(1,'old'),(2,'wood')");
    for (int i = 0; i < 3; i++) {
        static const struct {
            const char *key, *value, *documents;
        } cases[] = {
            {"document", SHELF_OTHER_JOB, "\"file-2.pdf\""},
            {"since", "2026-01-02", "\"file-2.pdf\""},
            {"since", "2026-02-01T23:59:59.999Z", "\"file-2.pdf\""},
            {"since", "2026-02-02", ""},
            {"until", "2026-01-31", "\"file-1.pdf\""},
            {"until", "2026-01-01T01:00:00+01:00", "\"file-1.pdf\""},
            {"until", "2025-12-31", ""},
            {"tag", "old", "\"file-1.pdf\""},
            {"tag", "wood,old", "\"file-1.pdf\""},
            {"tag", "new", ""},
            {"tag", "wood,new", ""},
            {"pages", "2-4", "\"file-1.pdf\""},
            {"pages", "7-", ""},
        };

        for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
            const char *answer =
                ask(&shelf, (const char *const[]){"q", "brass", "mode", modes[i], "k", "1",
                                                  cases[c].key, cases[c].value, NULL});

            cr_expect_str_eq(search_shelf_values(&shelf, answer, "document"), cases[c].documents,
                             "%s: %s=%s: %s", modes[i], cases[c].key, cases[c].value, answer);
        }
    }
    cr_expect_str_eq(PAGES_OF(&shelf, "q", "brass", "tag", "wood", "document", SHELF_JOB, "pages",
                              "1", "mode", "text"),
                     "1");
    cr_expect_str_eq(PAGES_OF(&shelf, "q", "brass", "tag", "old", "document", SHELF_OTHER_JOB), "");
    shelf_deinit(&shelf);
}

static void remove_vector_files(struct shelf *shelf)
{
    const char *folder = shelf_path(shelf, "library/vectors");

    cr_assert_eq(file_remove_tree(folder, &shelf->err), 0, "%s", shelf->err.msg);
}

/* Some 5000 chunks are too many to be looked at one by one, and few enough to be read from the
 * library when their file is gone. */
Test(index_search, a_scan_and_the_rows_find_the_same)
{
    struct shelf shelf;
    const char *scanned;
    const char *read;

    fill(&shelf);
    search_shelf_many(&shelf, "01890000-0000-7000-8000-000000000003", 3, 5000);
    scanned = search_shelf_values(&shelf, SEARCH_ASK(&shelf, "q", "w3 w57 w800", "mode", "vector"),
                                  "chunk_id");
    remove_vector_files(&shelf);
    read = search_shelf_values(&shelf, SEARCH_ASK(&shelf, "q", "w3 w57 w800", "mode", "vector"),
                               "chunk_id");
    cr_expect_str_neq(read, "");
    cr_expect_str_eq(scanned, read);
    shelf_deinit(&shelf);
}

/* Some have vectors of the model, others of another one or none: words find those. */
Test(index_search, a_library_with_few_vectors_of_the_model_says_so)
{
    struct search_shelf_chunk chunks[12];
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    for (uint32_t i = 0; i < 12; i++) {
        chunks[i] = (struct search_shelf_chunk){1, NULL, i < 8 ? "a kiln" : "an oven"};
    }
    search_shelf_many(&shelf, SHELF_JOB, 1, 50);
    search_shelf_document(&shelf, SHELF_OTHER_JOB, 2, 1, chunks, 8, false);
    answer = SEARCH_ASK(&shelf, "q", "kiln");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "warnings"), "[", "a few: %s", answer);
    search_shelf_document(&shelf, SHELF_OTHER_JOB, 2, 1, chunks, 12, false);
    answer = SEARCH_ASK(&shelf, "q", "oven");
    cr_expect_not_null(strstr(answer, "\"warnings\":[\"12 chunks have no vector of " LEXICAL_MODEL),
                       "%s", answer);
    cr_expect_not_null(strstr(answer, "\"text_rank\":1,\"vector_rank\":null"), "%s", answer);
    answer = SEARCH_ASK(&shelf, "q", "oven", "mode", "text");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "warnings"), "[", "%s", answer);
    search_shelf_document(&shelf, SHELF_OTHER_JOB, 2, 1, chunks, 12, true);
    answer = SEARCH_ASK(&shelf, "q", "oven");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "warnings"), "[", "%s", answer);
    shelf_deinit(&shelf);
}

Test(index_search, without_the_file_a_large_set_answers_by_words_and_says_so)
{
    struct shelf shelf;
    const char *answer;

    fill(&shelf);
    search_shelf_many(&shelf, "01890000-0000-7000-8000-000000000003", 3, 10);
    execute(&shelf, "UPDATE vector_sets SET live=30000"); /* more than are read one by one */
    answer = SEARCH_ASK(&shelf, "q", "lamp");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "warnings"), "[");
    remove_vector_files(&shelf);
    answer = SEARCH_ASK(&shelf, "q", "lamp");
    cr_expect_not_null(strstr(answer, "missing or damaged"), "%s", answer);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "2", "%s", answer);
    cr_expect_not_null(strstr(answer, "\"model\":null"), "%s", answer);
    shelf_deinit(&shelf);
}

Test(index_search, a_file_with_fewer_slots_than_the_library_counts_is_said)
{
    struct shelf shelf;
    const char *answer;

    fill(&shelf);
    execute(&shelf, "UPDATE vector_sets SET live=30000, slots=30000");
    answer = SEARCH_ASK(&shelf, "q", "lamp");
    cr_expect_not_null(strstr(answer, "missing or damaged"), "%s", answer);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "2", "%s", answer);
    shelf_deinit(&shelf);
}

/* A question's vector from outside, of a model that the library knows or does not. */
Test(index_search, a_vector_may_be_given)
{
    struct vector_model lexical = {VECTOR_KIND_TEXT, LEXICAL_MODEL, LEXICAL_DIMENSIONS};
    struct vector_model other = {VECTOR_KIND_TEXT, "other", LEXICAL_DIMENSIONS};
    float vector[LEXICAL_DIMENSIONS];
    const float *vectors[] = {vector};
    struct shelf shelf;
    const char *answer;

    fill(&shelf);
    cr_assert(lexical_embed("oil it once", 11, vector));
    answer = SEARCH_ASK(&shelf, "q", "zebra", "k", "1", "text_vector",
                        search_shelf_probe(&shelf, &lexical, vectors, 1));
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "5", "%s", answer);
    answer = SEARCH_ASK(&shelf, "q", "lamp", "text_vector",
                        search_shelf_probe(&shelf, &other, vectors, 1));
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "2", "%s", answer);
    cr_expect_not_null(strstr(answer, "no chunk has a vector of other"), "%s", answer);
    answer = SEARCH_ASK(&shelf, "q", "lamp", "text_vector_error", "the endpoint is down");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "2", "%s", answer);
    cr_expect_not_null(strstr(answer, "the endpoint is down"), "%s", answer);
    answer = SEARCH_ASK(&shelf, "q", "lamp", "text_vector", "/nowhere.ebb");
    cr_expect_not_null(strstr(answer, "the question has no vector"), "%s", answer);
    shelf_deinit(&shelf);
}

Test(index_search, a_library_that_is_not_there_or_damaged)
{
    struct shelf shelf;
    const char *path;

    fill(&shelf);
    path = shelf_path(&shelf, "library/library.db");
    library_close(shelf.library);
    shelf.library = NULL;
    cr_assert_eq(
        file_write_atomic(path, "no database at all, but long enough", 35, 0640, false, &shelf.err),
        0);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "lamp"));
    cr_expect_eq(shelf.err.code, ERROR_CORRUPT, "%s", shelf.err.msg);
    unlink(path);
    cr_expect_null(SEARCH_ASK(&shelf, "q", "lamp"));
    cr_expect_eq(shelf.err.code, ERROR_NOT_FOUND, "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}

Test(index_search, an_empty_library_answers)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    answer = SEARCH_ASK(&shelf, "q", "lamp");
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"results\":[]"), "%s", answer);
    shelf_deinit(&shelf);
}

/* ---- images */

/* Two images on pages 2 and 3 of the first document. */
static void add_images(struct shelf *shelf)
{
    for (int i = 1; i <= 2; i++) {
        struct page_record *record;
        struct shelf_block block = {PAGE_BLOCK_TEXT, "x", 10, 0, PAGE_MARGIN_NONE};

        record = shelf_page(shelf, (uint32_t)i + 1, &block, 1);
        shelf_make_image(shelf, record, 0, (char)('a' + i), i == 1 ? "A lamp" : NULL);
        cr_assert_eq(shelf_pages(shelf, SHELF_JOB, (uint32_t)i + 1, (uint32_t)i + 1, &record, 1), 0,
                     "%s", shelf->err.msg);
    }
    execute(shelf, "UPDATE images SET number=1 WHERE key LIKE 'b%'");
    execute(shelf, "UPDATE images SET number=2, role='content' WHERE key LIKE 'c%'");
}

Test(index_search, images_are_found_by_images_and_beside_words)
{
    struct vector_model models[] = {{VECTOR_KIND_IMAGE, "ebb-visual-512", LEXICAL_DIMENSIONS}};
    float first[LEXICAL_DIMENSIONS] = {1};
    float second[LEXICAL_DIMENSIONS] = {0.6F, 0.8F};
    const float *vectors[] = {first};
    struct shelf shelf;
    const char *probe;
    const char *answer;

    fill(&shelf);
    add_images(&shelf);
    shelf_sql(&shelf, "INSERT INTO vector_sets(id, kind, model, dimensions, slots, live)"
                      " VALUES(9, 'image', 'ebb-visual-512', 512, 2, 2)");
    for (int i = 0; i < 2; i++) {
        char hex[LEXICAL_DIMENSIONS * 8 + 1];

        hash_hex((const uint8_t *)(i == 0 ? first : second), sizeof first, hex);
        shelf_sql(&shelf, arena_printf(shelf.arena,
                                       "INSERT INTO vectors VALUES((9<<40)+%d, (1<<32)+%d, x'%s')",
                                       i, i + 1, hex));
    }
    probe = search_shelf_probe(&shelf, models, vectors, 1);
    answer = SEARCH_ASK(&shelf, "image_vector", probe);
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "kind"), "\"image\" \"image\"", "%s",
                     answer);
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "2 3", "%s", answer);
    cr_expect_not_null(strstr(answer, "\"file\":\"images/bbbb"), "%s", answer);
    answer = SEARCH_ASK(&shelf, "image_vector", probe, "pages", "3");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "3", "%s", answer);
    /* The chunk of page 3 and the image there hold each other up. */
    answer = SEARCH_ASK(&shelf, "image_vector", probe, "q", "chair", "mode", "text");
    cr_expect_str_eq(search_shelf_values(&shelf, answer, "first_page"), "3 3 2", "%s", answer);
    shelf_deinit(&shelf);
}
