/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Readings of one page by extract and by OCR, of one job or several: which stays, and that all of
 * the other goes.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/reading.h"

struct reading {
    const char *text, *source, *reason, *languages;
};

/* The page's record as such a reading writes it. */
static int persist_page(struct shelf *shelf, const char *job, uint32_t number,
                        struct reading reading)
{
    struct shelf_block block = {PAGE_BLOCK_TEXT, reading.text, 10, 0, 0};
    struct page_record *record = shelf_page(shelf, number, &block, reading.text[0] ? 1 : 0);

    record->source = reading.source;
    record->ocr_reason = reading.reason;
    record->ocr_languages = reading.languages;
    if (reading.languages) {
        record->ocr_dpi = 200;
        record->confidence = 91.25F;
        record->blocks[0].ocr = true;
        record->blocks[0].lines[0].spans[0].confidence = 91;
    }
    return shelf_pages(shelf, job, number, number, &record, 1);
}

static int persist_reading(struct shelf *shelf, const char *job, struct reading reading)
{
    return persist_page(shelf, job, 1, reading);
}

static const struct reading scanned = {"", "native", "no_text", NULL};
static const struct reading sparse = {"Stamp", "native", "sparse_text", NULL};
static const struct reading native = {"Native words", "native", NULL, NULL};
static const struct reading ocr = {"Words that were read", "ocr", "no_text", "eng"};
static const struct reading mixed = {"Stamp and words", "mixed", "sparse_text", "eng"};
static const struct reading forced = {"Words by force", "ocr", "forced", "deu"};
static const struct reading redone = {"Words read anew", "ocr", "redo", "eng+deu"};

Test(library_readings, ranks)
{
    cr_expect_eq(reading_rank("native", NULL, NULL), READING_NATIVE);
    cr_expect_eq(reading_rank("native", "garbled", NULL), READING_NEEDS_OCR);
    cr_expect_eq(reading_rank("native", "no_text", "crashed"), READING_NEEDS_OCR);
    cr_expect_eq(reading_rank("native", NULL, "page_damaged"), READING_FAILED);
    cr_expect_eq(reading_rank(NULL, NULL, "crashed"), READING_FAILED);
    cr_expect_eq(reading_rank("ocr", "no_text", NULL), READING_OCR);
    cr_expect_eq(reading_rank("mixed", "sparse_text", NULL), READING_OCR);
    cr_expect_eq(reading_rank("ocr", "forced", NULL), READING_DELIBERATE);
    cr_expect_eq(reading_rank("mixed", "redo", NULL), READING_DELIBERATE);
}

Test(library_readings, ocr_replaces_what_needs_it)
{
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, sparse), 0, "%s", shelf.err.msg);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, mixed), 0, "%s", shelf.err.msg);
    cr_expect_str_eq(
        shelf_sql(&shelf, "SELECT source||'|'||ocr_reason||'|'||confidence||'|'||ocr_languages||"
                          "'|'||ocr_dpi||'|'||text FROM pages"),
        "mixed|sparse_text|91.25|eng|200|Stamp and words\n\n");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT sum(weight) FROM page_marks WHERE kind=0"), "15",
                     "the marks are the new reading's alone");
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    cr_expect_eq(shelf.outcome.pages_ocr, 1);
    shelf_deinit(&shelf);
}

/* A kill between the two persists, and both run again. */
Test(library_readings, extract_again_does_not_undo_ocr)
{
    struct shelf shelf;
    const char *digest;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, scanned), 0);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, ocr), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    digest = shelf_digest(&shelf);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, scanned), 0);
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, ocr), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    cr_expect_str_eq(shelf_digest(&shelf), digest);
    shelf_deinit(&shelf);
}

static void expect_text(struct shelf *shelf, const char *expected)
{
    cr_expect_str_eq(shelf_sql(shelf, "SELECT text FROM pages"),
                     arena_printf(shelf->arena, "%s\n\n", expected));
}

/* Two jobs of one file. */
Test(library_readings, the_deliberate_reading_stays)
{
    struct shelf shelf;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    cr_assert_eq(shelf_survey(&shelf, SHELF_OTHER_JOB, 1, 1), 0);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, native), 0);
    cr_assert_eq(persist_reading(&shelf, SHELF_OTHER_JOB, forced), 0);
    expect_text(&shelf, forced.text);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, native), 0);
    expect_text(&shelf, forced.text);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, ocr), 0);
    expect_text(&shelf, forced.text);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, redone), 0);
    expect_text(&shelf, redone.text);
    shelf_deinit(&shelf);
}

Test(library_readings, the_order_of_pages_does_not_matter)
{
    static const uint32_t orders[2][3] = {{1, 2, 3}, {3, 1, 2}};
    const char *digests[2];
    struct shelf shelf[2];

    for (int i = 0; i < 2; i++) {
        shelf_init(&shelf[i]);
        cr_assert_eq(shelf_survey(&shelf[i], SHELF_JOB, 1, 3), 0);
        for (uint32_t number = 1; number <= 3; number++) {
            cr_assert_eq(persist_page(&shelf[i], SHELF_JOB, number, scanned), 0);
        }
        for (int k = 0; k < 3; k++) {
            cr_assert_eq(persist_page(&shelf[i], SHELF_JOB, orders[i][k], ocr), 0);
        }
        cr_assert_eq(shelf_finish(&shelf[i], SHELF_JOB, NULL, 0), 0);
        digests[i] = shelf_digest(&shelf[i]);
    }
    cr_expect_str_eq(digests[0], digests[1]);
    shelf_deinit(&shelf[0]);
    shelf_deinit(&shelf[1]);
}

/* The page is there, by extract; that OCR failed on it is a failure all the same. */
Test(library_readings, a_page_that_ocr_could_not_read_has_failed)
{
    struct shelf shelf;
    struct structure_failure failure = {1, "deadline_exceeded", "60 s"};

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 2), 0);
    cr_assert_eq(persist_page(&shelf, SHELF_JOB, 1, sparse), 0);
    cr_assert_eq(persist_page(&shelf, SHELF_JOB, 2, native), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, &failure, 1), 0, "%s", shelf.err.msg);
    cr_expect_eq(shelf.outcome.pages_failed, 1);
    cr_expect_str_eq(
        SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "markdown", "pages", "1"),
        "<!-- page 1 -->\n\n> **Page 1 could not be read** (deadline_exceeded): 60 s"
        "\n\nStamp\n\n");
    cr_assert_eq(persist_page(&shelf, SHELF_JOB, 1, mixed), 0);
    cr_assert_eq(shelf_finish(&shelf, SHELF_JOB, NULL, 0), 0);
    cr_expect_eq(shelf.outcome.pages_failed, 0);
    shelf_deinit(&shelf);
}

Test(library_readings, json_tells_how_it_was_read)
{
    struct shelf shelf;
    const char *json;

    shelf_init(&shelf);
    cr_assert_eq(shelf_survey(&shelf, SHELF_JOB, 1, 1), 0);
    cr_assert_eq(persist_reading(&shelf, SHELF_JOB, ocr), 0);
    json = SHELF_QUERY(&shelf, "show", "document", SHELF_JOB, "format", "json");
    cr_assert_not_null(json, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(json,
                              "\"confidence\":91.25,\"ocr_languages\":\"eng\",\"ocr_dpi\":200,"
                              "\"ocr_skew_deg\":0"),
                       "%s", json);
    cr_expect_not_null(strstr(json, "\"ocr\":true"), "%s", json);
    cr_expect_not_null(strstr(json, "\"confidence\":91}"), "%s", json);
    shelf_deinit(&shelf);
}
