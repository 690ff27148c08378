/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Persist and finish: rows, idempotence, order, damage, missing pages, a full disk.
 */
#include "library_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hash.h"

static void persist_document(struct fixture *fixture, const char *job, unsigned seed,
                             uint32_t page_count)
{
    cr_assert_eq(fixture_survey(fixture, job, seed, page_count), 0, "%s", fixture->err.msg);
    for (uint32_t number = 1; number <= page_count; number++) {
        const char *text = arena_printf(fixture->arena, "Page %u speaks of walnuts", number);

        cr_assert_eq(fixture_simple_page(fixture, job, number, text), 0, "%s", fixture->err.msg);
    }
}

Test(library_persist, survey_makes_the_document)
{
    struct fixture fixture;
    struct uuid expected;
    char id[UUID_TEXT_BYTES];

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 7, 42), 0, "%s", fixture.err.msg);
    uuid_library(fixture_sha256(&fixture, 7), "document", 0, &expected);
    uuid_format(&expected, id);
    cr_expect_str_eq(fixture.outcome.document_id, id);
    cr_expect_eq(fixture.outcome.pages, 42);
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT id FROM documents"), id);
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT status FROM documents"), "incomplete");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT name FROM job_documents"), "file-7.pdf");
    cr_expect_str_eq(
        fixture_sql(&fixture, "SELECT value FROM document_metadata WHERE key='author'"),
        "An Author");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT group_concat(title) FROM outline"),
                     "First,Last,Nowhere");
    fixture_deinit(&fixture);
}

Test(library_persist, pages_are_rows)
{
    struct fixture fixture;
    struct fixture_block block = {PAGE_BLOCK_TEXT, "Walnut veneer, oiled", 10, 0, 0};
    struct page_record *record;
    const char *warnings[] = {"a \"strange\" font"};

    fixture_init(&fixture);
    record = fixture_page(&fixture, 3, &block, 1);
    record->label = "iii";
    record->garbled_count = 2;
    record->image_count = 4;
    record->image_cover = 0.25F;
    record->warnings = warnings;
    record->warning_count = 1;
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 7, 5), 0);
    cr_assert_eq(fixture_pages(&fixture, FIXTURE_JOB, 1, 5, &record, 1), 0, "%s", fixture.err.msg);
    cr_expect_eq(fixture.outcome.pages, 1);
    cr_expect_eq(fixture.outcome.chars, 22);
    cr_expect_eq(fixture.outcome.words, 3);
    cr_expect_str_eq(
        fixture_sql(&fixture, "SELECT concat FROM (SELECT document||'|'||number||'|'||label||'|'||"
                              "width_pt||'|'||height_pt||'|'||garbled||'|'||images||'|'||"
                              "image_cover||'|'||source||'|'||warnings AS concat FROM pages)"),
        "1|3|iii|595.32|841.92|2|4|0.25|native|[\"a \\\"strange\\\" font\"]");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT text FROM pages"), "Walnut veneer, oiled\n\n");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT count(*) FROM page_records"), "1");
    fixture_deinit(&fixture);
}

Test(library_persist, twice_is_once)
{
    struct fixture fixture;
    const char *before;

    fixture_init(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1, 8);
    cr_assert_eq(fixture_finish(&fixture, FIXTURE_JOB, NULL, 0), 0, "%s", fixture.err.msg);
    before = fixture_digest(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1, 8);
    cr_assert_eq(fixture_finish(&fixture, FIXTURE_JOB, NULL, 0), 0);
    cr_expect_str_eq(fixture_digest(&fixture), before);
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT count(*) FROM pages"), "8");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT count(*) FROM pages_fts_docsize"), "8");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT count(*) FROM outline"), "3");
    cr_expect_str_eq(
        fixture_sql(&fixture, "SELECT count(*) FROM pages_fts WHERE pages_fts MATCH 'walnuts'"),
        "8");
    fixture_deinit(&fixture);
}

