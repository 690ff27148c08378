/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Results as JSON: where they are, what they show.
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/index/search_answer.h"

#include <stdlib.h>
#include <string.h>

#include "workers/index/search_images.h"
#include "workers/index/search_snippet.h"

#define SNIPPET_MAX_BYTES ((size_t)1 << 20)

/* Null for a list that it is not in. */
static void put_rank(struct emit *emit, const char *key, size_t rank)
{
    emit_key(emit, key);
    if (rank > 0) {
        emit_uint(emit, rank);
    } else {
        emit_null(emit);
    }
}

static void put_box(struct emit *emit, uint32_t page, const double *box)
{
    emit_open(emit, '{');
    emit_key_uint(emit, "page", page);
    emit_key(emit, "bbox");
    emit_open(emit, '[');
    for (int i = 0; i < 4; i++) {
        emit_hundredths(emit, box[i]);
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
}

/* ---- where a stretch of a chunk's text is shown */

struct shown {
    size_t offset;
    struct search_place place;
};

/* The next "[offset,page,x0,y0,x1,y1]" behind *text; false where there is none. */
static bool next_shown(const char **text, struct shown *ret_shown)
{
    double numbers[6];
    const char *at = *text + strspn(*text, "[, \n");

    for (size_t i = 0; i < 6; i++) {
        char *end;

        numbers[i] = strtod(at, &end);
        if (end == at || numbers[i] < (i < 2 ? 0 : -1e9) || numbers[i] > 1e9) {
            return false;
        }
        at = end + strspn(end, ", ");
    }
    ret_shown->offset = (size_t)numbers[0];
    ret_shown->place.page = (uint32_t)numbers[1];
    memcpy(ret_shown->place.box, numbers + 2, sizeof ret_shown->place.box);
    *text = at + strspn(at, "]");
    return true;
}

/* Places of the text from start to end; at least the one that has start. */
static size_t places_of(const char *boxes, const struct search_snippet *snippet,
                        struct search_place *ret_places)
{
    struct shown shown;
    struct shown next;
    size_t count = 0;
    bool more = next_shown(&boxes, &shown);

    while (more && count < SEARCH_PLACES_MAX) {
        more = next_shown(&boxes, &next);
        if ((!more || next.offset > snippet->start) &&
            (shown.offset < snippet->end || count == 0)) {
            ret_places[count++] = shown.place;
        }
        shown = next;
    }
    return count;
}

static void put_places(struct emit *emit, const struct search_place *places, size_t count)
{
    emit_key(emit, "boxes");
    emit_open(emit, '[');
    for (size_t i = 0; i < count; i++) {
        put_box(emit, places[i].page, places[i].box);
    }
    emit_close(emit, ']');
}

/* ---- what both kinds have */

static int put_document(struct search_db *db, int64_t row, struct emit *emit, struct error *err)
{
    int64_t number = row >> 32;
    sqlite3_stmt *document;
    int got = search_db_get(db, SEARCH_DB_DOCUMENT, &number, 1, &document, err);

    emit_key_str(emit, "document_id", got > 0 ? search_db_text(document, 0) : NULL);
    emit_key_str(emit, "document", got > 0 ? search_db_text(document, 1) : NULL);
    if (got > 0) {
        sqlite3_reset(document);
    }
    return got < 0 ? -1 : 0;
}

static int put_label(struct search_db *db, int64_t document, uint32_t page, struct emit *emit,
                     struct error *err)
{
    int64_t row = document << 32 | page;
    sqlite3_stmt *label;
    int got = search_db_get(db, SEARCH_DB_PAGE_LABEL, &row, 1, &label, err);

    emit_key_str(emit, "label", got > 0 ? search_db_text(label, 0) : NULL);
    if (got > 0) {
        sqlite3_reset(label);
    }
    return got < 0 ? -1 : 0;
}

static void put_scores(const struct search_result *result, struct emit *emit)
{
    emit_key(emit, "score");
    emit_double(emit, result->score);
    put_rank(emit, "text_rank", result->text_rank);
    put_rank(emit, "vector_rank", result->vector_rank);
    put_rank(emit, "image_rank", result->image_rank);
    emit_key_uint(emit, "duplicates", result->duplicates);
}

/* ---- chunks */

/* chunk: on its row. */
static int put_chunk_row(struct search_db *db, const struct search_words *words,
                         const char *question, const struct search_result *result,
                         sqlite3_stmt *chunk, struct arena *arena, struct emit *emit,
                         struct error *err)
{
    struct search_place places[SEARCH_PLACES_MAX];
    struct search_snippet stretch = {0, 0};
    const char *headings = search_db_text(chunk, 3);
    uint32_t page = (uint32_t)sqlite3_column_int64(chunk, 1);
    struct buf snippet;
    size_t count;
    int got;

    buf_init(&snippet, SNIPPET_MAX_BYTES);
    got = search_snippet(db, words, question, search_db_text(chunk, 4), arena, &snippet, &stretch,
                         err);
    count = places_of(search_db_text(chunk, 5), &stretch, places);
    page = count > 0 ? places[0].page : page;
    emit_key_str(emit, "chunk_id", search_db_text(chunk, 0));
    emit_key_uint(emit, "page", page);
    emit_key_uint(emit, "first_page", (uint64_t)sqlite3_column_int64(chunk, 1));
    emit_key_uint(emit, "last_page", (uint64_t)sqlite3_column_int64(chunk, 2));
    if (got == 0) {
        got = put_label(db, result->row >> 32, page, emit, err);
    }
    emit_key(emit, "headings");
    emit_raw(emit, headings && headings[0] ? headings : "[]");
    put_scores(result, emit);
    emit_key(emit, "snippet");
    emit_str_n(emit, (const char *)snippet.data, snippet.size);
    put_places(emit, places, count);
    buf_deinit(&snippet);
    return got;
}

static int put_chunk(struct search_db *db, const struct search_words *words, const char *question,
                     const struct search_result *result, struct arena *arena, struct emit *emit,
                     struct error *err)
{
    sqlite3_stmt *chunk;
    int got;

    emit_key_str(emit, "kind", "chunk");
    if (put_document(db, result->row, emit, err) < 0) {
        return -1;
    }
    got = search_db_get(db, SEARCH_DB_CHUNK, &result->row, 1, &chunk, err);
    if (got > 0) {
        got = put_chunk_row(db, words, question, result, chunk, arena, emit, err);
        sqlite3_reset(chunk);
    }
    return got;
}

/* ---- images */

static void put_image_row(sqlite3_stmt *image, struct arena *arena, struct emit *emit)
{
    const char *format = search_db_text(image, 2);

    emit_key(emit, "image");
    emit_open(emit, '{');
    emit_key_str(emit, "id", search_db_text(image, 0));
    emit_key_str(
        emit, "file",
        arena_printf(arena, "images/%s.%s", search_db_text(image, 1), format ? format : ""));
    emit_key_uint(emit, "width_px", (uint64_t)sqlite3_column_int64(image, 3));
    emit_key_uint(emit, "height_px", (uint64_t)sqlite3_column_int64(image, 4));
    emit_key_str(emit, "caption", search_db_text(image, 5));
    emit_close(emit, '}');
}

static int put_image(struct search_db *db, const struct search_result *result, struct arena *arena,
                     struct emit *emit, struct error *err)
{
    int64_t numbers[] = {result->row >> 32, result->row & UINT32_MAX};
    struct search_place places[SEARCH_PLACES_MAX];
    sqlite3_stmt *image;
    size_t count = 0;
    const char *caption;
    int got;

    emit_key_str(emit, "kind", "image");
    if (put_document(db, result->row, emit, err) < 0 ||
        search_image_places(db, result->row, places, &count, err) < 0) {
        return -1;
    }
    emit_key_str(emit, "chunk_id", NULL);
    emit_key_uint(emit, "page", count > 0 ? places[0].page : 0);
    emit_key_uint(emit, "first_page", count > 0 ? places[0].page : 0);
    emit_key_uint(emit, "last_page", count > 0 ? places[count - 1].page : 0);
    if (put_label(db, result->row >> 32, count > 0 ? places[0].page : 0, emit, err) < 0) {
        return -1;
    }
    emit_key(emit, "headings");
    emit_raw(emit, "[]");
    put_scores(result, emit);
    got = search_db_get(db, SEARCH_DB_IMAGE, numbers, 2, &image, err);
    if (got > 0) {
        caption = search_db_text(image, 5);
        emit_key_str(emit, "snippet", caption ? caption : "");
        put_places(emit, places, count);
        put_image_row(image, arena, emit);
        sqlite3_reset(image);
    }
    return got < 0 ? -1 : 0;
}

int search_answer_result(struct search_db *db, const struct search_words *words,
                         const char *question, const struct search_result *result,
                         struct arena *arena, struct emit *emit, struct error *err)
{
    int got;

    emit_open(emit, '{');
    got = result->image ? put_image(db, result, arena, emit, err)
                        : put_chunk(db, words, question, result, arena, emit, err);
    emit_close(emit, '}');
    return got < 0 ? -1 : 0;
}
