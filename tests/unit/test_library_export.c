/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The library as JSON Lines: each line an object, an order that does not depend on how the library
 * came to be.
 */
#include "library_chunks.h"

#include <criterion/criterion.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What SQLite's JSON functions make of one line: `sql` has it as ?1. */
static const char *ask_json(struct shelf *shelf, const char *line, size_t size_bytes,
                            const char *sql)
{
    const char *result = "";
    sqlite3_stmt *handle = NULL;
    sqlite3 *db = NULL;

    cr_assert_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &handle, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(db));
    sqlite3_bind_text(handle, 1, line, (int)size_bytes, SQLITE_STATIC);
    cr_assert_eq(sqlite3_step(handle), SQLITE_ROW, "%s", sqlite3_errmsg(db));
    if (sqlite3_column_text(handle, 0)) {
        result = arena_strdup(shelf->arena, (const char *)sqlite3_column_text(handle, 0));
    }
    sqlite3_finalize(handle);
    sqlite3_close(db);
    return result;
}

/* The types of all lines, each of which has to be JSON: "document page chunk chunk". */
static const char *types_of(struct shelf *shelf, const char *lines)
{
    const char *types = "";

    cr_assert_not_null(lines, "%s", shelf->err.msg);
    while (*lines) {
        const char *end = strchr(lines, '\n');

        cr_assert_not_null(end, "the last line has an end");
        cr_assert_str_eq(ask_json(shelf, lines, (size_t)(end - lines), "SELECT json_valid(?1)"),
                         "1", "%s", lines);
        types = arena_printf(shelf->arena, "%s%s%s", types, *types ? " " : "",
                             ask_json(shelf, lines, (size_t)(end - lines), "SELECT ?1->>'type'"));
        lines = end + 1;
    }
    return types;
}

static const char *line_of(struct shelf *shelf, const char *lines, const char *type)
{
    const char *begin = arena_printf(shelf->arena, "{\"type\":\"%s\"", type);
    const char *line = strstr(lines, begin);

    cr_assert_not_null(line, "no %s", type);
    return arena_strndup(shelf->arena, line, strcspn(line, "\n"));
}

/* A page with a table and an image, as persist has it, and two chunks with vectors. */
static void fill_rich(struct shelf *shelf, const char *job, unsigned seed)
{
    static const char *const texts[] = {"Wood", "Colour", "Oak", "pale"};
    static const struct shelf_block blocks[] = {
        {PAGE_BLOCK_TEXT, "Oak \"and\" ash", 10, 0, PAGE_MARGIN_NONE},
        {PAGE_BLOCK_TABLE, "Wood\tColour\nOak\tpale", 10, 0, PAGE_MARGIN_NONE},
        {PAGE_BLOCK_IMAGE, "x", 10, 0, PAGE_MARGIN_NONE},
    };
    struct page_record *page = shelf_page(shelf, 1, blocks, 3);
    int64_t row = chunks_document(shelf, job, seed, 2, "oak");

    shelf_make_table(shelf, &page->blocks[1], 2, 2, 1, texts);
    shelf_make_image(shelf, page, 2, 'a', "A board");
    cr_assert_eq(shelf_pages(shelf, job, 1, 1, &page, 1), 0, "%s", shelf->err.msg);
    cr_assert_eq(shelf_finish(shelf, job, NULL, 0), 0, "%s", shelf->err.msg);
    chunks_vectors(shelf, row, 1, 2, "text", CHUNKS_MODEL);
}

Test(library_export, every_line_is_an_object_in_a_fixed_order)
{
    struct shelf shelf;
    const char *lines;

    shelf_init(&shelf);
    cr_expect_str_eq(CHUNKS_QUERY(&shelf, &chunks_model, "export", "times", "no"), "");
    fill_rich(&shelf, SHELF_JOB, 1);
    lines = CHUNKS_QUERY(&shelf, &chunks_model, "export", "vectors", "no");
    cr_expect_str_eq(types_of(&shelf, lines), "document page chunk chunk table image");
    cr_expect_null(strstr(lines, "embeddings"));
    cr_expect_null(strstr(lines, "_at\""), "no times");
    cr_expect_str_eq(ask_json(&shelf, line_of(&shelf, lines, "page"),
                              strlen(line_of(&shelf, lines, "page")),
                              "SELECT ?1->>'number' || ' ' || trim(?1->>'text', char(10))"),
                     "1 Oak \"and\" ash\n\nWood\tColour\nOak\tpale\n\nx");
    cr_expect_not_null(strstr(line_of(&shelf, lines, "chunk"), "\"text\":\"oak 1\""));
    cr_expect_not_null(strstr(line_of(&shelf, lines, "table"), "\"text\":\"pale\""));
    cr_expect_not_null(strstr(line_of(&shelf, lines, "image"), "A board"));
    lines = CHUNKS_QUERY(&shelf, &chunks_model, "export", "times", "yes");
    cr_expect_not_null(strstr(line_of(&shelf, lines, "document"), "\"added_at\":\"20"), "%s",
                       lines);
    cr_expect_null(CHUNKS_QUERY(&shelf, &chunks_model, "export", "vectors", "perhaps"));
    cr_expect_eq(shelf.err.code, ERROR_INVALID);
    shelf_deinit(&shelf);
}

