/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The finish stage's work.
 *
 * Invariants: the style is made anew from the marks each time, so that it says the same however
 * often and in whatever order the pages came. Blocks on the disk, for an fsync at the least.
 * Logs nothing.
 */
#include "workers/library/finish.h"

#include <stdio.h>

#include "common/clock.h"
#include "workers/library/document.h"
#include "workers/library/joining.h"
#include "workers/library/style.h"

struct totals {
    uint64_t pages, pages_failed, chars, words, pages_ocr;
};

static int put_failed(struct library *library, const struct document *document,
                      const struct finish_failure *failure, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_PAGE_FAILED_PUT);
    char id[UUID_TEXT_BYTES];
    struct uuid uuid;

    uuid_library(document->sha256, "page", failure->page, &uuid);
    uuid_format(&uuid, id);
    statement_int(put, 1, library_page_row(document->row, failure->page));
    statement_text(put, 2, id);
    statement_text(put, 3, failure->code);
    statement_text(put, 4, failure->text);
    return statement_run(put, err);
}

static int put_failures(struct library *library, const struct document *document,
                        const struct finish_unit *unit, struct error *err)
{
    struct finish_failure failure;

    for (size_t i = 0; unit->failure_at && unit->failure_at(unit->context, i, &failure); i++) {
        if (failure.page == 0 || failure.page > document->page_count) {
            return error_set(err, ERROR_INVALID, "page %u of %u is said to have failed",
                             failure.page, document->page_count);
        }
        if (put_failed(library, document, &failure, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_totals(struct library *library, const struct document *document,
                       struct totals *ret_totals, struct error *err)
{
    struct statement *totals = library_statement(library, STATEMENT_PAGE_TOTALS);

    statement_int(totals, 1, document->row);
    if (statement_step(totals, err) < 1) {
        return -1;
    }
    ret_totals->pages = (uint64_t)statement_column_int(totals, 0);
    ret_totals->pages_failed = (uint64_t)statement_column_int(totals, 1);
    ret_totals->chars = (uint64_t)statement_column_int(totals, 2);
    ret_totals->words = (uint64_t)statement_column_int(totals, 3);
    ret_totals->pages_ocr = (uint64_t)statement_column_int(totals, 4);
    statement_end(totals);
    return 0;
}

/* The least page from `from` on that has no row; page_count + 1 when there is none. */
static int next_missing(struct library *library, const struct document *document, uint32_t from,
                        uint32_t *ret_page, struct error *err)
{
    struct statement *numbers = library_statement(library, STATEMENT_PAGE_NUMBERS);
    uint32_t page = from;
    int got;

    statement_int(numbers, 1, library_page_row(document->row, from));
    statement_int(numbers, 2, library_page_row(document->row, document->page_count));
    while ((got = statement_step(numbers, err)) > 0) {
        if (statement_column_int(numbers, 0) != page) {
            break;
        }
        page++;
    }
    statement_end(numbers);
    *ret_page = page;
    return got < 0 ? -1 : 0;
}

/* Pages past the bound of the list of failures. */
static int fail_the_rest(struct library *library, const struct document *document,
                         struct error *err)
{
    struct finish_failure failure = {1, "failed", "one of more failed pages than could be listed"};

    for (;;) {
        if (next_missing(library, document, failure.page, &failure.page, err) < 0) {
            return -1;
        }
        if (failure.page > document->page_count) {
            return 0;
        }
        if (put_failed(library, document, &failure, err) < 0) {
            return -1;
        }
        failure.page++;
    }
}

/* Every page has a row, or "rows_missing". */
static int check_rows(struct library *library, const struct document *document,
                      const struct totals *totals, struct outcome *outcome, struct error *err)
{
    uint32_t missing;

    if (totals->pages == document->page_count) {
        return 0;
    }
    if (next_missing(library, document, 1, &missing, err) < 0) {
        return -1;
    }
    error_set(err, ERROR_NOT_FOUND,
              "the library has %llu of the document's %u pages; the first that it has not is %u",
              (unsigned long long)totals->pages, document->page_count, missing);
    return outcome_fail(outcome, "rows_missing", true);
}

static int run_for_document(struct library *library, enum statement_name name,
                            const struct document *document, struct error *err)
{
    struct statement *statement = library_statement(library, name);

    statement_int(statement, 1, document->row);
    return statement_run(statement, err);
}

static int put_furniture(struct library *library, const struct document *document,
                         struct statement *mark, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_FURNITURE_PUT);

    statement_int(put, 1, document->row);
    statement_int(put, 2, statement_column_int(mark, 0));
    statement_int(put, 3, statement_column_int(mark, 1));
    statement_int(put, 4, statement_column_int(mark, 2));
    return statement_run(put, err);
}

static int find_furniture(struct library *library, const struct document *document,
                          struct error *err)
{
    struct statement *marks;
    int got;

    if (run_for_document(library, STATEMENT_FURNITURE_CLEAR, document, err) < 0) {
        return -1;
    }
    marks = library_statement(library, STATEMENT_MARKS_FURNITURE);
    statement_int(marks, 1, document->row);
    statement_int(marks, 2, STYLE_REPEATS_MIN);
    while ((got = statement_step(marks, err)) > 0) {
        struct style_occurrence occurrence = {
            .pages = (uint32_t)statement_column_int(marks, 2),
            .first = (uint32_t)statement_column_int(marks, 3),
            .last = (uint32_t)statement_column_int(marks, 4),
            .odd_pages = (uint32_t)statement_column_int(marks, 5),
        };

        if (style_repeats(&occurrence) && put_furniture(library, document, marks, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(marks);
    return got < 0 ? -1 : 0;
}

static int find_body(struct library *library, const struct document *document, uint32_t *ret_class,
                     struct error *err)
{
    struct statement *body = library_statement(library, STATEMENT_MARKS_BODY);
    int got;

    statement_int(body, 1, document->row);
    got = statement_step(body, err);
    *ret_class = got > 0 ? (uint32_t)statement_column_int(body, 0) : 0;
    statement_end(body);
    return got < 0 ? -1 : 0;
}

static int find_headings(struct library *library, const struct document *document,
                         uint32_t body_class, struct style_heading *headings, uint32_t *ret_count,
                         struct error *err)
{
    struct statement *marks = library_statement(library, STATEMENT_MARKS_HEADINGS);
    uint32_t count = 0;
    int got;

    statement_int(marks, 1, document->row);
    statement_int(marks, 2, body_class);
    statement_int(marks, 3, style_promoted_class(body_class));
    statement_int(marks, 4, STYLE_HEADINGS_MAX);
    while ((got = statement_step(marks, err)) > 0 && count < STYLE_HEADINGS_MAX) {
        headings[count++] = (struct style_heading){
            .class = (uint32_t)statement_column_int(marks, 0),
            .pages = (uint32_t)statement_column_int(marks, 1),
        };
    }
    statement_end(marks);
    *ret_count = count;
    return got < 0 ? -1 : 0;
}

static int put_style(struct library *library, const struct document *document, uint32_t level,
                     uint32_t class, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_STYLE_PUT);

    statement_int(put, 1, document->row);
    statement_real(put, 2, (double)style_class_size_pt(class));
    statement_int(put, 3, style_class_bold(class));
    statement_int(put, 4, level);
    return statement_run(put, err);
}

/* Furniture first: a running head is no heading. */
static int make_style(struct library *library, const struct document *document, struct error *err)
{
    struct style_heading headings[STYLE_HEADINGS_MAX];
    uint32_t count = 0;
    uint32_t body_class = 0;

    if (find_furniture(library, document, err) < 0 ||
        find_body(library, document, &body_class, err) < 0 ||
        run_for_document(library, STATEMENT_STYLES_CLEAR, document, err) < 0) {
        return -1;
    }
    if (body_class == 0) {
        return 0; /* no text anywhere */
    }
    if (find_headings(library, document, body_class, headings, &count, err) < 0 ||
        put_style(library, document, 0, body_class, err) < 0) {
        return -1;
    }
    style_rank(headings, count);
    for (uint32_t i = 0; i < count; i++) {
        if (put_style(library, document, headings[i].level, headings[i].class, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* What all pages together tell of an image: where it is shown, and whether it only decorates. */
static int finish_images(struct library *library, const struct document *document,
                         uint64_t *ret_content, struct error *err)
{
    struct statement *statement;
    int got;

    if (run_for_document(library, STATEMENT_IMAGES_PRUNE, document, err) < 0) {
        return -1;
    }
    statement = library_statement(library, STATEMENT_IMAGES_FINISH);
    statement_int(statement, 1, document->row);
    statement_int(statement, 2, document->page_count);
    statement_int(statement, 3, STYLE_REPEATS_MIN);
    statement_real(statement, 4, STYLE_IMAGE_EDGE);
    if (statement_run(statement, err) < 0) {
        return -1;
    }
    statement = library_statement(library, STATEMENT_IMAGES_COUNT);
    statement_int(statement, 1, document->row);
    got = statement_step(statement, err);
    *ret_content = got > 0 ? (uint64_t)statement_column_int(statement, 0) : 0;
    statement_end(statement);
    return got < 0 ? -1 : 0;
}

static int put_status(struct library *library, const struct document *document,
                      const struct totals *totals, struct error *err)
{
    struct statement *finish = library_statement(library, STATEMENT_DOCUMENT_FINISH);

    statement_int(finish, 1, document->row);
    statement_int(finish, 2, (int64_t)totals->pages_failed);
    statement_int(finish, 3, (int64_t)totals->chars);
    statement_int(finish, 4, (int64_t)totals->words);
    statement_int(finish, 5, (int64_t)clock_wall_ms());
    return statement_run(finish, err);
}

/* Inside the transaction. */
static int finish_rows(struct library *library, const struct finish_unit *unit,
                       struct outcome *outcome, struct error *err)
{
    struct document document;
    struct totals totals;

    if (document_of_job(library, unit->job, &document, err) < 0) {
        return err->code == ERROR_NOT_FOUND ? outcome_fail(outcome, "rows_missing", true) : -1;
    }
    if (put_failures(library, &document, unit, err) < 0 ||
        (unit->failures_cut && fail_the_rest(library, &document, err) < 0) ||
        read_totals(library, &document, &totals, err) < 0 ||
        check_rows(library, &document, &totals, outcome, err) < 0 ||
        make_style(library, &document, err) < 0 ||
        finish_images(library, &document, &outcome->images, err) < 0 ||
        joining_make_tables(library, &document, &outcome->tables, err) < 0 ||
        put_status(library, &document, &totals, err) < 0) {
        return -1;
    }
    snprintf(outcome->document_id, sizeof outcome->document_id, "%s", document.id);
    outcome->pages = totals.pages;
    outcome->pages_failed = totals.pages_failed;
    outcome->chars = totals.chars;
    outcome->words = totals.words;
    outcome->pages_ocr = totals.pages_ocr;
    return 0;
}

int finish_document(struct library *library, const struct finish_unit *unit,
                    struct outcome *ret_outcome, struct error *err)
{
    if (library_begin(library, true, err) < 0) {
        return -1;
    }
    if (finish_rows(library, unit, ret_outcome, err) < 0) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err);
}
