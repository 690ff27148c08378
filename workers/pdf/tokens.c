/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The tokens of a PDF content stream.
 *
 * Invariants: at <= end; every call but the one that answers TOKEN_END moves at forward. What
 * is decoded (escapes, hexadecimal) is never longer than its source, so that one buffer as long
 * as the content holds all of it and never moves. Nothing blocks or logs.
 */
#include "workers/pdf/tokens.h"

#include <stdlib.h>
#include <string.h>

enum { REGULAR, SPACE, DELIMITER };

static const uint8_t CLASS[256] = {
    [0] = SPACE,       ['\t'] = SPACE,    ['\n'] = SPACE,    ['\f'] = SPACE,
    ['\r'] = SPACE,    [' '] = SPACE,     ['('] = DELIMITER, [')'] = DELIMITER,
    ['<'] = DELIMITER, ['>'] = DELIMITER, ['['] = DELIMITER, [']'] = DELIMITER,
    ['{'] = DELIMITER, ['}'] = DELIMITER, ['/'] = DELIMITER, ['%'] = DELIMITER,
};

void tokens_init(struct tokens *tokens, const uint8_t *data, size_t size_bytes)
{
    *tokens = (struct tokens){.at = data, .end = data + size_bytes, .size_bytes = size_bytes};
}

void tokens_deinit(struct tokens *tokens)
{
    free(tokens->decoded);
    tokens->decoded = NULL;
}

/* Where to decode to; NULL when out of memory. */
static uint8_t *decode_start(struct tokens *tokens)
{
    if (!tokens->decoded) {
        tokens->decoded = malloc(tokens->size_bytes + 1);
        tokens->failed = tokens->failed || !tokens->decoded;
    }
    return tokens->decoded ? tokens->decoded + tokens->decoded_bytes : NULL;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void token_bytes(struct token *token, enum token_kind kind, const uint8_t *bytes,
                        const uint8_t *end)
{
    token->kind = kind;
    token->bytes = bytes;
    token->size_bytes = (size_t)(end - bytes);
}

/* One escape in a literal string, at behind the backslash. Returns where to write on. */
static uint8_t *unescape(struct tokens *tokens, uint8_t *out)
{
    uint8_t c = *tokens->at++;

    switch (c) {
    case 'n':
        *out++ = '\n';
        break;
    case 'r':
        *out++ = '\r';
        break;
    case 't':
        *out++ = '\t';
        break;
    case 'b':
        *out++ = '\b';
        break;
    case 'f':
        *out++ = '\f';
        break;
    case '\r': /* a line continued */
        if (tokens->at < tokens->end && *tokens->at == '\n') {
            tokens->at++;
        }
        break;
    case '\n':
        break;
    default:
        if (c >= '0' && c <= '7') {
            unsigned value = c - '0';

            for (int i = 0;
                 i < 2 && tokens->at < tokens->end && *tokens->at >= '0' && *tokens->at <= '7';
                 i++) {
                value = value * 8 + (*tokens->at++ - '0');
            }
            *out++ = (uint8_t)value;
        } else {
            *out++ = c;
        }
    }
    return out;
}

/* A literal string with escapes or line ends, at behind its opening parenthesis. */
static void decode_literal(struct tokens *tokens, struct token *token)
{
    uint8_t *start = decode_start(tokens);
    uint8_t *out = start;
    int depth = 1;

    while (tokens->at < tokens->end) {
        uint8_t c = *tokens->at++;

        if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0) {
            break;
        }
        if (!start) {
            tokens->at += c == '\\' && tokens->at < tokens->end;
        } else if (c == '\\' && tokens->at < tokens->end) {
            out = unescape(tokens, out);
        } else if (c == '\r') { /* any line end is a line feed */
            tokens->at += tokens->at < tokens->end && *tokens->at == '\n';
            *out++ = '\n';
        } else {
            *out++ = c;
        }
    }
    if (start) {
        tokens->decoded_bytes += (size_t)(out - start);
    }
    token_bytes(token, TOKEN_STRING, start, out);
}

static void next_literal(struct tokens *tokens, struct token *token)
{
    const uint8_t *start = tokens->at;
    const uint8_t *p = start;

    while (p < tokens->end && *p != ')') {
        if (*p == '\\' || *p == '(' || *p == '\r') {
            decode_literal(tokens, token);
            return;
        }
        p++;
    }
    token_bytes(token, TOKEN_STRING, start, p);
    tokens->at = p < tokens->end ? p + 1 : p;
}

static void next_hex(struct tokens *tokens, struct token *token)
{
    uint8_t *start = decode_start(tokens);
    uint8_t *out = start;
    int high = -1;

    while (tokens->at < tokens->end) {
        uint8_t c = *tokens->at++;
        int value = hex_value(c);

        if (c == '>') {
            break;
        }
        if (value < 0 || !start) {
            continue;
        }
        if (high < 0) {
            high = value;
        } else {
            *out++ = (uint8_t)(high << 4 | value);
            high = -1;
        }
    }
    if (start && high >= 0) {
        *out++ = (uint8_t)(high << 4);
    }
    if (start) {
        tokens->decoded_bytes += (size_t)(out - start);
    }
    token_bytes(token, TOKEN_STRING, start, out);
}

