/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Terms of a question, and their places in a text.
 *
 * Invariants: a term has 1 to SEARCH_TERM_TOKENS_MAX tokens, and no two terms are the same. What is
 * quoted holds tokens and spaces alone. Nothing blocks, nothing is logged.
 */
#include "workers/index/search_words.h"

#include <string.h>

#include "common/hash.h"
#include "workers/embedding/function_words.h"

#define TEXT_TOKENS_MAX (1U << 20)

static bool is_blank(char c)
{
    return (unsigned char)c <= 0x20 || c == 0x7F;
}

/* A stretch of the question that is one term. */
struct piece {
    const char *text;
    size_t size_bytes;
    bool quoted, prefix;
};

/* The piece that starts at text (no blank). Returns where the next one may start. */
static const char *next_piece(const char *text, struct piece *ret_piece)
{
    const char *end;

    *ret_piece = (struct piece){.text = text};
    if (*text == '"') {
        text++;
        end = strchr(text, '"');
        end = end ? end : text + strlen(text); /* an open quote closes at the end */
        *ret_piece = (struct piece){text, (size_t)(end - text), true, false};
        end += *end == '"';
        ret_piece->prefix = *end == '*';
        return ret_piece->prefix ? end + 1 : end;
    }
    end = text;
    while (*end && *end != '"' && !is_blank(*end)) {
        end++;
    }
    ret_piece->size_bytes = (size_t)(end - text);
    ret_piece->prefix = end[-1] == '*';
    while (ret_piece->size_bytes > 0 && text[ret_piece->size_bytes - 1] == '*') {
        ret_piece->size_bytes--;
    }
    return end;
}

/* What becomes of a piece: a phrase is one term, of other pieces each token is one, so that "input/
 * output" finds either. */
struct term_builder {
    const struct piece *piece;
    struct search_words *words;
    struct arena *arena;
    struct search_term phrase;
    struct error *err;
    bool failed;
};

static bool is_function_word(const char *text)
{
    struct fold_reader reader;
    struct fold_word word;
    struct fold_word more;

    if ((unsigned char)text[0] >= 'a' && text[0] <= 'z' && text[1] == '\0') {
        return true; /* the s of a genitive */
    }
    fold_init(&reader, text, strlen(text));
    return fold_next(&reader, &word) && !fold_next(&reader, &more) && function_word_is(&word);
}

static bool is_among(const struct search_words *words, const struct search_term *term)
{
    for (uint32_t i = 0; i < words->count; i++) {
        const struct search_term *other = &words->terms[i];

        if (strcmp(other->text, term->text) == 0 && other->prefix == term->prefix &&
            other->required == term->required) {
            return true;
        }
    }
    return false;
}

static int add_term(struct search_words *words, const struct search_term *term, struct error *err)
{
    struct search_term *added;

    if (is_among(words, term)) {
        return 0;
    }
    if (words->count == SEARCH_TERMS_MAX) {
        return error_set(err, ERROR_INVALID,
                         "the search has over %d words: search for fewer, or for a phrase in "
                         "quotation marks",
                         SEARCH_TERMS_MAX);
    }
    added = &words->terms[words->count++];
    *added = *term;
    added->function = !term->prefix && !term->required && is_function_word(term->text);
    return 0;
}

static int add_word(struct term_builder *builder, const char *token, size_t token_bytes)
{
    struct search_term term = {
        .text = arena_strndup(builder->arena, token, token_bytes),
        .tokens = arena_alloc(builder->arena, sizeof *term.tokens),
        .token_count = 1,
    };

    if (!term.text || !term.tokens) {
        return error_set(builder->err, ERROR_MEMORY, "no memory for a question");
    }
    term.last = term.text;
    term.tokens[0] = hash_fnv1a(token, token_bytes);
    return add_term(builder->words, &term, builder->err);
}

static int add_to_phrase(struct term_builder *builder, const char *token, size_t token_bytes)
{
    struct search_term *phrase = &builder->phrase;

    phrase->last = arena_strndup(builder->arena, token, token_bytes);
    phrase->text = phrase->last && phrase->text
                       ? arena_printf(builder->arena, "%s %s", phrase->text, phrase->last)
                       : phrase->last;
    if (!phrase->text) {
        return error_set(builder->err, ERROR_MEMORY, "no memory for a question");
    }
    phrase->tokens[phrase->token_count++] = hash_fnv1a(token, token_bytes);
    return 0;
}

static bool take_token(void *user, const char *token, size_t token_bytes, size_t start, size_t end)
{
    struct term_builder *builder = user;

    (void)start;
    if (builder->piece->quoted) {
        if (builder->phrase.token_count == SEARCH_TERM_TOKENS_MAX) {
            return false;
        }
        builder->failed = add_to_phrase(builder, token, token_bytes) < 0;
    } else if (builder->piece->prefix && end == builder->piece->size_bytes) {
        builder->failed = add_to_phrase(builder, token, token_bytes) < 0;
    } else {
        builder->failed = add_word(builder, token, token_bytes) < 0;
    }
    return !builder->failed;
}

