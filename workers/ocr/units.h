/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units of the stage ocr, between the harness and what reads pages.
 */
#ifndef EBB_WORKERS_OCR_UNITS_H
#define EBB_WORKERS_OCR_UNITS_H

#include "workers/runtime/worker.h"

/* struct worker_ops of ebb-ocr. */
int ocr_init(struct worker *worker, void **ret_user, struct error *err);
void ocr_warm(struct worker *worker, void *user);
int ocr_run(struct worker *worker, void *user, const struct worker_unit *unit,
            struct worker_result *result, struct error *err);
void ocr_deinit(void *user);

#endif
