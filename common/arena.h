/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Memory for one unit of work: allocated bit by bit, given back at once.
 */
#ifndef EBB_COMMON_ARENA_H
#define EBB_COMMON_ARENA_H

#include <stddef.h>

struct arena;

/* max_bytes: the bound on all that is handed out; 0 means no bound. NULL when out of memory. */
struct arena *arena_create(size_t max_bytes);
void arena_destroy(struct arena *arena);
/* Forgets everything handed out; keeps one block for the next use. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type, never shared: also a size of 0 gets an address of its own. NULL
 * past the bound or out of memory. Owns: the arena. */
void *arena_alloc(struct arena *arena, size_t size_bytes);
/* count * size_bytes with the overflow checked. */
void *arena_calloc(struct arena *arena, size_t count, size_t size_bytes);
/* Texts: packed, so not aligned. NULL as above. */
char *arena_strdup(struct arena *arena, const char *text);
/* Of text up to its NUL, at most size_bytes. */
char *arena_strndup(struct arena *arena, const char *text, size_t size_bytes);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Bytes handed out since the last reset, the padding between them included; max_bytes bounds
 * this. */
size_t arena_used_bytes(const struct arena *arena);

#endif
