/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Removing a job: its document goes when no other job made it, with every row.
 */
#include "library_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static void persist_document(struct fixture *fixture, const char *job, unsigned seed)
{
    cr_assert_eq(fixture_survey(fixture, job, seed, 2), 0, "%s", fixture->err.msg);
    cr_assert_eq(fixture_simple_page(fixture, job, 1, "Marzipan of almonds"), 0);
    cr_assert_eq(fixture_simple_page(fixture, job, 2, "Nougat of hazelnuts"), 0);
    cr_assert_eq(fixture_finish(fixture, job, NULL, 0), 0, "%s", fixture->err.msg);
}

Test(library_delete, the_last_job_takes_the_document_along)
{
    static const char *const tables[] = {
        "documents",    "document_metadata", "outline",     "job_documents",    "pages",
        "page_records", "page_marks",        "text_styles", "pages_fts_docsize"};
    struct fixture fixture;
    const char *answer;

    fixture_init(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const char *sql = arena_printf(fixture.arena, "SELECT count(*) FROM %s", tables[i]);

        cr_expect_str_neq(fixture_sql(&fixture, sql), "0", "%s", tables[i]);
    }
    answer = FIXTURE_QUERY(&fixture, "delete", "job", FIXTURE_JOB);
    cr_assert_not_null(answer, "%s", fixture.err.msg);
    cr_expect_not_null(strstr(answer, "\"document_removed\":true"), "%s", answer);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const char *sql = arena_printf(fixture.arena, "SELECT count(*) FROM %s", tables[i]);

        cr_expect_str_eq(fixture_sql(&fixture, sql), "0", "%s", tables[i]);
    }
    fixture_sql(&fixture, "INSERT INTO pages_fts(pages_fts, rank) VALUES('integrity-check', 1)");
    answer = FIXTURE_QUERY(&fixture, "search", "q", "marzipan");
    cr_expect_not_null(strstr(answer, "\"results\":[]"), "%s", answer);
    fixture_deinit(&fixture);
}

Test(library_delete, a_shared_document_stays)
{
    struct fixture fixture;
    const char *digest;
    const char *answer;

    fixture_init(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1);
    persist_document(&fixture, FIXTURE_OTHER_JOB, 1);
    digest = fixture_digest(&fixture);
    answer = FIXTURE_QUERY(&fixture, "delete", "job", FIXTURE_JOB);
    cr_assert_not_null(answer, "%s", fixture.err.msg);
    cr_expect_not_null(strstr(answer, "\"document_removed\":false"), "%s", answer);
    cr_expect_str_eq(fixture_digest(&fixture), digest);
    cr_expect_null(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_JOB));
    cr_expect_not_null(FIXTURE_QUERY(&fixture, "show", "document", FIXTURE_OTHER_JOB));
    answer = FIXTURE_QUERY(&fixture, "delete", "job", FIXTURE_OTHER_JOB);
    cr_expect_not_null(strstr(answer, "\"document_removed\":true"), "%s", answer);
    fixture_deinit(&fixture);
}

Test(library_delete, only_its_own_document_goes)
{
    struct fixture fixture;
    struct fixture alone;

    fixture_init(&fixture);
    fixture_init(&alone);
    persist_document(&fixture, FIXTURE_JOB, 1);
    persist_document(&fixture, FIXTURE_OTHER_JOB, 2);
    persist_document(&alone, FIXTURE_OTHER_JOB, 2);
    cr_assert_not_null(FIXTURE_QUERY(&fixture, "delete", "job", FIXTURE_JOB));
    cr_expect_str_eq(fixture_digest(&fixture), fixture_digest(&alone));
    persist_document(&fixture, FIXTURE_JOB, 1);
    cr_assert_not_null(FIXTURE_QUERY(&fixture, "delete", "job", FIXTURE_JOB));
    cr_expect_str_eq(fixture_digest(&fixture), fixture_digest(&alone));
    fixture_deinit(&fixture);
    fixture_deinit(&alone);
}

Test(library_delete, twice_or_of_nothing_is_no_error)
{
    struct fixture fixture;
    const char *answer;

    fixture_init(&fixture);
    answer = FIXTURE_QUERY(&fixture, "delete", "job", FIXTURE_JOB);
    cr_assert_not_null(answer, "%s", fixture.err.msg);
    cr_expect_not_null(strstr(answer, "\"document_id\":null"), "%s", answer);
    cr_expect_null(FIXTURE_QUERY(&fixture, "delete", "document", "123456"));
    cr_expect_eq(fixture.err.code, ERROR_INVALID);
    fixture_deinit(&fixture);
}
