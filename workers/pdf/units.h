/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of the stages survey and extract, between the harness and the pure transforms.
 */
#ifndef EBB_WORKERS_PDF_UNITS_H
#define EBB_WORKERS_PDF_UNITS_H

#include "workers/runtime/worker.h"

/* struct worker_ops of ebb-pdf. */
int pdf_init(struct worker *worker, void **ret_user, struct error *err);
int pdf_run(struct worker *worker, void *user, const struct worker_unit *unit,
            struct worker_result *result, struct error *err);
void pdf_deinit(void *user);

#endif
