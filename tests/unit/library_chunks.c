/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks and vectors for tests. What cannot fail but by the machine's fault ends the test.
 */
#include "library_chunks.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "proto/vector.h"
#include "workers/library/vector_upkeep.h"

const struct missing_model chunks_model = {CHUNKS_MODEL, CHUNKS_DIMENSIONS, false};

static void run(struct shelf *shelf, struct statement *statement)
{
    cr_assert_eq(statement_run(statement, &shelf->err), 0, "%s", shelf->err.msg);
}

static void put_chunk(struct shelf *shelf, int64_t row, const char *sha256, const char *text)
{
    struct statement *put = library_statement(shelf->library, STATEMENT_CHUNK_PUT);
    static const char *const texts[] = {"[\"Part\"]", "[1]", "\n\n"};
    struct uuid id;
    char id_text[UUID_TEXT_BYTES];

    uuid_library(sha256, "chunk", (uint64_t)row & UINT32_MAX, &id);
    uuid_format(&id, id_text);
    statement_int(put, 1, row);
    statement_text(put, 2, id_text);
    statement_int(put, 3, 0);
    statement_int(put, 4, 0);
    statement_text(put, 5, "text");
    statement_int(put, 6, 1);
    statement_int(put, 7, 1);
    for (int i = 0; i < 3; i++) {
        statement_text(put, 8 + i, texts[i]);
    }
    statement_int(put, 11, 0);
    statement_text(put, 12, text);
    statement_int(put, 13, (int64_t)strlen(text));
    statement_int(put, 14, 0);
    statement_text(put, 15, "[[0,1,72,72,300,84]]");
    statement_text(put, 16, sha256);
    statement_int(put, 17, 0);
    for (int i = 18; i <= 20; i++) {
        statement_real(put, i, 0.5);
    }
    run(shelf, put);
    put = library_statement(shelf->library, STATEMENT_FTS_PUT);
    statement_int(put, 1, row);
    statement_text(put, 2, text);
    statement_text(put, 3, texts[0]);
    run(shelf, put);
}

int64_t chunks_document(struct shelf *shelf, const char *job, unsigned seed, uint32_t count,
                        const char *word)
{
    int64_t row;

    cr_assert_eq(shelf_survey(shelf, job, seed, 1), 0, "%s", shelf->err.msg);
    cr_assert_eq(shelf_simple_page(shelf, job, 1, word), 0, "%s", shelf->err.msg);
    row = strtoll(
        shelf_sql(shelf, arena_printf(shelf->arena,
                                      "SELECT document FROM job_documents WHERE job='%s'", job)),
        NULL, 10);
    cr_assert_eq(library_begin(shelf->library, false, &shelf->err), 0, "%s", shelf->err.msg);
    for (uint32_t n = 1; n <= count; n++) {
        put_chunk(shelf, library_page_row(row, n), shelf_sha256(shelf, seed),
                  arena_printf(shelf->arena, "%s %u", word, n));
    }
    cr_assert_eq(library_commit(shelf->library, &shelf->err), 0, "%s", shelf->err.msg);
    return row;
}

void chunks_vector_of(int64_t target, const char *model, float ret_vector[CHUNKS_DIMENSIONS])
{
    uint64_t state = (uint64_t)target * 2654435761U + hash_fnv1a(model, strlen(model));

    for (uint32_t i = 0; i < CHUNKS_DIMENSIONS; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ret_vector[i] = (float)(int32_t)(state >> 32) / 2147483648.0F;
    }
    cr_assert(vector_normalize(ret_vector, CHUNKS_DIMENSIONS));
}

static const char *param_of(const void *context, const char *key)
{
    const char *const *params = context;

    for (size_t i = 0; params[i]; i += 2) {
        if (strcmp(params[i], key) == 0) {
            return params[i + 1];
        }
    }
    return NULL;
}

