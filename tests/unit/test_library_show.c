/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * show and documents: whole answers, pages, names of documents, and what is not there.
 */
#include "library_fixture.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

static void fill(struct fixture *fixture)
{
    struct finish_failure failure = {3, "crashed", "signal 11"};

    cr_assert_eq(fixture_survey(fixture, FIXTURE_JOB, 1, 4), 0);
    cr_assert_eq(fixture_simple_page(fixture, FIXTURE_JOB, 1, "One"), 0);
    cr_assert_eq(fixture_simple_page(fixture, FIXTURE_JOB, 2, "Two"), 0);
    cr_assert_eq(fixture_simple_page(fixture, FIXTURE_JOB, 4, "Four"), 0);
    cr_assert_eq(fixture_finish(fixture, FIXTURE_JOB, &failure, 1), 0, "%s", fixture->err.msg);
}

Test(library_show, text_has_a_form_feed_between_pages)
{
    struct fixture fixture;
    struct stat status;

    fixture_init(&fixture);
    fill(&fixture);
    cr_expect_str_eq(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB),
                     "One\n\n\fTwo\n\n\f\fFour\n\n");
    cr_assert_eq(stat(fixture_path(&fixture, "answer"), &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0640);
    cr_expect_str_eq(
        FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "format", "text", "pages", "2"),
        "Two\n\n");
    cr_expect_str_eq(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "pages", "4,1-2"),
                     "Four\n\n\fOne\n\n\fTwo\n\n");
    cr_expect_str_eq(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "pages", "3-"),
                     "\fFour\n\n");
    fixture_deinit(&fixture);
}

/* The n-th text is the n-th page while a job is still at work, too. */
Test(library_show, text_of_an_unfinished_document_keeps_its_places)
{
    struct fixture fixture;

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 5), 0);
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 3, "Three"), 0);
    cr_expect_str_eq(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB), "\f\fThree\n\n\f\f");
    fixture_deinit(&fixture);
}

Test(library_show, markdown_and_json)
{
    struct fixture fixture;
    const char *json;

    fixture_init(&fixture);
    fill(&fixture);
    cr_expect_str_eq(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "format", "markdown",
                                   "pages", "2-3"),
                     "<!-- page 2 -->\n\nTwo\n\n<!-- page 3 -->\n\n"
                     "> **Page 3 could not be read** (crashed): signal 11\n\n");
    json = FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "format", "json");
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
    fixture_deinit(&fixture);
}

Test(library_show, a_document_has_many_names)
{
    struct fixture fixture;
    const char *id;

    fixture_init(&fixture);
    fill(&fixture);
    id = fixture.outcome.document_id;
    cr_expect_not_null(FIXTURE_QUERY(&fixture, "show", "document", id));
    cr_expect_not_null(
        FIXTURE_QUERY(&fixture, "show", "document", arena_strndup(fixture.arena, id, 6)));
    cr_expect_null(
        FIXTURE_QUERY(&fixture, "show", "document", arena_strndup(fixture.arena, id, 5)));
    cr_expect_eq(fixture.err.code, ERROR_INVALID, "%s", fixture.err.msg);
    fixture_sql(&fixture, "INSERT INTO documents(id, sha256, format, size_bytes, page_count,"
                          " encrypted, repaired, updated_ms)"
                          " SELECT substr(id, 1, 8) || '-twin', 'x', 'PDF', 1, 1, 0, 0, 1"
                          " FROM documents");
    cr_expect_null(
        FIXTURE_QUERY(&fixture, "show", "document", arena_strndup(fixture.arena, id, 7)));
    cr_expect_eq(fixture.err.code, ERROR_INVALID, "%s", fixture.err.msg);
    cr_expect_not_null(FIXTURE_QUERY(&fixture, "show", "document", id));
    fixture_deinit(&fixture);
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
    struct fixture fixture;

    fixture_init(&fixture);
    fill(&fixture);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect_null(FIXTURE_QUERY(&fixture, "show", "document", names[i]));
        cr_expect_eq(fixture.err.code, ERROR_NOT_FOUND, "%s: %s", names[i], fixture.err.msg);
    }
    cr_expect_null(FIXTURE_QUERY(&fixture, "show", NULL));
    cr_expect_eq(fixture.err.code, ERROR_INVALID);
    cr_expect_null(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "format", "docx"));
    cr_expect_not_null(strstr(fixture.err.msg, "markdown"), "%s", fixture.err.msg);
    cr_expect_null(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "pages", "5"));
    cr_expect_not_null(strstr(fixture.err.msg, "has 4"), "%s", fixture.err.msg);
    cr_expect_null(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "pages", "one"));
    cr_expect_eq(fixture.err.code, ERROR_INVALID);
    fixture_deinit(&fixture);
}

