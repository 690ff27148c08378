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

static void put_str(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_str(json, text);
}

static void put_uint(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_uint(json, value);
}

/* Null for a list that it is not in. */
static void put_rank(struct json *json, const char *key, size_t rank)
{
    json_key(json, key);
    if (rank > 0) {
        json_uint(json, rank);
    } else {
        json_null(json);
    }
}

static void put_box(struct json *json, uint32_t page, const double *box)
{
    json_open(json, '{');
    put_uint(json, "page", page);
    json_key(json, "bbox");
    json_open(json, '[');
    for (int i = 0; i < 4; i++) {
        json_real(json, box[i], 2);
    }
    json_close(json, ']');
    json_close(json, '}');
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

static void put_places(struct json *json, const struct search_place *places, size_t count)
{
    json_key(json, "boxes");
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        put_box(json, places[i].page, places[i].box);
    }
    json_close(json, ']');
}

/* ---- what both kinds have */

static int put_document(struct search_db *db, int64_t row, struct json *json, struct error *err)
{
    int64_t number = row >> 32;
    sqlite3_stmt *document;
    int got = search_db_get(db, SEARCH_DB_DOCUMENT, &number, 1, &document, err);

    put_str(json, "document_id", got > 0 ? search_db_text(document, 0) : NULL);
    put_str(json, "document", got > 0 ? search_db_text(document, 1) : NULL);
    if (got > 0) {
        sqlite3_reset(document);
    }
    return got < 0 ? -1 : 0;
}

static int put_label(struct search_db *db, int64_t document, uint32_t page, struct json *json,
                     struct error *err)
{
    int64_t row = document << 32 | page;
    sqlite3_stmt *label;
    int got = search_db_get(db, SEARCH_DB_PAGE_LABEL, &row, 1, &label, err);

    put_str(json, "label", got > 0 ? search_db_text(label, 0) : NULL);
    if (got > 0) {
        sqlite3_reset(label);
    }
    return got < 0 ? -1 : 0;
}

static void put_scores(const struct search_result *result, struct json *json)
{
    json_key(json, "score");
    json_real(json, result->score, 6);
    put_rank(json, "text_rank", result->text_rank);
    put_rank(json, "vector_rank", result->vector_rank);
    put_rank(json, "image_rank", result->image_rank);
    put_uint(json, "duplicates", result->duplicates);
}

/* ---- chunks */

/* chunk: on its row. */
static int put_chunk_row(struct search_db *db, const struct search_words *words,
                         const char *question, const struct search_result *result,
                         sqlite3_stmt *chunk, struct arena *arena, struct json *json,
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
    put_str(json, "chunk_id", search_db_text(chunk, 0));
    put_uint(json, "page", page);
    put_uint(json, "first_page", (uint64_t)sqlite3_column_int64(chunk, 1));
    put_uint(json, "last_page", (uint64_t)sqlite3_column_int64(chunk, 2));
    if (got == 0) {
        got = put_label(db, result->row >> 32, page, json, err);
    }
    json_key(json, "headings");
    json_raw(json, headings && headings[0] ? headings : "[]");
    put_scores(result, json);
    json_key(json, "snippet");
    json_str_n(json, (const char *)snippet.data, snippet.size);
    put_places(json, places, count);
    buf_deinit(&snippet);
    return got;
}

static int put_chunk(struct search_db *db, const struct search_words *words, const char *question,
                     const struct search_result *result, struct arena *arena, struct json *json,
                     struct error *err)
{
    sqlite3_stmt *chunk;
    int got;

    put_str(json, "kind", "chunk");
    if (put_document(db, result->row, json, err) < 0) {
        return -1;
    }
    got = search_db_get(db, SEARCH_DB_CHUNK, &result->row, 1, &chunk, err);
    if (got > 0) {
        got = put_chunk_row(db, words, question, result, chunk, arena, json, err);
        sqlite3_reset(chunk);
    }
    return got;
}

/* ---- images */

static void put_image_row(sqlite3_stmt *image, struct arena *arena, struct json *json)
{
    const char *format = search_db_text(image, 2);

    json_key(json, "image");
    json_open(json, '{');
    put_str(json, "id", search_db_text(image, 0));
    put_str(json, "file",
            arena_printf(arena, "images/%s.%s", search_db_text(image, 1), format ? format : ""));
    put_uint(json, "width_px", (uint64_t)sqlite3_column_int64(image, 3));
    put_uint(json, "height_px", (uint64_t)sqlite3_column_int64(image, 4));
    put_str(json, "caption", search_db_text(image, 5));
    json_close(json, '}');
}

static int put_image(struct search_db *db, const struct search_result *result, struct arena *arena,
                     struct json *json, struct error *err)
{
    int64_t numbers[] = {result->row >> 32, result->row & UINT32_MAX};
    struct search_place places[SEARCH_PLACES_MAX];
    sqlite3_stmt *image;
    size_t count = 0;
    const char *caption;
    int got;

    put_str(json, "kind", "image");
    if (put_document(db, result->row, json, err) < 0 ||
        search_image_places(db, result->row, places, &count, err) < 0) {
        return -1;
    }
    put_str(json, "chunk_id", NULL);
    put_uint(json, "page", count > 0 ? places[0].page : 0);
    put_uint(json, "first_page", count > 0 ? places[0].page : 0);
    put_uint(json, "last_page", count > 0 ? places[count - 1].page : 0);
    if (put_label(db, result->row >> 32, count > 0 ? places[0].page : 0, json, err) < 0) {
        return -1;
    }
    json_key(json, "headings");
    json_raw(json, "[]");
    put_scores(result, json);
    got = search_db_get(db, SEARCH_DB_IMAGE, numbers, 2, &image, err);
    if (got > 0) {
        caption = search_db_text(image, 5);
        put_str(json, "snippet", caption ? caption : "");
        put_places(json, places, count);
        put_image_row(image, arena, json);
        sqlite3_reset(image);
    }
    return got < 0 ? -1 : 0;
}

int search_answer_result(struct search_db *db, const struct search_words *words,
                         const char *question, const struct search_result *result,
                         struct arena *arena, struct json *json, struct error *err)
{
    int got;

    json_open(json, '{');
    got = result->image ? put_image(db, result, arena, json, err)
                        : put_chunk(db, words, question, result, arena, json, err);
    json_close(json, '}');
    return got < 0 ? -1 : 0;
}
