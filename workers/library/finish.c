/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The finish stage's work.
 *
 * Invariants: a count that is told is one of rows. Blocks on the disk, for an fsync at the least.
 * Logs nothing.
 */
#include "workers/library/finish.h"

#include <stdio.h>

#include "common/clock.h"
#include "proto/vector.h"
#include "workers/library/document_rows.h"
#include "workers/library/finish_check.h"

static int put_status(struct library *library, const struct document *document,
                      const struct document_totals *totals, struct error *err)
{
    struct statement *finish = library_statement(library, STATEMENT_DOCUMENT_FINISH);

    statement_int(finish, 1, document->row);
    statement_int(finish, 2, (int64_t)totals->pages_failed);
    statement_int(finish, 3, (int64_t)totals->chars);
    statement_int(finish, 4, (int64_t)totals->words);
    statement_int(finish, 5, (int64_t)clock_wall_ms());
    return statement_run(finish, err);
}

/* The number that a statement answers for the document; text binds ?2 where it is not NULL. */
static int read_count(struct library *library, enum statement_name name,
                      const struct document *document, const char *text, uint64_t *ret_count,
                      struct error *err)
{
    struct statement *count = library_statement(library, name);
    int got;

    statement_int(count, 1, document->row);
    if (text) {
        statement_text(count, 2, text);
    }
    got = statement_step(count, err);
    *ret_count = got > 0 ? (uint64_t)statement_column_int(count, 0) : 0;
    statement_end(count);
    return got < 0 ? -1 : 0;
}

static int read_counts(struct library *library, const struct document *document,
                       struct outcome *outcome, struct error *err)
{
    const struct {
        enum statement_name name;
        const char *text;
        uint64_t *ret_count;
    } counts[] = {
        {STATEMENT_IMAGES_NUMBERED, NULL, &outcome->images},
        {STATEMENT_TABLES_COUNT, NULL, &outcome->tables},
        {STATEMENT_CHUNKS_COUNT, NULL, &outcome->chunks},
        {STATEMENT_VECTORS_COUNT, vector_kind_name(VECTOR_KIND_TEXT), &outcome->vectors},
        {STATEMENT_VECTORS_COUNT, vector_kind_name(VECTOR_KIND_IMAGE), &outcome->images_embedded},
    };

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (read_count(library, counts[i].name, document, counts[i].text, counts[i].ret_count,
                       err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Inside the transaction. */
static int finish_rows(struct library *library, const struct finish_unit *unit,
                       struct outcome *outcome, struct error *err)
{
    struct document document;
    struct document_totals totals;

    if (document_of_job(library, unit->job, &document, err) < 0) {
        return err->code == ERROR_NOT_FOUND ? outcome_fail(outcome, "rows_missing", true) : -1;
    }
    snprintf(outcome->document_id, sizeof outcome->document_id, "%s", document.id);
    if (document_rows_totals(library, &document, &totals, err) < 0 ||
        document_rows_check(library, &document, &totals, outcome, err) < 0 ||
        read_counts(library, &document, outcome, err) < 0 ||
        finish_check(library, unit, &document, outcome, err) < 0 ||
        put_status(library, &document, &totals, err) < 0) {
        return -1;
    }
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
