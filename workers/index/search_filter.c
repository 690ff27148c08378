/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Reading the parameters that narrow a search, and asking whether a row is inside.
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/index/search_filter.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/uuid.h"
#include "workers/answers/emit.h"

#define DOCUMENT_PREFIX_MIN 6
#define DOCUMENTS_MAX (1U << 24)
#define DAY_MS INT64_C(86400000)

static const char *param_of(const struct search_query *query, const char *key)
{
    const char *value = query->param(query->context, key);

    return value && value[0] ? value : NULL;
}

/* ---- times */

static int time_error(const char *text, struct error *err)
{
    return error_set(err, ERROR_INVALID,
                     "\"%.40s\" is no time: give a date (2026-11-24) or a time (RFC 3339: "
                     "2026-11-24T18:30:00Z)",
                     text);
}

/* Exactly so many digits; moves text behind them. */
static bool take_digits(const char **text, int count, int *ret_value)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*text)++) {
        if (!isdigit((unsigned char)**text)) {
            return false;
        }
        value = value * 10 + (**text - '0');
    }
    *ret_value = value;
    return true;
}

static bool take_sign(const char **text, char sign)
{
    if (**text != sign) {
        return false;
    }
    (*text)++;
    return true;
}

/* "Z" or "+02:00", and no more, to minutes east of Greenwich. */
static bool parse_offset(const char *text, int *ret_minutes)
{
    char sign = *text;
    int hours;
    int minutes;

    *ret_minutes = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        return true;
    }
    text++;
    if ((sign != '+' && sign != '-') || !take_digits(&text, 2, &hours) || !take_sign(&text, ':') ||
        !take_digits(&text, 2, &minutes) || *text || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

/* ".25" in milliseconds; moves text behind it. */
static int64_t take_fraction(const char **text)
{
    int64_t ms = 0;

    if (take_sign(text, '.')) {
        for (int64_t unit = 100; isdigit((unsigned char)**text); (*text)++, unit /= 10) {
            ms += (**text - '0') * unit;
        }
    }
    return ms;
}

static bool take_date(const char **text, struct tm *date)
{
    return take_digits(text, 4, &date->tm_year) && take_sign(text, '-') &&
           take_digits(text, 2, &date->tm_mon) && take_sign(text, '-') &&
           take_digits(text, 2, &date->tm_mday) && date->tm_year >= 1970;
}

static bool take_time(const char **text, struct tm *time)
{
    return (take_sign(text, 'T') || take_sign(text, 't') || take_sign(text, ' ')) &&
           take_digits(text, 2, &time->tm_hour) && take_sign(text, ':') &&
           take_digits(text, 2, &time->tm_min) && take_sign(text, ':') &&
           take_digits(text, 2, &time->tm_sec);
}

int search_parse_time(const char *text, bool last, int64_t *ret_ms, struct error *err)
{
    struct tm parts = {.tm_isdst = 0};
    struct tm normal;
    const char *at = text;
    int minutes = 0;
    int64_t ms;

    if (!take_date(&at, &parts) || (*at && !take_time(&at, &parts))) {
        return time_error(text, err);
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    normal = parts;
    ms = (int64_t)timegm(&normal) * 1000;
    if (normal.tm_mon != parts.tm_mon || normal.tm_mday != parts.tm_mday ||
        normal.tm_hour != parts.tm_hour || normal.tm_min != parts.tm_min) {
        return time_error(text, err); /* the 31st of February */
    }
    if (at - text == 10) {
        *ret_ms = last ? ms + DAY_MS - 1 : ms;
        return 0;
    }
    ms += take_fraction(&at);
    if (!parse_offset(at, &minutes)) {
        return time_error(text, err);
    }
    *ret_ms = ms - (int64_t)minutes * 60000;
    return 0;
}

/* ---- documents */

static bool fold_id(const char *name, char ret_id[UUID_TEXT_BYTES])
{
    size_t length = strlen(name);

    if (length >= UUID_TEXT_BYTES) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)name[i]) && name[i] != '-') {
            return false;
        }
        ret_id[i] = (char)tolower((unsigned char)name[i]);
    }
    ret_id[length] = '\0';
    return true;
}

/* 1 and *ret_row, 0 where there is none, -1. */
static int find_by_job(struct search_db *db, const char *id, int64_t *ret_row, struct error *err)
{
    sqlite3_stmt *find = search_db_statement(db, SEARCH_DB_DOCUMENT_OF_JOB, err);
    int got;

    if (!find) {
        return -1;
    }
    sqlite3_bind_text(find, 1, id, -1, SQLITE_STATIC);
    got = search_db_step(db, find, err);
    if (got > 0) {
        *ret_row = sqlite3_column_int64(find, 0);
        sqlite3_reset(find);
    }
    return got;
}

