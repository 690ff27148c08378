/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A library to be tested. What cannot fail but by the machine's fault ends the test.
 */
#include "library_shelf.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hash.h"
#include "proto/artifact.h"
#include "proto/survey.h"

void shelf_init(struct shelf *shelf)
{
    memset(shelf, 0, sizeof *shelf);
    snprintf(shelf->folder, sizeof shelf->folder, "/tmp/ebb-library-XXXXXX");
    cr_assert_not_null(mkdtemp(shelf->folder));
    shelf->arena = arena_create(0);
    cr_assert_not_null(shelf->arena);
    shelf->library = library_open(shelf->folder, 0, &shelf->err);
    cr_assert_not_null(shelf->library, "%s", shelf->err.msg);
}

void shelf_deinit(struct shelf *shelf)
{
    library_close(shelf->library);
    arena_destroy(shelf->arena);
    cr_assert_eq(file_remove_tree(shelf->folder, &shelf->err), 0);
}

void shelf_reopen(struct shelf *shelf)
{
    library_close(shelf->library);
    shelf->library = library_open(shelf->folder, 0, &shelf->err);
    cr_assert_not_null(shelf->library, "%s", shelf->err.msg);
}

const char *shelf_path(struct shelf *shelf, const char *name)
{
    const char *path = arena_printf(shelf->arena, "%s/%s", shelf->folder, name);

    cr_assert_not_null(path);
    return path;
}

const char *shelf_sha256(struct shelf *shelf, unsigned seed)
{
    uint8_t digest[HASH_SHA256_BYTES];
    char hex[HASH_SHA256_HEX_BYTES];

    hash_sha256_of(&seed, sizeof seed, digest);
    hash_hex(digest, sizeof digest, hex);
    return arena_strdup(shelf->arena, hex);
}

static uint64_t margin_key(struct shelf *shelf, const char *text)
{
    char *folded = arena_strdup(shelf->arena, text);

    for (char *c = folded; *c; c++) {
        *c = isdigit((unsigned char)*c) ? '0' : *c;
    }
    return hash_fnv1a(folded, strlen(folded));
}

static void fill_line(struct shelf *shelf, struct page_line *line, const char *text,
                      size_t size_bytes, const struct shelf_block *block, float top)
{
    struct page_span *span = arena_alloc(shelf->arena, sizeof *span);

    span->text = arena_strndup(shelf->arena, text, size_bytes);
    span->text_bytes = (uint32_t)size_bytes;
    span->size_pt = block->size_pt;
    span->style = block->style;
    span->box = (struct page_box){72, top, 72 + (float)size_bytes * block->size_pt / 2,
                                  top + block->size_pt};
    line->spans = span;
    line->span_count = 1;
    line->box = span->box;
}

static void fill_block(struct shelf *shelf, struct page_block *block,
                       const struct shelf_block *source, float top)
{
    const char *text = source->text;

    block->kind = source->kind;
    block->margin = source->margin;
    block->margin_key = source->margin ? margin_key(shelf, source->text) : 0;
    block->lines = arena_calloc(shelf->arena, strlen(text) + 1, sizeof *block->lines);
    do {
        size_t length = strcspn(text, "\n");
        float line_top = top + (float)block->line_count * source->size_pt * 1.2F;

        fill_line(shelf, &block->lines[block->line_count++], text, length, source, line_top);
        text += length + (text[length] == '\n');
    } while (*text);
    block->box = block->lines[0].box;
    block->box.y1 = block->lines[block->line_count - 1].box.y1;
}

struct page_record *shelf_page(struct shelf *shelf, uint32_t number,
                               const struct shelf_block *blocks, uint32_t count)
{
    struct page_record *record = arena_alloc(shelf->arena, sizeof *record);
    struct page_font *font = arena_alloc(shelf->arena, sizeof *font);
    const char *text = "";

    font->name = "Serif";
    record->number = number;
    record->width_pt = 595.32F;
    record->height_pt = 841.92F;
    record->source = "native";
    record->fonts = font;
    record->font_count = 1;
    record->blocks = arena_calloc(shelf->arena, count, sizeof *record->blocks);
    record->block_count = count;
    for (uint32_t b = 0; b < count; b++) {
        fill_block(shelf, &record->blocks[b], &blocks[b], 72.0F + (float)b * 40.0F);
        text = arena_printf(shelf->arena, "%s%s\n\n", text, blocks[b].text);
    }
    record->text = text;
    record->text_bytes = (uint32_t)strlen(text);
    record->glyph_count = record->text_bytes;
    return record;
}

