/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Removing what a job made: its link, and the document with all its rows when no other job made
 * it too. Removing twice, or what was never there, is no error: the supervisor may ask again after
 * a crash, or when the rows are gone and only purging what is left of them has failed.
 */
#include "workers/library/care.h"
#include "workers/library/document.h"
#include "workers/library/purge.h"
#include "workers/library/query.h"
#include "workers/library/vector_upkeep.h"

#define REMOVE_CARE_MS 2000

static int run_for_row(struct library *library, enum statement_name name, int64_t row,
                       struct error *err)
{
    struct statement *statement = library_statement(library, name);

    statement_int(statement, 1, row);
    return statement_run(statement, err);
}

/* The full-text index first: it needs the texts to find its entries. */
static int remove_document(struct library *library, int64_t row, struct error *err)
{
    static const enum statement_name order[] = {
        STATEMENT_FTS_DELETE_DOCUMENT, STATEMENT_CHUNKS_DELETE, STATEMENT_PAGES_DELETE,
        STATEMENT_RECORDS_DELETE,      STATEMENT_MARKS_DELETE,  STATEMENT_STYLES_CLEAR,
        STATEMENT_FURNITURE_CLEAR,     STATEMENT_IMAGES_DELETE, STATEMENT_PLACEMENTS_DELETE,
        STATEMENT_TABLES_CLEAR,        STATEMENT_PARTS_DELETE,  STATEMENT_OUTLINE_CLEAR,
        STATEMENT_METADATA_CLEAR,      STATEMENT_TAGS_CLEAR,    STATEMENT_DOCUMENT_DELETE,
    };

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (run_for_row(library, order[i], row, err) < 0) {
            return -1;
        }
    }
    return library_vectors_remove(library, library_page_row(row, 0),
                                  library_page_row(row, UINT32_MAX), err) < 0
               ? -1
               : purge_mark(library, err);
}

static int count_jobs(struct library *library, int64_t row, int64_t *ret_count, struct error *err)
{
    struct statement *count = library_statement(library, STATEMENT_JOBS_OF_DOCUMENT);

    statement_int(count, 1, row);
    if (statement_step(count, err) < 1) {
        return -1;
    }
    *ret_count = statement_column_int(count, 0);
    statement_end(count);
    return 0;
}

static int remove_link(struct library *library, const char *job, int64_t row, bool *ret_removed,
                       struct error *err)
{
    struct statement *cut = library_statement(library, STATEMENT_JOB_DELETE);
    int64_t others = 0;

    statement_text(cut, 1, job);
    if (statement_run(cut, err) < 0 || count_jobs(library, row, &others, err) < 0) {
        return -1;
    }
    *ret_removed = others == 0;
    return others == 0 ? remove_document(library, row, err) : 0;
}

/* In one durable transaction; ret_document->id is "" when the job had none. */
static int remove_job(struct library *library, const char *job, struct document *ret_document,
                      bool *ret_removed, struct error *err)
{
    if (library_begin(library, true, err) < 0) {
        return -1;
    }
    *ret_removed = false;
    if (document_of_job(library, job, ret_document, err) < 0) {
        if (err->code != ERROR_NOT_FOUND) {
            library_rollback(library);
            return -1;
        }
        ret_document->id[0] = '\0';
    } else if (remove_link(library, job, ret_document->row, ret_removed, err) < 0) {
        library_rollback(library);
        return -1;
    }
    return library_commit(library, err);
}

static bool ask_query(void *context)
{
    const struct library_query *query = context;

    return !query->progress || query->progress(query->progress_context, 1);
}

int answer_delete(struct library *library, const struct library_query *query, struct answer *answer,
                  struct error *err)
{
    const char *job = library_query_param(query, "job", NULL);
    struct document document;
    struct library_query asked = *query;
    struct care care = {REMOVE_CARE_MS, ask_query, &asked};
    struct emit *emit = &answer->emit;
    bool removed;
    bool purged;

    if (!job) {
        return error_set(err, ERROR_INVALID, "delete needs the parameter job");
    }
    if (remove_job(library, job, &document, &removed, err) < 0 ||
        library_care(library, &care, &purged, err) < 0) {
        return -1;
    }
    emit_open(emit, '{');
    emit_key_str(emit, "job_id", job);
    emit_key_str(emit, "document_id", document.id[0] ? document.id : NULL);
    emit_key_bool(emit, "document_removed", removed);
    emit_key_bool(emit, "purged", purged);
    emit_close(emit, '}');
    return 0;
}
