/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Vectors to rows and slots.
 *
 * Invariants: a set's slots only grow here; a vector that is replaced gets a new slot, and its old
 * one is erased when the transaction has been committed. Memory is a unit's texts. Blocks on the
 * disk. Logs nothing.
 */
#include "workers/library/vectors.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "proto/artifact.h"
#include "workers/library/embedded_texts.h"
#include "workers/library/vector_upkeep.h"

/* A model's set while vectors of it are put. */
struct open_set {
    bool open;
    int64_t id;
    uint64_t slots, live;
    struct vector_writer *writer;
};

struct vectors_writer {
    struct library *library;
    const struct persist_vectors *what;
    struct document document;     /* unless targets are rows */
    struct embedded_texts *texts; /* NULL where nobody else can have cut the document */
    uint32_t images;              /* of the document that have numbers */
    struct vector_head head;
    struct open_set sets[VECTOR_MODELS_MAX];
    uint64_t vectors; /* that are in the library now */
};

/* --- sets --- */

static int read_set(struct statement *row, struct open_set *set, struct error *err)
{
    int got = statement_step(row, err);

    if (got > 0) {
        set->id = statement_column_int(row, 0);
        set->slots = (uint64_t)statement_column_int(row, 2);
        set->live = (uint64_t)statement_column_int(row, 3);
        if (statement_run(row, err) < 0) {
            return -1;
        }
    }
    statement_end(row);
    return got;
}

/* The model's set, made where there is none. */
static int open_set(struct vectors_writer *writer, uint32_t model, struct error *err)
{
    static const enum statement_name tries[] = {STATEMENT_SET_FIND, STATEMENT_SET_PUT};
    const struct vector_model *facts = &writer->head.models[model];
    struct open_set *set = &writer->sets[model];
    int got = 0;

    for (size_t i = 0; i < 2 && got == 0; i++) {
        struct statement *statement = library_statement(writer->library, tries[i]);

        statement_text(statement, 1, vector_kind_name(facts->kind));
        statement_text(statement, 2, facts->name);
        statement_int(statement, 3, facts->dimensions);
        got = read_set(statement, set, err);
    }
    if (got <= 0) {
        return -1;
    }
    set->open = true;
    return 0;
}

static int put_counts(struct library *library, int64_t set, uint64_t slots, uint64_t live,
                      struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_SET_COUNTS);

    statement_int(put, 1, set);
    statement_int(put, 2, (int64_t)slots);
    statement_int(put, 3, (int64_t)live);
    return statement_run(put, err);
}

static int delete_row(struct library *library, int64_t row, struct error *err)
{
    struct statement *cut = library_statement(library, STATEMENT_VECTOR_DELETE);

    statement_int(cut, 1, row);
    if (statement_run(cut, err) < 0) {
        return -1;
    }
    return library_vector_erase(library, row, err);
}

/* --- one vector --- */

static void to_wire(const float *vector, uint32_t dimensions, uint8_t *ret_bytes)
{
    if (htole32(1) == 1) {
        memcpy(ret_bytes, vector, dimensions * sizeof *vector);
        return;
    }
    for (uint32_t i = 0; i < dimensions; i++) {
        uint32_t bits;

        memcpy(&bits, &vector[i], sizeof bits);
        bits = htole32(bits);
        memcpy(ret_bytes + i * sizeof bits, &bits, sizeof bits);
    }
}

/* Looks for the target's vector in the set: ret_row its row, 0 for none; ret_same: it is equal. */
static int find_old(struct vectors_writer *writer, const struct open_set *set, int64_t target,
                    const uint8_t *bytes, size_t size_bytes, int64_t *ret_row, bool *ret_same,
                    struct error *err)
{
    struct statement *get = library_statement(writer->library, STATEMENT_VECTOR_GET);
    int got;

    *ret_row = 0;
    *ret_same = false;
    statement_int(get, 1, target);
    statement_int(get, 2, set->id);
    got = statement_step(get, err);
    if (got > 0) {
        size_t old_bytes;
        const void *old = statement_column_blob(get, 1, &old_bytes);

        *ret_row = statement_column_int(get, 0);
        *ret_same = old_bytes == size_bytes && memcmp(old, bytes, size_bytes) == 0;
    }
    statement_end(get);
    return got < 0 ? -1 : 0;
}

static int put_row(struct library *library, int64_t row, int64_t target, const uint8_t *bytes,
                   size_t size_bytes, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_VECTOR_PUT);

    statement_int(put, 1, row);
    statement_int(put, 2, target);
    statement_blob(put, 3, bytes, size_bytes);
    return statement_run(put, err);
}