static uint16_t columns_covered(const char *const *texts, uint16_t column, uint16_t columns)
{
    uint16_t covered = 1;

    while (column + covered < columns && !texts[column + covered]) {
        covered++;
    }
    return covered;
}

void shelf_make_table(struct shelf *shelf, struct page_block *block, uint16_t rows,
                      uint16_t columns, uint16_t header_rows, const char *const *texts)
{
    struct page_table *table = arena_alloc(shelf->arena, sizeof *table);

    *table = (struct page_table){.rows = rows, .columns = columns, .ruled = true};
    table->cells = arena_calloc(shelf->arena, (size_t)rows * columns, sizeof *table->cells);
    for (uint16_t row = 0; row < rows; row++) {
        for (uint16_t column = 0; column < columns; column++) {
            const char *const *line = texts + row * columns;
            struct page_cell *cell = &table->cells[table->cell_count];

            if (!line[column]) {
                continue;
            }
            *cell = (struct page_cell){.row = row,
                                       .column = column,
                                       .row_span = 1,
                                       .column_span = columns_covered(line, column, columns),
                                       .header = row < header_rows,
                                       .text = line[column],
                                       .text_bytes = (uint32_t)strlen(line[column])};
            cell->box = (struct page_box){72.0F + (float)column * 50, block->box.y0,
                                          122.0F + (float)column * 50, block->box.y1};
            table->cell_count++;
        }
    }
    block->kind = PAGE_BLOCK_TABLE;
    block->table = table;
}

void shelf_make_image(struct shelf *shelf, struct page_record *record, uint32_t block, char digit,
                      const char *caption)
{
    struct page_image *images =
        arena_calloc(shelf->arena, record->image_record_count + 1, sizeof *images);
    struct page_image *image = &images[record->image_record_count];

    if (record->image_record_count > 0) {
        memcpy(images, record->images, record->image_record_count * sizeof *images);
    }
    *image = (struct page_image){.role = PAGE_IMAGE_ROLE_CONTENT,
                                 .format = "png",
                                 .color_space = "rgb",
                                 .width_px = 640,
                                 .height_px = 480,
                                 .bits = 8,
                                 .file_bytes = 4321,
                                 .quality = 0.75F,
                                 .perceptual_hash = UINT64_C(0xFEDCBA9876543210),
                                 .dpi = 150,
                                 .caption = caption};
    memset(image->key, digit, PAGE_IMAGE_KEY_BYTES - 1);
    record->blocks[block].kind = PAGE_BLOCK_IMAGE;
    record->blocks[block].line_count = 0;
    record->blocks[block].image = record->image_record_count;
    image->box = record->blocks[block].box;
    record->images = images;
    record->image_record_count++;
    record->image_count = record->image_record_count;
}

static void write_artifact(const char *path, const char *kind, struct buf *records, size_t *sizes,
                           uint32_t count)
{
    struct error err = ERROR_INIT;
    struct artifact_writer *writer = artifact_create(path, kind, &err);
    size_t at = 0;

    cr_assert_not_null(writer, "%s", err.msg);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(artifact_append(writer, records->data + at, sizes[i], &err), 0, "%s", err.msg);
        at += sizes[i];
    }
    cr_assert_eq(artifact_commit(writer, NULL, &err), 0, "%s", err.msg);
}

int shelf_survey(struct shelf *shelf, const char *job, unsigned seed, uint32_t page_count)
{
    struct survey_pair metadata[] = {{"title", "A Title"}, {"author", "An Author"}};
    struct survey_outline outline[] = {{1, 0, "First"}, {page_count, 1, "Last"}, {0, 0, "Nowhere"}};
    struct survey_record survey = {
        .size_bytes = 12345,
        .format = "PDF 1.7",
        .page_count = page_count,
        .metadata = metadata,
        .metadata_count = 2,
        .outline = outline,
        .outline_count = 3,
    };
    struct persist_unit unit = {.job = job,
                                .name = arena_printf(shelf->arena, "file-%u.pdf", seed),
                                .artifact_path = shelf_path(shelf, "survey.ebb"),
                                .first = 1,
                                .last = 1};
    struct buf record;
    size_t size;

    snprintf(survey.sha256, sizeof survey.sha256, "%s", shelf_sha256(shelf, seed));
    buf_init(&record, 1U << 20);
    cr_assert_eq(survey_record_encode(&survey, &record, &shelf->err), 0, "%s", shelf->err.msg);
    size = record.size;
    write_artifact(unit.artifact_path, "survey", &record, &size, 1);
    buf_deinit(&record);
    shelf->outcome = (struct outcome){0};
    return persist_survey(shelf->library, &unit, &shelf->outcome, &shelf->err);
}

