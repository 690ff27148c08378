/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Survey: what there is to know about a document before any page is read.
 */
#ifndef EBB_WORKERS_PDF_SURVEY_H
#define EBB_WORKERS_PDF_SURVEY_H

#include "common/arena.h"
#include "common/error.h"
#include "proto/survey.h"
#include "workers/mupdf/document.h"

/* Fills everything but sha256 and size_bytes. ret_record lives in arena. ERROR_MEMORY. */
int survey_document(struct document *document, struct arena *arena,
                    struct survey_record *ret_record, struct error *err);

#endif
