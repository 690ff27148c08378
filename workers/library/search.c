/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Full-text search over pages.
 *
 * A person's words become an FTS5 expression in which every word is quoted, so that nothing in
 * them is syntax but two things: "…" makes a phrase, and a * behind a word or phrase a prefix.
 * All words must be on the page.
 *
 * Invariants: the expression is built of quoted strings, '*' and spaces alone. Results are held
 * to k, so memory is too. Blocks on the disk. Logs nothing.
 */
#include "workers/library/query.h"

#include <string.h>

#include "workers/library/document.h"

#define SEARCH_TERMS_MAX 64
#define SEARCH_QUERY_MAX_BYTES 4096
#define SEARCH_RESULTS_MAX 1000
#define SEARCH_RESULTS_DEFAULT 10
#define SNIPPET_MAX_BYTES (1U << 26)

/* What a snippet's marks are made with: noncharacters, which no text should hold, so that control
 * characters in a page's text cannot pass for marks. In JSON they become U+0002 and U+0003. */
#define MARK_OPEN "\xEF\xB7\x90"
#define MARK_CLOSE "\xEF\xB7\x91"

struct hit {
    int64_t row;
    double score;
};

static bool is_blank(char c)
{
    return (uint8_t)c <= 0x20 || c == 0x7F;
}

/* One quoted string, quotes inside doubled. */
static int put_term(struct buf *out, const char *text, size_t size_bytes, bool prefix,
                    struct error *err)
{
    if (buf_append(out, "\"", 1, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        if ((text[i] == '"' && buf_append(out, "\"", 1, err) < 0) ||
            buf_append(out, is_blank(text[i]) ? " " : &text[i], 1, err) < 0) {
            return -1;
        }
    }
    return buf_append_str(out, prefix ? "\" * " : "\" ", err);
}

/* The term that starts at text (no blank): ret_text and ret_size_bytes are what is to be quoted,
 * ret_prefix whether a * followed. Returns where the next one may start. */
static const char *next_term(const char *text, const char **ret_text, size_t *ret_size_bytes,
                             bool *ret_prefix)
{
    const char *end;

    if (*text == '"') {
        text++;
        end = strchr(text, '"');
        end = end ? end : text + strlen(text); /* an open quote closes at the end */
        *ret_text = text;
        *ret_size_bytes = (size_t)(end - text);
        end += *end == '"';
        *ret_prefix = *end == '*';
        return *ret_prefix ? end + 1 : end;
    }
    end = text;
    while (*end && *end != '"' && !is_blank(*end)) {
        end++;
    }
    *ret_text = text;
    *ret_prefix = end[-1] == '*';
    *ret_size_bytes = (size_t)(end - text);
    while (*ret_size_bytes > 0 && text[*ret_size_bytes - 1] == '*') {
        (*ret_size_bytes)--;
    }
    return end;
}

/* True when the tokenizer finds a word in it: in ASCII that takes a letter or digit. */
static bool has_word(const char *text, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        uint8_t byte = (uint8_t)text[i];

        if (byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
            (byte >= 'a' && byte <= 'z')) {
            return true;
        }
    }
    return false;
}

/* Appends the expression; ret_terms is 0 when there is no word in it. */
static int build_expression(const char *words, struct buf *out, uint32_t *ret_terms,
                            struct error *err)
{
    uint32_t terms = 0;

    while (*words) {
        const char *text;
        size_t size_bytes;
        bool prefix;

        if (is_blank(*words)) {
            words++;
            continue;
        }
        words = next_term(words, &text, &size_bytes, &prefix);
        if (!has_word(text, size_bytes)) {
            continue;
        }
        if (++terms > SEARCH_TERMS_MAX) {
            return error_set(err, ERROR_INVALID,
                             "the search has over %d words: search for fewer, or for a phrase in "
                             "quotation marks",
                             SEARCH_TERMS_MAX);
        }
        if (put_term(out, text, size_bytes, prefix, err) < 0) {
            return -1;
        }
    }
    *ret_terms = terms;
    return 0;
}

/* The snippet with white space folded and marks as they go out. */
static int clean_snippet(const char *text, struct buf *out, struct error *err)
{
    bool blank = false;

    out->size = 0;
    while (*text) {
        const char *piece = text;
        size_t length = 1;

        if (strncmp(text, MARK_OPEN, 3) == 0 || strncmp(text, MARK_CLOSE, 3) == 0) {
            piece = strncmp(text, MARK_OPEN, 3) == 0 ? "\x02" : "\x03";
            text += 2;
        } else if (is_blank(*text)) {
            blank = true;
            text++;
            continue;
        }
        if ((blank && out->size > 0 && buf_append(out, " ", 1, err) < 0) ||
            buf_append(out, piece, length, err) < 0) {
            return -1;
        }
        blank = false;
        text++;
    }
    return 0;
}

static int put_snippet(struct library *library, const char *expression, int64_t row,
                       struct emit *emit, struct error *err)
{
    struct statement *snippet = library_statement(library, STATEMENT_SNIPPET);
    struct buf clean;
    const char *text;
    int got;

