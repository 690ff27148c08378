/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Units: a table of steps and stages.
 *
 * Blocks on the disk. Diagnostics: failures go to the supervisor as FAILED.
 */
#include "workers/index/unit.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "workers/index/chunk_unit.h"

static int init(struct worker *worker, void **ret_user, struct error *err)
{
    (void)worker;
    (void)ret_user;
    (void)err;
    return 0;
}

static const struct {
    const char *step;
    const char *stage; /* NULL: any */
    int (*run)(struct worker *worker, const struct worker_unit *unit, struct worker_result *result,
               struct error *err);
} steps[] = {
    {"work", "chunk", chunk_unit_run},
};

static int run_unit(struct worker *worker, void *user, const struct worker_unit *unit,
                    struct worker_result *result, struct error *err)
{
    (void)user;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (strcmp(steps[i].step, unit->step) == 0 &&
            (!steps[i].stage || strcmp(steps[i].stage, unit->stage) == 0)) {
            return steps[i].run(worker, unit, result, err);
        }
    }
    return worker_result_fail(result, "unsupported", false, "ebb-index has no step %s of stage %s",
                              unit->step, unit->stage);
}

const struct worker_ops unit_ops = {
    .class_name = "index",
    .init = init,
    .run = run_unit,
};