const char *chunks_query(struct shelf *shelf, const struct missing_model *model, const char *kind,
                         const char *const *params)
{
    struct library_query query = {.kind = kind,
                                  .param = param_of,
                                  .context = params,
                                  .answer_path = shelf_path(shelf, "chunks-answer"),
                                  .model = *model};
    const char *text;
    struct buf answer;

    if (library_query_run(shelf->library, &query, &shelf->err) < 0) {
        return NULL;
    }
    buf_init(&answer, (size_t)1 << 30);
    cr_assert_eq(file_read(query.answer_path, (size_t)1 << 30, &answer, &shelf->err), 0);
    text =
        answer.size > 0 ? arena_strndup(shelf->arena, (const char *)answer.data, answer.size) : "";
    buf_deinit(&answer);
    cr_assert_not_null(text);
    return text;
}

/* id, generation, slots, live. */
static bool find_set(struct shelf *shelf, const char *kind, const char *model, int64_t ret[4])
{
    struct statement *find = library_statement(shelf->library, STATEMENT_SET_FIND);
    int got;

    statement_text(find, 1, kind);
    statement_text(find, 2, model);
    statement_int(find, 3, CHUNKS_DIMENSIONS);
    got = statement_step(find, &shelf->err);
    cr_assert_geq(got, 0, "%s", shelf->err.msg);
    for (int i = 0; got > 0 && i < 4; i++) {
        ret[i] = statement_column_int(find, i);
    }
    statement_end(find);
    return got > 0;
}

static void put_vector(struct shelf *shelf, int64_t set, int64_t slot, int64_t target,
                       const float *vector)
{
    struct statement *put = library_statement(shelf->library, STATEMENT_VECTOR_PUT);
    struct vector_writer *writer;

    statement_int(put, 1, vector_row(set, (uint64_t)slot));
    statement_int(put, 2, target);
    statement_blob(put, 3, vector, CHUNKS_DIMENSIONS * sizeof *vector);
    run(shelf, put);
    writer = library_vector_writer(shelf->library, set, &shelf->err);
    cr_assert_not_null(writer, "%s", shelf->err.msg);
    cr_assert_eq(vector_writer_put(writer, (uint64_t)slot, target, vector, &shelf->err), 0, "%s",
                 shelf->err.msg);
}

void chunks_vectors(struct shelf *shelf, int64_t document, uint32_t first, uint32_t last,
                    const char *kind, const char *model)
{
    float vector[CHUNKS_DIMENSIONS];
    struct statement *put;
    int64_t set[4];

    cr_assert_eq(library_begin(shelf->library, false, &shelf->err), 0, "%s", shelf->err.msg);
    if (!find_set(shelf, kind, model, set)) {
        put = library_statement(shelf->library, STATEMENT_SET_PUT);
        statement_text(put, 1, kind);
        statement_text(put, 2, model);
        statement_int(put, 3, CHUNKS_DIMENSIONS);
        run(shelf, put);
        cr_assert(find_set(shelf, kind, model, set));
    }
    for (uint32_t n = first; n <= last; n++) {
        int64_t target = library_page_row(document, n);

        chunks_vector_of(target, model, vector);
        put_vector(shelf, set[0], set[2] + n - first, target, vector);
    }
    put = library_statement(shelf->library, STATEMENT_SET_COUNTS);
    statement_int(put, 1, set[0]);
    statement_int(put, 2, set[2] + last - first + 1);
    statement_int(put, 3, set[3] + last - first + 1);
    run(shelf, put);
    cr_assert_eq(library_commit(shelf->library, &shelf->err), 0, "%s", shelf->err.msg);
}

struct vector_set chunks_set(struct shelf *shelf, const char *kind, const char *model)
{
    struct vector_set set = {0};
    int64_t facts[4];

    cr_assert(find_set(shelf, kind, model, facts), "there is no set of %s", model);
    cr_assert_eq(vector_set_get(shelf->library, facts[0], &set, &shelf->err), 0);
    return set;
}