static int put_slot(struct vectors_writer *writer, struct open_set *set, int64_t target,
                    const float *vector, struct error *err)
{
    if (!set->writer) {
        set->writer = library_vector_writer(writer->library, set->id, err);
    }
    return set->writer ? vector_writer_put(set->writer, set->slots, target, vector, err) : -1;
}

static int put_vector(struct vectors_writer *writer, const struct vector_record *record,
                      int64_t target, struct error *err)
{
    struct open_set *set = &writer->sets[record->model];
    uint8_t bytes[VECTOR_DIMENSIONS_MAX * sizeof(float)];
    size_t size_bytes = record->dimensions * sizeof(float);
    int64_t old;
    bool same;

    if (!set->open && open_set(writer, record->model, err) < 0) {
        return -1;
    }
    to_wire(record->vector, record->dimensions, bytes);
    if (find_old(writer, set, target, bytes, size_bytes, &old, &same, err) < 0) {
        return -1;
    }
    writer->vectors++;
    if (same) {
        return 0;
    }
    if (old > 0 && delete_row(writer->library, old, err) < 0) {
        return -1;
    }
    set->live += old > 0 ? 0 : 1;
    if (put_row(writer->library, vector_row(set->id, set->slots), target, bytes, size_bytes, err) <
            0 ||
        put_slot(writer, set, target, record->vector, err) < 0) {
        return -1;
    }
    set->slots++;
    return 0;
}

/* --- the artifact --- */

static int is_chunk(struct library *library, int64_t row, bool *ret_is, struct error *err)
{
    struct statement *chunk = library_statement(library, STATEMENT_CHUNK_GET);
    int got;

    statement_int(chunk, 1, row);
    got = statement_step(chunk, err);
    *ret_is = got > 0 && statement_column_int(chunk, 0) == 0;
    statement_end(chunk);
    return got < 0 ? -1 : 0;
}

/* The row that a record is of; ret_wanted: it is there, and is what the vector was made of. */
static int find_target(struct vectors_writer *writer, const struct vector_record *record,
                       int64_t *ret_target, bool *ret_wanted, struct error *err)
{
    if (writer->what->rows) {
        *ret_target = (int64_t)record->target;
    } else if (record->target > UINT32_MAX) {
        return error_set(err, ERROR_CORRUPT, "a vector is of item %llu of a document",
                         (unsigned long long)record->target);
    } else {
        *ret_target = library_page_row(writer->document.row, (uint32_t)record->target);
    }
    if (writer->what->kind == VECTOR_KIND_IMAGE) {
        *ret_wanted = record->target > 0 && record->target <= writer->images;
        return 0;
    }
    if (!writer->texts) {
        return is_chunk(writer->library, *ret_target, ret_wanted, err);
    }
    return embedded_texts_agree(writer->texts, writer->library, record->target, *ret_target,
                                ret_wanted, err);
}

static int check_head(const struct vectors_writer *writer, struct error *err)
{
    for (uint32_t i = 0; i < writer->head.model_count; i++) {
        if (writer->head.models[i].kind != writer->what->kind) {
            return error_set(err, ERROR_CORRUPT, "the artifact holds vectors of another kind");
        }
    }
    return 0;
}

static int read_head(struct vectors_writer *writer, struct artifact_reader *reader,
                     struct arena *arena, struct error *err)
{
    const uint8_t *data;
    size_t size_bytes;

    if (artifact_next(reader, &data, &size_bytes) != 1) {
        return error_set(err, ERROR_CORRUPT, "the artifact says of no model");
    }
    if (vector_head_decode(data, size_bytes, arena, &writer->head, err) < 0) {
        return error_wrap(err, "the head of an artifact of vectors");
    }
    return check_head(writer, err);
}

static int put_records(struct vectors_writer *writer, struct artifact_reader *reader,
                       struct error *err)
{
    const uint8_t *data;
    size_t size_bytes;