static int find_by_prefix(struct search_db *db, const char *prefix, int64_t *ret_row,
                          struct error *err)
{
    sqlite3_stmt *find = search_db_statement(db, SEARCH_DB_DOCUMENTS_BY_ID, err);
    char end[UUID_TEXT_BYTES + 1];
    int got;

    if (!find) {
        return -1;
    }
    snprintf(end, sizeof end, "%s~", prefix); /* past every id that starts with prefix */
    sqlite3_bind_text(find, 1, prefix, -1, SQLITE_STATIC);
    sqlite3_bind_text(find, 2, end, -1, SQLITE_STATIC);
    got = search_db_step(db, find, err);
    if (got <= 0) {
        return got;
    }
    *ret_row = sqlite3_column_int64(find, 0);
    got = search_db_step(db, find, err);
    sqlite3_reset(find);
    if (got > 0) {
        return error_set(err, ERROR_INVALID,
                         "more than one document's id starts with %s: give more of it", prefix);
    }
    return got < 0 ? -1 : 1;
}

static int find_document(struct search_db *db, const char *name, int64_t *ret_row,
                         struct error *err)
{
    char id[UUID_TEXT_BYTES];
    int got = 0;

    if (strlen(name) < DOCUMENT_PREFIX_MIN) {
        return error_set(err, ERROR_INVALID,
                         "\"%s\" is too short for a document: give its id, at least its first %d "
                         "characters, or a job's id",
                         name, DOCUMENT_PREFIX_MIN);
    }
    if (fold_id(name, id)) {
        if (strlen(id) == UUID_TEXT_BYTES - 1) {
            got = find_by_job(db, id, ret_row, err);
        }
        if (got == 0) {
            got = find_by_prefix(db, id, ret_row, err);
        }
    }
    if (got == 0) {
        return error_set(err, ERROR_NOT_FOUND,
                         "the library has no document \"%.60s\": `ebb jobs` lists them", name);
    }
    return got < 0 ? -1 : 0;
}

/* "a,b" as a JSON array; NULL for none. Owns: out. */
static int tags_as_json(const char *tags, struct buf *out, const char **ret_json, struct error *err)
{
    struct emit emit;
    size_t count = 0;

    *ret_json = NULL;
    emit_init(&emit, out);
    emit_open(&emit, '[');
    while (tags && *tags) {
        size_t length = strcspn(tags, ",");

        if (length > 0 && ++count > SEARCH_TAGS_MAX) {
            return error_set(err, ERROR_INVALID, "at most %d tags can be asked for",
                             SEARCH_TAGS_MAX);
        }
        if (length > 0) {
            emit_str_n(&emit, tags, length);
        }
        tags += length + (tags[length] == ',');
    }
    emit_close(&emit, ']');
    if (emit_finish(&emit, err) < 0) {
        return -1;
    }
    if (count > 0) {
        *ret_json = buf_cstr(out, err);
        return *ret_json ? 0 : -1;
    }
    return 0;
}

/* Rows into an array that doubles in the arena. */
static int collect_rows(struct search_db *db, sqlite3_stmt *list, struct arena *arena,
                        struct search_filter *filter, struct error *err)
{
    int64_t *rows = NULL;
    size_t count = 0;
    size_t capacity = 0;
    int got;

    while ((got = search_db_step(db, list, err)) > 0) {
        if (count == capacity) {
            size_t more = capacity > 0 ? capacity * 2 : 64;
            int64_t *larger =
                more <= DOCUMENTS_MAX ? arena_calloc(arena, more, sizeof *rows) : NULL;

            if (!larger) {
                sqlite3_reset(list);
                return error_set(err, ERROR_MEMORY, "no memory for the documents of a search");
            }
            if (count > 0) {
                memcpy(larger, rows, count * sizeof *rows);
            }
            rows = larger;
            capacity = more;
        }
        rows[count++] = sqlite3_column_int64(list, 0);
    }
    filter->documents = rows;
    filter->document_count = count;
    return got;
}

static int list_documents(struct search_db *db, int64_t since_ms, int64_t until_ms,
                          const char *tags, struct arena *arena, struct search_filter *filter,
                          struct error *err)
{
    sqlite3_stmt *list = search_db_statement(db, SEARCH_DB_DOCUMENTS_THAT, err);

    if (!list) {
        return -1;
    }
    sqlite3_bind_int64(list, 1, since_ms);
    sqlite3_bind_int64(list, 2, until_ms);
    sqlite3_bind_text(list, 3, tags, -1, SQLITE_TRANSIENT);
    return collect_rows(db, list, arena, filter, err);
}

/* Those with the tags and of the time, and of them the one that is named. */
static int read_documents(struct search_db *db, const struct search_query *query,
                          struct arena *arena, struct search_filter *filter, struct error *err)
{
    const char *name = param_of(query, "document");
    const char *since = param_of(query, "since");
    const char *until = param_of(query, "until");
    const char *tag = param_of(query, "tag");
    int64_t since_ms = INT64_MIN;
    int64_t until_ms = INT64_MAX;
    int64_t *row = arena_alloc(arena, sizeof *row);
    const char *tags = NULL;
    struct buf buf;
    int result = 0;

