/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Moving the library to another model of text vectors, in three stages: collect finds which
 * documents have chunks without a vector of the configured model, gather writes their texts for
 * embed_text, and settle removes what other models made, once nothing lacks a vector. Of a job for
 * what is owed (missing.h) they find that alone, and settle removes nothing.
 */
#ifndef EBB_WORKERS_LIBRARY_REEMBED_H
#define EBB_WORKERS_LIBRARY_REEMBED_H

#include "workers/library/missing.h"

/* Rows of documents. */
struct reembed_range {
    uint32_t first, last;
};

/*
 * Ranges of documents with about 2048 such chunks each, at most 32768 of them. *ret_missing: the
 * chunks. found is called for each range in its order.
 */
int reembed_collect(struct library *library, const struct missing_model *model,
                    const struct missing_progress *progress,
                    void (*found)(void *context, struct reembed_range range), void *context,
                    uint64_t *ret_missing, struct error *err);

/* Writes the artifact of kind "texts"; *ret_texts: how many. */
int reembed_gather(struct library *library, const struct missing_model *model,
                   const struct missing_progress *progress, struct reembed_range range,
                   const char *artifact_path, uint64_t *ret_texts, struct error *err);

struct reembed_settled {
    uint64_t missing; /* chunks that lack a vector: nothing was removed then */
    uint64_t removed; /* vectors of other models */
};

int reembed_settle(struct library *library, const struct missing_model *model,
                   const struct missing_progress *progress, struct reembed_settled *ret_settled,
                   struct error *err);

#endif
