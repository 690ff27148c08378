/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a unit came to, as DONE or FAILED will tell it: filled by persist, finish and the queries,
 * read by unit.c.
 */
#ifndef EBB_WORKERS_LIBRARY_OUTCOME_H
#define EBB_WORKERS_LIBRARY_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/uuid.h"

struct outcome {
    /* On failure: PIPELINE.md's code; NULL where the error's own code says it all. */
    const char *code;
    bool retryable;
    char document_id[UUID_TEXT_BYTES]; /* "" until it is known */
    uint64_t pages, pages_failed, chars, words;
    /* Of finish: pages whose text OCR read, images that are content, tables joined over pages. */
    uint64_t pages_ocr, images, tables;
    uint64_t blocks;                           /* of structure: the body's */
    uint64_t chunks, vectors, images_embedded; /* of text; images that have vectors */
};

/* Names the failure that err (already set) describes. Returns -1. */
int outcome_fail(struct outcome *outcome, const char *code, bool retryable);

/* The failure's name: outcome's own, else by err's code; NULL for "internal". */
const char *outcome_code(const struct outcome *outcome, const struct error *err,
                         bool *ret_retryable);

#endif