/* The numbers give the same floats back. */
Test(library_export, vectors_come_when_asked_for)
{
    struct shelf shelf;
    float vector[CHUNKS_DIMENSIONS];
    const char *lines;
    const char *chunk;

    shelf_init(&shelf);
    fill_rich(&shelf, SHELF_JOB, 1);
    lines = CHUNKS_QUERY(&shelf, &chunks_model, "export", "vectors", "yes");
    cr_expect_str_eq(types_of(&shelf, lines), "document page chunk chunk table image");
    chunk = line_of(&shelf, lines, "chunk");
    cr_expect_str_eq(ask_json(&shelf, chunk, strlen(chunk), "SELECT ?1->>'$.embeddings[0].model'"),
                     CHUNKS_MODEL);
    chunks_vector_of(library_page_row(1, 1), CHUNKS_MODEL, vector);
    for (unsigned i = 0; i < CHUNKS_DIMENSIONS; i++) {
        const char *sql =
            arena_printf(shelf.arena, "SELECT ?1->'$.embeddings[0].embedding[%u]'", i);

        cr_expect_eq(strtof(ask_json(&shelf, chunk, strlen(chunk), sql), NULL), vector[i], "%u", i);
    }
    cr_expect_not_null(strstr(line_of(&shelf, lines, "image"), "\"embeddings\":[]"));
    shelf_deinit(&shelf);
}

Test(library_export, equal_libraries_export_the_same_bytes)
{
    struct shelf shelf;
    struct shelf other;
    const char *lines;

    shelf_init(&shelf);
    shelf_init(&other);
    fill_rich(&shelf, SHELF_JOB, 1);
    fill_rich(&shelf, SHELF_OTHER_JOB, 2);
    /* The other way round, one of them removed and made again. */
    fill_rich(&other, SHELF_OTHER_JOB, 1);
    cr_assert_not_null(SHELF_QUERY(&other, "delete", "job", SHELF_OTHER_JOB));
    fill_rich(&other, SHELF_OTHER_JOB, 2);
    fill_rich(&other, SHELF_JOB, 1);
    lines = CHUNKS_QUERY(&shelf, &chunks_model, "export", "vectors", "no");
    cr_expect_str_eq(types_of(&shelf, lines), "document page chunk chunk table image "
                                              "document page chunk chunk table image");
    cr_expect_str_eq(CHUNKS_QUERY(&other, &chunks_model, "export", "vectors", "no"), lines);
    lines = CHUNKS_QUERY(&shelf, &chunks_model, "export", "document", SHELF_JOB);
    cr_expect_str_eq(types_of(&shelf, lines), "document page chunk chunk table image");
    cr_expect_null(CHUNKS_QUERY(&shelf, &chunks_model, "export", "document", "123456"));
    shelf_deinit(&shelf);
    shelf_deinit(&other);
}

static bool stop(void *context, uint32_t done)
{
    unsigned *asked = context;

    (void)done;
    (*asked)++;
    return false;
}

static const char *no_param(const void *context, const char *key)
{
    (void)context;
    (void)key;
    return NULL;
}

Test(library_export, it_can_be_cancelled)
{
    struct shelf shelf;
    unsigned asked = 0;
    struct library_query query = {
        .kind = "export", .param = no_param, .progress = stop, .progress_context = &asked};

    shelf_init(&shelf);
    chunks_document(&shelf, SHELF_JOB, 1, 500, "oak");
    query.answer_path = shelf_path(&shelf, "answer");
    cr_expect_eq(library_query_run(shelf.library, &query, &shelf.err), -1);
    cr_expect_eq(shelf.err.code, ERROR_CANCELLED, "%s", shelf.err.msg);
    cr_expect_eq(asked, 1);
    cr_expect_neq(access(query.answer_path, F_OK), 0);
    shelf_deinit(&shelf);
}
