/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The unit of the stage assemble, between the harness and assemble.h. Parameters of the job:
 * searchable_pdf (yes), languages (eng), password.
 */
#ifndef EBB_WORKERS_PDF_ASSEMBLE_UNIT_H
#define EBB_WORKERS_PDF_ASSEMBLE_UNIT_H

#include "common/arena.h"
#include "workers/mupdf/document.h"
#include "workers/runtime/worker.h"

/* At the end of survey: the unit, when the job wants one; a warning when there can be none. */
void assemble_unit_plan(const struct document *document, const struct worker_unit *unit,
                        struct worker_result *result);

/* source: the document's file; arena: of a page. Returns as a run of struct worker_ops; the code
 * of a document of which no searchable PDF can be made is searchable_pdf. */
int assemble_unit_run(struct worker *worker, struct document *document, const char *source,
                      struct arena *arena, const struct worker_unit *unit,
                      struct worker_result *result, struct error *err);

#endif
