/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The faults of ebb-fake. README.md lists them.
 */
#ifndef EBB_TESTS_FAKE_ACTIONS_H
#define EBB_TESTS_FAKE_ACTIONS_H

#include "common/error.h"
#include "tests/fake/fake_script.h"
#include "workers/runtime/worker.h"

/* What an action works with. unit and result are NULL where no unit runs. */
struct fake_scene {
    struct worker *worker;
    const struct worker_unit *unit;
    struct worker_result *result;
};

enum fake_outcome {
    FAKE_GO_ON,    /* with the next rule, then with the work */
    FAKE_FINISHED, /* the unit is done: result says what it found */
    FAKE_FAILED,   /* the unit failed: result or err says how */
};

/* ERROR_INVALID when there is no such action, or not at that moment. */
int fake_action_check(const char *name, enum fake_moment moment, struct error *err);
/* err: set with FAKE_FAILED where result is not. */
enum fake_outcome fake_action_do(const struct fake_scene *scene, const struct fake_rule *rule,
                                 struct error *err);

#endif