int shelf_pages(struct shelf *shelf, const char *job, uint32_t first, uint32_t last,
                struct page_record *const *records, uint32_t count)
{
    struct persist_unit unit = {
        .job = job, .artifact_path = shelf_path(shelf, "pages.ebb"), .first = first, .last = last};
    size_t *sizes = arena_calloc(shelf->arena, count + 1, sizeof *sizes);
    struct buf encoded;

    buf_init(&encoded, 64U << 20);
    for (uint32_t i = 0; i < count; i++) {
        size_t before = encoded.size;

        cr_assert_eq(page_record_encode(records[i], &encoded, &shelf->err), 0, "%s",
                     shelf->err.msg);
        sizes[i] = encoded.size - before;
    }
    write_artifact(unit.artifact_path, "pages", &encoded, sizes, count);
    buf_deinit(&encoded);
    shelf->outcome = (struct outcome){0};
    return persist_pages(shelf->library, &unit, &shelf->outcome, &shelf->err);
}

int shelf_simple_page(struct shelf *shelf, const char *job, uint32_t number, const char *text)
{
    struct shelf_block block = {PAGE_BLOCK_TEXT, text, 10, 0, PAGE_MARGIN_NONE};
    struct page_record *record = shelf_page(shelf, number, &block, 1);

    return shelf_pages(shelf, job, number, number, &record, 1);
}

struct failure_list {
    const struct structure_failure *failures;
    size_t count;
};

static bool failure_at(void *context, size_t index, struct structure_failure *ret_failure)
{
    const struct failure_list *list = context;

    if (index >= list->count) {
        return false;
    }
    *ret_failure = list->failures[index];
    return true;
}

int shelf_finish(struct shelf *shelf, const char *job, const struct structure_failure *failures,
                 size_t count)
{
    struct failure_list list = {failures, count};
    struct structure_unit structure = {.job = job,
                                       .artifact_path = shelf_path(shelf, "body.ebb"),
                                       .failure_at = failure_at,
                                       .context = &list};
    struct finish_unit finish = {.job = job};

    shelf->outcome = (struct outcome){0};
    if (structure_document(shelf->library, &structure, &shelf->outcome, &shelf->err) < 0) {
        return -1;
    }
    shelf->outcome = (struct outcome){0};
    return finish_document(shelf->library, &finish, &shelf->outcome, &shelf->err);
}

static const char *find_param(const void *context, const char *key)
{
    const char *const *params = context;

    for (; *params; params += 2) {
        if (strcmp(params[0], key) == 0) {
            return params[1];
        }
    }
    return NULL;
}

const char *shelf_query(struct shelf *shelf, const char *kind, const char *const *params)
{
    struct library_query query = {.kind = kind,
                                  .param = find_param,
                                  .context = params,
                                  .answer_path = shelf_path(shelf, "answer")};
    const char *text;
    struct buf answer;

    file_remove_tree(query.answer_path, NULL);
    shelf->err = (struct error)ERROR_INIT;
    if (library_query_run(shelf->library, &query, &shelf->err) < 0) {
        cr_assert_neq(access(query.answer_path, F_OK), 0, "a failed query left an answer");
        return NULL;
    }
    buf_init(&answer, 64U << 20);
    cr_assert_eq(file_read(query.answer_path, 64U << 20, &answer, &shelf->err), 0);
    text = arena_strndup(shelf->arena, answer.data ? (const char *)answer.data : "", answer.size);
    buf_deinit(&answer);
    return text;
}

const char *shelf_digest(struct shelf *shelf)
{
    const char *answer = SHELF_QUERY(shelf, "digest", NULL);
    const char *start;

    cr_assert_not_null(answer, "%s", shelf->err.msg);
    start = strstr(answer, "\"sha256\":\"");
    cr_assert_not_null(start);
    return arena_strndup(shelf->arena, start + 10, 64);
}

const char *shelf_sql(struct shelf *shelf, const char *sql)
{
    const char *path = shelf_path(shelf, "library/library.db");
    const char *result = "";
    sqlite3_stmt *handle = NULL;
    sqlite3 *db = NULL;

    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &handle, NULL), SQLITE_OK, "%s: %s", sql,
                 sqlite3_errmsg(db));
    if (sqlite3_step(handle) == SQLITE_ROW && sqlite3_column_text(handle, 0)) {
        result = arena_strdup(shelf->arena, (const char *)sqlite3_column_text(handle, 0));
    }
    cr_assert_eq(sqlite3_finalize(handle), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
    return result;
}
