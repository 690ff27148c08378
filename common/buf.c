/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A growable byte buffer with a hard maximum.
 *
 * Invariants: size <= max; size <= capacity; capacity <= max + 1, the one more being for the NUL
 * of buf_cstr and buf_printf; data is NULL exactly when capacity is 0. A call that fails leaves
 * the content as it was. Nothing blocks or logs.
 */
#include "common/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_BYTES 256

void buf_init(struct buf *buf, size_t max_bytes)
{
    assert(max_bytes >= 1);
    buf->data = NULL;
    buf->size = 0;
    buf->capacity = 0;
    buf->max = max_bytes;
}

void buf_deinit(struct buf *buf)
{
    free(buf->data);
    buf->data = NULL;
    buf->size = 0;
    buf->capacity = 0;
}

void buf_reset(struct buf *buf, size_t keep_bytes)
{
    uint8_t *smaller;

    buf->size = 0;
    if (buf->capacity <= keep_bytes) {
        return;
    }
    if (keep_bytes == 0) {
        buf_deinit(buf);
        return;
    }
    smaller = realloc(buf->data, keep_bytes);
    if (smaller) {
        buf->data = smaller;
        buf->capacity = keep_bytes;
    }
}

/* Room for size + extra_bytes + nul_bytes bytes; extra_bytes is held to max, nul_bytes (0 or 1)
 * is not. */
static int buf_grow(struct buf *buf, size_t extra_bytes, size_t nul_bytes, struct error *err)
{
    size_t needed_bytes;
    size_t ceiling_bytes = buf->max < SIZE_MAX ? buf->max + 1 : SIZE_MAX;
    size_t new_bytes = buf->capacity ? buf->capacity : BUF_FIRST_BYTES;
    uint8_t *bigger;

    if (extra_bytes > buf->max - buf->size) {
        return error_set(err, ERROR_LIMIT,
                         "%zu bytes more than the %zu in use pass the limit of %zu", extra_bytes,
                         buf->size, buf->max);
    }
    if (__builtin_add_overflow(buf->size + extra_bytes, nul_bytes, &needed_bytes)) {
        return error_set(err, ERROR_MEMORY, "no memory for a buffer of %zu bytes", SIZE_MAX);
    }
    if (needed_bytes <= buf->capacity) {
        return 0;
    }
    while (new_bytes < needed_bytes) {
        new_bytes = new_bytes <= SIZE_MAX / 2 ? new_bytes * 2 : SIZE_MAX;
    }
    if (new_bytes > ceiling_bytes) {
        new_bytes = ceiling_bytes;
    }
    bigger = realloc(buf->data, new_bytes);
    if (!bigger) {
        return error_set(err, ERROR_MEMORY, "no memory for a buffer of %zu bytes", new_bytes);
    }
    buf->data = bigger;
    buf->capacity = new_bytes;
    return 0;
}

int buf_reserve(struct buf *buf, size_t extra_bytes, struct error *err)
{
    return buf_grow(buf, extra_bytes, 0, err);
}

int buf_append(struct buf *buf, const void *data, size_t size_bytes, struct error *err)
{
    if (size_bytes == 0) {
        return 0;
    }
    if (buf_grow(buf, size_bytes, 0, err) < 0) {
        return -1;
    }
    memcpy(buf->data + buf->size, data, size_bytes);
    buf->size += size_bytes;
    return 0;
}

int buf_append_str(struct buf *buf, const char *text, struct error *err)
{
    return buf_append(buf, text, strlen(text), err);
}

int buf_printf(struct buf *buf, struct error *err, const char *fmt, ...)
{
    va_list ap;
    int length;

    va_start(ap, fmt);
    length = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (length < 0) {
        return error_set(err, ERROR_INVALID, "text cannot be formatted");
    }
    if (buf_grow(buf, (size_t)length, 1, err) < 0) {
        return -1;
    }
    va_start(ap, fmt);
    vsnprintf((char *)(buf->data + buf->size), (size_t)length + 1, fmt, ap);
    va_end(ap);
    buf->size += (size_t)length;
    return 0;
}

void buf_consume(struct buf *buf, size_t size_bytes)
{
    if (size_bytes >= buf->size) {
        buf->size = 0;
        return;
    }
    if (size_bytes > 0) {
        memmove(buf->data, buf->data + size_bytes, buf->size - size_bytes);
        buf->size -= size_bytes;
    }
}

const char *buf_cstr(struct buf *buf, struct error *err)
{
    if (buf_grow(buf, 0, 1, err) < 0) {
        return NULL;
    }
    buf->data[buf->size] = '\0';
    return (const char *)buf->data;
}
