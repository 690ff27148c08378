/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Results and frames that a script describes.
 */
#ifndef EBB_TESTS_FAKE_RESULT_H
#define EBB_TESTS_FAKE_RESULT_H

#include "common/buf.h"
#include "common/error.h"
#include "tests/fake/fake_script.h"
#include "workers/runtime/worker.h"

/* What the rule's counts, units, failures, warnings and document say; the process ends with a
 * line on standard error when one of them makes no sense. */
void fake_result_fill(struct worker_result *result, const struct fake_rule *rule);
/* Appends DONE with all that result has. */
int fake_done_frame(struct buf *out, const struct worker_result *result, uint32_t id,
                    struct error *err);
/* Appends a valid frame of the message with that name, its required fields filled. */
int fake_frame(struct buf *out, const char *name, uint32_t id, struct error *err);

#endif
