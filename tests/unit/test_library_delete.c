/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Removing a job: its document goes when no other job made it, with every row.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

static void persist_document(struct shelf *shelf, const char *job, unsigned seed)
{
    cr_assert_eq(shelf_survey(shelf, job, seed, 2), 0, "%s", shelf->err.msg);
    cr_assert_eq(shelf_simple_page(shelf, job, 1, "Marzipan of almonds"), 0);
    cr_assert_eq(shelf_simple_page(shelf, job, 2, "Nougat of hazelnuts"), 0);
    cr_assert_eq(shelf_finish(shelf, job, NULL, 0), 0, "%s", shelf->err.msg);
}

Test(library_delete, the_last_job_takes_the_document_along)
{
    static const char *const tables[] = {
        "documents", "document_metadata", "outline",    "job_documents",
        "pages",     "page_records",      "page_marks", "text_styles"};
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    persist_document(&shelf, SHELF_JOB, 1);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const char *sql = arena_printf(shelf.arena, "SELECT count(*) FROM %s", tables[i]);

        cr_expect_str_neq(shelf_sql(&shelf, sql), "0", "%s", tables[i]);
    }
    answer = SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB);
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"document_removed\":true"), "%s", answer);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const char *sql = arena_printf(shelf.arena, "SELECT count(*) FROM %s", tables[i]);

        cr_expect_str_eq(shelf_sql(&shelf, sql), "0", "%s", tables[i]);
    }
    shelf_deinit(&shelf);
}

Test(library_delete, a_shared_document_stays)
{
    struct shelf shelf;
    const char *digest;
    const char *answer;

    shelf_init(&shelf);
    persist_document(&shelf, SHELF_JOB, 1);
    persist_document(&shelf, SHELF_OTHER_JOB, 1);
    digest = shelf_digest(&shelf);
    answer = SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB);
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"document_removed\":false"), "%s", answer);
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    cr_expect_null(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB));
    cr_expect_not_null(SHELF_QUERY(&shelf, "show", "document", SHELF_OTHER_JOB));
    answer = SHELF_QUERY(&shelf, "delete", "job", SHELF_OTHER_JOB);
    cr_expect_not_null(strstr(answer, "\"document_removed\":true"), "%s", answer);
    shelf_deinit(&shelf);
}

Test(library_delete, only_its_own_document_goes)
{
    struct shelf shelf;
    struct shelf alone;

    shelf_init(&shelf);
    shelf_init(&alone);
    persist_document(&shelf, SHELF_JOB, 1);
    persist_document(&shelf, SHELF_OTHER_JOB, 2);
    persist_document(&alone, SHELF_OTHER_JOB, 2);
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB));
    cr_expect_str_eq(shelf_digest(&shelf), shelf_digest(&alone));
    persist_document(&shelf, SHELF_JOB, 1);
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB));
    cr_expect_str_eq(shelf_digest(&shelf), shelf_digest(&alone));
    shelf_deinit(&shelf);
    shelf_deinit(&alone);
}

Test(library_delete, the_file_shrinks)
{
    struct shelf shelf;
    struct stat before;
    struct stat after;
    const char *path;

    shelf_init(&shelf);
    path = shelf_path(&shelf, "library/library.db");
    persist_document(&shelf, SHELF_OTHER_JOB, 2);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 900), 0);
    for (uint32_t number = 1; number <= 900; number++) {
        cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, number, "Marzipan"), 0);
    }
    shelf_reopen(&shelf);
    cr_assert_eq(stat(path, &before), 0);
    cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB));
    shelf_reopen(&shelf);
    cr_assert_eq(stat(path, &after), 0);
    cr_expect_lt(after.st_size, before.st_size / 2);
    cr_expect_str_eq(shelf_sql(&shelf, "PRAGMA integrity_check"), "ok");
    shelf_deinit(&shelf);
}

Test(library_delete, twice_or_of_nothing_is_no_error)
{
    struct shelf shelf;
    const char *answer;

    shelf_init(&shelf);
    answer = SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB);
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"document_id\":null"), "%s", answer);
    cr_expect_null(SHELF_QUERY(&shelf, "delete", "document", "123456"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID);
    shelf_deinit(&shelf);
}
