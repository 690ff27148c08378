/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Scanning a set's file for candidates, and judging them by the library's own vectors.
 *
 * Where few rows qualify, or the set is small and its file is missing, the vectors are read from
 * the library and no file is needed. Blocks on the disk. Logs nothing.
 */
#include "workers/index/search_vectors.h"

#include <limits.h>
#include <string.h>

#include "proto/artifact.h"
#include "workers/vectors/vector_file.h"

#define CANDIDATES_MAX 8192
/* Vectors that are read from the library where a set's file cannot be used. */
#define DIRECT_MAX 20000

struct set {
    int64_t id;
    uint64_t generation, slots, live;
};

/* ---- questions as vectors */

static int take_record(const uint8_t *data, size_t size_bytes, const struct vector_head *head,
                       struct arena *arena, struct search_probe *probes, size_t *count,
                       struct error *err)
{
    struct vector_record record;

    if (vector_record_decode(data, size_bytes, head, arena, &record, err) < 0) {
        return -1;
    }
    if (record.vector && record.target == 0 && *count < VECTOR_MODELS_MAX) {
        probes[(*count)++] = (struct search_probe){head->models[record.model], record.vector};
    }
    return 0;
}

int search_probes_read(const char *path, struct arena *arena, struct search_probe *ret_probes,
                       size_t *ret_count, struct error *err)
{
    struct artifact_reader *reader = artifact_open(path, "vectors", err);
    struct vector_head head;
    const uint8_t *data;
    size_t size_bytes;
    size_t count = 0;
    int result;

    if (!reader) {
        return -1;
    }
    result = artifact_next(reader, &data, &size_bytes) > 0
                 ? vector_head_decode(data, size_bytes, arena, &head, err)
                 : error_set(err, ERROR_CORRUPT, "%s names no model", path);
    while (result == 0 && artifact_next(reader, &data, &size_bytes) > 0) {
        result = take_record(data, size_bytes, &head, arena, ret_probes, &count, err);
    }
    artifact_close(reader);
    *ret_count = count;
    return result;
}

/* ---- the library's vectors */

/* 1 and the set, 0 where there is none or it is empty, -1. */
static int find_set(struct search_db *db, const struct vector_model *model, struct set *ret_set,
                    struct error *err)
{
    sqlite3_stmt *find = search_db_statement(db, SEARCH_DB_SET_FIND, err);
    int got;

