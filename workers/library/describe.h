/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the library knows of a document beside its pages, as JSON.
 */
#ifndef EBB_WORKERS_LIBRARY_DESCRIBE_H
#define EBB_WORKERS_LIBRARY_DESCRIBE_H

#include "workers/library/document.h"
#include "workers/library/query.h"
#include "workers/library/style.h"

/* Appends keys and values to an object that is open: docs/library.md, "JSON". */
int describe_document(struct library *library, const struct document *document,
                      const struct document_style *style, struct answer *answer, struct error *err);

#endif
