/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb submit: hands documents to a daemon that runs and, with --wait, waits for what becomes of
 * them.
 *
 * Blocks on the disk while it copies, and as long as the work takes with --wait. Diagnostics: one
 * line on standard error for each document that is refused.
 */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/commands.h"
#include "ctl/handin.h"
#include "ctl/handin_options.h"
#include "ctl/interrupt.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/watch.h"

struct submit_values {
    struct common_values common;
    struct handin_options handin;
    uint64_t timeout_ms;
    bool wait;
    bool quiet;
};

struct submission {
    const struct submit_values *values;
    struct session session;
    struct handin_request request;
    struct watch watch;
    struct progress progress;
};

static void show(void *user, struct watch *watch)
{
    struct submission *submission = user;

    progress_show(&submission->progress, watch);
}

/* With --wait, a job's whole answer is the line that programs get. */
static void job_ended(void *user, struct watch *watch, const struct watch_job *ended,
                      struct value job)
{
    struct submission *submission = user;

    progress_clear(&submission->progress);
    if (submission->values->common.json) {
        json_print_value(job, stdout);
    } else {
        printf("%s  %s  ", ended->id, ended->outcome);
        output_line_text(stdout, ended->name);
        putchar('\n');
    }
    fflush(stdout);
    progress_job_ended(&submission->progress, watch, ended, job);
}

static void tell_accepted(const struct submission *submission, const char *job_id, const char *name)
{
    json_t *json;

    if (!submission->values->common.json) {
        printf("%s  ", job_id);
        output_line_text(stdout, name);
        putchar('\n');
        return;
    }
    json = json_pack("{s:s, s:s, s:s%}", "job_id", job_id, "status", "pending", "name", name,
                     strlen(name));
    if (!json) { /* the name is not UTF-8 */
        json = json_pack("{s:s, s:s}", "job_id", job_id, "status", "pending");
    }
    json_print(json, stdout);
    json_decref(json);
}

static void accepted(void *user, size_t index, const char job_id[UUID_TEXT_BYTES])
{
    struct submission *submission = user;
    const char *name = submission->request.sources.items[index].name;

    if (!submission->values->wait) {
        tell_accepted(submission, job_id, name);
    } else if (watch_add(&submission->watch, job_id, name) < 0) {
        output_fail(CTL_EXIT_FAILED, NULL, NULL, "%s: out of memory to wait for it", name);
    }
}

static void pause_between(void *user)
{
    struct submission *submission = user;

    progress_show(&submission->progress, &submission->watch);
}

static enum ctl_exit hand_in(struct submission *submission)
{
    const struct submit_values *values = submission->values;
    char state_folder[PLACE_PATH_BYTES];
    struct handin handin = {.session = &submission->session,
                            .sources = &submission->request.sources,
                            .state_folder = state_folder,
                            .params = &submission->request.params,
                            .priority = values->handin.priority,
                            .accepted = accepted,
                            .pause = pause_between,
                            .user = submission};
    enum ctl_exit code =
        session_state_folder(&submission->session, state_folder, sizeof(state_folder));
    enum ctl_exit waited = CTL_EXIT_OK;
    size_t count = 0;

    if (code == CTL_EXIT_OK && values->wait) {
        code = watch_subscribe(&submission->watch);
    }
    if (code != CTL_EXIT_OK) {
        return code;
    }
    submission->progress.expected = submission->request.sources.count;
    code = handin_all(&handin, &count);
    submission->progress.expected = count;
    if (values->wait && (code == CTL_EXIT_OK || code == CTL_EXIT_FAILED)) {
        waited = watch_run(&submission->watch, values->timeout_ms);
        waited = waited == CTL_EXIT_OK ? watch_outcome(&submission->watch) : waited;
    }
    progress_clear(&submission->progress);
    return code == CTL_EXIT_OK ? waited : code;
}

static enum ctl_exit submit_documents(struct submission *submission)
{
    const struct submit_values *values = submission->values;
    enum progress_mode mode =
        values->wait ? progress_choose(values->quiet, values->common.json) : PROGRESS_NONE;
    enum ctl_exit code = session_open(&submission->session, &values->common, SESSION_RUNNING);
    struct error err = ERROR_INIT;

    if (code != CTL_EXIT_OK) {
        return code;
    }
    /* An interrupt leaves no half of a copy in incoming/. Jobs that were accepted go on. */
    if (interrupt_open(&err) < 0) {
        return session_close(&submission->session,
                             output_fail(CTL_EXIT_FAILED, &err, NULL, "signals"));
    }
    client_set_interrupt(submission->session.client, interrupt_fd());
    watch_init(&submission->watch, &submission->session);
    submission->watch.show = show;
    submission->watch.job_ended = job_ended;
    submission->watch.user = submission;
    progress_init(&submission->progress, mode);
    code = session_close(&submission->session, hand_in(submission));
    progress_deinit(&submission->progress);
    watch_deinit(&submission->watch);
    return code;
}

static enum ctl_exit run_submit(const struct invocation *invocation)
{
    struct submission submission;
    enum ctl_exit code;

    memset(&submission, 0, sizeof(submission));
    submission.values = invocation->values;
    code = handin_request_init(&submission.request, &submission.values->handin, invocation);
    if (code == CTL_EXIT_OK) {
        code = submit_documents(&submission);
    }
    handin_request_deinit(&submission.request);
    return code;
}

#define SUBMIT_AT(member) offsetof(struct submit_values, member)

static const struct option submit_options[] = {
    {"wait", 'w', OPTION_FLAG, NULL, "return when the jobs have ended", SUBMIT_AT(wait)},
    {"timeout", 0, OPTION_DURATION, "TIME", "wait no longer than this; the jobs go on",
     SUBMIT_AT(timeout_ms)},
    {"quiet", 'q', OPTION_FLAG, NULL, "show no progress", SUBMIT_AT(quiet)},
    HANDIN_OPTION_ROWS(struct submit_values, handin),
    OPTION_ROW_JSON(struct submit_values),
    OPTION_ROW_SOCKET(struct submit_values),
    OPTION_ROW_STATE(struct submit_values),
    OPTION_ROW_HELP(struct submit_values),
};

static const struct submit_values submit_defaults = {.handin = HANDIN_OPTIONS_DEFAULTS};

const struct command command_submit = {
    .name = "submit",
    .operands = "FILE|FOLDER...",
    .summary = "Hand documents to the daemon that runs",
    .details = "Each job's id is printed once the job is on disk. With --wait and --json, each\n"
               "job is printed when it has ended, one a line.",
    .options = submit_options,
    .option_count = ARRAY_LEN(submit_options),
    .defaults = &submit_defaults,
    .values_bytes = sizeof(struct submit_values),
    .operands_min = 1,
    .operands_max = OPERANDS_ANY,
    .run = run_submit,
};
