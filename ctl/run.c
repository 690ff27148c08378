/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb run: the main job with nothing set up. A private daemon is started, documents go through it,
 * what they cost is shown, it is stopped.
 *
 * Invariants: jobs are durable, so whatever ends a run (an interrupt, the time, a crash) leaves
 * them in the state folder, and a run without a document goes on with them. The first interrupt
 * stops in order; a further one kills the daemon. Blocks as long as the work takes. Diagnostics:
 * one line on standard error for each thing that went wrong.
 */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "ctl/commands.h"
#include "ctl/export.h"
#include "ctl/format.h"
#include "ctl/handin.h"
#include "ctl/handin_options.h"
#include "ctl/job_list.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/run_report.h"
#include "ctl/watch.h"

/* Units in flight when we stop run again at the next start; they need not end first. */
#define DRAIN_SETTING "limits.drain_timeout=3s"

struct run_values {
    struct common_values common;
    struct handin_options handin;
    const char *out, *formats;
    const char *config;
    struct option_list set;
    struct option_list resume;
    uint64_t timeout_ms;
    bool quiet;
};

struct run {
    const struct run_values *values;
    struct session session;
    struct handin_request request;
    struct export_choice choice;
    struct watch watch;
    struct progress progress;
    struct run_report report;
};

static void show(void *user, struct watch *watch)
{
    struct run *run = user;

    progress_show(&run->progress, watch);
}

static void job_ended(void *user, struct watch *watch, const struct watch_job *ended,
                      struct value job)
{
    struct run *run = user;

    progress_job_ended(&run->progress, watch, ended, job);
}

static void accepted(void *user, size_t index, const char job_id[UUID_TEXT_BYTES])
{
    struct run *run = user;

    if (watch_add(&run->watch, job_id, run->request.sources.items[index].name) < 0) {
        output_fail(CTL_EXIT_FAILED, NULL, NULL, "%s: out of memory to wait for it",
                    run->request.sources.items[index].path);
    }
}

static void pause_between(void *user)
{
    struct run *run = user;

    progress_show(&run->progress, &run->watch);
}

/* --- jobs that are there already --- */

struct adoption {
    struct run *run;
    bool failed;
};

static bool adopt(void *user, struct value job)
{
    struct adoption *adoption = user;
    char id[UUID_TEXT_BYTES];
    char name[1025];

    format_text(value_get(job, "job_id"), id, sizeof(id));
    format_text(value_get(job, "name"), name, sizeof(name));
    adoption->failed |= watch_add(&adoption->run->watch, id, name) < 0;
    return true;
}

/* Those that an earlier run left unfinished: the daemon goes on with them by itself. */
static enum ctl_exit adopt_unfinished(struct run *run)
{
    static const char *const states[] = {"interrupted", "pending", "processing"};
    struct adoption adoption = {.run = run};
    struct job_list_end end;

    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct job_list list = {
            .status = states[i], .limit = UINT64_MAX, .seen = adopt, .user = &adoption};
        enum ctl_exit code = job_list_walk(&run->session, &list, &end);

        if (code != CTL_EXIT_OK) {
            return code;
        }
    }
    if (adoption.failed) {
        return output_fail(CTL_EXIT_FAILED, NULL, NULL, "out of memory");
    }
    if (run->watch.count == 0) {
        return output_fail(CTL_EXIT_USAGE, NULL, "name a document: `ebb run FILE`",
                           "run: no job in %s is unfinished", run->session.place.state);
    }
    return CTL_EXIT_OK;
}

static enum ctl_exit resume_job(struct run *run, const char *text)
{
    char id[UUID_TEXT_BYTES];
    char name[1025] = "";
    struct reply reply;
    enum ctl_exit code = job_list_resolve(&run->session, text, id);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    message_put_str(client_begin(run->session.client, MESSAGE_JOB), FIELD_JOB, id);
    code = session_call(&run->session, CLIENT_TIMEOUT_MS, &reply, "job", id);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    format_text(value_get(reply.data, "name"), name, sizeof(name));
    reply_deinit(&reply);
    if (watch_add(&run->watch, id, name) < 0) {
        return output_fail(CTL_EXIT_FAILED, NULL, NULL, "out of memory");
    }
    message_put_str(client_begin(run->session.client, MESSAGE_RESUME), FIELD_JOB, id);
    code = session_call(&run->session, CLIENT_TIMEOUT_MS, &reply, "resuming job", id);
    if (code == CTL_EXIT_OK) {
        reply_deinit(&reply);
    }
    return code;
}

