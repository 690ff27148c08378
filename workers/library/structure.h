/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The structure stage: when every page has been read, what do all of them together say of the
 * document, and its body (proto/body.h) as an artifact for the stages behind.
 */
#ifndef EBB_WORKERS_LIBRARY_STRUCTURE_H
#define EBB_WORKERS_LIBRARY_STRUCTURE_H

#include "workers/library/library.h"
#include "workers/library/outcome.h"

#define STRUCTURE_IMAGES_A_UNIT 16 /* of embed_image */

/* The last image of the unit that begins with first. */
static inline uint32_t structure_last_image(uint32_t first, uint32_t images)
{
    return images - first < STRUCTURE_IMAGES_A_UNIT ? images : first + STRUCTURE_IMAGES_A_UNIT - 1;
}

struct structure_failure {
    uint32_t page;
    const char *code;
    const char *text;
};

/* The next page that failed, until false. */
typedef bool (*structure_failure_cb)(void *context, size_t index,
                                     struct structure_failure *ret_failure);

struct structure_unit {
    const char *job;
    const char *artifact_path;       /* of the body */
    structure_failure_cb failure_at; /* NULL where none failed */
    void *context;
    /* The list was cut at its bound: pages that are in neither place failed too. */
    bool failures_cut;
    /* Called every few pages with how many are done; false to stop. NULL: never. */
    bool (*progress)(void *context, uint32_t done);
    void *progress_context;
};

/*
 * Rows for the pages that failed (a page that was read before stays as it was), the document's
 * style, which images are content and their numbers, the tables made of their parts: in one durable
 * transaction. Then the body.
 * Errors: "rows_missing" (retryable) when the document or one of its pages is not there: the
 * text names the first. ERROR_CANCELLED.
 */
int structure_document(struct library *library, const struct structure_unit *unit,
                       struct outcome *ret_outcome, struct error *err);

#endif
