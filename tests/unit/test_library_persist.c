/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Persist and finish: rows, idempotence, order, damage, missing pages, a full disk.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hash.h"

static void persist_document(struct shelf *shelf, const char *job, unsigned seed,
                             uint32_t page_count)
{
    cr_assert_eq(shelf_survey(shelf, job, seed, page_count), 0, "%s", shelf->err.msg);
    for (uint32_t number = 1; number <= page_count; number++) {
        const char *text = arena_printf(shelf->arena, "Page %u speaks of walnuts", number);

        cr_assert_eq(shelf_simple_page(shelf, job, number, text), 0, "%s", shelf->err.msg);
    }
}

Test(library_persist, survey_makes_the_document)
{
    struct shelf shelf;
    struct uuid expected;
    char id[UUID_TEXT_BYTES];

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 7, 42), 0, "%s", shelf.err.msg);
    uuid_library(shelf_sha256(&shelf, 7), "document", 0, &expected);
    uuid_format(&expected, id);
    cr_expect_str_eq(shelf.outcome.document_id, id);
    cr_expect_eq(shelf.outcome.pages, 42);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT id FROM documents"), id);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT status FROM documents"), "incomplete");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT name FROM job_documents"), "file-7.pdf");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT value FROM document_metadata WHERE key='author'"),
                     "An Author");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT group_concat(title) FROM outline"),
                     "First,Last,Nowhere");
    shelf_deinit(&shelf);
}

Test(library_persist, pages_are_rows)
{
    struct shelf shelf;
    struct shelf_block block = {PAGE_BLOCK_TEXT, "Walnut veneer, oiled", 10, 0, 0};
    struct page_record *record;
    const char *warnings[] = {"a \"strange\" font"};

    shelf_init(&shelf);
    record = shelf_page(&shelf, 3, &block, 1);
    record->label = "iii";
    record->garbled_count = 2;
    record->image_count = 4;
    record->image_cover = 0.25F;
    record->warnings = warnings;
    record->warning_count = 1;
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 7, 5), 0);
    cr_assert_eq(shelf_pages(&shelf, SHELF_JOB, 1, 5, &record, 1), 0, "%s", shelf.err.msg);
    cr_expect_eq(shelf.outcome.pages, 1);
    cr_expect_eq(shelf.outcome.chars, 22);
    cr_expect_eq(shelf.outcome.words, 3);
    cr_expect_str_eq(shelf_sql(&shelf,
                               "SELECT concat FROM (SELECT document||'|'||number||'|'||label||'|'||"
                               "width_pt||'|'||height_pt||'|'||garbled||'|'||images||'|'||"
                               "image_cover||'|'||source||'|'||warnings AS concat FROM pages)"),
                     "1|3|iii|595.32|841.92|2|4|0.25|native|[\"a \\\"strange\\\" font\"]");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT text FROM pages"), "Walnut veneer, oiled\n\n");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM page_records"), "1");
    shelf_deinit(&shelf);
}

Test(library_persist, twice_is_once)
{
    struct shelf shelf;
    const char *before;

    shelf_init(&shelf);
    persist_document(&shelf, SHELF_JOB, 1, 8);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0, "%s", shelf.err.msg);
    before = shelf_digest(&shelf);
    persist_document(&shelf, SHELF_JOB, 1, 8);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    cr_expect_str_eq(shelf_digest(&shelf), before);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM pages"), "8");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM outline"), "3");
    shelf_deinit(&shelf);
}

