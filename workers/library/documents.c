/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The list of documents, those written last first.
 */
#include "common/clock.h"
#include "workers/library/query.h"

#define DOCUMENTS_LIMIT_MAX 1000
#define DOCUMENTS_LIMIT_DEFAULT 100

static void put_document(struct json *json, struct statement *row)
{
    char updated_at[CLOCK_RFC3339_BYTES];

    clock_format_rfc3339((uint64_t)statement_column_int(row, 8), updated_at);
    json_open(json, '{');
    json_key_str(json, "document_id", statement_column_text(row, 0));
    json_key_str(json, "name", statement_column_text(row, 1));
    json_key_str(json, "title", statement_column_text(row, 2));
    json_key_str(json, "format", statement_column_text(row, 3));
    json_key_uint(json, "pages", (uint64_t)statement_column_int(row, 4));
    json_key_uint(json, "pages_failed", (uint64_t)statement_column_int(row, 5));
    json_key_str(json, "status", statement_column_text(row, 6));
    json_key_str(json, "sha256", statement_column_text(row, 7));
    json_key_str(json, "updated_at", updated_at);
    json_close(json, '}');
}

static int put_total(struct library *library, struct json *json, struct error *err)
{
    struct statement *count = library_statement(library, STATEMENT_DOCUMENT_COUNT);

    if (statement_step(count, err) < 1) {
        return -1;
    }
    json_key_uint(json, "total", (uint64_t)statement_column_int(count, 0));
    statement_end(count);
    return 0;
}

int query_documents(struct library *library, const struct query *query, struct answer *answer,
                    struct error *err)
{
    struct json *json = &answer->json;
    struct statement *list;
    uint64_t limit;
    uint64_t offset;
    int got;

    if (query_param_uint(query, "limit", 1, DOCUMENTS_LIMIT_MAX, DOCUMENTS_LIMIT_DEFAULT, &limit,
                         err) < 0 ||
        query_param_uint(query, "offset", 0, UINT32_MAX, 0, &offset, err) < 0) {
        return -1;
    }
    json_open(json, '{');
    json_key(json, "documents");
    json_open(json, '[');
    list = library_statement(library, STATEMENT_DOCUMENT_LIST);
    statement_int(list, 1, (int64_t)limit);
    statement_int(list, 2, (int64_t)offset);
    while ((got = statement_step(list, err)) > 0) {
        put_document(json, list);
    }
    statement_end(list);
    if (got < 0) {
        return -1;
    }
    json_close(json, ']');
    if (put_total(library, json, err) < 0) {
        return -1;
    }
    json_close(json, '}');
    return 0;
}