Test(library_persist, order_does_not_matter)
{
    struct fixture forward;
    struct fixture backward;

    fixture_init(&forward);
    fixture_init(&backward);
    persist_document(&forward, FIXTURE_JOB, 1, 4);
    persist_document(&forward, FIXTURE_OTHER_JOB, 2, 3);
    cr_assert_eq(fixture_finish(&forward, FIXTURE_JOB, NULL, 0), 0);
    cr_assert_eq(fixture_finish(&forward, FIXTURE_OTHER_JOB, NULL, 0), 0);

    cr_assert_eq(fixture_survey(&backward, FIXTURE_JOB, 2, 3), 0);
    cr_assert_eq(fixture_survey(&backward, FIXTURE_OTHER_JOB, 1, 4), 0);
    for (uint32_t number = 4; number >= 1; number--) {
        const char *text = arena_printf(backward.arena, "Page %u speaks of walnuts", number);

        cr_assert_eq(fixture_simple_page(&backward, FIXTURE_OTHER_JOB, number, text), 0);
        cr_assert(number > 3 || fixture_simple_page(&backward, FIXTURE_JOB, number, text) == 0);
    }
    cr_assert_eq(fixture_finish(&backward, FIXTURE_OTHER_JOB, NULL, 0), 0);
    cr_assert_eq(fixture_finish(&backward, FIXTURE_JOB, NULL, 0), 0);
    cr_expect_str_eq(fixture_digest(&forward), fixture_digest(&backward));
    fixture_deinit(&forward);
    fixture_deinit(&backward);
}

Test(library_persist, the_digest_sees_every_change)
{
    static const char *const changes[] = {
        "UPDATE pages SET text='Other words' WHERE number=2",
        "UPDATE pages SET label='2' WHERE number=2",
        "UPDATE pages SET failure_code='crashed' WHERE number=2",
        "UPDATE pages SET width_pt=595 WHERE number=2",
        "UPDATE documents SET status='incomplete'",
        "UPDATE outline SET page=2 WHERE ordinal=0",
        "UPDATE document_metadata SET value='' WHERE key='title'",
        "DELETE FROM text_styles",
        "DELETE FROM page_records WHERE row & 3 = 3",
        "DELETE FROM pages WHERE number=3",
        "INSERT INTO furniture VALUES(1, 1, 5, 6)",
    };
    struct fixture fixture;
    const char *last;

    fixture_init(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1, 3);
    cr_assert_eq(fixture_finish(&fixture, FIXTURE_JOB, NULL, 0), 0);
    last = fixture_digest(&fixture);
    fixture_sql(&fixture, "UPDATE documents SET updated_ms=5");
    fixture_sql(&fixture, "UPDATE pages SET warnings='[\"w\"]', failure_text='x'");
    fixture_sql(&fixture, "UPDATE job_documents SET name='x'");
    cr_expect_str_eq(fixture_digest(&fixture), last, "times, warnings and names are left out");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char *digest;

        fixture_sql(&fixture, changes[i]);
        digest = fixture_digest(&fixture);
        cr_expect_str_neq(digest, last, "%s", changes[i]);
        last = digest;
    }
    fixture_deinit(&fixture);
}

/* A page's old words go when it is read anew. */
Test(library_persist, a_changed_page_is_indexed_anew)
{
    struct fixture fixture;

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 1), 0);
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 1, "the old words"), 0);
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 1, "entirely new"), 0);
    cr_expect_str_eq(
        fixture_sql(&fixture, "SELECT count(*) FROM pages_fts WHERE pages_fts MATCH 'old'"), "0");
    cr_expect_str_eq(
        fixture_sql(&fixture, "SELECT count(*) FROM pages_fts WHERE pages_fts MATCH 'new'"), "1");
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 1, ""), 0);
    cr_expect_str_eq(
        fixture_sql(&fixture, "SELECT count(*) FROM pages_fts WHERE pages_fts MATCH 'new'"), "0");
    fixture_sql(&fixture, "INSERT INTO pages_fts(pages_fts, rank) VALUES('integrity-check', 1)");
    fixture_deinit(&fixture);
}

static int persist_bytes(struct fixture *fixture, const char *path,
                         int (*persist)(struct library *, const struct persist_unit *,
                                        struct outcome *, struct error *))
{
    struct persist_unit unit = {
        .job = FIXTURE_JOB, .name = "x", .artifact_path = path, .first = 1, .last = 16};

    fixture->outcome = (struct outcome){0};
    fixture->err = (struct error)ERROR_INIT;
    return persist(fixture->library, &unit, &fixture->outcome, &fixture->err);
}

static void expect_damaged(struct fixture *fixture, const char *path, const char *what)
{
    bool retryable = false;
    const char *code;

    cr_expect_eq(persist_bytes(fixture, path, persist_pages), -1, "%s", what);
    code = outcome_code(&fixture->outcome, &fixture->err, &retryable);
    cr_expect_str_eq(code ? code : "internal", "artifact_damaged", "%s: %s", what,
                     fixture->err.msg);
    cr_expect(retryable);
}

