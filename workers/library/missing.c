/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Which chunks lack a vector. Found by two indexes (the full-text index knows what is searched);
 * texts are only read of those that do.
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/library/missing.h"

#include <ctype.h>
#include <string.h>

#include "workers/embedding/lexical.h"
#include "workers/library/query.h"

#define MISSING_PROGRESS_CHUNKS 1024
#define MISSING_LIMIT_DEFAULT 100
#define MISSING_LIMIT_MAX 1000

int missing_set(struct library *library, const struct missing_model *model, int64_t *ret_set,
                struct error *err)
{
    struct statement *find = library_statement(library, STATEMENT_SET_OF_MODEL);
    int got;

    statement_text(find, 1, model->name);
    statement_int(find, 2, model->dimensions);
    got = statement_step(find, err);
    if (got >= 0) {
        *ret_set = got > 0 ? statement_column_int(find, 0) : 0;
    }
    statement_end(find);
    return got < 0 ? -1 : 0;
}

static enum statement_name list_of(const struct missing_model *model)
{
    return model->owed ? STATEMENT_CHUNKS_OWED : STATEMENT_CHUNKS_MISSING;
}

int missing_begin(struct library *library, const struct missing_model *model, int64_t first_row,
                  int64_t last_row, struct error *err)
{
    struct statement *list;
    int64_t set = 0;

    if (!model->owed && missing_set(library, model, &set, err) < 0) {
        return -1;
    }
    list = library_statement(library, list_of(model));
    statement_int(list, 1, first_row);
    statement_int(list, 2, last_row);
    if (!model->owed) {
        statement_int(list, 3, set);
    }
    return 0;
}

static bool has_ascii_word(const char *text)
{
    while (*text && !isalnum((unsigned char)*text)) {
        text++;
    }
    return *text != '\0';
}

/* The built-in embedding knows every script's letters and digits. */
static bool has_word(const char *text)
{
    float vector[LEXICAL_DIMENSIONS];

    return has_ascii_word(text) || lexical_embed(text, strlen(text), vector);
}

int missing_next(struct library *library, const struct missing_model *model,
                 struct missing_chunk *ret_chunk, struct error *err)
{
    struct statement *list = library_running(library, list_of(model));
    int got;

    while ((got = statement_step(list, err)) > 0) {
        *ret_chunk = (struct missing_chunk){
            .row = statement_column_int(list, 0),
            .text = statement_column_text(list, 1),
            .text_bytes = (size_t)sqlite3_column_bytes(list->handle, 1),
            .headings = statement_column_text(list, 2),
        };
        if (!ret_chunk->text || !ret_chunk->headings) {
            return error_set(err, ERROR_MEMORY, "no memory for a chunk");
        }
        if (has_word(ret_chunk->text) || has_word(ret_chunk->headings)) {
            return 1;
        }
    }
    return got;
}

void missing_end(struct library *library, const struct missing_model *model)
{
    statement_end(library_running(library, list_of(model)));
}

int missing_ask(const struct missing_progress *progress, uint64_t done, struct error *err)
{
    if (progress->ask && done % MISSING_PROGRESS_CHUNKS == 0 &&
        !progress->ask(progress->context, done)) {
        return error_set(err, ERROR_CANCELLED, "cancelled");
    }
    return 0;
}

int missing_count(struct library *library, const struct missing_model *model,
                  const struct missing_progress *progress, uint64_t *ret_count, struct error *err)
{
    struct missing_chunk chunk;
    uint64_t count = 0;
    int got;

    if (missing_begin(library, model, 0, INT64_MAX, err) < 0) {
        return -1;
    }
    while ((got = missing_next(library, model, &chunk, err)) > 0) {
        if (missing_ask(progress, ++count, err) < 0) {
            got = -1;
            break;
        }
    }
    missing_end(library, model);
    *ret_count = count;
    return got;
}

/* --- the query --- */

static int put_chunk(struct library *library, int64_t row, struct emit *emit, struct error *err)
{
    struct statement *head = library_statement(library, STATEMENT_CHUNK_HEAD);
    int got;

    statement_int(head, 1, row);
    got = statement_step(head, err);
    if (got > 0) {
        emit_open(emit, '{');
        emit_key_str(emit, "document_id", statement_column_text(head, 0));
        emit_key_str(emit, "document", statement_column_text(head, 1));
        emit_key_str(emit, "chunk_id", statement_column_text(head, 2));
        emit_key_int(emit, "ordinal", statement_column_int(head, 3));
        emit_key_int(emit, "page", statement_column_int(head, 4));
        emit_close(emit, '}');
    }
    statement_end(head);
    return got < 0 ? -1 : 0;
}

static bool ask_query(void *context, uint64_t done)
{
    const struct library_query *query = context;

    return !query->progress || query->progress(query->progress_context, (uint32_t)done);
}

static int put_chunks(struct library *library, const struct library_query *query,
                      const struct missing_model *model, struct answer *answer, uint64_t *ret_total,
                      struct error *err)
{
    struct library_query asked = *query;
    struct missing_progress progress = {ask_query, &asked};
    struct missing_chunk chunk;
    uint64_t limit;
    uint64_t offset;
    int got;

    if (library_query_param_uint(query, "limit", 1, MISSING_LIMIT_MAX, MISSING_LIMIT_DEFAULT,
                                 &limit, err) < 0 ||
        library_query_param_uint(query, "offset", 0, UINT32_MAX, 0, &offset, err) < 0 ||
        missing_begin(library, model, 0, INT64_MAX, err) < 0) {
        return -1;
    }
    *ret_total = 0;
    while ((got = missing_next(library, model, &chunk, err)) > 0) {
        uint64_t index = (*ret_total)++;

        if ((index >= offset && index - offset < limit &&
             put_chunk(library, chunk.row, &answer->emit, err) < 0) ||
            missing_ask(&progress, *ret_total, err) < 0) {
            got = -1;
            break;
        }
    }
    missing_end(library, model);
    return got;
}

int answer_missing(struct library *library, const struct library_query *query,
                   struct answer *answer, struct error *err)
{
    struct emit *emit = &answer->emit;
    struct missing_model model = query->model;
    uint64_t total;

    if (library_query_param_bool(query, "owed", &model.owed, err) < 0) {
        return -1;
    }
    emit_open(emit, '{');
    emit_key_str(emit, "model", model.name);
    emit_key_uint(emit, "dimensions", model.dimensions);
    emit_key(emit, "chunks");
    emit_open(emit, '[');
    if (put_chunks(library, query, &model, answer, &total, err) < 0) {
        return -1;
    }
    emit_close(emit, ']');
    emit_key_uint(emit, "total", total);
    emit_close(emit, '}');
    if (query->count) {
        query->count(query->count_context, "chunks_without_vector", total);
    }
    return 0;
}