/* Each of the library's vectors is found by itself, in its slot, nearest. */
static bool scan_finds(struct shelf *shelf, struct vector_reader *reader,
                       const struct vector_set *set, struct statement *rows)
{
    size_t size_bytes;
    const float *vector = statement_column_blob(rows, 2, &size_bytes);
    struct vector_scan scan = {.slots = set->slots, .query = vector, .k = 1};
    struct vector_candidate found[8];
    size_t count = 0;
    bool exact;

    cr_assert_eq(vector_scan(reader, &scan, found, 8, &count, &exact, &shelf->err), 0, "%s",
                 shelf->err.msg);
    for (size_t i = 0; i < count; i++) {
        if (found[i].row == statement_column_int(rows, 1) &&
            found[i].slot == vector_row_slot(statement_column_int(rows, 0)) &&
            fabsf(found[i].score - 1.0F) <= found[i].error + 1e-3F) {
            return true;
        }
    }
    return false;
}

static bool count_row(void *user, int64_t row)
{
    uint64_t *count = user;

    (void)row;
    (*count)++;
    return true;
}

static uint64_t count_scanned(struct shelf *shelf, struct vector_reader *reader,
                              const struct vector_set *set)
{
    float query[CHUNKS_DIMENSIONS] = {1};
    uint64_t scanned = 0;
    struct vector_scan scan = {
        .slots = set->slots, .query = query, .k = 1, .accept = count_row, .user = &scanned};
    struct vector_candidate *found = calloc(set->slots + 1, sizeof *found);
    size_t count;
    bool exact;

    cr_assert_not_null(found);
    scan.k = (uint32_t)set->slots + 1;
    cr_assert_eq(vector_scan(reader, &scan, found, set->slots + 1, &count, &exact, &shelf->err), 0,
                 "%s", shelf->err.msg);
    free(found);
    return scanned;
}

bool chunks_file_fits(struct shelf *shelf, const char *kind, const char *model)
{
    struct vector_set set = chunks_set(shelf, kind, model);
    struct vector_reader *reader;
    struct statement *rows;
    char path[PATH_MAX];
    uint64_t count = 0;
    bool fits = true;

    cr_assert_eq(vector_set_path(library_folder(shelf->library), &set, path, &shelf->err), 0);
    reader = vector_reader_open(path, set.dimensions, &shelf->err);
    if (!reader) {
        return false;
    }
    rows = library_statement(shelf->library, STATEMENT_SET_ROWS);
    statement_int(rows, 1, vector_row(set.id, 0));
    statement_int(rows, 2, vector_row(set.id + 1, 0) - 1);
    while (statement_step(rows, &shelf->err) > 0) {
        fits = fits && scan_finds(shelf, reader, &set, rows);
        count++;
    }
    statement_end(rows);
    fits = fits && count == set.live && count_scanned(shelf, reader, &set) == count;
    vector_reader_close(reader);
    return fits;
}

static bool file_has(const char *path, const void *bytes, size_t size_bytes)
{
    struct error err = ERROR_INIT;
    struct buf content;
    bool found;

    buf_init(&content, (size_t)1 << 30);
    cr_assert_eq(file_read(path, (size_t)1 << 30, &content, &err), 0, "%s", err.msg);
    found = content.size > 0 && memmem(content.data, content.size, bytes, size_bytes) != NULL;
    buf_deinit(&content);
    return found;
}

static bool folder_has(const char *folder, const void *bytes, size_t size_bytes)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    bool found = false;

    cr_assert_not_null(entries);
    while (!found && (entry = readdir(entries)) != NULL) {
        char path[PATH_MAX];

        cr_assert_eq(file_join(path, sizeof path, folder, entry->d_name, NULL), 0);
        if (entry->d_type == DT_REG) {
            found = file_has(path, bytes, size_bytes);
        } else if (entry->d_name[0] != '.') {
            found = folder_has(path, bytes, size_bytes);
        }
    }
    closedir(entries);
    return found;
}

bool chunks_bytes_anywhere(struct shelf *shelf, const void *bytes, size_t size_bytes)
{
    return folder_has(library_folder(shelf->library), bytes, size_bytes);
}
