/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-fake: a worker for tests that does a worker's work in small and breaks down as its script
 * says. It stands in for any class: survey and extract of "pdf", persist, finish and query of
 * "library", or a service that waits. The harness is the one that every worker has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fdio.h"
#include "tests/fake/fake_actions.h"
#include "tests/fake/fake_result.h"
#include "tests/fake/fake_work.h"
#include "workers/runtime/worker.h"

struct fake {
    struct worker *worker;
    struct fake_script *script; /* NULL without one */
    uint64_t nth;
};

static struct fake_now now_at(const struct fake *fake, enum fake_moment moment,
                              const struct worker_unit *unit)
{
    return (struct fake_now){
        .moment = moment,
        .class_name = worker_class_name(fake->worker),
        .stage = unit ? unit->stage : "",
        .step = unit ? unit->step : "",
        .first = unit ? unit->first : 0,
        .last = unit ? unit->last : 0,
        .attempt = unit ? unit->attempt : 0,
        .nth = fake->nth,
    };
}

/* Does what rule and those behind it say, until one ends the unit. */
static enum fake_outcome act_on(const struct fake *fake, const struct fake_rule *rule,
                                size_t cursor, const struct fake_now *now,
                                const struct fake_scene *scene, struct error *err)
{
    while (rule) {
        enum fake_outcome outcome = fake_action_do(scene, rule, err);

        if (outcome != FAKE_GO_ON) {
            return outcome;
        }
        rule = fake_script_next(fake->script, now, &cursor);
    }
    return FAKE_GO_ON;
}

static enum fake_outcome act(const struct fake *fake, const struct fake_now *now,
                             const struct fake_scene *scene, struct error *err)
{
    size_t cursor = 0;
    const struct fake_rule *rule = fake_script_next(fake->script, now, &cursor);

    return act_on(fake, rule, cursor, now, scene, err);
}

static int act_outside_units(struct fake *fake, enum fake_moment moment, struct error *err)
{
    const struct fake_now now = now_at(fake, moment, NULL);
    const struct fake_scene scene = {fake->worker, NULL, NULL};

    return act(fake, &now, &scene, err) == FAKE_FAILED ? -1 : 0;
}

static int fake_init(struct worker *worker, void **ret_user, struct error *err)
{
    const char *path = worker_setting(worker, "script", NULL);
    struct fake *fake = calloc(1, sizeof(*fake));

    if (!fake) {
        return error_set(err, ERROR_MEMORY, "no memory for a fake");
    }
    fake->worker = worker;
    if (path) {
        fake->script = fake_script_read(path, err);
    }
    if ((path && !fake->script) || act_outside_units(fake, FAKE_MOMENT_INIT, err) < 0) {
        fake_script_destroy(fake->script);
        free(fake);
        return -1;
    }
    fake_wait_ms(fake_script_number(fake->script, "init_ms", 0));
    *ret_user = fake;
    return 0;
}

static void fake_warm(struct worker *worker, void *user)
{
    (void)worker;
    act_outside_units(user, FAKE_MOMENT_READY, NULL);
}

static int fake_lease(struct worker *worker, void *user, struct error *err)
{
    (void)worker;
    return act_outside_units(user, FAKE_MOMENT_LEASE, err);
}

/* A page was begun. */
static enum fake_outcome act_at_item(void *context, const struct fake_scene *scene, uint32_t item,
                                     struct error *err)
{
    struct fake_now now = now_at(context, FAKE_MOMENT_ITEM, scene->unit);

    now.item = item;
    return act(context, &now, scene, err);
}

/* When there is a rule for what happens behind DONE, DONE is said here and not by the harness.
 * The process then waits for its end, however the actions went. */
static void act_after_done(const struct fake *fake, const struct fake_scene *scene)
{
    const struct fake_now now = now_at(fake, FAKE_MOMENT_DONE, scene->unit);
    struct error err = ERROR_INIT;
    size_t cursor = 0;
    const struct fake_rule *rule = fake_script_next(fake->script, &now, &cursor);
    struct buf frame;

    if (!rule) {
        return;
    }
    buf_init(&frame, FRAME_HEADER_BYTES + FRAME_BODY_MAX_BYTES);
    if (fake_done_frame(&frame, scene->result, scene->unit->message->id, &err) < 0 ||
        fdio_write_full(PROTOCOL_WORKER_FD, frame.data, frame.size, &err) < 0) {
        fprintf(stderr, "ebb-fake: DONE: %s\n", err.msg);
        _exit(95);
    }
    act_on(fake, rule, cursor, &now, scene, &err);
    for (;;) {
        pause();
    }
}

static int fake_run(struct worker *worker, void *user, const struct worker_unit *unit,
                    struct worker_result *result, struct error *err)
{
    struct fake *fake = user;
    const struct fake_scene scene = {worker, unit, result};
    const struct fake_work work = {&scene, fake->script, act_at_item, fake};
    struct fake_now now;
    enum fake_outcome outcome;

    fake->nth++;
    now = now_at(fake, FAKE_MOMENT_RUN, unit);
    outcome = act(fake, &now, &scene, err);
    if (outcome == FAKE_GO_ON) {
        outcome = fake_work_do(&work, err);
    }
    if (outcome == FAKE_FAILED) {
        return -1;
    }
    act_after_done(fake, &scene);
    return 0;
}

static int fake_check(struct worker *worker, void *user, struct error *err)
{
    (void)worker;
    return act_outside_units(user, FAKE_MOMENT_CHECK, err);
}

static void fake_deinit(void *user)
{
    struct fake *fake = user;

    act_outside_units(fake, FAKE_MOMENT_END, NULL);
    fake_script_destroy(fake->script);
    free(fake);
}

int main(int argc, char **argv)
{
    static const struct worker_ops ops = {
        .class_name = "fake",
        .init = fake_init,
        .warm = fake_warm,
        .lease = fake_lease,
        .run = fake_run,
        .check = fake_check,
        .deinit = fake_deinit,
    };

    return worker_main(&ops, argc, argv);
}