Test(library_persist, order_does_not_matter)
{
    struct shelf forward;
    struct shelf backward;

    shelf_init(&forward);
    shelf_init(&backward);
    persist_document(&forward, SHELF_JOB, 1, 4);
    persist_document(&forward, SHELF_OTHER_JOB, 2, 3);
    cr_assert_eq(shelf_finish(&forward, SHELF_JOB, NULL, 0), 0);
    cr_assert_eq(shelf_finish(&forward, SHELF_OTHER_JOB, NULL, 0), 0);

    cr_assert_eq(shelf_survey(&backward, SHELF_JOB, 2, 3), 0);
    cr_assert_eq(shelf_survey(&backward, SHELF_OTHER_JOB, 1, 4), 0);
    for (uint32_t number = 4; number >= 1; number--) {
        const char *text = arena_printf(backward.arena, "Page %u speaks of walnuts", number);

        cr_assert_eq(shelf_simple_page(&backward, SHELF_OTHER_JOB, number, text), 0);
        cr_assert(number > 3 || shelf_simple_page(&backward, SHELF_JOB, number, text) == 0);
    }
    cr_assert_eq(shelf_finish(&backward, SHELF_OTHER_JOB, NULL, 0), 0);
    cr_assert_eq(shelf_finish(&backward, SHELF_JOB, NULL, 0), 0);
    cr_expect_str_eq(shelf_digest(&forward), shelf_digest(&backward));
    shelf_deinit(&forward);
    shelf_deinit(&backward);
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
    struct shelf shelf;
    const char *last;

    shelf_init(&shelf);
    persist_document(&shelf, SHELF_JOB, 1, 3);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    last = shelf_digest(&shelf);
    shelf_sql(&shelf, "UPDATE documents SET updated_ms=5");
    shelf_sql(&shelf, "UPDATE pages SET warnings='[\"w\"]', failure_text='x'");
    shelf_sql(&shelf, "UPDATE job_documents SET name='x'");
    cr_expect_str_eq(shelf_digest(&shelf), last, "times, warnings and names are left out");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char *digest;

        shelf_sql(&shelf, changes[i]);
        digest = shelf_digest(&shelf);
        cr_expect_str_neq(digest, last, "%s", changes[i]);
        last = digest;
    }
    shelf_deinit(&shelf);
}

static int persist_bytes(struct shelf *shelf, const char *path,
                         int (*persist)(struct library *, const struct persist_unit *,
                                        struct outcome *, struct error *))
{
    struct persist_unit unit = {
        .job = SHELF_JOB, .name = "x", .artifact_path = path, .first = 1, .last = 16};

    shelf->outcome = (struct outcome){0};
    shelf->err = (struct error)ERROR_INIT;
    return persist(shelf->library, &unit, &shelf->outcome, &shelf->err);
}

static void expect_damaged(struct shelf *shelf, const char *path, const char *what)
{
    bool retryable = false;
    const char *code;

    cr_expect_eq(persist_bytes(shelf, path, persist_pages), -1, "%s", what);
    code = outcome_code(&shelf->outcome, &shelf->err, &retryable);
    cr_expect_str_eq(code ? code : "internal", "artifact_damaged", "%s: %s", what, shelf->err.msg);
    cr_expect(retryable);
}

Test(library_persist, damaged_artifacts_change_nothing)
{
    struct shelf shelf;
    const char *path;
    const char *digest;
    struct buf whole;

    shelf_init(&shelf);
    persist_document(&shelf, SHELF_JOB, 1, 3);
    digest = shelf_digest(&shelf);
    path = shelf_path(&shelf, "pages.ebb");
    buf_init(&whole, 1U << 20);
    cr_assert_eq(file_read(path, 1U << 20, &whole, &shelf.err), 0);

    expect_damaged(&shelf, shelf_path(&shelf, "nowhere.ebb"), "missing");
    expect_damaged(&shelf, shelf_path(&shelf, "survey.ebb"), "of another kind");
    for (size_t cut = 0; cut < whole.size; cut += 7) {
        cr_assert_eq(file_write_atomic(path, whole.data, cut, 0640, false, &shelf.err), 0);
        expect_damaged(&shelf, path, "cut");
    }
    for (size_t at = 0; at < whole.size; at += 11) {
        whole.data[at] ^= 0x55;
        cr_assert_eq(file_write_atomic(path, whole.data, whole.size, 0640, false, &shelf.err), 0);
        expect_damaged(&shelf, path, "a byte changed");
        whole.data[at] ^= 0x55;
    }
    cr_expect_eq(persist_bytes(&shelf, shelf_path(&shelf, "nowhere.ebb"), persist_survey), -1);
    cr_expect_str_eq(shelf.outcome.code, "artifact_damaged");
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    buf_deinit(&whole);
    shelf_deinit(&shelf);
}