Test(library_persist, damaged_artifacts_change_nothing)
{
    struct fixture fixture;
    const char *path;
    const char *digest;
    struct buf whole;

    fixture_init(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1, 3);
    digest = fixture_digest(&fixture);
    path = fixture_path(&fixture, "pages.ebb");
    buf_init(&whole, 1U << 20);
    cr_assert_eq(file_read(path, 1U << 20, &whole, &fixture.err), 0);

    expect_damaged(&fixture, fixture_path(&fixture, "nowhere.ebb"), "missing");
    expect_damaged(&fixture, fixture_path(&fixture, "survey.ebb"), "of another kind");
    for (size_t cut = 0; cut < whole.size; cut += 7) {
        cr_assert_eq(file_write_atomic(path, whole.data, cut, 0640, false, &fixture.err), 0);
        expect_damaged(&fixture, path, "cut");
    }
    for (size_t at = 0; at < whole.size; at += 11) {
        whole.data[at] ^= 0x55;
        cr_assert_eq(file_write_atomic(path, whole.data, whole.size, 0640, false, &fixture.err), 0);
        expect_damaged(&fixture, path, "a byte changed");
        whole.data[at] ^= 0x55;
    }
    cr_expect_eq(persist_bytes(&fixture, fixture_path(&fixture, "nowhere.ebb"), persist_survey),
                 -1);
    cr_expect_str_eq(fixture.outcome.code, "artifact_damaged");
    cr_expect_str_eq(fixture_digest(&fixture), digest);
    buf_deinit(&whole);
    fixture_deinit(&fixture);
}

Test(library_persist, pages_outside_the_unit_are_damage)
{
    struct fixture fixture;
    struct fixture_block block = {PAGE_BLOCK_TEXT, "Text", 10, 0, 0};
    struct page_record *records[2];

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 3), 0);
    records[0] = fixture_page(&fixture, 1, &block, 1);
    records[1] = fixture_page(&fixture, 3, &block, 1);
    cr_expect_eq(fixture_pages(&fixture, FIXTURE_JOB, 1, 2, records, 2), -1);
    cr_expect_str_eq(fixture.outcome.code, "artifact_damaged");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT count(*) FROM pages"), "0");
    records[1] = fixture_page(&fixture, 4, &block, 1);
    cr_expect_eq(fixture_pages(&fixture, FIXTURE_JOB, 1, 16, records, 2), -1);
    cr_expect_str_eq(fixture.outcome.code, "artifact_damaged");
    fixture_deinit(&fixture);
}

Test(library_persist, pages_of_an_unknown_job_are_missing_rows)
{
    struct fixture fixture;

    fixture_init(&fixture);
    cr_expect_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 1, "Text"), -1);
    cr_expect_str_eq(fixture.outcome.code, "rows_missing");
    cr_expect(fixture.outcome.retryable);
    cr_expect_eq(fixture_finish(&fixture, FIXTURE_JOB, NULL, 0), -1);
    cr_expect_str_eq(fixture.outcome.code, "rows_missing");
    fixture_deinit(&fixture);
}

Test(library_persist, finish_wants_every_page)
{
    struct fixture fixture;
    struct finish_failure failures[] = {{2, "crashed", "signal 11"},
                                        {4, "deadline_exceeded", "30 s"}};

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 4), 0);
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 1, "One"), 0);
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 3, "Three and more"), 0);

    cr_expect_eq(fixture_finish(&fixture, FIXTURE_JOB, failures, 1), -1);
    cr_expect_str_eq(fixture.outcome.code, "rows_missing");
    cr_expect(fixture.outcome.retryable);
    cr_expect_not_null(strstr(fixture.err.msg, "first that it has not is 4"), "%s",
                       fixture.err.msg);
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT count(*) FROM pages"), "2", "rolled back");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT status FROM documents"), "incomplete");

    cr_expect_eq(fixture_finish(&fixture, FIXTURE_JOB, failures, 2), 0, "%s", fixture.err.msg);
    cr_expect_eq(fixture.outcome.pages, 4);
    cr_expect_eq(fixture.outcome.pages_failed, 2);
    cr_expect_eq(fixture.outcome.words, 4);
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT status FROM documents"), "complete");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT pages_failed FROM documents"), "2");
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT failure_code FROM pages WHERE number=4"),
                     "deadline_exceeded");
    fixture_deinit(&fixture);
}

