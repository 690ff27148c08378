/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What ebb-fake does when nothing goes wrong: a small valid survey, small valid pages, and yes to
 * everything else.
 */
#ifndef EBB_TESTS_FAKE_WORK_H
#define EBB_TESTS_FAKE_WORK_H

#include "tests/fake/fake_actions.h"

struct fake_work {
    const struct fake_scene *scene;
    const struct fake_script *script;
    /* Called when PROGRESS was said for an item. */
    enum fake_outcome (*at_item)(void *context, const struct fake_scene *scene, uint32_t item,
                                 struct error *err);
    void *context;
};

/* FAKE_FINISHED or FAKE_FAILED. */
enum fake_outcome fake_work_do(const struct fake_work *work, struct error *err);
void fake_wait_ms(uint64_t ms);

#endif