Test(library_show, a_damaged_record_is_told)
{
    struct fixture fixture;

    fixture_init(&fixture);
    fill(&fixture);
    fixture_sql(&fixture, "UPDATE page_records SET record=x'81a16eff' WHERE (row & 255)=2");
    cr_expect_null(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB, "format", "markdown"));
    cr_expect_eq(fixture.err.code, ERROR_CORRUPT, "%s", fixture.err.msg);
    cr_expect_not_null(strstr(fixture.err.msg, "page 2"), "%s", fixture.err.msg);
    cr_expect_not_null(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB), "text is whole");
    fixture_deinit(&fixture);
}

static bool stop_at_once(void *context, uint32_t done)
{
    *(uint32_t *)context = done;
    return false;
}

static const char *param_of_all(const void *context, const char *key)
{
    (void)context;
    return strcmp(key, "document") == 0 ? FIXTURE_JOB : NULL;
}

Test(library_show, a_query_can_be_stopped)
{
    struct fixture fixture;
    uint32_t asked = 0;
    struct library_query query = {.kind = "show",
                                  .param = param_of_all,
                                  .progress = stop_at_once,
                                  .progress_context = &asked};

    fixture_init(&fixture);
    query.answer_path = fixture_path(&fixture, "answer");
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 500), 0);
    cr_expect_eq(library_query_run(fixture.library, &query, &fixture.err), -1);
    cr_expect_eq(fixture.err.code, ERROR_CANCELLED, "%s", fixture.err.msg);
    cr_expect_gt(asked, 0);
    cr_expect_lt(asked, 500);
    fixture_deinit(&fixture);
}

Test(library_show, an_answer_with_no_place_is_no_missing_document)
{
    struct fixture fixture;
    struct library_query query = {.kind = "documents", .param = param_of_all};

    fixture_init(&fixture);
    query.answer_path = fixture_path(&fixture, "nowhere/answer");
    cr_expect_eq(library_query_run(fixture.library, &query, &fixture.err), -1);
    cr_expect_eq(fixture.err.code, ERROR_SYSTEM, "%s", fixture.err.msg);
    fixture_deinit(&fixture);
}

Test(library_show, documents_are_listed)
{
    struct fixture fixture;
    const char *answer;

    fixture_init(&fixture);
    answer = FIXTURE_QUERY(&fixture, "documents", NULL);
    cr_expect_str_eq(answer, "{\"documents\":[],\"total\":0}");
    fill(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_OTHER_JOB, 2, 9), 0);
    fixture_sql(&fixture, "UPDATE documents SET updated_ms=0 WHERE page_count=9");
    answer = FIXTURE_QUERY(&fixture, "documents", NULL);
    cr_expect_not_null(strstr(answer, "\"name\":\"file-1.pdf\",\"title\":\"A Title\",\"format\":"
                                      "\"PDF 1.7\",\"pages\":4,\"pages_failed\":1,"
                                      "\"status\":\"complete\""),
                       "%s", answer);
    cr_expect_not_null(strstr(answer, "\"status\":\"incomplete\""), "%s", answer);
    cr_expect_not_null(strstr(answer, "\"updated_at\":\"1970-01-01T00:00:00.000Z\"}],\"total\":2}"),
                       "%s", answer);
    answer = FIXTURE_QUERY(&fixture, "documents", "limit", "1", "offset", "1");
    cr_expect_null(strstr(answer, "file-1.pdf"), "%s", answer);
    cr_expect_not_null(strstr(answer, "file-2.pdf"), "%s", answer);
    cr_expect_null(FIXTURE_QUERY(&fixture, "documents", "limit", "0"));
    cr_expect_eq(fixture.err.code, ERROR_INVALID);
    fixture_deinit(&fixture);
}
