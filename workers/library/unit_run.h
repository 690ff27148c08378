/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the handlers of ebb-library's steps (unit.c) work with, and those that are elsewhere.
 */
#ifndef EBB_WORKERS_LIBRARY_UNIT_RUN_H
#define EBB_WORKERS_LIBRARY_UNIT_RUN_H

#include "workers/library/library.h"
#include "workers/library/missing.h"
#include "workers/library/outcome.h"
#include "workers/library/persist.h"
#include "workers/runtime/worker.h"

struct run {
    struct worker *worker;
    struct library *library;
    const struct worker_unit *unit;
    struct worker_result *result;
    struct outcome outcome;
};

/* The model of text vectors that the settings ask for. Owns: the worker. ERROR_INVALID. */
int run_model(const struct run *run, struct missing_model *ret_model, struct error *err);

/* The unit as the persist functions want it. Owns: the unit. */
struct persist_unit run_persist_unit(const struct run *run);
/* ERROR_INVALID for a unit that names none. */
int run_need_artifact(const struct run *run, struct error *err);

/* Of a document, once its pages are there. */
int run_structure(struct run *run, struct error *err);
int run_persist_chunks(struct run *run, struct error *err);
int run_persist_text_vectors(struct run *run, struct error *err);
int run_persist_image_vectors(struct run *run, struct error *err);
int run_finish(struct run *run, struct error *err);

/* Of a job that embeds again (reembed.h). */
int run_collect(struct run *run, struct error *err);
int run_gather(struct run *run, struct error *err);
int run_settle(struct run *run, struct error *err);

#endif