static int add_piece(struct search_db *db, const struct piece *piece, struct arena *arena,
                     struct search_words *words, struct error *err)
{
    struct term_builder builder = {
        .piece = piece,
        .words = words,
        .arena = arena,
        .err = err,
        .phrase = {.prefix = piece->prefix, .required = piece->quoted},
    };

    builder.phrase.tokens =
        arena_calloc(arena, SEARCH_TERM_TOKENS_MAX, sizeof *builder.phrase.tokens);
    if (!builder.phrase.tokens) {
        return error_set(err, ERROR_MEMORY, "no memory for a question");
    }
    if (search_db_tokenize(db, piece->text, piece->size_bytes, take_token, &builder, err) < 0 ||
        builder.failed) {
        return -1;
    }
    return builder.phrase.token_count > 0 ? add_term(words, &builder.phrase, err) : 0;
}

int search_words_parse(struct search_db *db, const char *question, struct arena *arena,
                       struct search_words *ret_words, struct error *err)
{
    memset(ret_words, 0, sizeof *ret_words);
    if (question[strspn(question, " \t\r\n")] == '\0') {
        return error_set(err, ERROR_INVALID,
                         "there is nothing to search for: give at least a word");
    }
    if (strlen(question) > SEARCH_WORDS_MAX_BYTES) {
        return error_set(err, ERROR_INVALID, "the search has %zu bytes, and at most %d are taken",
                         strlen(question), SEARCH_WORDS_MAX_BYTES);
    }
    while (*question) {
        struct piece piece;

        if (is_blank(*question)) {
            question++;
            continue;
        }
        question = next_piece(question, &piece);
        if (add_piece(db, &piece, arena, ret_words, err) < 0) {
            return -1;
        }
    }
    return 0;
}

int search_term_expression(const struct search_term *term, struct buf *out, struct error *err)
{
    return buf_printf(out, err, "\"%s\"%s", term->text, term->prefix ? " *" : "");
}

struct text_builder {
    const struct search_words *words;
    struct search_token *tokens;
    uint32_t count, capacity;
};

static bool begins_with(const char *token, size_t token_bytes, const char *prefix)
{
    size_t length = strlen(prefix);

    return token_bytes >= length && memcmp(token, prefix, length) == 0;
}

static bool add_text_token(void *user, const char *token, size_t token_bytes, size_t start,
                           size_t end)
{
    struct text_builder *builder = user;
    struct search_token *added;

    if (builder->count == builder->capacity) {
        return false;
    }
    added = &builder->tokens[builder->count++];
    *added = (struct search_token){
        .hash = hash_fnv1a(token, token_bytes), .start = (uint32_t)start, .end = (uint32_t)end};
    for (uint32_t i = 0; i < builder->words->count; i++) {
        const struct search_term *term = &builder->words->terms[i];

        if (term->prefix && begins_with(token, token_bytes, term->last)) {
            added->prefixes |= UINT64_C(1) << i;
        }
    }
    return true;
}

int search_text_read(struct search_db *db, const struct search_words *words, const char *text,
                     size_t size_bytes, struct arena *arena, struct search_text *ret_text,
                     struct error *err)
{
    size_t most =
        size_bytes / 2 + 1; /* a token takes a byte, and one that parts it from the next */
    struct text_builder builder = {
        .words = words, .capacity = (uint32_t)(most < TEXT_TOKENS_MAX ? most : TEXT_TOKENS_MAX)};

    builder.tokens = arena_calloc(arena, builder.capacity, sizeof *builder.tokens);
    if (!builder.tokens) {
        return error_set(err, ERROR_MEMORY, "no memory for a chunk's words");
    }
    if (search_db_tokenize(db, text, size_bytes, add_text_token, &builder, err) < 0) {
        return -1;
    }
    *ret_text = (struct search_text){builder.tokens, builder.count};
    return 0;
}

bool search_text_has(const struct search_text *text, uint32_t at, const struct search_words *words,
                     uint32_t term)
{
    const struct search_term *wanted = &words->terms[term];

    if (wanted->token_count > text->count - at) {
        return false;
    }
    for (uint32_t i = 0; i < wanted->token_count; i++) {
        const struct search_token *token = &text->tokens[at + i];
        bool by_prefix = wanted->prefix && i + 1 == wanted->token_count;

        if (by_prefix ? (token->prefixes >> term & 1) == 0 : token->hash != wanted->tokens[i]) {
            return false;
        }
    }
    return true;
}
