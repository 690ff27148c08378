/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The structure stage's work.
 *
 * Invariants: what is known of the whole document is made anew of its pages each time. Memory is a
 * page's, and a paragraph's or table's that goes on over pages. Blocks on the disk, for an fsync at
 * the least. Logs nothing.
 */
#include "workers/library/structure.h"

#include <stdio.h>

#include "proto/artifact.h"
#include "workers/library/body_stream.h"
#include "workers/library/chunks.h"
#include "workers/library/document_rows.h"
#include "workers/library/joining.h"
#include "workers/library/page_source.h"
#include "workers/library/style_make.h"

#define PROGRESS_PAGES 64

static int put_failed(struct library *library, const struct document *document,
                      const struct structure_failure *failure, struct error *err)
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
                        const struct structure_unit *unit, struct error *err)
{
    struct structure_failure failure;

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

/* Pages past the bound of the list of failures. */
static int fail_the_rest(struct library *library, const struct document *document,
                         struct error *err)
{
    struct structure_failure failure = {1, "failed",
                                        "one of more failed pages than could be listed"};

    for (;;) {
        if (document_rows_next_missing(library, document, failure.page, &failure.page, err) < 0) {
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

/* What all pages together tell of an image: where it is shown, and whether it only decorates. */
static int number_images(struct library *library, const struct document *document,
                         struct error *err)
{
    struct statement *statement;

    statement = library_statement(library, STATEMENT_IMAGES_PRUNE);
    statement_int(statement, 1, document->row);
    if (statement_run(statement, err) < 0) {
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
    statement = library_statement(library, STATEMENT_IMAGES_NUMBER);
    statement_int(statement, 1, document->row);
    return statement_run(statement, err);
}

/* Inside the transaction. */
static int write_rows(struct library *library, const struct structure_unit *unit,
                      struct document *ret_document, struct outcome *outcome, struct error *err)
{
    struct document_totals totals;

    if (document_of_job(library, unit->job, ret_document, err) < 0) {
        return err->code == ERROR_NOT_FOUND ? outcome_fail(outcome, "rows_missing", true) : -1;
    }
    snprintf(outcome->document_id, sizeof outcome->document_id, "%s", ret_document->id);
    if (put_failures(library, ret_document, unit, err) < 0 ||
        (unit->failures_cut && fail_the_rest(library, ret_document, err) < 0) ||
        document_rows_totals(library, ret_document, &totals, err) < 0 ||
        document_rows_check(library, ret_document, &totals, outcome, err) < 0 ||
        style_make(library, ret_document, err) < 0 ||
        number_images(library, ret_document, err) < 0 ||
        joining_make_tables(library, ret_document, &outcome->tables, err) < 0) {
        return -1;
    }
    outcome->pages = totals.pages;
    outcome->pages_failed = totals.pages_failed;
    return 0;
}

static int make_rows(struct library *library, const struct structure_unit *unit,
                     struct document *ret_document, struct outcome *outcome, struct error *err)
{
    if (library_begin(library, true, err) < 0) {
        return -1;
    }
    if (write_rows(library, unit, ret_document, outcome, err) < 0) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err);
}

/* --- the body --- */

struct body_writer {
    struct library *library;
    const struct structure_unit *unit;
    const struct document *document;
    struct artifact_writer *artifact;
    struct buf record;
    uint64_t blocks, images;
};

static int put_record(struct body_writer *writer, const struct body_record *record,
                      struct error *err)
{
    writer->record.size = 0;
    if (body_record_encode(record, &writer->record, err) < 0) {
        return -1;
    }
    return artifact_append(writer->artifact, writer->record.data, writer->record.size, err);
}

static int put_block(void *user, const struct body_block *block, struct error *err)
{
    struct body_writer *writer = user;
    struct body_record record = {.kind = BODY_BLOCK, .block = *block};

    writer->blocks++;
    return put_record(writer, &record, err);
}

static int ask_progress(const struct body_writer *writer, uint32_t page, struct error *err)
{
    const struct structure_unit *unit = writer->unit;

    if (page % PROGRESS_PAGES == 0 && unit->progress &&
        !unit->progress(unit->progress_context, page)) {
        return error_set(err, ERROR_CANCELLED, "the unit was cancelled");
    }
    return 0;
}

static int put_pages(struct body_writer *writer, struct body_stream *stream, struct error *err)
{
    struct page_source source = {writer->library, writer->document->row, true};
    struct statement *rows = library_statement(writer->library, STATEMENT_PAGE_RECORDS);
    struct page_record record;
    struct render_page page;
    int got;

    statement_int(rows, 1, library_page_row(writer->document->row, 1));
    statement_int(rows, 2, library_page_row(writer->document->row, UINT32_MAX));
    while ((got = statement_step(rows, err)) > 0) {
        if (page_source_read(&source, rows, &record, &page, err) < 0 ||
            body_stream_page(stream, &page, err) < 0 ||
            ask_progress(writer, page.number, err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(rows);
    return got < 0 ? -1 : body_stream_end(stream, err);
}

static int put_blocks(struct body_writer *writer, struct error *err)
{
    struct arena *arena = arena_create(0); /* of the style, which outlives the pages */
    struct body_stream *stream = NULL;
    struct document_style style;
    int result = -1;

    if (!arena) {
        return error_set(err, ERROR_MEMORY, "no memory for a document's style");
    }
    if (style_load(writer->library, writer->document->row, arena, &style, err) == 0) {
        stream = body_stream_create(&style, put_block, writer);
        result = stream ? put_pages(writer, stream, err)
                        : error_set(err, ERROR_MEMORY, "no memory for a document's body");
    }
    body_stream_destroy(stream);
    arena_destroy(arena);
    return result;
}

static int put_images(struct body_writer *writer, struct error *err)
{
    struct statement *list = library_statement(writer->library, STATEMENT_IMAGES_CONTENT);
    int got;

    statement_int(list, 1, writer->document->row);
    while ((got = statement_step(list, err)) > 0) {
        struct body_record record = {
            .kind = BODY_IMAGE,
            .image = {.number = (uint32_t)statement_column_int(list, 0),
                      .key = statement_column_text(list, 1),
                      .format = statement_column_text(list, 2),
                      .width_px = (uint32_t)statement_column_int(list, 3),
                      .height_px = (uint32_t)statement_column_int(list, 4),
                      .page = (uint32_t)statement_column_int(list, 5)},
        };

        if (put_record(writer, &record, err) < 0) {
            got = -1;
            break;
        }
        writer->images++;
    }
    statement_end(list);
    return got;
}

static int write_body(struct body_writer *writer, struct error *err)
{
    int result;

    if (library_begin_read(writer->library, err) < 0) {
        return -1;
    }
    result = put_blocks(writer, err) < 0 ? -1 : put_images(writer, err);
    library_rollback(writer->library);
    return result;
}

static int make_body(struct body_writer *writer, struct error *err)
{
    int result;

    writer->artifact = artifact_create(writer->unit->artifact_path, "body", err);
    if (!writer->artifact) {
        return -1;
    }
    buf_init(&writer->record, ARTIFACT_RECORD_MAX_BYTES);
    result = write_body(writer, err);
    buf_deinit(&writer->record);
    if (result < 0) {
        artifact_discard(writer->artifact);
        return error_wrap(err, "the document's body");
    }
    return artifact_commit(writer->artifact, NULL, err);
}

int structure_document(struct library *library, const struct structure_unit *unit,
                       struct outcome *ret_outcome, struct error *err)
{
    struct document document;
    struct body_writer writer = {.library = library, .unit = unit, .document = &document};

    if (make_rows(library, unit, &document, ret_outcome, err) < 0 || make_body(&writer, err) < 0) {
        return -1;
    }
    ret_outcome->blocks = writer.blocks;
    ret_outcome->images = writer.images;
    /* Chunks of another reading: nothing will come that replaces them. */
    return writer.blocks > 0 ? 0 : chunks_remove(library, &document, err);
}
