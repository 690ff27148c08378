/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A growable byte buffer with a hard maximum, for frames and texts.
 */
#ifndef EBB_COMMON_BUF_H
#define EBB_COMMON_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct buf {
    uint8_t *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
    size_t max;      /* size never exceeds this */
};

/* max_bytes: at least 1. Allocates nothing. */
void buf_init(struct buf *buf, size_t max_bytes);
void buf_deinit(struct buf *buf);
/* Empties it and keeps its memory; gives memory above keep_bytes back. */
void buf_reset(struct buf *buf, size_t keep_bytes);

/* Makes room for extra_bytes more. ERROR_LIMIT past max, ERROR_MEMORY. */
int buf_reserve(struct buf *buf, size_t extra_bytes, struct error *err);
/* data: not from inside buf; NULL allowed when size_bytes is 0. */
int buf_append(struct buf *buf, const void *data, size_t size_bytes, struct error *err);
int buf_append_str(struct buf *buf, const char *text, struct error *err);
int buf_printf(struct buf *buf, struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Removes the first size_bytes (at most size). */
void buf_consume(struct buf *buf, size_t size_bytes);
/* A terminating NUL behind the data, not counted in size. Returns data as a string, NULL (and
 * err) when there is no room. Owns: buf's, until it changes. */
const char *buf_cstr(struct buf *buf, struct error *err);

#endif
