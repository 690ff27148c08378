/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The survey's artifact to the document's rows.
 *
 * Invariants: an artifact is checked whole before the transaction begins. Blocks on the disk.
 * Logs nothing.
 */
#include "workers/library/persist.h"

#include <string.h>

#include "common/clock.h"
#include "proto/artifact.h"
#include "proto/survey.h"
#include "workers/answers/emit.h"

static int put_metadata(struct library *library, int64_t row, const struct survey_record *survey,
                        struct error *err)
{
    struct statement *statement = library_statement(library, STATEMENT_METADATA_CLEAR);

    statement_int(statement, 1, row);
    if (statement_run(statement, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < survey->metadata_count; i++) {
        statement = library_statement(library, STATEMENT_METADATA_PUT);
        statement_int(statement, 1, row);
        statement_text(statement, 2, survey->metadata[i].key);
        statement_text(statement, 3, survey->metadata[i].value);
        if (statement_run(statement, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int put_outline(struct library *library, int64_t row, const struct survey_record *survey,
                       struct error *err)
{
    struct statement *statement = library_statement(library, STATEMENT_OUTLINE_CLEAR);

    statement_int(statement, 1, row);
    if (statement_run(statement, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < survey->outline_count; i++) {
        statement = library_statement(library, STATEMENT_OUTLINE_PUT);
        statement_int(statement, 1, row);
        statement_int(statement, 2, i);
        statement_int(statement, 3, survey->outline[i].depth);
        statement_int(statement, 4, survey->outline[i].page);
        statement_text(statement, 5, survey->outline[i].title);
        if (statement_run(statement, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int put_document(struct library *library, const struct persist_unit *unit, const char *id,
                        const struct survey_record *survey, int64_t *ret_row, struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_DOCUMENT_PUT);
    struct buf warnings;
    const char *warnings_json;
    int got = -1;

    buf_init(&warnings, ARTIFACT_RECORD_MAX_BYTES);
    if (emit_encode_strings(survey->warnings, survey->warning_count, &warnings, &warnings_json,
                            err) < 0) {
        goto out;
    }
    statement_text(put, 1, id);
    statement_text(put, 2, survey->sha256);
    statement_text(put, 3, survey->format);
    statement_int(put, 4, (int64_t)survey->size_bytes);
    statement_int(put, 5, survey->page_count);
    statement_int(put, 6, survey->encrypted);
    statement_int(put, 7, survey->repaired);
    statement_text(put, 8, warnings_json);
    statement_int(put, 9, (int64_t)clock_wall_ms());
    statement_int(put, 10, !unit->no_vectors);
    got = statement_step(put, err);
    if (got > 0) {
        *ret_row = statement_column_int(put, 0);
    }
    got = got > 0 ? statement_run(put, err) : got;
out:
    statement_end(put);
    buf_deinit(&warnings);
    return got;
}

static int put_job(struct library *library, const struct persist_unit *unit, int64_t row,
                   struct error *err)
{
    struct statement *put = library_statement(library, STATEMENT_JOB_PUT);

    statement_text(put, 1, unit->job);
    statement_int(put, 2, row);
    statement_text(put, 3, unit->name);
    return statement_run(put, err);
}

static bool is_blank(char c)
{
    return (uint8_t)c <= 0x20;
}

/* A document of several jobs has the tags of all. */
static int put_tags(struct library *library, const struct persist_unit *unit, int64_t row,
                    struct error *err)
{
    const char *text = unit->tags ? unit->tags : "";

    while (*text) {
        size_t length = strcspn(text, ",");
        const char *next = text + length + (text[length] == ',');

        while (length > 0 && is_blank(text[length - 1])) {
            length--;
        }
        while (length > 0 && is_blank(*text)) {
            text++;
            length--;
        }
        if (length > 0) {
            struct statement *put = library_statement(library, STATEMENT_TAG_PUT);

            statement_int(put, 1, row);
            statement_text_n(put, 2, text, length);
            if (statement_run(put, err) < 0) {
                return -1;
            }
        }
        text = next;
    }
    return 0;
}

static int write_survey(struct library *library, const struct persist_unit *unit, const char *id,
                        const struct survey_record *survey, struct error *err)
{
    int64_t row = 0;

    if (library_begin(library, false, err) < 0) {
        return -1;
    }
    if (put_document(library, unit, id, survey, &row, err) < 0 ||
        put_metadata(library, row, survey, err) < 0 || put_outline(library, row, survey, err) < 0 ||
        put_job(library, unit, row, err) < 0 || put_tags(library, unit, row, err) < 0) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err);
}

int persist_artifact_failed(struct outcome *outcome, const struct error *err)
{
    if (err->code == ERROR_CORRUPT || err->code == ERROR_NOT_FOUND) {
        return outcome_fail(outcome, "artifact_damaged", true);
    }
    return -1;
}

int persist_survey(struct library *library, const struct persist_unit *unit,
                   struct outcome *ret_outcome, struct error *err)
{
    struct artifact_reader *reader = artifact_open(unit->artifact_path, "survey", err);
    struct survey_record survey;
    struct uuid id;
    const uint8_t *data;
    size_t size_bytes;
    int result;

    if (!reader) {
        return persist_artifact_failed(ret_outcome, err);
    }
    if (artifact_next(reader, &data, &size_bytes) != 1) {
        error_set(err, ERROR_CORRUPT, "the survey's artifact holds no record");
        result = persist_artifact_failed(ret_outcome, err);
    } else if (survey_record_decode(data, size_bytes, library_scratch(library), &survey, err) < 0) {
        error_wrap(err, "the survey's record");
        result = persist_artifact_failed(ret_outcome, err);
    } else {
        uuid_library(survey.sha256, "document", 0, &id);
        uuid_format(&id, ret_outcome->document_id);
        result = write_survey(library, unit, ret_outcome->document_id, &survey, err);
        ret_outcome->pages = survey.page_count;
    }
    artifact_close(reader);
    return result;
}