/* --- the run --- */

static enum ctl_exit begin_work(struct run *run)
{
    enum ctl_exit code = CTL_EXIT_OK;
    size_t count;

    for (size_t i = 0; i < run->values->resume.count && code == CTL_EXIT_OK; i++) {
        code = resume_job(run, run->values->resume.items[i]);
    }
    if (code == CTL_EXIT_OK && run->request.sources.count > 0) {
        struct handin handin = {.session = &run->session,
                                .sources = &run->request.sources,
                                .state_folder = run->session.place.state,
                                .params = &run->request.params,
                                .priority = run->values->handin.priority,
                                .accepted = accepted,
                                .pause = pause_between,
                                .user = run};

        run->progress.expected = run->request.sources.count;
        code = handin_all(&handin, &count);
        run->progress.expected = count;
    } else if (code == CTL_EXIT_OK && run->values->resume.count == 0) {
        code = adopt_unfinished(run);
    }
    return code;
}

/* What was begun is in the state folder; says so when it is not at its end. */
static void tell_kept(struct run *run, enum ctl_exit code)
{
    const char *why = code >= CTL_EXIT_SIGNALLED ? "interrupted; " : "";
    size_t left = run->watch.count - run->watch.ended;
    char options[PLACE_PATH_BYTES + 16] = "";

    if (run->session.place.state_origin == PLACE_COMMAND_LINE) {
        snprintf(options, sizeof(options), " --state %s", run->session.place.state);
    }
    if (left > 0) {
        output_note("%s%zu job%s kept in %s; `ebb run%s` goes on with %s", why, left,
                    left == 1 ? " is" : "s are", run->session.place.state, options,
                    left == 1 ? "it" : "them");
    } else if (run->progress.expected > 0) {
        output_note("%swhat was handed in is kept in %s; `ebb run%s` goes on with it", why,
                    run->session.place.state, options);
    }
}

/* From the daemon's start to the last word of its work. */
static enum ctl_exit work(struct run *run)
{
    struct run_report *report = &run->report;
    enum ctl_exit code = run_report_rss(&run->session, &report->rss_before_bytes);
    enum ctl_exit begun;

    if (code == CTL_EXIT_OK) {
        code = watch_subscribe(&run->watch);
    }
    if (code != CTL_EXIT_OK) {
        return code;
    }
    begun = begin_work(run);
    if (begun != CTL_EXIT_OK && begun != CTL_EXIT_FAILED) {
        progress_clear(&run->progress);
        tell_kept(run, begun);
        return begun;
    }
    code = watch_run(&run->watch, run->values->timeout_ms);
    progress_clear(&run->progress);
    if (code == CTL_EXIT_OK && run->watch.count > 0) {
        code = run_report_rss(&run->session, &report->rss_after_bytes);
    }
    if (code != CTL_EXIT_OK) {
        tell_kept(run, code);
        return code;
    }
    if (run->watch.count > 0 && (report->json || !run->values->quiet)) {
        code = run_report_print(report);
    }
    if (code == CTL_EXIT_OK && run->values->out) {
        code = export_documents(&run->session, &run->watch, &run->choice, run->values->out);
    }
    if (code == CTL_EXIT_OK) {
        code = watch_outcome(&run->watch);
    }
    return begun == CTL_EXIT_FAILED ? begun : code;
}

static enum ctl_exit open_daemon(struct run *run)
{
    const struct run_values *values = run->values;
    const char *arguments[DAEMON_ARGUMENTS_MAX];
    size_t count = 0;

    arguments[count++] = "--set";
    arguments[count++] = DRAIN_SETTING;
    if (values->config) {
        arguments[count++] = "--config";
        arguments[count++] = values->config;
    }
    for (size_t i = 0; i < values->set.count; i++) {
        arguments[count++] = "--set";
        arguments[count++] = values->set.items[i];
    }
    return session_open_private(&run->session, &values->common, arguments, count);
}

static enum ctl_exit run_documents(struct run *run)
{
    enum progress_mode mode = progress_choose(run->values->quiet, run->values->common.json);
    enum ctl_exit code;

