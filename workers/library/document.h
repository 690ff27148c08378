/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Finding a document by what a caller knows of it, and reading its row.
 */
#ifndef EBB_WORKERS_LIBRARY_DOCUMENT_H
#define EBB_WORKERS_LIBRARY_DOCUMENT_H

#include <stdint.h>

#include "workers/library/library.h"

struct document {
    int64_t row;
    char id[UUID_TEXT_BYTES];
    char sha256[HASH_SHA256_HEX_BYTES];
    uint32_t page_count;
};

#define DOCUMENT_PREFIX_MIN 6

/* The document of a job. ERROR_NOT_FOUND when the job's survey is not in the library. */
int document_of_job(struct library *library, const char *job, struct document *ret_document,
                    struct error *err);

/* name: a document's id, a job's id, or at least DOCUMENT_PREFIX_MIN characters that one
 * document's id alone starts with. ERROR_NOT_FOUND, ERROR_INVALID (too short, not unique). */
int document_find(struct library *library, const char *name, struct document *ret_document,
                  struct error *err);

#endif
