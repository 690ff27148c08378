/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Choosing chunks with the full-text index and scoring them.
 *
 * Which terms choose: phrases must all be there; of the other terms the rarest, as many as keep
 * the number of chunks to be scored below SEARCH_SCORED_MAX. Where even the rarest is in more, all
 * terms together choose, and then each until the bound is met. When not every term has chosen, the
 * best are scored anew with all of them, from their texts.
 *
 * A score is BM25 with k1 = 1.2 and b = 0.75, a word in a heading counted as several in the text.
 *
 * Blocks on the disk. Logs nothing.
 */
#include "workers/index/search_text.h"

#include <stdlib.h>
#include <string.h>

#define BM25_K1 1.2
#define BM25_B 0.75
#define HEADING_WEIGHT 2.0
#define EXPRESSION_MAX_BYTES ((size_t)1 << 20)

/* Columns of chunks_fts. */
enum { COLUMN_TEXT, COLUMN_HEADINGS };

struct run {
    struct search_db *db;
    const struct search_words *words;
    struct search_filter *filter;
    struct arena *arena;
    struct search_list *list;
    double mean_tokens; /* of a chunk */
    uint64_t scored, passed;
    bool cut;
    /* Terms in the order of the running expression's phrases. */
    uint32_t phrases[SEARCH_TERMS_MAX];
    uint32_t phrase_count;
    uint64_t chosen_by; /* bit i: term i is in it */
};

static double term_score(double weight, double frequency, double tokens, double mean_tokens)
{
    double length = 1 - BM25_B + BM25_B * (mean_tokens > 0 ? tokens / mean_tokens : 1);

    return weight * frequency * (BM25_K1 + 1) / (frequency + BM25_K1 * length);
}

static double phrase_frequency(const Fts5ExtensionApi *api, Fts5Context *fts, int phrase)
{
    Fts5PhraseIter iterator;
    double frequency = 0;
    int column;
    int offset;

    if (api->xPhraseFirst(fts, phrase, &iterator, &column, &offset) != SQLITE_OK) {
        return 0;
    }
    while (column >= 0) {
        frequency += column == COLUMN_HEADINGS ? HEADING_WEIGHT : 1;
        api->xPhraseNext(fts, &iterator, &column, &offset);
    }
    return frequency;
}

static double rank(void *user, const Fts5ExtensionApi *api, Fts5Context *fts)
{
    struct run *run = user;
    double score = 0;
    int tokens = 0;

    run->scored++;
    if (api->xColumnSize(fts, -1, &tokens) != SQLITE_OK) {
        return 0;
    }
    for (uint32_t i = 0; i < run->phrase_count; i++) {
        double frequency = phrase_frequency(api, fts, (int)i);

        if (frequency > 0) {
            score += term_score(run->words->terms[run->phrases[i]].weight, frequency, tokens,
                                run->mean_tokens);
        }
    }
    return score;
}

static bool accept(void *user, int64_t row)
{
    struct run *run = user;

    run->passed++;
    return search_filter_has_chunk(run->filter, row);
}

/* ---- expressions */

/* "a" OPERATOR "b" …, of the terms of which the bit is set. */
static int put_terms(struct run *run, uint64_t terms, const char *operator, struct buf * out,
                     struct error *err)
{
    bool first = true;

    for (uint32_t i = 0; i < run->words->count; i++) {
        if ((terms >> i & 1) == 0) {
            continue;
        }
        if ((!first && buf_append_str(out, operator, err) < 0) ||
            search_term_expression(&run->words->terms[i], out, err) < 0) {
            return -1;
        }
        run->phrases[run->phrase_count++] = i;
        first = false;
    }
    return 0;
}

static int step_rows(struct run *run, sqlite3_stmt *statement, struct error *err)
{
    int got;

    while ((got = search_db_step(run->db, statement, err)) > 0) {
        if (sqlite3_column_type(statement, 1) != SQLITE_NULL) {
            search_list_offer(run->list, sqlite3_column_int64(statement, 0),
                              sqlite3_column_double(statement, 1));
        }
        if (run->scored >= SEARCH_SCORED_MAX || run->passed >= SEARCH_PASSED_MAX) {
            run->cut = true;
            sqlite3_reset(statement);
            break;
        }
    }
    if (got >= 0 && run->filter->failed < 0) {
        if (err) {
            *err = run->filter->err;
        }
        return -1;
    }
    return got < 0 ? -1 : 0;
}

static int run_expression(struct run *run, const char *expression, struct error *err)
{
    sqlite3_stmt *statement = search_db_statement(run->db, SEARCH_DB_FTS_RANK, err);
    int64_t first;
    int64_t last;

    if (!statement) {
        return -1;
    }
    search_filter_rows(run->filter, &first, &last);
    sqlite3_bind_text(statement, 1, expression, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 2, first);
    sqlite3_bind_int64(statement, 3, last);
    return step_rows(run, statement, err);
}

/* All of must, and any of may where there are any. */
static int choose(struct run *run, uint64_t must, uint64_t may, const char *operator,
                  struct error * err)
{
    const char *expression;
    struct buf buf;
    int result = -1;

    buf_init(&buf, EXPRESSION_MAX_BYTES);
    run->phrase_count = 0;
    run->chosen_by = must | may;
    if (put_terms(run, must, " AND ", &buf, err) == 0 &&
        (!must || !may || buf_append_str(&buf, " AND ", err) == 0) &&
        (!may ||
         (buf_append_str(&buf, "(", err) == 0 && put_terms(run, may, operator, & buf, err) == 0 &&
          buf_append_str(&buf, ")", err) == 0)) &&
        (expression = buf_cstr(&buf, err))) {
        result = run_expression(run, expression, err);
    }
    buf_deinit(&buf);
    return result;
}

