/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Options of chunks and tags.
 *
 * Invariant: what is refused here is refused before a document was copied; the worker checks again,
 * as parameters have other ways in. Nothing blocks or logs.
 */
#include "ctl/chunk_options.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "proto/chunk.h"

#define SIZE_LEAST 64U
#define SIZE_MOST 8192U
#define SIZE_DEFAULT 1024U
#define SIZE_TEXT_BYTES 16

int chunk_options_check_tag(const char *tag, struct error *err)
{
    size_t size_bytes = strlen(tag);

    if (size_bytes == 0 || size_bytes > CHUNK_OPTIONS_TAG_MAX_BYTES) {
        return error_set(err, ERROR_INVALID, "a tag has 1 to %d bytes",
                         CHUNK_OPTIONS_TAG_MAX_BYTES);
    }
    for (const char *c = tag; *c; c++) {
        if (*c == ',' || (unsigned char)*c < 0x20 || *c == 0x7f) {
            return error_set(err, ERROR_INVALID, "a tag has no commas and no controls");
        }
    }
    return 0;
}

char *chunk_options_join_tags(const struct option_list *tags, struct error *err)
{
    AUTO_FREE char *joined =
        calloc(CHUNK_OPTIONS_TAGS_MAX, (size_t)CHUNK_OPTIONS_TAG_MAX_BYTES + 1);
    size_t used = 0;

    if (!joined) {
        error_set(err, ERROR_MEMORY, "out of memory");
        return NULL;
    }
    if (tags->count > CHUNK_OPTIONS_TAGS_MAX) {
        error_set(err, ERROR_INVALID, "there are %d tags at most", CHUNK_OPTIONS_TAGS_MAX);
        return NULL;
    }
    for (size_t i = 0; i < tags->count; i++) {
        size_t size_bytes = strlen(tags->items[i]);

        if (chunk_options_check_tag(tags->items[i], err) < 0) {
            return NULL;
        }
        if (i > 0) {
            joined[used++] = ',';
        }
        memcpy(joined + used, tags->items[i], size_bytes);
        used += size_bytes;
    }
    return TAKE_PTR(joined);
}

/* "2048,1024,512": falling. ret_last: the size of what is searched. */
static int check_sizes(const char *text, uint64_t *ret_last, struct error *err)
{
    uint64_t last = SIZE_MOST + 1;
    size_t count = 0;

    for (const char *at = text;; at++) {
        char size[SIZE_TEXT_BYTES];
        size_t length = strcspn(at, ",");
        uint64_t value;

        if (length >= sizeof(size)) {
            return error_set(err, ERROR_INVALID, "\"%.*s\" is no size", (int)length, at);
        }
        memcpy(size, at, length);
        size[length] = '\0';
        if (parse_u64(size, SIZE_LEAST, SIZE_MOST, &value, err) < 0) {
            return -1;
        }
        if (value >= last || ++count > CHUNK_LEVELS_MAX) {
            return error_set(err, ERROR_INVALID, "at most %d sizes, each less than the one before",
                             CHUNK_LEVELS_MAX);
        }
        last = value;
        at += length;
        if (!*at) {
            break;
        }
    }
    *ret_last = last;
    return 0;
}

static int check_size(const struct chunk_options *options, uint64_t *ret_size, struct error *err)
{
    *ret_size = SIZE_DEFAULT;
    if (options->size && options->sizes) {
        return error_set(err, ERROR_INVALID, "--chunk-size and --chunk-sizes exclude each other");
    }
    if (options->size && parse_u64(options->size, SIZE_LEAST, SIZE_MOST, ret_size, err) < 0) {
        return error_wrap(err, "--chunk-size");
    }
    if (options->sizes && check_sizes(options->sizes, ret_size, err) < 0) {
        return error_wrap(err, "--chunk-sizes");
    }
    return 0;
}

static int check(const struct chunk_options *options, struct error *err)
{
    uint64_t size;
    uint64_t overlap;

    if (check_size(options, &size, err) < 0) {
        return -1;
    }
    /* Less than half, so that a chunk is more than what its neighbours have of it. */
    if (options->overlap && parse_u64(options->overlap, 0, (size - 1) / 2, &overlap, err) < 0) {
        return error_wrap(err, "--chunk-overlap");
    }
    return 0;
}

int chunk_options_take(const struct chunk_options *options, struct params *params, char **ret_tags,
                       struct error *err)
{
    const struct {
        const char *key, *value;
    } given[] = {
        {"chunk_size", options->size},
        {"chunk_overlap", options->overlap},
        {"chunk_sizes", options->sizes},
        {"embed", options->no_embed ? "no" : NULL},
    };

    *ret_tags = NULL;
    if (check(options, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        if (given[i].value && params_add(params, given[i].key, given[i].value, err) < 0) {
            return -1;
        }
    }
    if (options->tags.count > 0) {
        *ret_tags = chunk_options_join_tags(&options->tags, err);
        if (!*ret_tags) {
            return error_wrap(err, "--tag");
        }
        return params_add(params, "tags", *ret_tags, err);
    }
    return 0;
}