    buf_init(&clean, SNIPPET_MAX_BYTES);
    statement_text(snippet, 1, expression);
    statement_int(snippet, 2, row);
    statement_text(snippet, 3, MARK_OPEN);
    statement_text(snippet, 4, MARK_CLOSE);
    got = statement_step(snippet, err);
    if (got >= 0) {
        text = got > 0 ? statement_column_text(snippet, 0) : NULL;
        got = clean_snippet(text ? text : "", &clean, err);
    }
    if (got == 0) {
        emit_key(emit, "snippet");
        emit_str_n(emit, (const char *)clean.data, clean.size);
    }
    statement_end(snippet);
    buf_deinit(&clean);
    return got;
}

static int put_hit(struct library *library, const char *expression, const struct hit *hit,
                   struct emit *emit, struct error *err)
{
    struct statement *head = library_statement(library, STATEMENT_PAGE_HEAD);
    int got;

    statement_int(head, 1, hit->row);
    if (statement_step(head, err) < 1) {
        return error_set(err, ERROR_CORRUPT, "the full-text index names a page that is not there");
    }
    emit_open(emit, '{');
    emit_key_str(emit, "document_id", statement_column_text(head, 0));
    emit_key_str(emit, "document", statement_column_text(head, 1));
    emit_key_uint(emit, "page", (uint64_t)hit->row & UINT32_MAX);
    emit_key_str(emit, "label", statement_column_text(head, 2));
    emit_key(emit, "score");
    emit_double(emit, hit->score);
    statement_end(head);
    got = put_snippet(library, expression, hit->row, emit, err);
    emit_close(emit, '}');
    return got;
}

/* The best first. */
static int find_hits(struct library *library, const char *expression,
                     const struct document *document, uint64_t k, struct hit *hits,
                     size_t *ret_count, struct error *err)
{
    struct statement *search = library_statement(library, STATEMENT_SEARCH);
    size_t count = 0;
    int got = 0;

    statement_text(search, 1, expression);
    statement_int(search, 2, document ? library_page_row(document->row, 0) : 0);
    statement_int(search, 3, document ? library_page_row(document->row, UINT32_MAX) : INT64_MAX);
    statement_int(search, 4, (int64_t)k);
    while (count < k && (got = statement_step(search, err)) > 0) {
        hits[count].row = statement_column_int(search, 0);
        hits[count].score = -statement_column_real(search, 1); /* FTS5's best is its least */
        count++;
    }
    statement_end(search);
    *ret_count = count;
    return got < 0 ? -1 : 0;
}

static int answer_hits(struct library *library, const char *words, const char *expression,
                       const struct document *document, uint64_t k, struct answer *answer,
                       struct error *err)
{
    struct hit *hits = arena_calloc(library_scratch(library), k, sizeof *hits);
    size_t count = 0;

    if (!hits) {
        return error_set(err, ERROR_MEMORY, "no memory for %llu results", (unsigned long long)k);
    }
    if (expression && find_hits(library, expression, document, k, hits, &count, err) < 0) {
        return -1;
    }
    emit_open(&answer->emit, '{');
    emit_key_str(&answer->emit, "query", words);
    emit_key(&answer->emit, "results");
    emit_open(&answer->emit, '[');
    for (size_t i = 0; i < count; i++) {
        if (put_hit(library, expression, &hits[i], &answer->emit, err) < 0 ||
            answer_flush(answer, err) < 0) {
            return -1;
        }
    }
    emit_close(&answer->emit, ']');
    emit_close(&answer->emit, '}');
    return 0;
}

static int check_words(const char *words, struct error *err)
{
    if (words[strspn(words, " \t\n")] == '\0') {
        return error_set(err, ERROR_INVALID,
                         "there is nothing to search for: give at least a word");
    }
    if (strlen(words) > SEARCH_QUERY_MAX_BYTES) {
        return error_set(err, ERROR_INVALID, "the search has %zu bytes, and at most %d are taken",
                         strlen(words), SEARCH_QUERY_MAX_BYTES);
    }
    return 0;
}

int answer_search(struct library *library, const struct library_query *query, struct answer *answer,
                  struct error *err)
{
    const char *words = library_query_param(query, "q", "");
    const char *name = library_query_param(query, "document", NULL);
    struct document document;
    struct buf expression;
    const char *text = NULL;
    uint32_t terms = 0;
    uint64_t k;
    int result = -1;

    buf_init(&expression, SEARCH_QUERY_MAX_BYTES * 4);
    if (check_words(words, err) == 0 &&
        library_query_param_uint(query, "k", 1, SEARCH_RESULTS_MAX, SEARCH_RESULTS_DEFAULT, &k,
                                 err) == 0 &&
        (!name || document_find(library, name, &document, err) == 0) &&
        build_expression(words, &expression, &terms, err) == 0 &&
        (terms == 0 || (text = buf_cstr(&expression, err)))) {
        result = answer_hits(library, words, text, name ? &document : NULL, k, answer, err);
    }
    buf_deinit(&expression);
    return result;
}
