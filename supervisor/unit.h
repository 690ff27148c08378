/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What becomes of a unit when a try of it ends: the rules of PIPELINE.md "Failure, in one table"
 * and of ARCHITECTURE.md "States". Each call leaves the unit done, failed, pending again or cut
 * in pieces, and the job's stages advanced.
 */
#ifndef EBB_SUPERVISOR_UNIT_H
#define EBB_SUPERVISOR_UNIT_H

#include "proto/message.h"
#include "proto/verdict.h"
#include "supervisor/job.h"
#include "supervisor/worker.h"

struct supervisor;

/* A job is taken into work, perhaps again: its stages are where its units are. */
void unit_job_admitted(struct supervisor *supervisor, struct job *job);
/* index: the unit's place in job->units. It had a worker until now. */
void unit_done(struct supervisor *supervisor, struct job *job, size_t index,
               const struct message *done);
void unit_failed(struct supervisor *supervisor, struct job *job, size_t index,
                 const struct worker_failure *failure);
/* Nobody can work on the stage: its units that wait are given up. May settle the job. */
void unit_stage_failed(struct supervisor *supervisor, struct job *job, int stage, const char *code,
                       const char *text);
/* How a worker took its unit with it. */
struct unit_loss {
    enum verdict verdict;
    const char *detail;
    uint32_t culprit; /* the item that was in work, 0 when unknown */
    bool outside;     /* somebody else killed the worker: hardly the item's fault */
};
void unit_lost(struct supervisor *supervisor, struct job *job, size_t index,
               const struct unit_loss *loss);

#endif
