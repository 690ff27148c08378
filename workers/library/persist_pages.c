/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The artifact of an extract or an ocr to the rows of its pages.
 *
 * Invariants: a record is decoded whole before it is stored, so that what is in the library can be
 * read. Memory is one page's. Blocks on the disk. Logs nothing.
 */
#include "workers/library/persist.h"

#include <math.h>
#include <string.h>

#include "proto/artifact.h"
#include "proto/page.h"
#include "workers/library/document.h"
#include "workers/answers/emit.h"
#include "workers/library/marks.h"
#include "workers/library/page_parts.h"
#include "workers/library/reading.h"
#include "workers/library/chars.h"

/* One page on its way in. */
struct page_entry {
    int64_t row;
    const uint8_t *data; /* the record as it came */
    size_t size_bytes;
    struct page_record record;
    struct arena *arena; /* the record's */
    uint64_t chars, words;
};

enum page_action { PAGE_NEW, PAGE_REPLACE, PAGE_KEEP };

/* What to do with the page's row as it is. A row whose record went in a migration has none. */
static enum page_action choose(struct statement *state, const struct page_entry *entry)
{
    const struct page_record *record = &entry->record;
    size_t record_bytes;
    const void *old = statement_column_blob(state, 1, &record_bytes);

    if (old && record_bytes == entry->size_bytes && memcmp(old, entry->data, record_bytes) == 0) {
        return PAGE_KEEP;
    }
    if (reading_rank(record->source, record->ocr_reason, record->failure_code) <
        reading_rank(statement_column_text(state, 2), statement_column_text(state, 3),
                     statement_column_text(state, 0))) {
        return PAGE_KEEP;
    }
    return PAGE_REPLACE;
}

static int look_at_old(struct library *library, const struct page_entry *entry,
                       enum page_action *ret_action, struct error *err)
{
    struct statement *state = library_statement(library, STATEMENT_PAGE_STATE);
    int got;

    statement_int(state, 1, entry->row);
    got = statement_step(state, err);
    *ret_action = got > 0 ? choose(state, entry) : PAGE_NEW;
    statement_end(state);
    return got < 0 ? -1 : 0;
}

static double hundredths(float value)
{
    return round((double)value * 100.0) / 100.0;
}

static int put_row(struct library *library, const struct document *document,
                   const struct page_entry *entry, const char *warnings_json, struct error *err)
{
    const struct page_record *record = &entry->record;
    struct statement *put = library_statement(library, STATEMENT_PAGE_PUT);
    char id[UUID_TEXT_BYTES];
    struct uuid uuid;

    uuid_library(document->sha256, "page", record->number, &uuid);
    uuid_format(&uuid, id);
    statement_int(put, 1, entry->row);
    statement_text(put, 2, id);
    statement_text(put, 3, record->label);
    statement_real(put, 4, hundredths(record->width_pt));
    statement_real(put, 5, hundredths(record->height_pt));
    statement_int(put, 6, record->rotation_deg);
    statement_text(put, 7, record->source ? record->source : "native");
    statement_text(put, 8, record->ocr_reason);
    statement_int(put, 9, record->glyph_count);
    statement_int(put, 10, record->garbled_count);
    statement_int(put, 11, record->hidden_count);
    statement_int(put, 12, record->image_count);
    statement_real(put, 13, hundredths(record->image_cover));
    statement_int(put, 14, (int64_t)entry->chars);
    statement_int(put, 15, (int64_t)entry->words);
    statement_text(put, 16, record->failure_code);
    statement_text(put, 17, record->failure_text);
    statement_text(put, 18, warnings_json);
    statement_text_n(put, 19, record->text_bytes > 0 ? record->text : "", record->text_bytes);
    statement_real(put, 20, hundredths(record->confidence));
    statement_text(put, 21, record->ocr_languages);
    statement_int(put, 22, record->ocr_dpi);
    return statement_run(put, err);
}

static int put_record(struct library *library, const struct page_entry *entry, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_RECORD_PUT);

    statement_int(put, 1, entry->row);
    statement_blob(put, 2, entry->data, entry->size_bytes);
    return statement_run(put, err);
}

static int clear_marks(struct library *library, const struct document *document, uint32_t page,
                       struct error *err)
{
    struct statement *clear = library_statement(library, STATEMENT_MARKS_CLEAR);

