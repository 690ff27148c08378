/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Skips inline images. Nothing says where their data ends but the keyword EI, which the data may
 * hold by chance: data that is not filtered is skipped by its size, elsewhere an EI counts when
 * what follows can be content. Nothing blocks or logs.
 * Source: ISO 32000-1, 8.9.7.
 */
#include <string.h>

#include "workers/pdf/tokens.h"

#define IMAGE_FIELD_MAX UINT64_C(1000000)
#define PLAUSIBLE_BYTES 12 /* looked at behind an EI that may be image data */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}

static bool token_is(const struct token *token, const char *name, const char *short_name)
{
    return (token->size_bytes == strlen(name) &&
            memcmp(token->bytes, name, token->size_bytes) == 0) ||
           (token->size_bytes == strlen(short_name) &&
            memcmp(token->bytes, short_name, token->size_bytes) == 0);
}

/* An inline image's size as far as its dictionary gives it. */
struct image_size {
    uint64_t width, height, bits, components;
    bool filtered;
};

static uint64_t components_of(const struct token *token)
{
    if (token->kind != TOKEN_NAME) {
        return 0;
    }
    if (token_is(token, "DeviceGray", "G")) {
        return 1;
    }
    if (token_is(token, "DeviceRGB", "RGB")) {
        return 3;
    }
    return token_is(token, "DeviceCMYK", "CMYK") ? 4 : 0;
}

static uint64_t field_of(const struct token *token)
{
    float value = token->kind == TOKEN_NUMBER ? token->number : 0;

    return value >= 1 && value <= (float)IMAGE_FIELD_MAX ? (uint64_t)value : 0;
}

static void read_image_entry(const struct token *key, const struct token *value,
                             struct image_size *size)
{
    if (token_is(key, "Width", "W")) {
        size->width = field_of(value);
    } else if (token_is(key, "Height", "H")) {
        size->height = field_of(value);
    } else if (token_is(key, "BitsPerComponent", "BPC")) {
        size->bits = field_of(value);
    } else if (token_is(key, "ColorSpace", "CS")) {
        size->components = components_of(value);
    } else if (token_is(key, "ImageMask", "IM")) {
        if (value->kind == TOKEN_KEYWORD && token_is(value, "true", "true")) {
            size->bits = 1;
            size->components = 1;
        }
    } else if (token_is(key, "Filter", "F")) {
        size->filtered = true;
    }
}

/* The dictionary up to the keyword ID and the one white-space byte behind it. */
static void read_image_dict(struct tokens *tokens, struct image_size *size)
{
    struct token key = {.kind = TOKEN_END};
    struct token token;

    do {
        tokens_next(tokens, &token);
        if (token.kind == TOKEN_KEYWORD && token_is(&token, "ID", "ID")) {
            tokens->at += tokens->at < tokens->end;
            return;
        }
        if (key.kind == TOKEN_NAME) {
            read_image_entry(&key, &token, size);
            key.kind = TOKEN_END;
        } else {
            key = token;
        }
    } while (token.kind != TOKEN_END);
}

/* Whether at stands EI as a word, and behind it something that can be content. */
static bool is_image_end(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 2 || at[0] != 'E' || at[1] != 'I' ||
        (end - at > 2 && !is_space(at[2]) && at[2] != '/' && at[2] != '<')) {
        return false;
    }
    for (const uint8_t *p = at + 2; p < end && p < at + 2 + PLAUSIBLE_BYTES; p++) {
        if (*p >= 0x7F || (*p < 0x20 && !is_space(*p))) {
            return false;
        }
    }
    return true;
}

void tokens_skip_image(struct tokens *tokens)
{
    struct image_size size = {.bits = 8};
    uint64_t raw_bytes;
    const uint8_t *p;

    read_image_dict(tokens, &size);
    p = tokens->at;
    raw_bytes = (size.width * size.bits * size.components + 7) / 8 * size.height;
    if (!size.filtered && raw_bytes <= (uint64_t)(tokens->end - p)) {
        p += raw_bytes;
    }
    for (; p < tokens->end; p++) {
        if (*p == 'E' && (p == tokens->at || is_space(p[-1]) || size.filtered) &&
            is_image_end(p, tokens->end)) {
            tokens->at = p + 2;
            return;
        }
    }
    tokens->at = tokens->end;
}
