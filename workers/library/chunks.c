/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks to rows.
 *
 * Invariants: chunks_fts indexes exactly the chunks of level 0, so an old text is taken out of it,
 * as FTS5 wants it, before its row changes. A vector is of the text and headings that its chunk
 * has now, or goes. Memory is one chunk's. Blocks on the disk. Logs nothing.
 */
#include "workers/library/chunks.h"

#include <string.h>

#include "proto/artifact.h"
#include "workers/library/chars.h"
#include "workers/answers/emit.h"
#include "workers/library/vectors.h"

#define COLUMN_MAX_BYTES ((size_t)64 << 20)

/* One chunk on its way in. */
struct chunk_entry {
    int64_t row;
    struct chunk_record record;
    const char *headings; /* as the columns have them; "" for none */
    const char *heading_levels;
    const char *boxes;
};

struct chunk_writer {
    struct library *library;
    struct document document;
    int64_t last_old; /* row of the document's last chunk before; 0 for none */
    struct buf headings, heading_levels, boxes; /* scratch */
    uint64_t chunks;
};

int chunks_encode_boxes(const struct chunk_box *boxes, uint32_t count, struct buf *out,
                        const char **ret_json, struct error *err)
{
    struct emit emit;

    out->size = 0;
    emit_init(&emit, out);
    emit_open(&emit, '[');
    for (uint32_t i = 0; i < count; i++) {
        emit_open(&emit, '[');
        emit_uint(&emit, boxes[i].offset);
        emit_uint(&emit, boxes[i].page);
        emit_hundredths(&emit, (double)boxes[i].box.x0);
        emit_hundredths(&emit, (double)boxes[i].box.y0);
        emit_hundredths(&emit, (double)boxes[i].box.x1);
        emit_hundredths(&emit, (double)boxes[i].box.y1);
        emit_close(&emit, ']');
    }
    emit_close(&emit, ']');
    if (emit_finish(&emit, err) < 0) {
        return -1;
    }
    *ret_json = buf_cstr(out, err);
    return *ret_json ? 0 : -1;
}

static int encode_levels(const struct chunk_record *record, struct buf *out, const char **ret_json,
                         struct error *err)
{
    struct emit emit;

    out->size = 0;
    emit_init(&emit, out);
    if (record->heading_count > 0) {
        emit_open(&emit, '[');
        for (uint32_t i = 0; i < record->heading_count; i++) {
            emit_uint(&emit, record->heading_levels[i]);
        }
        emit_close(&emit, ']');
    }
    if (emit_finish(&emit, err) < 0) {
        return -1;
    }
    *ret_json = buf_cstr(out, err);
    return *ret_json ? 0 : -1;
}

/* The columns that are made of the record. */
static int encode(struct chunk_writer *writer, struct chunk_entry *entry, struct error *err)
{
    const struct chunk_record *record = &entry->record;

    if (emit_encode_strings(record->headings, record->heading_count, &writer->headings,
                            &entry->headings, err) < 0) {
        return -1;
    }
    entry->headings = entry->headings ? entry->headings : "";
    if (encode_levels(record, &writer->heading_levels, &entry->heading_levels, err) < 0) {
        return -1;
    }
    return chunks_encode_boxes(record->boxes, record->box_count, &writer->boxes, &entry->boxes,
                               err);
}

