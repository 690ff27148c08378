/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What vectors were made of: the texts that a unit of embed_text had, to be compared with what
 * their chunks say now. Between the two another job may have cut the document anew.
 */
#ifndef EBB_WORKERS_LIBRARY_EMBEDDED_TEXTS_H
#define EBB_WORKERS_LIBRARY_EMBEDDED_TEXTS_H

#include "workers/library/library.h"

struct embedded_texts;

/* rows: the artifact is of kind "texts", targets are rows; else "chunks", and ordinals from first
 * to last are read. NULL with ERROR_CORRUPT, ERROR_NOT_FOUND, ERROR_MEMORY. */
struct embedded_texts *embedded_texts_read(const char *path, bool rows, uint32_t first,
                                           uint32_t last, struct error *err);
void embedded_texts_destroy(struct embedded_texts *texts); /* NULL is a no-op */

/* Whether the chunk of that row has level 0 and says what the target's text said. */
int embedded_texts_agree(struct embedded_texts *texts, struct library *library, uint64_t target,
                         int64_t row, bool *ret_agree, struct error *err);

#endif