    statement_int(clear, 1, document->row);
    statement_int(clear, 2, page);
    return statement_run(clear, err);
}

static int put_page(struct library *library, const struct document *document,
                    const struct page_entry *entry, struct buf *scratch, struct error *err)
{
    const struct page_record *record = &entry->record;
    enum page_action action = PAGE_KEEP;
    const char *warnings_json;

    if (look_at_old(library, entry, &action, err) < 0) {
        return -1;
    }
    if (action == PAGE_KEEP) {
        return 0;
    }
    if (action == PAGE_REPLACE &&
        (clear_marks(library, document, record->number, err) < 0 ||
         page_parts_clear(library, document->row, record->number, err) < 0)) {
        return -1;
    }
    if (emit_encode_strings(record->warnings, record->warning_count, scratch, &warnings_json, err) <
        0) {
        return -1;
    }
    if (put_row(library, document, entry, warnings_json, err) < 0 ||
        put_record(library, entry, err) < 0 || marks_put(library, document->row, record, err) < 0) {
        return -1;
    }
    return page_parts_put(library, document, record, entry->arena, err);
}

/* The next page of the artifact. 1, 0 at its end, -1 with ERROR_CORRUPT. */
static int next_page(struct library *library, const struct persist_unit *unit,
                     const struct document *document, struct artifact_reader *reader,
                     struct page_entry *ret_entry, struct error *err)
{
    struct page_record *record = &ret_entry->record;

    if (artifact_next(reader, &ret_entry->data, &ret_entry->size_bytes) != 1) {
        return 0;
    }
    ret_entry->arena = library_scratch(library);
    if (page_record_decode(ret_entry->data, ret_entry->size_bytes, ret_entry->arena, record, err) <
        0) {
        return error_wrap(err, "a page's record");
    }
    if (record->number < unit->first || record->number > unit->last ||
        record->number > document->page_count) {
        return error_set(err, ERROR_CORRUPT, "the artifact of pages %u to %u of %u holds a page %u",
                         unit->first, unit->last, document->page_count, record->number);
    }
    ret_entry->row = library_page_row(document->row, record->number);
    chars_count(record->text_bytes > 0 ? record->text : "", record->text_bytes, &ret_entry->chars,
                &ret_entry->words);
    return 1;
}

/* All pages, inside a transaction. */
static int put_pages(struct library *library, const struct persist_unit *unit,
                     const struct document *document, struct artifact_reader *reader,
                     struct outcome *outcome, struct error *err)
{
    struct page_entry entry;
    struct buf scratch;
    int got;

    buf_init(&scratch, ARTIFACT_RECORD_MAX_BYTES);
    while ((got = next_page(library, unit, document, reader, &entry, err)) > 0) {
        if (put_page(library, document, &entry, &scratch, err) < 0) {
            buf_deinit(&scratch);
            return -1;
        }
        outcome->pages++;
        outcome->pages_failed += entry.record.failure_code != NULL;
        outcome->chars += entry.chars;
        outcome->words += entry.words;
    }
    buf_deinit(&scratch);
    return got < 0 ? persist_artifact_failed(outcome, err) : 0;
}

static int write_pages(struct library *library, const struct persist_unit *unit,
                       struct artifact_reader *reader, struct outcome *outcome, struct error *err)
{
    struct document document;

    if (library_begin(library, false, err) < 0) {
        return -1;
    }
    if (document_of_job(library, unit->job, &document, err) < 0) {
        if (err->code == ERROR_NOT_FOUND) {
            outcome_fail(outcome, "rows_missing", true);
        }
    } else {
        memcpy(outcome->document_id, document.id, sizeof document.id);
        if (put_pages(library, unit, &document, reader, outcome, err) == 0) {
            return library_commit(library, err);
        }
    }
    library_rollback(library);
    return -1;
}

int persist_pages(struct library *library, const struct persist_unit *unit,
                  struct outcome *ret_outcome, struct error *err)
{
    struct artifact_reader *reader = artifact_open(unit->artifact_path, "pages", err);
    int result;

    if (!reader) {
        return persist_artifact_failed(ret_outcome, err);
    }
    result = write_pages(library, unit, reader, ret_outcome, err);
    artifact_close(reader);
    return result;
}