/* ---- which terms */

static uint64_t terms_that(const struct search_words *words, bool required)
{
    uint64_t terms = 0;

    for (uint32_t i = 0; i < words->count; i++) {
        if (words->terms[i].required == required && (required || words->terms[i].rows > 0)) {
            terms |= UINT64_C(1) << i;
        }
    }
    return terms;
}

/* The rarest of terms, as many as have together no more chunks than can be scored. */
static uint64_t affordable(const struct search_words *words, uint64_t terms)
{
    uint64_t taken = 0;
    int64_t sum = 0;

    for (;;) {
        uint32_t rarest = SEARCH_TERMS_MAX;

        for (uint32_t i = 0; i < words->count; i++) {
            if (((terms & ~taken) >> i & 1) &&
                (rarest == SEARCH_TERMS_MAX || words->terms[i].rows < words->terms[rarest].rows)) {
                rarest = i;
            }
        }
        if (rarest == SEARCH_TERMS_MAX || sum + words->terms[rarest].rows > SEARCH_SCORED_MAX) {
            return taken;
        }
        sum += words->terms[rarest].rows;
        taken |= UINT64_C(1) << rarest;
    }
}

static bool has_function_words_alone(const struct search_words *words, uint64_t terms)
{
    for (uint32_t i = 0; i < words->count; i++) {
        if ((terms >> i & 1) && !words->terms[i].function) {
            return false;
        }
    }
    return true;
}

/* Words like "the" do not choose beside others: they would bring what has nothing else. */
static uint64_t without_function_words(const struct search_words *words, uint64_t terms)
{
    uint64_t kept = terms;

    if (has_function_words_alone(words, terms)) {
        return terms;
    }
    for (uint32_t i = 0; i < words->count; i++) {
        if (words->terms[i].function) {
            kept &= ~(UINT64_C(1) << i);
        }
    }
    return kept;
}

static int choose_freely(struct run *run, uint64_t may, struct error *err)
{
    uint64_t taken;

    may = without_function_words(run->words, may);
    taken = search_filter_is_narrow(run->filter) ? may : affordable(run->words, may);
    if (taken) {
        return choose(run, 0, taken, " OR ", err);
    }
    if (choose(run, 0, may, " AND ", err) < 0) {
        return -1;
    }
    return run->list->count == run->list->max || run->cut ? 0 : choose(run, 0, may, " OR ", err);
}

/* With phrases, what has other words too comes first; all that has the phrases follows. */
static int choose_with_phrases(struct run *run, uint64_t must, uint64_t may, struct error *err)
{
    if (may && choose(run, must, may, " OR ", err) < 0) {
        return -1;
    }
    return run->list->count == run->list->max || run->cut ? 0 : choose(run, must, 0, "", err);
}

/* ---- all terms, from the text */

static int add_frequencies(struct run *run, const char *text, double share, double *frequencies,
                           uint32_t *tokens, struct error *err)
{
    struct search_text words;

    if (search_text_read(run->db, run->words, text, strlen(text), run->arena, &words, err) < 0) {
        return -1;
    }
    for (uint32_t at = 0; at < words.count; at++) {
        for (uint32_t i = 0; i < run->words->count; i++) {
            frequencies[i] += search_text_has(&words, at, run->words, i) ? share : 0;
        }
    }
    *tokens += words.count;
    return 0;
}

static int score_anew(struct run *run, struct search_hit *hit, struct error *err)
{
    double frequencies[SEARCH_TERMS_MAX] = {0};
    sqlite3_stmt *chunk;
    uint32_t tokens = 0;
    int got = search_db_get(run->db, SEARCH_DB_CHUNK, &hit->row, 1, &chunk, err);

    if (got <= 0) {
        return got;
    }
    got = add_frequencies(run, search_db_text(chunk, 4), 1, frequencies, &tokens, err);
    got = got < 0 ? -1
                  : add_frequencies(run, search_db_text(chunk, 3), HEADING_WEIGHT, frequencies,
                                    &tokens, err);
    sqlite3_reset(chunk);
    if (got < 0) {
        return -1;
    }
    hit->score = 0;
    for (uint32_t i = 0; i < run->words->count; i++) {
        if (frequencies[i] > 0) {
            hit->score +=
                term_score(run->words->terms[i].weight, frequencies[i], tokens, run->mean_tokens);
        }
    }
    return 0;
}

int search_text(struct search_db *db, const struct search_words *words,
                struct search_filter *filter, struct arena *arena, struct search_list *list,
                bool *ret_cut, struct error *err)
{
    struct run run = {.db = db, .words = words, .filter = filter, .arena = arena, .list = list};
    uint64_t must = terms_that(words, true);
    uint64_t may = terms_that(words, false);
    int result = 0;

    *ret_cut = false;
    if ((must | may) == 0 || (filter->by_document && filter->document_count == 0)) {
        return 0;
    }
    run.mean_tokens = db->rows > 0 ? (double)db->tokens_total / (double)db->rows : 0;
    db->ranking = &run;
    db->rank = rank;
    db->accept = accept;
    result = must ? choose_with_phrases(&run, must, may, err) : choose_freely(&run, may, err);
    db->rank = NULL;
    db->accept = NULL;
    db->ranking = NULL;
    if (result < 0) {
        return -1;
    }
    search_list_sort(list);
    if ((must | may) != run.chosen_by) {
        for (size_t i = 0; i < list->count; i++) {
            if (score_anew(&run, &list->hits[i], err) < 0) {
                return -1;
            }
        }
        search_list_sort(list);
    }
    *ret_cut = run.cut;
    return 0;
}