static void decode_name(struct tokens *tokens, struct token *token, const uint8_t *end)
{
    uint8_t *start = decode_start(tokens);
    uint8_t *out = start;
    const uint8_t *p = tokens->at;

    while (start && p < end) {
        if (*p == '#' && end - p > 2 && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0) {
            *out++ = (uint8_t)(hex_value(p[1]) << 4 | hex_value(p[2]));
            p += 3;
        } else {
            *out++ = *p++;
        }
    }
    if (start) {
        tokens->decoded_bytes += (size_t)(out - start);
    }
    token_bytes(token, TOKEN_NAME, start, out);
}

static void next_name(struct tokens *tokens, struct token *token)
{
    const uint8_t *start = tokens->at;
    const uint8_t *p = start;
    bool escaped = false;

    while (p < tokens->end && CLASS[*p] == REGULAR) {
        escaped = escaped || *p == '#';
        p++;
    }
    if (escaped) {
        decode_name(tokens, token, p);
    } else {
        token_bytes(token, TOKEN_NAME, start, p);
    }
    tokens->at = p;
}

static void next_number(struct tokens *tokens, struct token *token)
{
    static const double TENTHS[] = {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9};
    const uint8_t *p = tokens->at;
    const uint8_t *end = tokens->end;
    bool negative = false;
    uint64_t digits = 0;
    double whole = 0;
    unsigned places = 0;

    while (p < end && (*p == '-' || *p == '+')) { /* "--5" is seen, and means -5 */
        negative = negative || *p == '-';
        p++;
    }
    while (p < end && *p >= '0' && *p <= '9') {
        whole = whole * 10 + (*p++ - '0');
    }
    if (p < end && *p == '.') {
        p++;
        while (p < end && *p >= '0' && *p <= '9') {
            if (places < 9) {
                digits = digits * 10 + (uint64_t)(*p - '0');
                places++;
            }
            p++;
        }
    }
    while (p < end && (*p == '-' || *p == '.')) { /* "12-34", "1.2.3": the rest means nothing */
        p++;
        while (p < end && *p >= '0' && *p <= '9') {
            p++;
        }
    }
    whole += (double)digits * TENTHS[places];
    token->kind = TOKEN_NUMBER;
    token->number = (float)(negative ? -whole : whole);
    tokens->at = p;
}

static void next_keyword(struct tokens *tokens, struct token *token)
{
    const uint8_t *start = tokens->at;
    const uint8_t *p = start;

    while (p < tokens->end && CLASS[*p] == REGULAR) {
        p++;
    }
    token_bytes(token, TOKEN_KEYWORD, start, p);
    tokens->at = p;
}

static void next_delimited(struct tokens *tokens, struct token *token)
{
    uint8_t c = *tokens->at++;
    bool doubled = tokens->at < tokens->end && *tokens->at == c;

    switch (c) {
    case '(':
        next_literal(tokens, token);
        return;
    case '/':
        next_name(tokens, token);
        return;
    case '[':
        token->kind = TOKEN_ARRAY_OPEN;
        return;
    case ']':
        token->kind = TOKEN_ARRAY_CLOSE;
        return;
    case '<':
        if (!doubled) {
            next_hex(tokens, token);
            return;
        }
        tokens->at++;
        token->kind = TOKEN_DICT_OPEN;
        return;
    case '>':
        tokens->at += doubled;
        token->kind = TOKEN_DICT_CLOSE;
        return;
    default: /* a brace, or a parenthesis that closes nothing: an unknown keyword */
        token_bytes(token, TOKEN_KEYWORD, tokens->at - 1, tokens->at);
        return;
    }
}

static void skip_space(struct tokens *tokens)
{
    const uint8_t *p = tokens->at;
    const uint8_t *end = tokens->end;

    for (; p < end && (CLASS[*p] == SPACE || *p == '%'); p++) {
        if (*p == '%') {
            while (p < end && *p != '\n' && *p != '\r') {
                p++;
            }
            if (p == end) {
                break;
            }
        }
    }
    tokens->at = p;
}

void tokens_next(struct tokens *tokens, struct token *ret_token)
{
    uint8_t c;

    skip_space(tokens);
    if (tokens->at == tokens->end) {
        ret_token->kind = TOKEN_END;
        return;
    }
    c = *tokens->at;
    if ((c >= '0' && c <= '9') || c == '-' || c == '.' || c == '+') {
        next_number(tokens, ret_token);
    } else if (CLASS[c] == DELIMITER) {
        next_delimited(tokens, ret_token);
    } else {
        next_keyword(tokens, ret_token);
    }
}
