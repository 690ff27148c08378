/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A question's words, and where a text has them.
 *
 * A person's words become terms: a word, a "phrase in quotation marks" that must be there, and a
 * prefix where a * follows. Nothing else is syntax. Each term is what the full-text index would
 * make of it, so that an expression of quoted terms, and a text looked through here, agree.
 */
#ifndef EBB_WORKERS_INDEX_SEARCH_WORDS_H
#define EBB_WORKERS_INDEX_SEARCH_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "workers/index/search_db.h"

#define SEARCH_TERMS_MAX 64
#define SEARCH_TERM_TOKENS_MAX 64
#define SEARCH_WORDS_MAX_BYTES 4096

struct search_term {
    const char *text; /* its tokens, parted by spaces */
    uint64_t *tokens; /* their hashes */
    uint32_t token_count;
    const char *last; /* of a prefix the token that begins so */
    bool prefix;
    bool required; /* a phrase that was put in quotation marks */
    bool function; /* a word that says nothing of a subject, as "the" */
    int64_t rows;  /* chunks that have it, by search_counts; about, where counting ended early */
    bool rows_cut; /* it did */
    double weight; /* its inverse frequency; 0 where no chunk has it */
};

struct search_words {
    struct search_term terms[SEARCH_TERMS_MAX];
    uint32_t count;  /* 0 where there is no word in the question */
    bool prefix_cut; /* a prefix was too short for so large a library, and was taken as a word */
};

/* Owns: arena. ERROR_INVALID for nothing but blanks, too many words or bytes. */
int search_words_parse(struct search_db *db, const char *question, struct arena *arena,
                       struct search_words *ret_words, struct error *err);

/* Appends the term as FTS5 wants it: quoted, with a * for a prefix. */
int search_term_expression(const struct search_term *term, struct buf *out, struct error *err);

/* A text cut into tokens. */
struct search_token {
    uint64_t hash;
    uint64_t prefixes; /* bit i: it begins as the last token of term i, a prefix */
    uint32_t start, end;
};

struct search_text {
    struct search_token *tokens;
    uint32_t count;
};

/* Owns: arena. */
int search_text_read(struct search_db *db, const struct search_words *words, const char *text,
                     size_t size_bytes, struct arena *arena, struct search_text *ret_text,
                     struct error *err);
/* Whether the term stands at that token. */
bool search_text_has(const struct search_text *text, uint32_t at, const struct search_words *words,
                     uint32_t term);

#endif