    run->report = (struct run_report){.session = &run->session,
                                      .watch = &run->watch,
                                      .started_wall_ms = clock_wall_ms(),
                                      .json = run->values->common.json};
    code = open_daemon(run);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    watch_init(&run->watch, &run->session);
    run->watch.show = show;
    run->watch.job_ended = job_ended;
    run->watch.user = run;
    progress_init(&run->progress, mode);
    code = work(run);
    code = session_close(&run->session, code);
    progress_deinit(&run->progress);
    watch_deinit(&run->watch);
    return code;
}

/* What --out and --formats ask for. */
static enum ctl_exit choose_export(struct run *run)
{
    struct error err = ERROR_INIT;

    if (!run->values->out) {
        return run->values->formats
                   ? output_fail(CTL_EXIT_USAGE, NULL, "say where to: --out DIR", "run: --formats")
                   : CTL_EXIT_OK;
    }
    if (export_choose(run->values->formats, &run->choice, &err) < 0) {
        return output_fail(CTL_EXIT_USAGE, &err, "`ebb run --help` lists them", "run: --formats");
    }
    if ((run->choice.always | run->choice.when_read) & EXPORT_BIT(PDF) &&
        params_add(&run->request.params, "searchable_pdf", "yes", &err) < 0 &&
        err.code != ERROR_EXISTS) {
        return output_fail(CTL_EXIT_USAGE, &err, NULL, "run: --out");
    }
    return CTL_EXIT_OK;
}

static enum ctl_exit run_run(const struct invocation *invocation)
{
    struct run run;
    enum ctl_exit code;

    memset(&run, 0, sizeof(run));
    run.values = invocation->values;
    code = handin_request_init(&run.request, &run.values->handin, invocation);
    if (code == CTL_EXIT_OK && run.values->resume.count > 0 && run.request.sources.count > 0) {
        code = output_fail(CTL_EXIT_USAGE, NULL, "run them one after the other",
                           "run: --resume and documents exclude each other");
    }
    code = code == CTL_EXIT_OK ? choose_export(&run) : code;
    if (code == CTL_EXIT_OK) {
        code = run_documents(&run);
    }
    handin_request_deinit(&run.request);
    return code;
}

#define RUN_AT(member) offsetof(struct run_values, member)

static const struct option run_options[] = {
    {"out", 'o', OPTION_STRING, "DIR",
     "write the results to DIR, or to DIR/NAME for each of several", RUN_AT(out)},
    {"formats", 0, OPTION_STRING, "LIST",
     "of these: json,markdown,text,images,tables,chunks,pdf,hocr,alto; or all", RUN_AT(formats)},
    OPTION_ROW_JSON(struct run_values),
    {"quiet", 'q', OPTION_FLAG, NULL, "show no progress and no summary", RUN_AT(quiet)},
    {"timeout", 0, OPTION_DURATION, "TIME", "stop after so long; what is unfinished is kept",
     RUN_AT(timeout_ms)},
    {"resume", 0, OPTION_LIST, "ID", "go on with this job (cancelled, failed, interrupted)",
     RUN_AT(resume)},
    HANDIN_OPTION_ROWS(struct run_values, handin),
    {"state", 0, OPTION_STRING, "DIR", "keep jobs and results in DIR, not in the user's folder",
     RUN_AT(common.state)},
    {"socket", 0, OPTION_STRING, "PATH",
     "have the private daemon listen there, for `ebb top --socket PATH`", RUN_AT(common.socket)},
    {"config", 'c', OPTION_STRING, "FILE", "configuration of the private daemon", RUN_AT(config)},
    {"set", 0, OPTION_LIST, "KEY=VALUE", "one of its settings; may be repeated", RUN_AT(set)},
    OPTION_ROW_HELP(struct run_values),
};

static const struct run_values run_defaults = {.handin = HANDIN_OPTIONS_DEFAULTS};

const struct command command_run = {
    .name = "run",
    .operands = "[FILE|FOLDER...]",
    .summary = "Process documents with nothing set up, and show what it cost",
    .details = "Starts a private daemon, hands the documents in, waits and stops it. Without a\n"
               "document it goes on with the jobs that an earlier run left unfinished.",
    .options = run_options,
    .option_count = ARRAY_LEN(run_options),
    .defaults = &run_defaults,
    .values_bytes = sizeof(struct run_values),
    .operands_max = OPERANDS_ANY,
    .run = run_run,
};