static int put_row(struct chunk_writer *writer, const struct chunk_entry *entry, struct error *err)
{
    const struct chunk_record *record = &entry->record;
    struct statement *put = library_statement(writer->library, STATEMENT_CHUNK_PUT);
    char id[UUID_TEXT_BYTES];
    struct uuid uuid;
    uint64_t chars;
    uint64_t words;

    uuid_library(writer->document.sha256, "chunk", record->ordinal, &uuid);
    uuid_format(&uuid, id);
    chars_count(record->text, record->text_bytes, &chars, &words);
    statement_int(put, 1, entry->row);
    statement_text(put, 2, id);
    statement_int(put, 3, record->level);
    statement_int(put, 4, record->parent);
    statement_text(put, 5, chunk_kind_name(record->kind));
    statement_int(put, 6, record->first_page);
    statement_int(put, 7, record->last_page);
    statement_text(put, 8, entry->headings);
    statement_text(put, 9, entry->heading_levels);
    statement_text(put, 10, record->joint);
    statement_int(put, 11, record->overlap_bytes);
    statement_text_n(put, 12, record->text, record->text_bytes);
    statement_int(put, 13, (int64_t)chars);
    statement_int(put, 14, record->table);
    statement_text(put, 15, entry->boxes);
    statement_text(put, 16, record->sha256);
    statement_int(put, 17, record->duplicate_of);
    statement_real(put, 18, (double)record->length_quality);
    statement_real(put, 19, (double)record->boundary_quality);
    statement_real(put, 20, (double)record->completeness_quality);
    return statement_run(put, err);
}

static int put_text(struct chunk_writer *writer, const struct chunk_entry *entry, struct error *err)
{
    struct statement *put = library_statement(writer->library, STATEMENT_FTS_PUT);

    statement_int(put, 1, entry->row);
    statement_text_n(put, 2, entry->record.text, entry->record.text_bytes);
    statement_text(put, 3, entry->headings);
    return statement_run(put, err);
}

static bool says_the_same(struct statement *old, const struct chunk_entry *entry)
{
    const char *text = statement_column_text(old, 1);
    size_t text_bytes = (size_t)sqlite3_column_bytes(old->handle, 1);
    const char *headings = statement_column_text(old, 2);

    return statement_column_int(old, 0) == entry->record.level && text && headings &&
           text_bytes == entry->record.text_bytes &&
           memcmp(text, entry->record.text, text_bytes) == 0 &&
           strcmp(headings, entry->headings) == 0;
}

/* Takes the row's old text out of the index. */
static int unindex(struct chunk_writer *writer, struct statement *old, int64_t row,
                   struct error *err)
{
    struct statement *cut;

    if (statement_column_int(old, 0) != 0) {
        return 0;
    }
    cut = library_statement(writer->library, STATEMENT_FTS_DELETE);
    statement_int(cut, 1, row);
    statement_text(cut, 2, statement_column_text(old, 1));
    statement_text(cut, 3, statement_column_text(old, 2));
    return statement_run(cut, err);
}

/* What the row was before; ret_same: it says what the entry says. */
static int clear_old(struct chunk_writer *writer, const struct chunk_entry *entry, bool *ret_same,
                     struct error *err)
{
    struct statement *old;
    int got;

    *ret_same = false;
    if (entry->row > writer->last_old) {
        return 0;
    }
    old = library_statement(writer->library, STATEMENT_CHUNK_GET);
    statement_int(old, 1, entry->row);
    got = statement_step(old, err);
    if (got > 0) {
        *ret_same = says_the_same(old, entry);
        if (!*ret_same) {
            got = unindex(writer, old, entry->row, err);
        }
    }
    statement_end(old);
    if (got < 0 || *ret_same) {
        return got < 0 ? -1 : 0;
    }
    return vectors_drop(writer->library, VECTOR_KIND_TEXT, entry->row, entry->row, err);
}

static int put_chunk(struct chunk_writer *writer, struct chunk_entry *entry, struct error *err)
{
    bool same;

    if (encode(writer, entry, err) < 0 || clear_old(writer, entry, &same, err) < 0 ||
        put_row(writer, entry, err) < 0) {
        return -1;
    }
    return same || entry->record.level > 0 ? 0 : put_text(writer, entry, err);
}