Test(library_persist, pages_outside_the_unit_are_damage)
{
    struct shelf shelf;
    struct shelf_block block = {PAGE_BLOCK_TEXT, "Text", 10, 0, 0};
    struct page_record *records[2];

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 3), 0);
    records[0] = shelf_page(&shelf, 1, &block, 1);
    records[1] = shelf_page(&shelf, 3, &block, 1);
    cr_expect_eq(shelf_pages(&shelf, SHELF_JOB, 1, 2, records, 2), -1);
    cr_expect_str_eq(shelf.outcome.code, "artifact_damaged");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM pages"), "0");
    records[1] = shelf_page(&shelf, 4, &block, 1);
    cr_expect_eq(shelf_pages(&shelf, SHELF_JOB, 1, 16, records, 2), -1);
    cr_expect_str_eq(shelf.outcome.code, "artifact_damaged");
    shelf_deinit(&shelf);
}

Test(library_persist, pages_of_an_unknown_job_are_missing_rows)
{
    struct shelf shelf;

    shelf_init(&shelf);
    cr_expect_eq(shelf_simple_page(&shelf, SHELF_JOB, 1, "Text"), -1);
    cr_expect_str_eq(shelf.outcome.code, "rows_missing");
    cr_expect(shelf.outcome.retryable);
    cr_expect_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), -1);
    cr_expect_str_eq(shelf.outcome.code, "rows_missing");
    shelf_deinit(&shelf);
}

Test(library_persist, finish_wants_every_page)
{
    struct shelf shelf;
    struct structure_failure failures[] = {{2, "crashed", "signal 11"},
                                           {4, "deadline_exceeded", "30 s"}};

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 4), 0);
    cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, 1, "One"), 0);
    cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, 3, "Three and more"), 0);

    cr_expect_eq(shelf_finish(&shelf, SHELF_JOB, failures, 1), -1);
    cr_expect_str_eq(shelf.outcome.code, "rows_missing");
    cr_expect(shelf.outcome.retryable);
    cr_expect_not_null(strstr(shelf.err.msg, "first that it has not is 4"), "%s", shelf.err.msg);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM pages"), "2", "rolled back");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT status FROM documents"), "incomplete");

    cr_expect_eq(shelf_finish(&shelf, SHELF_JOB, failures, 2), 0, "%s", shelf.err.msg);
    cr_expect_eq(shelf.outcome.pages, 4);
    cr_expect_eq(shelf.outcome.pages_failed, 2);
    cr_expect_eq(shelf.outcome.words, 4);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT status FROM documents"), "complete");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT pages_failed FROM documents"), "2");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT failure_code FROM pages WHERE number=4"),
                     "deadline_exceeded");
    shelf_deinit(&shelf);
}

Test(library_persist, structure_fills_up_a_list_of_failures_that_was_cut)
{
    struct shelf shelf;
    struct structure_unit unit = {.job = SHELF_JOB, .failures_cut = true};

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 6), 0);
    cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, 3, "Three"), 0);
    unit.artifact_path = shelf_path(&shelf, "body.ebb");
    cr_assert_eq(structure_document(shelf.library, &unit, &shelf.outcome, &shelf.err), 0, "%s",
                 shelf.err.msg);
    cr_expect_eq(shelf.outcome.pages, 6);
    cr_expect_eq(shelf.outcome.pages_failed, 5);
    shelf_deinit(&shelf);
}