    while (artifact_next(reader, &data, &size_bytes) == 1) {
        struct vector_record record;
        bool wanted = false;
        int64_t target = 0;

        if (vector_record_decode(data, size_bytes, &writer->head, library_scratch(writer->library),
                                 &record, err) < 0) {
            return error_wrap(err, "a vector's record");
        }
        if (!record.vector) {
            continue;
        }
        if (find_target(writer, &record, &target, &wanted, err) < 0 ||
            (wanted && put_vector(writer, &record, target, err) < 0)) {
            return -1;
        }
    }
    for (uint32_t i = 0; i < writer->head.model_count; i++) {
        const struct open_set *set = &writer->sets[i];

        if (set->open && put_counts(writer->library, set->id, set->slots, set->live, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int count_images(struct vectors_writer *writer, struct error *err)
{
    struct statement *count = library_statement(writer->library, STATEMENT_IMAGES_NUMBERED);
    int got;

    statement_int(count, 1, writer->document.row);
    got = statement_step(count, err);
    writer->images = got > 0 ? (uint32_t)statement_column_int(count, 0) : 0;
    statement_end(count);
    return got < 0 ? -1 : 0;
}

/* Whether another job may have cut the document after this one did. */
static int is_shared(struct vectors_writer *writer, bool *ret_shared, struct error *err)
{
    struct statement *count = library_statement(writer->library, STATEMENT_JOBS_OF_DOCUMENT);
    int got;

    statement_int(count, 1, writer->document.row);
    got = statement_step(count, err);
    *ret_shared = got > 0 && statement_column_int(count, 0) > 1;
    statement_end(count);
    return got < 0 ? -1 : 0;
}

/* Reading the texts is worth it where they may be others. */
static int read_texts(struct vectors_writer *writer, const struct persist_unit *unit,
                      struct error *err)
{
    const struct persist_vectors *what = writer->what;
    bool shared = true;

    if (!what->source_path || (!what->rows && is_shared(writer, &shared, err) < 0)) {
        return what->source_path ? -1 : 0;
    }
    if (!shared) {
        return 0;
    }
    writer->texts =
        embedded_texts_read(what->source_path, what->rows, unit->first, unit->last, err);
    return writer->texts ? 0 : -1;
}

static int find_document(struct vectors_writer *writer, const struct persist_unit *unit,
                         struct outcome *outcome, struct error *err)
{
    if (writer->what->rows) {
        return 0;
    }
    if (document_of_job(writer->library, unit->job, &writer->document, err) < 0) {
        return err->code == ERROR_NOT_FOUND ? outcome_fail(outcome, "rows_missing", true) : -1;
    }
    snprintf(outcome->document_id, sizeof outcome->document_id, "%s", writer->document.id);
    return count_images(writer, err);
}

static int write_vectors(struct vectors_writer *writer, const struct persist_unit *unit,
                         struct artifact_reader *reader, struct outcome *outcome, struct error *err)
{
    if (library_begin(writer->library, false, err) < 0) {
        return -1;
    }
    if (find_document(writer, unit, outcome, err) == 0) {
        if (read_texts(writer, unit, err) == 0 && put_records(writer, reader, err) == 0) {
            outcome->vectors = writer->vectors;
            return library_commit(writer->library, err);
        }
        persist_artifact_failed(outcome, err);
    }
    library_rollback(writer->library);
    return -1;
}

int persist_vectors(struct library *library, const struct persist_unit *unit,
                    const struct persist_vectors *what, struct outcome *ret_outcome,
                    struct error *err)
{
    struct artifact_reader *reader = artifact_open(unit->artifact_path, "vectors", err);
    struct vectors_writer writer = {.library = library, .what = what};
    struct arena *arena = arena_create(0); /* of the models' names */
    int result = -1;

    if (!arena) {
        error_set(err, ERROR_MEMORY, "no memory for vectors");
    } else if (!reader || read_head(&writer, reader, arena, err) < 0) {
        persist_artifact_failed(ret_outcome, err);
    } else {
        result = write_vectors(&writer, unit, reader, ret_outcome, err);
    }
    embedded_texts_destroy(writer.texts);
    arena_destroy(arena);
    artifact_close(reader);
    return result;
}

/* --- removing --- */

/* Of one vector of a target: the row, and one less alive in its set. */
static int drop_row(struct library *library, int64_t row, struct error *err)
{
    struct statement *less = library_statement(library, STATEMENT_SET_LESS);

    statement_int(less, 1, vector_row_set(row));
    statement_int(less, 2, 1);
    return statement_run(less, err) < 0 ? -1 : delete_row(library, row, err);
}

int vectors_drop(struct library *library, enum vector_kind kind, int64_t first, int64_t last,
                 struct error *err)
{
    struct statement *list = library_statement(library, STATEMENT_VECTORS_OF_TARGETS);
    int got;

    statement_int(list, 1, first);
    statement_int(list, 2, last);
    statement_text(list, 3, vector_kind_name(kind));
    while ((got = statement_step(list, err)) > 0) {
        if (drop_row(library, statement_column_int(list, 0), err) < 0) {
            got = -1;
            break;
        }
    }
    statement_end(list);
    return got;
}