    if (!row) {
        return error_set(err, ERROR_MEMORY, "no memory for a search");
    }
    if ((since && search_parse_time(since, false, &since_ms, err) < 0) ||
        (until && search_parse_time(until, true, &until_ms, err) < 0) ||
        (name && find_document(db, name, row, err) < 0)) {
        return -1;
    }
    filter->by_document = name || since || until || tag;
    buf_init(&buf, (size_t)1 << 20);
    if (since || until || tag) {
        result = tags_as_json(tag, &buf, &tags, err);
        result = result < 0 ? -1 : list_documents(db, since_ms, until_ms, tags, arena, filter, err);
    }
    buf_deinit(&buf);
    if (result == 0 && name) {
        bool inside = !(since || until || tag) || search_filter_has_document(filter, *row);

        filter->documents = row;
        filter->document_count = inside ? 1 : 0;
    }
    return result;
}

static int count_chunks(struct search_db *db, struct search_filter *filter, struct error *err)
{
    int64_t total = 0;

    for (size_t i = 0; i < filter->document_count && total <= SEARCH_FEW_CHUNKS; i++) {
        int64_t first = filter->documents[i] << 32;
        int64_t numbers[] = {first, first | UINT32_MAX, SEARCH_FEW_CHUNKS + 1 - total};
        sqlite3_stmt *count;

        if (search_db_get(db, SEARCH_DB_CHUNKS_COUNT, numbers, 3, &count, err) < 0) {
            return -1;
        }
        total += sqlite3_column_int64(count, 0);
        sqlite3_reset(count);
    }
    filter->chunks = total;
    return 0;
}

int search_filter_read(struct search_db *db, const struct search_query *query, struct arena *arena,
                       struct search_filter *ret_filter, struct error *err)
{
    const char *pages = param_of(query, "pages");
    sqlite3_stmt *last;

    memset(ret_filter, 0, sizeof *ret_filter);
    ret_filter->db = db;
    ret_filter->chunks = -1;
    if (pages && parse_ranges(pages, ret_filter->pages, SEARCH_PAGE_RANGES_MAX,
                              &ret_filter->page_count, err) < 0) {
        return error_wrap(err, "pages");
    }
    if (search_db_get(db, SEARCH_DB_LAST_DOCUMENT, NULL, 0, &last, err) < 0) {
        return -1;
    }
    ret_filter->documents_all = sqlite3_column_int64(last, 0);
    sqlite3_reset(last);
    if (ret_filter->documents_all < 1) {
        ret_filter->documents_all = 1;
    }
    if (read_documents(db, query, arena, ret_filter, err) < 0) {
        return -1;
    }
    return ret_filter->by_document ? count_chunks(db, ret_filter, err) : 0;
}

bool search_filter_has_document(const struct search_filter *filter, int64_t document)
{
    size_t low = 0;
    size_t high = filter->document_count;

    if (!filter->by_document) {
        return true;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (filter->documents[middle] < document) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < filter->document_count && filter->documents[low] == document;
}

static bool has_pages(const struct search_filter *filter, uint32_t first, uint32_t last)
{
    for (size_t i = 0; i < filter->page_count; i++) {
        if (first <= filter->pages[i].last && last >= filter->pages[i].first) {
            return true;
        }
    }
    return filter->page_count == 0;
}

bool search_filter_has_page(const struct search_filter *filter, uint32_t page)
{
    return has_pages(filter, page, page);
}

bool search_filter_has_chunk(struct search_filter *filter, int64_t row)
{
    sqlite3_stmt *pages;
    bool inside;
    int got;

    if (!search_filter_has_document(filter, row >> 32)) {
        return false;
    }
    if (filter->page_count == 0) {
        return true;
    }
    got = search_db_get(filter->db, SEARCH_DB_CHUNK_PAGES, &row, 1, &pages, &filter->err);
    if (got <= 0) {
        filter->failed = got < 0 ? -1 : filter->failed;
        return false;
    }
    inside = has_pages(filter, (uint32_t)sqlite3_column_int64(pages, 0),
                       (uint32_t)sqlite3_column_int64(pages, 1));
    sqlite3_reset(pages);
    return inside;
}

bool search_filter_is_narrow(const struct search_filter *filter)
{
    return filter->by_document && filter->chunks <= SEARCH_FEW_CHUNKS;
}

void search_filter_rows(const struct search_filter *filter, int64_t *ret_first, int64_t *ret_last)
{
    *ret_first = 0;
    *ret_last = INT64_MAX;
    if (filter->by_document && filter->document_count > 0) {
        *ret_first = filter->documents[0] << 32;
        *ret_last = filter->documents[filter->document_count - 1] << 32 | UINT32_MAX;
    }
}