Test(library_persist, a_failed_page_beyond_the_document_is_refused)
{
    struct shelf shelf;
    struct structure_failure failure = {9, "crashed", ""};

    shelf_init(&shelf);
    persist_document(&shelf, SHELF_JOB, 1, 2);
    cr_expect_eq(shelf_finish(&shelf, SHELF_JOB, &failure, 1), -1);
    cr_expect_eq(shelf.err.code, ERROR_INVALID);
    shelf_deinit(&shelf);
}

/* Of two jobs of one file the better reading of a page stays, whichever came first. */
Test(library_persist, a_page_that_was_read_stays_read)
{
    struct shelf shelf;
    struct structure_failure failure = {1, "crashed", ""};
    struct page_record *record;

    shelf_init(&shelf);
    persist_document(&shelf, SHELF_JOB, 1, 1);
    record = shelf_page(&shelf, 1, NULL, 0);
    record->failure_code = "page_damaged";
    record->failure_text = "no content stream";
    cr_expect_eq(shelf_survey(&shelf, SHELF_OTHER_JOB, 1, 1), 0);
    cr_expect_eq(shelf_pages(&shelf, SHELF_OTHER_JOB, 1, 1, &record, 1), 0);
    cr_expect_eq(shelf.outcome.pages_failed, 1);
    cr_expect_eq(shelf_finish(&shelf, SHELF_OTHER_JOB, &failure, 1), 0);
    cr_expect_eq(shelf.outcome.pages_failed, 0);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT text FROM pages"), "Page 1 speaks of walnuts\n\n");
    shelf_deinit(&shelf);
}

Test(library_persist, a_page_that_failed_may_be_read_later)
{
    struct shelf shelf;
    struct structure_failure failure = {1, "crashed", "signal 11"};

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, &failure, 1), 0);
    cr_expect_eq(shelf.outcome.pages_failed, 1);
    cr_assert_eq(shelf_simple_page(&shelf, SHELF_JOB, 1, "Read after all"), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    cr_expect_eq(shelf.outcome.pages_failed, 0);
    cr_expect_str_eq(SHELF_QUERY(&shelf, "show", "document", SHELF_JOB), "Read after all\n\n");
    shelf_deinit(&shelf);
}

/* max_bytes is SQLite's own full disk. */
Test(library_persist, a_full_disk_is_retryable_and_loses_nothing)
{
    struct shelf shelf;
    struct shelf_block block = {PAGE_BLOCK_TEXT, NULL, 10, 0, 0};
    struct page_record *record;
    char *text;
    bool retryable = false;
    const char *digest;

    shelf_init(&shelf);
    persist_document(&shelf, SHELF_JOB, 1, 2);
    digest = shelf_digest(&shelf);
    library_close(shelf.library);
    shelf.library = library_open(shelf.folder, 256U << 10, &shelf.err);
    cr_assert_not_null(shelf.library, "%s", shelf.err.msg);

    text = arena_alloc(shelf.arena, 400001);
    memset(text, 'x', 400000);
    block.text = text;
    record = shelf_page(&shelf, 2, &block, 1);
    cr_expect_eq(shelf_pages(&shelf, SHELF_JOB, 2, 2, &record, 1), -1);
    cr_expect_eq(shelf.err.code, ERROR_FULL, "%s", shelf.err.msg);
    cr_expect_str_eq(outcome_code(&shelf.outcome, &shelf.err, &retryable), "disk_full");
    cr_expect(retryable);
    cr_expect_str_eq(shelf_digest(&shelf), digest);

    library_close(shelf.library);
    shelf.library = library_open(shelf.folder, 0, &shelf.err);
    cr_assert_not_null(shelf.library);
    cr_expect_eq(shelf_pages(&shelf, SHELF_JOB, 2, 2, &record, 1), 0, "%s", shelf.err.msg);
    shelf_deinit(&shelf);
}
