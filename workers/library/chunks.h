/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A document's chunks as rows, and what goes with them: the full-text index, and the vectors of
 * those whose text is another.
 */
#ifndef EBB_WORKERS_LIBRARY_CHUNKS_H
#define EBB_WORKERS_LIBRARY_CHUNKS_H

#include "proto/chunk.h"
#include "workers/library/document.h"
#include "workers/library/persist.h"

/*
 * The artifact of kind "chunks" in place of all chunks of the job's document, in one transaction. A
 * chunk that says what the one of its ordinal said keeps its vectors.
 * Errors: as persist_pages.
 */
int persist_chunks(struct library *library, const struct persist_unit *unit,
                   struct outcome *ret_outcome, struct error *err);

/* Removes all chunks of the document, with their vectors, in a transaction; nothing where it has
 * none. */
int chunks_remove(struct library *library, const struct document *document, struct error *err);

/* A chunk's boxes as its column has them: [[offset, page, x0, y0, x1, y1], ...]. Empties out. */
int chunks_encode_boxes(const struct chunk_box *boxes, uint32_t count, struct buf *out,
                        const char **ret_json, struct error *err);

#endif
