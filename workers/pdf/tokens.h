/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The tokens of a PDF content stream that is in memory whole. Total: any bytes give tokens, and
 * in the end TOKEN_END.
 * Source: ISO 32000-1, 7.2 and 7.3.
 */
#ifndef EBB_WORKERS_PDF_TOKENS_H
#define EBB_WORKERS_PDF_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_NAME, /* without its slash */
    TOKEN_ARRAY_OPEN,
    TOKEN_ARRAY_CLOSE,
    TOKEN_DICT_OPEN,
    TOKEN_DICT_CLOSE,
    TOKEN_KEYWORD,
};

struct token {
    enum token_kind kind;
    float number;
    const uint8_t *bytes; /* of a string, name or keyword; borrowed from the content */
    size_t size_bytes;
};

struct tokens {
    const uint8_t *at, *end;
    uint8_t *decoded; /* strings and names with escapes; allocated when the first is met */
    size_t decoded_bytes;
    size_t size_bytes; /* of all content: decoded never becomes larger */
    bool failed;       /* out of memory: a string was cut */
};

/* data is borrowed until tokens_deinit. */
void tokens_init(struct tokens *tokens, const uint8_t *data, size_t size_bytes);
void tokens_deinit(struct tokens *tokens);

/* The next token. What tokens borrow stays until tokens_deinit. */
void tokens_next(struct tokens *tokens, struct token *ret_token);

/* After the keyword BI: skips the image's dictionary, its data and the keyword EI. */
void tokens_skip_image(struct tokens *tokens);

#endif
