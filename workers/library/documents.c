/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The list of documents, those written last first.
 */
#include "common/clock.h"
#include "workers/library/query.h"

#define DOCUMENTS_LIMIT_MAX 1000
#define DOCUMENTS_LIMIT_DEFAULT 100

static void put_document(struct emit *emit, struct statement *row)
{
    char updated_at[CLOCK_RFC3339_BYTES];

    clock_format_rfc3339((uint64_t)statement_column_int(row, 8), updated_at);
    emit_open(emit, '{');
    emit_key_str(emit, "document_id", statement_column_text(row, 0));
    emit_key_str(emit, "name", statement_column_text(row, 1));
    emit_key_str(emit, "title", statement_column_text(row, 2));
    emit_key_str(emit, "format", statement_column_text(row, 3));
    emit_key_uint(emit, "pages", (uint64_t)statement_column_int(row, 4));
    emit_key_uint(emit, "pages_failed", (uint64_t)statement_column_int(row, 5));
    emit_key_str(emit, "status", statement_column_text(row, 6));
    emit_key_str(emit, "sha256", statement_column_text(row, 7));
    emit_key_str(emit, "updated_at", updated_at);
    emit_close(emit, '}');
}

static int put_total(struct library *library, struct emit *emit, struct error *err)
{
    struct statement *count = library_statement(library, STATEMENT_DOCUMENT_COUNT);

    if (statement_step(count, err) < 1) {
        return -1;
    }
    emit_key_uint(emit, "total", (uint64_t)statement_column_int(count, 0));
    statement_end(count);
    return 0;
}

int answer_documents(struct library *library, const struct library_query *query,
                     struct answer *answer, struct error *err)
{
    struct emit *emit = &answer->emit;
    struct statement *list;
    uint64_t limit;
    uint64_t offset;
    int got;

    if (library_query_param_uint(query, "limit", 1, DOCUMENTS_LIMIT_MAX, DOCUMENTS_LIMIT_DEFAULT,
                                 &limit, err) < 0 ||
        library_query_param_uint(query, "offset", 0, UINT32_MAX, 0, &offset, err) < 0) {
        return -1;
    }
    emit_open(emit, '{');
    emit_key(emit, "documents");
    emit_open(emit, '[');
    list = library_statement(library, STATEMENT_DOCUMENT_LIST);
    statement_int(list, 1, (int64_t)limit);
    statement_int(list, 2, (int64_t)offset);
    while ((got = statement_step(list, err)) > 0) {
        put_document(emit, list);
    }
    statement_end(list);
    if (got < 0) {
        return -1;
    }
    emit_close(emit, ']');
    if (put_total(library, emit, err) < 0) {
        return -1;
    }
    emit_close(emit, '}');
    return 0;
}