/* The rows from first to last, with all that is made of them. */
static int cut(struct library *library, int64_t first, int64_t last, struct error *err)
{
    static const enum statement_name order[] = {STATEMENT_FTS_CUT, STATEMENT_CHUNKS_CUT};

    if (vectors_drop(library, VECTOR_KIND_TEXT, first, last, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct statement *statement = library_statement(library, order[i]);

        statement_int(statement, 1, first);
        statement_int(statement, 2, last);
        if (statement_run(statement, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The document's last chunk; 0 for none. */
static int find_last(struct library *library, const struct document *document, int64_t *ret_row,
                     struct error *err)
{
    struct statement *last = library_statement(library, STATEMENT_CHUNKS_LAST);
    int got;

    statement_int(last, 1, document->row);
    got = statement_step(last, err);
    *ret_row = got > 0 ? statement_column_int(last, 0) : 0;
    statement_end(last);
    return got < 0 ? -1 : 0;
}

/* 1, 0 at the artifact's end, -1 with ERROR_CORRUPT. */
static int next_chunk(struct chunk_writer *writer, struct artifact_reader *reader,
                      struct chunk_entry *ret_entry, struct error *err)
{
    const uint8_t *data;
    size_t size_bytes;

    if (artifact_next(reader, &data, &size_bytes) != 1) {
        return 0;
    }
    if (chunk_record_decode(data, size_bytes, library_scratch(writer->library), &ret_entry->record,
                            err) < 0) {
        return error_wrap(err, "a chunk's record");
    }
    if (ret_entry->record.ordinal != writer->chunks + 1) {
        return error_set(err, ERROR_CORRUPT, "chunk %u comes where %llu should",
                         ret_entry->record.ordinal, (unsigned long long)writer->chunks + 1);
    }
    ret_entry->row = library_page_row(writer->document.row, ret_entry->record.ordinal);
    return 1;
}

/* All chunks, inside a transaction. */
static int put_chunks(struct chunk_writer *writer, struct artifact_reader *reader,
                      struct outcome *outcome, struct error *err)
{
    struct chunk_entry entry;
    int64_t last;
    int got;

    if (find_last(writer->library, &writer->document, &writer->last_old, err) < 0) {
        return -1;
    }
    while ((got = next_chunk(writer, reader, &entry, err)) > 0) {
        if (put_chunk(writer, &entry, err) < 0) {
            return -1;
        }
        writer->chunks++;
    }
    if (got < 0) {
        return persist_artifact_failed(outcome, err);
    }
    last = library_page_row(writer->document.row, (uint32_t)writer->chunks);
    return writer->last_old > last ? cut(writer->library, last + 1, writer->last_old, err) : 0;
}

static int write_chunks(struct chunk_writer *writer, const struct persist_unit *unit,
                        struct artifact_reader *reader, struct outcome *outcome, struct error *err)
{
    if (library_begin(writer->library, false, err) < 0) {
        return -1;
    }
    if (document_of_job(writer->library, unit->job, &writer->document, err) < 0) {
        if (err->code == ERROR_NOT_FOUND) {
            outcome_fail(outcome, "rows_missing", true);
        }
    } else {
        memcpy(outcome->document_id, writer->document.id, sizeof writer->document.id);
        if (put_chunks(writer, reader, outcome, err) == 0) {
            outcome->chunks = writer->chunks;
            return library_commit(writer->library, err);
        }
    }
    library_rollback(writer->library);
    return -1;
}

int persist_chunks(struct library *library, const struct persist_unit *unit,
                   struct outcome *ret_outcome, struct error *err)
{
    struct artifact_reader *reader = artifact_open(unit->artifact_path, "chunks", err);
    struct chunk_writer writer = {.library = library};
    int result;

    if (!reader) {
        return persist_artifact_failed(ret_outcome, err);
    }
    buf_init(&writer.headings, COLUMN_MAX_BYTES);
    buf_init(&writer.heading_levels, COLUMN_MAX_BYTES);
    buf_init(&writer.boxes, COLUMN_MAX_BYTES);
    result = write_chunks(&writer, unit, reader, ret_outcome, err);
    buf_deinit(&writer.headings);
    buf_deinit(&writer.heading_levels);
    buf_deinit(&writer.boxes);
    artifact_close(reader);
    return result;
}

int chunks_remove(struct library *library, const struct document *document, struct error *err)
{
    int64_t last = 0;

    if (find_last(library, document, &last, err) < 0) {
        return -1;
    }
    if (last == 0) {
        return 0;
    }
    if (library_begin(library, false, err) < 0) {
        return -1;
    }
    if (cut(library, library_page_row(document->row, 1), last, err) < 0) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err);
}