    if (!find) {
        return -1;
    }
    sqlite3_bind_text(find, 1, vector_kind_name(model->kind), -1, SQLITE_STATIC);
    sqlite3_bind_text(find, 2, model->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(find, 3, model->dimensions);
    got = search_db_step(db, find, err);
    if (got <= 0) {
        return got;
    }
    *ret_set = (struct set){.id = sqlite3_column_int64(find, 0),
                            .generation = (uint64_t)sqlite3_column_int64(find, 1),
                            .slots = (uint64_t)sqlite3_column_int64(find, 2),
                            .live = (uint64_t)sqlite3_column_int64(find, 3)};
    sqlite3_reset(find);
    return ret_set->live > 0;
}

/* False for a blob that is no vector of the model. */
static bool cosine(sqlite3_stmt *row, int column, const struct search_probe *probe,
                   double *ret_score)
{
    const uint8_t *blob = sqlite3_column_blob(row, column);
    double sum = 0;

    if (!blob ||
        (size_t)sqlite3_column_bytes(row, column) != probe->model.dimensions * sizeof(float)) {
        return false;
    }
    for (uint32_t i = 0; i < probe->model.dimensions; i++) {
        float component;

        memcpy(&component, blob + i * sizeof component, sizeof component);
        sum += (double)component * probe->vector[i];
    }
    *ret_score = sum;
    return true;
}

/* Offers what the statement gives: target, vector. */
static int offer_rows(const struct search_vectors *search, const struct search_probe *probe,
                      sqlite3_stmt *rows, struct search_list *list, struct error *err)
{
    int got;

    while ((got = search_db_step(search->db, rows, err)) > 0) {
        int64_t row = sqlite3_column_int64(rows, 0);
        double score;

        if (search->accept(search->filter, row) && cosine(rows, 1, probe, &score)) {
            search_list_offer(list, row, score);
        }
    }
    return got;
}

static int read_documents(const struct search_vectors *search, const struct search_probe *probe,
                          const struct set *set, struct search_list *list, struct error *err)
{
    for (size_t i = 0; i < search->filter->document_count; i++) {
        sqlite3_stmt *rows = search_db_statement(search->db, SEARCH_DB_VECTORS_OF, err);
        int64_t first = search->filter->documents[i] << 32;

        if (!rows) {
            return -1;
        }
        sqlite3_bind_int64(rows, 1, first);
        sqlite3_bind_int64(rows, 2, first | UINT32_MAX);
        sqlite3_bind_int64(rows, 3, set->id);
        if (offer_rows(search, probe, rows, list, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_set(const struct search_vectors *search, const struct search_probe *probe,
                    const struct set *set, struct search_list *list, struct error *err)
{
    sqlite3_stmt *rows = search_db_statement(search->db, SEARCH_DB_VECTORS_OF_SET, err);

    if (!rows) {
        return -1;
    }
    sqlite3_bind_int64(rows, 1, set->id << 40);
    sqlite3_bind_int64(rows, 2, (set->id << 40) + (INT64_C(1) << 40) - 1);
    return offer_rows(search, probe, rows, list, err);
}

/* ---- the file */

static bool accept_row(void *user, int64_t row)
{
    const struct search_vectors *search = user;

    return search->accept(search->filter, row);
}

static bool go_on(void *user, uint64_t done)
{
    const struct search_vectors *search = user;

    return !search->progress || search->progress(search->context, done);
}

/* A slot whose row the library does not have there is nothing. */
static int judge(const struct search_vectors *search, const struct search_probe *probe,
                 const struct set *set, const struct vector_candidate *candidate,
                 struct search_list *list, struct error *err)
{
    int64_t row = (int64_t)((uint64_t)set->id << 40 | candidate->slot);
    sqlite3_stmt *vector;
    double score;
    int got = search_db_get(search->db, SEARCH_DB_VECTOR_AT, &row, 1, &vector, err);

    if (got <= 0) {
        return got;
    }
    if (sqlite3_column_int64(vector, 0) == candidate->row && cosine(vector, 1, probe, &score)) {
        search_list_offer(list, candidate->row, score);
    }
    sqlite3_reset(vector);
    return 0;
}

static int scan_file(const struct search_vectors *search, const struct search_probe *probe,
                     const struct set *set, struct search_list *list, struct error *err)
{
    struct vector_candidate *candidates =
        arena_calloc(search->arena, CANDIDATES_MAX, sizeof *candidates);
    struct search_vectors user = *search;
    struct vector_scan scan = {
        .slots = set->slots,
        .query = probe->vector,
        .k = (uint32_t)list->max,
        .accept = search->filter->by_document || search->filter->page_count ? accept_row : NULL,
        .progress = go_on,
        .user = &user};
    struct vector_reader *reader;
    char path[PATH_MAX];
    bool exact;
    size_t count = 0;
    int result;

    if (!candidates) {
        return error_set(err, ERROR_MEMORY, "no memory for the candidates of a scan");
    }
    if (vector_file_path(path, sizeof path, search->library_folder, set->id, set->generation, err) <
            0 ||
        !(reader = vector_reader_open(path, probe->model.dimensions, err))) {
        return -1;
    }
    result = vector_scan(reader, &scan, candidates, CANDIDATES_MAX, &count, &exact, err);
    vector_reader_close(reader);
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = judge(search, probe, set, &candidates[i], list, err);
    }
    return result;
}

static int search_set(const struct search_vectors *search, const struct search_probe *probe,
                      const struct set *set, struct search_list *list,
                      enum search_vectors_state *ret_state, struct error *err)
{
    struct error local = ERROR_INIT;

    if (search_filter_is_narrow(search->filter)) {
        return read_documents(search, probe, set, list, err);
    }
    if (scan_file(search, probe, set, list, &local) == 0) {
        return 0;
    }
    if (local.code != ERROR_NOT_FOUND && local.code != ERROR_CORRUPT) {
        if (err) {
            *err = local;
        }
        return -1;
    }
    if (set->live <= DIRECT_MAX) {
        return read_set(search, probe, set, list, err);
    }
    *ret_state = SEARCH_VECTORS_FILE_GONE;
    return 0;
}

int search_vectors(const struct search_vectors *search, const struct search_probe *probe,
                   struct search_list *list, enum search_vectors_state *ret_state,
                   struct error *err)
{
    struct set set;
    int got = find_set(search->db, &probe->model, &set, err);

    *ret_state = got > 0 ? SEARCH_VECTORS_FOUND : SEARCH_VECTORS_NONE;
    if (got <= 0 || (search->filter->by_document && search->filter->document_count == 0)) {
        return got < 0 ? -1 : 0;
    }
    if (search_set(search, probe, &set, list, ret_state, err) < 0) {
        return -1;
    }
    if (search->filter->failed < 0) {
        if (err) {
            *err = search->filter->err;
        }
        return -1;
    }
    search_list_sort(list);
    return 0;
}

int search_vectors_lacking(struct search_db *db, const struct search_probe *probe,
                           int64_t *ret_lacking, struct error *err)
{
    struct set set = {.live = 0};
    int64_t chunks;

    if (find_set(db, &probe->model, &set, err) < 0 || search_db_chunks(db, &chunks, err) < 0) {
        return -1;
    }
    *ret_lacking = chunks > (int64_t)set.live ? chunks - (int64_t)set.live : 0;
    return 0;
}

int search_vector_score(struct search_db *db, const struct search_probe *probe, int64_t row,
                        double *ret_score, bool *ret_has, struct error *err)
{
    sqlite3_stmt *vector;
    struct set set;
    int64_t numbers[3] = {row, row};
    int got = find_set(db, &probe->model, &set, err);

    *ret_has = false;
    if (got <= 0) {
        return got;
    }
    numbers[2] = set.id;
    got = search_db_get(db, SEARCH_DB_VECTORS_OF, numbers, 3, &vector, err);
    if (got > 0) {
        *ret_has = cosine(vector, 1, probe, ret_score);
        sqlite3_reset(vector);
    }
    return got < 0 ? -1 : 0;
}
