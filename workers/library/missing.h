/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Chunks that are searched and lack a vector: of the configured model, or, of what is owed, of any.
 * A text without a letter or digit has nothing to be found by and lacks none.
 *
 * Owed are vectors of text that a job was to make and could not. Only they are made unasked:
 * another model may cost its owner money, and a document may have been taken in to have none.
 */
#ifndef EBB_WORKERS_LIBRARY_MISSING_H
#define EBB_WORKERS_LIBRARY_MISSING_H

#include "workers/library/library.h"

/* The model of text vectors that the settings ask for. */
struct missing_model {
    const char *name;
    uint32_t dimensions; /* 0: whatever the endpoint gave */
    bool owed;           /* only chunks without a vector of any model, of documents that want one */
};

struct missing_chunk {
    int64_t row;
    const char *text; /* borrowed until the next */
    size_t text_bytes;
    const char *headings; /* JSON, "" where there are none; likewise */
};

/* The set of the model; *ret_set 0 where nothing has a vector of it yet. */
int missing_set(struct library *library, const struct missing_model *model, int64_t *ret_set,
                struct error *err);

/* Walks over those of rows first to last in their order; one walk at a time. */
int missing_begin(struct library *library, const struct missing_model *model, int64_t first_row,
                  int64_t last_row, struct error *err);
/* 1, 0 at the end, -1. */
int missing_next(struct library *library, const struct missing_model *model,
                 struct missing_chunk *ret_chunk, struct error *err);
void missing_end(struct library *library, const struct missing_model *model);

/* Asked every 1024 chunks; false: ERROR_CANCELLED. */
struct missing_progress {
    bool (*ask)(void *context, uint64_t done);
    void *context;
};
int missing_ask(const struct missing_progress *progress, uint64_t done, struct error *err);
int missing_count(struct library *library, const struct missing_model *model,
                  const struct missing_progress *progress, uint64_t *ret_count, struct error *err);

#endif