Test(library_persist, finish_fills_up_a_list_of_failures_that_was_cut)
{
    struct fixture fixture;
    struct finish_unit unit = {.job = FIXTURE_JOB, .failures_cut = true};

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 6), 0);
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 3, "Three"), 0);
    cr_assert_eq(finish_document(fixture.library, &unit, &fixture.outcome, &fixture.err), 0, "%s",
                 fixture.err.msg);
    cr_expect_eq(fixture.outcome.pages, 6);
    cr_expect_eq(fixture.outcome.pages_failed, 5);
    fixture_deinit(&fixture);
}

Test(library_persist, a_failed_page_beyond_the_document_is_refused)
{
    struct fixture fixture;
    struct finish_failure failure = {9, "crashed", ""};

    fixture_init(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1, 2);
    cr_expect_eq(fixture_finish(&fixture, FIXTURE_JOB, &failure, 1), -1);
    cr_expect_eq(fixture.err.code, ERROR_INVALID);
    fixture_deinit(&fixture);
}

/* Of two jobs of one file the better reading of a page stays, whichever came first. */
Test(library_persist, a_page_that_was_read_stays_read)
{
    struct fixture fixture;
    struct finish_failure failure = {1, "crashed", ""};
    struct page_record *record;

    fixture_init(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1, 1);
    record = fixture_page(&fixture, 1, NULL, 0);
    record->failure_code = "page_damaged";
    record->failure_text = "no content stream";
    cr_expect_eq(fixture_survey(&fixture, FIXTURE_OTHER_JOB, 1, 1), 0);
    cr_expect_eq(fixture_pages(&fixture, FIXTURE_OTHER_JOB, 1, 1, &record, 1), 0);
    cr_expect_eq(fixture.outcome.pages_failed, 1);
    cr_expect_eq(fixture_finish(&fixture, FIXTURE_OTHER_JOB, &failure, 1), 0);
    cr_expect_eq(fixture.outcome.pages_failed, 0);
    cr_expect_str_eq(fixture_sql(&fixture, "SELECT text FROM pages"),
                     "Page 1 speaks of walnuts\n\n");
    fixture_deinit(&fixture);
}

Test(library_persist, a_page_that_failed_may_be_read_later)
{
    struct fixture fixture;
    struct finish_failure failure = {1, "crashed", "signal 11"};

    fixture_init(&fixture);
    cr_assert_eq(fixture_survey(&fixture, FIXTURE_JOB, 1, 1), 0);
    cr_assert_eq(fixture_finish(&fixture, FIXTURE_JOB, &failure, 1), 0);
    cr_expect_eq(fixture.outcome.pages_failed, 1);
    cr_assert_eq(fixture_simple_page(&fixture, FIXTURE_JOB, 1, "Read after all"), 0);
    cr_assert_eq(fixture_finish(&fixture, FIXTURE_JOB, NULL, 0), 0);
    cr_expect_eq(fixture.outcome.pages_failed, 0);
    cr_expect_not_null(FIXTURE_QUERY(&fixture, "search", "q", "after"));
    fixture_deinit(&fixture);
}

/* max_bytes is SQLite's own full disk. */
Test(library_persist, a_full_disk_is_retryable_and_loses_nothing)
{
    struct fixture fixture;
    struct fixture_block block = {PAGE_BLOCK_TEXT, NULL, 10, 0, 0};
    struct page_record *record;
    char *text;
    bool retryable = false;
    const char *digest;

    fixture_init(&fixture);
    persist_document(&fixture, FIXTURE_JOB, 1, 2);
    digest = fixture_digest(&fixture);
    library_close(fixture.library);
    fixture.library = library_open(fixture.folder, 256U << 10, &fixture.err);
    cr_assert_not_null(fixture.library, "%s", fixture.err.msg);

    text = arena_alloc(fixture.arena, 400001);
    memset(text, 'x', 400000);
    block.text = text;
    record = fixture_page(&fixture, 2, &block, 1);
    cr_expect_eq(fixture_pages(&fixture, FIXTURE_JOB, 2, 2, &record, 1), -1);
    cr_expect_eq(fixture.err.code, ERROR_FULL, "%s", fixture.err.msg);
    cr_expect_str_eq(outcome_code(&fixture.outcome, &fixture.err, &retryable), "disk_full");
    cr_expect(retryable);
    cr_expect_str_eq(fixture_digest(&fixture), digest);

    library_close(fixture.library);
    fixture.library = library_open(fixture.folder, 0, &fixture.err);
    cr_assert_not_null(fixture.library);
    cr_expect_eq(fixture_pages(&fixture, FIXTURE_JOB, 2, 2, &record, 1), 0, "%s", fixture.err.msg);
    fixture_deinit(&fixture);
}
