/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What was removed is gone: from the rows, the full-text index, free pages, the WAL and the vector
 * files, in bounded steps that go on where they stopped.
 */
#include "library_chunks.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "workers/library/care.h"
#include "workers/library/upkeep.h"

#define RARE "Zwiebelfischkonfitüre"

static bool has_text(struct shelf *shelf, const char *text)
{
    return chunks_bytes_anywhere(shelf, text, strlen(text));
}

/* Documents with words of their own around one with rare words. */
static void fill(struct shelf *shelf, int64_t *ret_gone)
{
    char job[] = SHELF_JOB;

    for (unsigned d = 2; d < 8; d++) {
        int64_t row;

        job[sizeof job - 2] = (char)('0' + d);
        row = chunks_document(shelf, job, d, 300, d % 2 ? "Walnut and elm" : "Oak and ash");
        chunks_vectors(shelf, row, 1, 300, "text", CHUNKS_MODEL);
        if (d == 4) {
            *ret_gone = chunks_document(shelf, SHELF_JOB, 1, 300, RARE);
            chunks_vectors(shelf, *ret_gone, 1, 300, "text", CHUNKS_MODEL);
        }
    }
}

static int64_t purge_state(struct shelf *shelf)
{
    int64_t state = -1;

    cr_assert_eq(upkeep_get(shelf->library, UPKEEP_PURGE, &state, &shelf->err), 0);
    return state;
}

/* The word as it was written, as the index folds it, and the end that the index keeps of it. */
static void expect_gone(struct shelf *shelf, int64_t gone)
{
    static const char *const words[] = {RARE, "zwiebelfischkonfiture", "fischkonfit"};
    float vector[CHUNKS_DIMENSIONS];

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        cr_expect_not(has_text(shelf, words[i]), "%s", words[i]);
    }
    for (uint32_t n = 1; n <= 300; n += 13) {
        chunks_vector_of(library_page_row(gone, n), CHUNKS_MODEL, vector);
        cr_expect_not(chunks_bytes_anywhere(shelf, vector, sizeof vector), "vector %u", n);
    }
    cr_expect_str_eq(shelf_sql(shelf, "PRAGMA integrity_check"), "ok");
    shelf_sql(shelf, "INSERT INTO chunks_fts(chunks_fts, rank) VALUES('integrity-check', 1)");
}

Test(library_purge, no_byte_of_a_removed_document_is_left)
{
    struct shelf shelf;
    const char *answer;
    int64_t gone = 0;

    shelf_init(&shelf);
    fill(&shelf, &gone);
    cr_assert(has_text(&shelf, RARE));
    cr_assert(has_text(&shelf, "fischkonfit"));
    answer = SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB);
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"purged\":true"), "%s", answer);
    expect_gone(&shelf, gone);
    cr_expect(has_text(&shelf, "Walnut"), "the others are there");
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH"
                                       " 'walnut'"),
                     "900");
    cr_expect(chunks_file_fits(&shelf, "text", CHUNKS_MODEL));
    shelf_deinit(&shelf);
}

/* A reader that still sees what was before keeps the WAL; a later unit cuts it. */
Test(library_purge, a_reader_is_waited_for)
{
    struct shelf shelf;
    struct care care = {.budget_ms = 60000};
    const char *answer;
    int64_t gone = 0;
    sqlite3 *db = NULL;
    bool done = true;

    shelf_init(&shelf);
    fill(&shelf, &gone);
    cr_assert_eq(sqlite3_open(shelf_path(&shelf, "library/library.db"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM chunks", NULL, NULL, NULL),
                 SQLITE_OK);
    answer = SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB);
    cr_assert_not_null(answer, "%s", shelf.err.msg);
    cr_expect_not_null(strstr(answer, "\"purged\":false"), "%s", answer);
    cr_expect_str_eq(shelf_sql(&shelf, "SELECT count(*) FROM chunks"), "1800", "but removed");
    cr_assert_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    cr_assert_eq(library_care(shelf.library, &care, &done, &shelf.err), 0, "%s", shelf.err.msg);
    cr_expect(done);
    cr_expect_eq(purge_state(&shelf), 0);
    expect_gone(&shelf, gone);
    shelf_deinit(&shelf);
}

static bool some_times(void *context)
{
    unsigned *left = context;

    return (*left)-- > 0;
}

/* Stopped after each step, by another process each time, and with another removal on the way. */
Test(library_purge, it_goes_on_where_it_stopped)
{
    struct shelf shelf;
    int64_t gone = 0;
    bool done = false;
    unsigned rounds = 0;
    char other[] = SHELF_JOB;

    shelf_init(&shelf);
    fill(&shelf, &gone);
    other[sizeof other - 2] = '3';
    while (!done) {
        unsigned left = 1;
        struct care care = {60000, some_times, &left};

        if (rounds == 0) {
            cr_assert_eq(library_begin(shelf.library, true, &shelf.err), 0);
            cr_assert_eq(upkeep_put(shelf.library, UPKEEP_PURGE, 1, &shelf.err), 0);
            cr_assert_eq(library_commit(shelf.library, &shelf.err), 0);
        }
        if (rounds == 1) {
            cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", SHELF_JOB));
            cr_assert_not_null(SHELF_QUERY(&shelf, "delete", "job", other));
        }
        shelf_reopen(&shelf);
        if (library_care(shelf.library, &care, &done, &shelf.err) < 0) {
            cr_assert_eq(shelf.err.code, ERROR_CANCELLED, "%s", shelf.err.msg);
        }
        cr_assert_lt(++rounds, 1000, "it comes to an end");
    }
    expect_gone(&shelf, gone);
    shelf_deinit(&shelf);
}
