/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The sizes of chunks that a job asks for.
 */
#include "workers/index/chunk_unit.h"

#include <stdio.h>
#include <string.h>

#include "common/parse.h"

#define SIZE_FALLBACK 1024U
#define OVERLAP_FALLBACK 128U
#define OVERLAP_PARTS 4U /* of a small size the overlap is no more than this part, if not given */
#define NUMBER_BYTES 16U

static int read_size(const char *key, const char *text, uint32_t *ret_size, struct error *err)
{
    uint64_t size;

    if (parse_u64(text, CHUNK_SIZE_MIN, CHUNK_SIZE_MAX, &size, err) < 0) {
        return error_wrap(err, "%s", key);
    }
    *ret_size = (uint32_t)size;
    return 0;
}

static int bad_list(const char *list, struct error *err)
{
    return error_set(err, ERROR_INVALID,
                     "chunk_sizes is \"%.64s\", not one to %d falling numbers, %u to %u, with "
                     "commas between them",
                     list, CHUNK_LEVELS_MAX, CHUNK_SIZE_MIN, CHUNK_SIZE_MAX);
}

/* "2048,1024,512": the last is level 0. */
static int read_list(const char *list, struct chunk_sizes *sizes, struct error *err)
{
    uint32_t falling[CHUNK_LEVELS_MAX] = {0};
    uint32_t count = 0;

    for (const char *at = list; at;) {
        const char *comma = strchr(at, ',');
        size_t length = comma ? (size_t)(comma - at) : strlen(at);
        char number[NUMBER_BYTES];

        if (count == CHUNK_LEVELS_MAX || length >= sizeof(number)) {
            return bad_list(list, err);
        }
        memcpy(number, at, length);
        number[length] = '\0';
        if (read_size("chunk_sizes", number, &falling[count], NULL) < 0 ||
            (count > 0 && falling[count] >= falling[count - 1])) {
            return bad_list(list, err);
        }
        count++;
        at = comma ? comma + 1 : NULL;
    }
    sizes->count = count;
    for (uint32_t i = 0; i < count; i++) {
        sizes->sizes[i] = falling[count - 1 - i];
    }
    return 0;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

int chunk_sizes_read(chunk_param_cb param, const void *context, struct chunk_sizes *ret_sizes,
                     struct error *err)
{
    struct chunk_sizes sizes = {.sizes = {SIZE_FALLBACK}, .count = 1};
    const char *list = param(context, "chunk_sizes");
    const char *size = param(context, "chunk_size");
    const char *overlap = param(context, "chunk_overlap");
    uint64_t value;

    if (size && read_size("chunk_size", size, &sizes.sizes[0], err) < 0) {
        return -1;
    }
    if (list && read_list(list, &sizes, err) < 0) {
        return -1;
    }
    sizes.overlap = least(OVERLAP_FALLBACK, sizes.sizes[0] / OVERLAP_PARTS);
    if (overlap) {
        /* Less than half of the size that is searched. */
        if (parse_u64(overlap, 0, (sizes.sizes[0] - 1) / 2, &value, err) < 0) {
            return error_wrap(err, "chunk_overlap");
        }
        sizes.overlap = (uint32_t)value;
    }
    *ret_sizes = sizes;
    return 0;
}
