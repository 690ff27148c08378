/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Counting terms.
 *
 * Above SEARCH_COUNT_MAX a term's chunks are reckoned from how far into the library its first ones
 * reach, as if it were as frequent in the rest; that only has to give the order of magnitude, as a
 * weight is its logarithm. A count is used until the library has grown or shrunk by a twentieth.
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/index/search_counts.h"

#include <math.h>
#include <string.h>

#include "common/hash.h"

/* A function word's weight is a tenth, where there are others in the question. */
#define FUNCTION_SHARE 0.1

static uint64_t key_of(const char *expression)
{
    uint64_t key = hash_fnv1a(expression, strlen(expression));

    return key > 0 ? key : 1;
}

static int count_rows(struct search_db *db, const char *expression, int64_t last_document,
                      struct search_count *count, struct error *err)
{
    sqlite3_stmt *statement = search_db_statement(db, SEARCH_DB_FTS_COUNT, err);
    int64_t reached;

    if (!statement) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, expression, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, SEARCH_COUNT_MAX);
    if (search_db_step(db, statement, err) < 1) {
        return -1;
    }
    count->rows = sqlite3_column_int64(statement, 0);
    reached = sqlite3_column_int64(statement, 1) >> 32;
    count->cut = count->rows >= SEARCH_COUNT_MAX;
    sqlite3_reset(statement);
    if (count->cut && reached > 0) {
        count->rows = (int64_t)((double)count->rows * (double)last_document / (double)reached);
    }
    return 0;
}

/* How many chunks there are is told to a function of a row, so it takes a word that is in one. */
static int read_totals(struct search_db *db, const char *expression, struct error *err)
{
    sqlite3_stmt *statement = search_db_statement(db, SEARCH_DB_FTS_TOTALS, err);
    int got;

    if (!statement) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, expression, -1, SQLITE_STATIC);
    got = search_db_step(db, statement, err);
    sqlite3_reset(statement);
    return got < 0 ? -1 : 0;
}

static bool is_fresh(const struct search_count *count, int64_t rows)
{
    int64_t change = rows > count->of_rows ? rows - count->of_rows : count->of_rows - rows;

    return change * 20 <= count->of_rows;
}

static int fill_term(struct search_counts *counts, struct search_db *db, struct search_term *term,
                     const char *expression, int64_t last_document, struct error *err)
{
    uint64_t key = key_of(expression);
    struct search_count *kept = &counts->kept[key % SEARCH_COUNTS_KEPT];
    struct search_count fresh = {.key = key};

    if (kept->key == key && db->rows > 0 && is_fresh(kept, db->rows)) {
        term->rows = kept->rows;
        term->rows_cut = kept->cut;
        return 0;
    }
    if (count_rows(db, expression, last_document, &fresh, err) < 0 ||
        (fresh.rows > 0 && read_totals(db, expression, err) < 0)) {
        return -1;
    }
    term->rows = fresh.rows;
    term->rows_cut = fresh.cut;
    fresh.of_rows = db->rows;
    *kept = fresh;
    return 0;
}

static void weigh(struct search_words *words, int64_t rows)
{
    bool only_function_words = true;

    for (uint32_t i = 0; i < words->count; i++) {
        only_function_words &= words->terms[i].function || words->terms[i].rows == 0;
    }
    for (uint32_t i = 0; i < words->count; i++) {
        struct search_term *term = &words->terms[i];
        double all = (double)(rows > term->rows ? rows : term->rows);

        term->weight = term->rows == 0
                           ? 0
                           : log(1 + (all - (double)term->rows + 0.5) / ((double)term->rows + 0.5));
        if (term->function && !only_function_words) {
            term->weight *= FUNCTION_SHARE;
        }
    }
}

/* All words that begin with a letter or two are in most chunks, and the index would have to gather
 * where each is before the first could be looked at. */
static int cut_short_prefixes(struct search_db *db, struct search_words *words, struct error *err)
{
    for (uint32_t i = 0; i < words->count; i++) {
        struct search_term *term = &words->terms[i];
        int64_t most = SEARCH_PREFIX_ROWS + 1;
        sqlite3_stmt *rows;

        if (!term->prefix || strlen(term->last) >= SEARCH_PREFIX_MIN_BYTES) {
            continue;
        }
        if (search_db_get(db, SEARCH_DB_FTS_ROWS, &most, 1, &rows, err) < 0) {
            return -1;
        }
        if (sqlite3_column_int64(rows, 0) == most) {
            term->prefix = false;
            words->prefix_cut = true;
        }
        sqlite3_reset(rows);
    }
    return 0;
}

int search_counts_fill(struct search_counts *counts, struct search_db *db,
                       struct search_words *words, int64_t last_document, struct error *err)
{
    if (cut_short_prefixes(db, words, err) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < words->count; i++) {
        const char *expression;
        struct buf buf;
        int result = -1;

        buf_init(&buf, (size_t)1 << 20);
        if (search_term_expression(&words->terms[i], &buf, err) == 0 &&
            (expression = buf_cstr(&buf, err))) {
            result = fill_term(counts, db, &words->terms[i], expression, last_document, err);
        }
        buf_deinit(&buf);
        if (result < 0) {
            return -1;
        }
    }
    weigh(words, db->rows);
    return 0;
}
