/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb-probe: a worker that tries what its unit's parameters name, from inside the harness and the
 * sandbox that every worker has, and reports how it went.
 *
 * RUN's params: "try" is a row of the tables in probe.h, "arg" its argument. DONE's counts: "errno"
 * (0: it was allowed), and for some rows a "value". A row that the sandbox answers with the end of
 * the process is never answered. A name that is no row fails the unit with unknown_attempt.
 *
 * Never installed; no worker of ebb has any of this.
 */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "tests/fake/probe.h"

static int try_spin(const struct attempt_context *context)
{
    volatile bool on = true;

    worker_progress(context->worker, 1, 0);
    while (on) {
    }
    return 0;
}

static int try_sleep(const struct attempt_context *context)
{
    volatile bool on = true;

    worker_progress(context->worker, 1, 0);
    while (on) {
        pause();
    }
    return 0;
}

/* Goes on until it is cancelled; value: 1. */
static int try_work(const struct attempt_context *context)
{
    uint32_t item = context->unit->first;

    while (worker_progress(context->worker, item, 0)) {
        const struct timespec moment = {0, 1000000};

        nanosleep(&moment, NULL);
    }
    worker_result_count(context->result, "value", 1);
    return 0;
}

/* arg lines of log. */
static int try_log(const struct attempt_context *context)
{
    for (uint64_t i = number_of(context->arg); i > 0; i--) {
        worker_log(context->worker, LOG_LEVEL_INFO, "line %" PRIu64, i);
    }
    return 0;
}

const struct attempt probe_life[] = {
    {"spin", try_spin}, {"sleep", try_sleep}, {"work", try_work}, {"log", try_log}, {NULL, NULL},
};

static void *wait_for_ever(void *user)
{
    pause();
    return user;
}

/* user: the secret's length, to prove that init saw it. */
static int probe_init(struct worker *worker, void **ret_user, struct error *err)
{
    const char *wanted = worker_setting(worker, "init", "");
    size_t *length = malloc(sizeof(*length));

    if (!length) {
        return error_set(err, ERROR_MEMORY, "no memory for a number");
    }
    *length = strlen(worker_secret(worker, "key", ""));
    *ret_user = length;
    if (strcmp(wanted, "fail") == 0) {
        free(length);
        return error_set(err, ERROR_INVALID, "this init was told to fail");
    }
    if (strcmp(wanted, "thread") == 0) {
        pthread_t thread;

        pthread_create(&thread, NULL, wait_for_ever, NULL);
        pthread_detach(thread);
    }
    return 0;
}

static const struct attempt *const tables[] = {probe_files,  probe_network, probe_processes,
                                               probe_kernel, probe_limits,  probe_life};

static int probe_run(struct worker *worker, void *user, const struct worker_unit *unit,
                     struct worker_result *result, struct error *err)
{
    const struct attempt_context context = {worker, unit, result,
                                            worker_unit_param(unit, "arg", "")};
    const char *name = worker_unit_param(unit, "try", "");

    if (strcmp(name, "memory_error") == 0) {
        return error_set(err, ERROR_MEMORY, "as a library says it");
    }
    if (strcmp(name, "full_error") == 0) {
        return error_set_errno(err, ENOSPC, "writing");
    }
    if (strcmp(name, "error") == 0) {
        return error_set(err, ERROR_CORRUPT, "%s", context.arg);
    }
    if (strcmp(name, "secret") == 0) {
        worker_result_count(result, "value", *(const size_t *)user);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (const struct attempt *row = tables[i]; row->name; row++) {
            if (strcmp(row->name, name) == 0) {
                worker_result_count(result, "errno", (uint64_t)row->attempt(&context));
                return 0;
            }
        }
    }
    return worker_result_fail(result, "unknown_attempt", false, "there is no attempt %s", name);
}

static void probe_deinit(void *user)
{
    free(user);
}

int main(int argc, char **argv)
{
    static const struct worker_ops ops = {
        .class_name = "probe", .init = probe_init, .run = probe_run, .deinit = probe_deinit};

    return worker_main(&ops, argc, argv);
}
