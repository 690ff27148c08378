/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * show and documents: whole answers, pages, names of documents, and what is not there.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

static void fill(struct shelf *shelf)
{
    struct structure_failure failure = {3, "crashed", "signal 11"};

    cr_assert_eq(shelf_survey(shelf, SHELF_JOB, 1, 4), 0);
    cr_assert_eq(shelf_simple_page(shelf, SHELF_JOB, 1, "One"), 0);
    cr_assert_eq(shelf_simple_page(shelf, SHELF_JOB, 2, "Two"), 0);
    cr_assert_eq(shelf_simple_page(shelf, SHELF_JOB, 4, "Four"), 0);
    cr_assert_eq(shelf_finish(shelf, SHELF_JOB, &failure, 1), 0, "%s", shelf->err.msg);
}

Test(library_show, text_has_a_form_feed_between_pages)
{
    struct shelf shelf;
    struct stat status;

    shelf_init(&shelf);
    fill(&shelf);
    cr_expect_str_eq(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB),
                     "One\n\n\fTwo\n\n\f\fFour\n\n");
    cr_assert_eq(stat(shelf_path(&shelf, "answer"), &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0640);
    cr_expect_str_eq(
        SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "text", "pages", "2"),
        "Two\n\n");
    cr_expect_str_eq(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "pages", "4,1-2"),
                     "Four\n\n\fOne\n\n\fTwo\n\n");
    cr_expect_str_eq(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "pages", "3-"),
                     "\fFour\n\n");
    shelf_deinit(&shelf);
}

/* The n-th text is the n-th page while a job is still at work, too. */
Test(library_show, text_of_an_unfinished_document_keeps_its_places)
{
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 5), 0);
    cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, 3, "Three"), 0);
    cr_expect_str_eq(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB), "\f\fThree\n\n\f\f");
    shelf_deinit(&shelf);
}

Test(library_show, markdown_and_json)
{
    struct shelf shelf;
    const char *json;

    shelf_init(&shelf);
    fill(&shelf);
    cr_expect_str_eq(
        SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown", "pages", "2-3"),
        "<!-- page 2 -->\n\nTwo\n\n<!-- page 3 -->\n\n"
        "> **Page 3 could not be read** (crashed): signal 11\n\n");
    json = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "json");
    cr_assert_not_null(json);
    cr_expect_eq(strncmp(json, "{\"document_id\":\"", 16), 0, "%s", json);
    cr_expect_not_null(strstr(json, "\"name\":\"file-1.pdf\",\"format\":\"PDF 1.7\""));
    cr_expect_not_null(
        strstr(json, "\"metadata\":{\"author\":\"An Author\",\"title\":\"A Title\"}"));
    cr_expect_not_null(strstr(json, "{\"title\":\"Nowhere\",\"depth\":0,\"page\":null}"));
    cr_expect_not_null(strstr(json, "\"style\":{\"body_size_pt\":10,\"headings\":[]}"));
    cr_expect_not_null(strstr(json, "\"pages\":[{\"number\":1,"));
    cr_expect_not_null(strstr(json, "]}]}]},{\"number\":2,"));
    cr_expect_not_null(strstr(json,
                              "{\"number\":3,\"label\":null,\"failure\":{\"code\":\"crashed\","
                              "\"text\":\"signal 11\"}},{\"number\":4,"));
    cr_expect_str_eq(json + strlen(json) - 4, "]}]}");
    shelf_deinit(&shelf);
}

Test(library_show, a_document_has_many_names)
{
    struct shelf shelf;
    const char *id;

    shelf_init(&shelf);
    fill(&shelf);
    id = shelf.outcome.document_id;
    cr_expect_not_null(SHELF_QUERY(&shelf, "show", "document", id));
    cr_expect_not_null(SHELF_QUERY(&shelf, "show", "document", arena_strndup(shelf.arena, id, 6)));
    cr_expect_null(SHELF_QUERY(&shelf, "show", "document", arena_strndup(shelf.arena, id, 5)));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    shelf_sql(&shelf, "INSERT INTO documents(id, sha256, format, size_bytes, page_count,"
                      " encrypted, repaired, updated_ms)"
                      " SELECT substr(id, 1, 8) || '-twin', 'x', 'PDF', 1, 1, 0, 0, 1"
                      " FROM documents");
    cr_expect_null(SHELF_QUERY(&shelf, "show", "document", arena_strndup(shelf.arena, id, 7)));
    cr_expect_eq(shelf.err.code, ERROR_INVALID, "%s", shelf.err.msg);
    cr_expect_not_null(SHELF_QUERY(&shelf, "show", "document", id));
    shelf_deinit(&shelf);
}

