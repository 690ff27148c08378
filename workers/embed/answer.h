/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Answers of an endpoint: {"data": [{"index": 0, "embedding": [0.1, ...]}, ...], ...}. It is not
 * trusted: every index from 0 to count - 1 comes once, all vectors have the same dimensions, those
 * that are expected, and are finite and not zero; else nothing of the answer is taken.
 */
#ifndef EBB_WORKERS_EMBED_ANSWER_H
#define EBB_WORKERS_EMBED_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/error.h"

struct answer {
    uint32_t count;      /* texts that were sent */
    uint32_t dimensions; /* expected; 0: those of the first vector */
};

/*
 * ret_vectors: count vectors, of length 1, by index, each of *ret_dimensions; in arena.
 * ERROR_PROTOCOL, saying what is wrong; ERROR_MEMORY.
 */
int answer_read(const struct answer *expected, const void *data, size_t size_bytes,
                struct arena *arena, const float **ret_vectors, uint32_t *ret_dimensions,
                struct error *err);

/* What {"error": {"message": "..."}} says, or {"error": "..."}, or {"message": ...}, cleaned and
 * cut; "" where there is nothing of the kind. */
void answer_complaint(const void *data, size_t size_bytes, char *ret_text, size_t text_bytes);

#endif