Test(library_show, what_is_not_there_is_explained)
{
    static const char *const names[] = {
        "000000",
        "no-such-document",
        "01890000-0000-7000-8000-00000000ffff",
        "'; DROP TABLE documents; --",
        "%%%%%%",
        "a name that is far longer than any identifier of a document can ever be",
    };
    struct shelf shelf;

    shelf_init(&shelf);
    fill(&shelf);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect_null(SHELF_QUERY(&shelf, "show", "document", names[i]));
        cr_expect_eq(shelf.err.code, ERROR_NOT_FOUND, "%s: %s", names[i], shelf.err.msg);
    }
    cr_expect_null(SHELF_QUERY(&shelf, "show", NULL));
    cr_expect_eq(shelf.err.code, ERROR_INVALID);
    cr_expect_null(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "docx"));
    cr_expect_not_null(strstr(shelf.err.msg, "markdown"), "%s", shelf.err.msg);
    cr_expect_null(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "pages", "5"));
    cr_expect_not_null(strstr(shelf.err.msg, "has 4"), "%s", shelf.err.msg);
    cr_expect_null(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "pages", "one"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID);
    shelf_deinit(&shelf);
}

Test(library_show, a_damaged_record_is_told)
{
    struct shelf shelf;

    shelf_init(&shelf);
    fill(&shelf);
    shelf_sql(&shelf, "UPDATE page_records SET record=x'81a16eff' WHERE (row & 255)=2");
    cr_expect_null(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown"));
    cr_expect_eq(shelf.err.code, ERROR_CORRUPT, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(shelf.err.msg, "page 2"), "%s", shelf.err.msg);
    cr_expect_not_null(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB), "text is whole");
    shelf_deinit(&shelf);
}

static bool stop_at_once(void *context, uint32_t done)
{
    *(uint32_t *)context = done;
    return false;
}

static const char *param_of_all(const void *context, const char *key)
{
    (void)context;
    return strcmp(key, "document") == 0 ? SHELF_JOB : NULL;
}

Test(library_show, a_query_can_be_stopped)
{
    struct shelf shelf;
    uint32_t asked = 0;
    struct library_query query = {.kind = "show",
                                  .param = param_of_all,
                                  .progress = stop_at_once,
                                  .progress_context = &asked};

    shelf_init(&shelf);
    query.answer_path = shelf_path(&shelf, "answer");
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 500), 0);
    cr_expect_eq(library_query_run(shelf.library, &query, &shelf.err), -1);
    cr_expect_eq(shelf.err.code, ERROR_CANCELLED, "%s", shelf.err.msg);
    cr_expect_gt(asked, 0);
    cr_expect_lt(asked, 500);
    shelf_deinit(&shelf);
}

Test(library_show, an_answer_with_no_place_is_no_missing_document)
{
    struct shelf shelf;
    struct library_query query = {.kind = "documents", .param = param_of_all};

    shelf_init(&shelf);
    query.answer_path = shelf_path(&shelf, "nowhere/answer");
    cr_expect_eq(library_query_run(shelf.library, &query, &shelf.err), -1);
    cr_expect_eq(shelf.err.code, ERROR_SYSTEM, "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}

Test(library_show, documents_are_listed)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    answer = SHELF_QUERY(&shelf, "documents", NULL);
    cr_expect_str_eq(answer, "{\"documents\":[],\"total\":0}");
    fill(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_OTHER_JOB, 2, 9), 0);
    shelf_sql(&shelf, "UPDATE documents SET updated_ms=0 WHERE page_count=9");
    answer = SHELF_QUERY(&shelf, "documents", NULL);
    cr_expect_not_null(strstr(answer, "\"name\":\"file-1.pdf\",\"title\":\"A Title\",\"format\":"
                                      "\"PDF 1.7\",\"pages\":4,\"pages_failed\":1,"
                                      "\"status\":\"complete\""),
                       "%s", answer);
    cr_expect_not_null(strstr(answer, "\"status\":\"incomplete\""), "%s", answer);
    cr_expect_not_null(strstr(answer, "\"updated_at\":\"1970-01-01T00:00:00.000Z\"}],\"total\":2}"),
                       "%s", answer);
    answer = SHELF_QUERY(&shelf, "documents", "limit", "1", "offset", "1");
    cr_expect_null(strstr(answer, "file-1.pdf"), "%s", answer);
    cr_expect_not_null(strstr(answer, "file-2.pdf"), "%s", answer);
    cr_expect_null(SHELF_QUERY(&shelf, "documents", "limit", "0"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID);
    shelf_deinit(&shelf);
}
