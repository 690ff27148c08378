/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb reembed: gives every chunk a vector of the configured model; or says which have none.
 *
 * Invariant: the job is durable once its id was printed, and goes on without us. Without a daemon a
 * private one does it, and is waited for. Blocks as long as the work takes where it is waited for.
 * Diagnostics: session.h, watch.h.
 */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/interrupt.h"
#include "ctl/job_view.h"
#include "ctl/json.h"
#include "ctl/missing.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/text.h"
#include "ctl/watch.h"

#define JOB_NAME "embeddings"

struct reembed_values {
    struct common_values common;
    const char *config;
    struct option_list set;
    uint64_t timeout_ms;
    bool wait, missing, quiet;
};

struct reembed {
    const struct reembed_values *values;
    struct session session;
    struct watch watch;
    struct progress progress;
    bool waits;
};

static void show(void *user, struct watch *watch)
{
    struct reembed *reembed = user;

    progress_show(&reembed->progress, watch);
}

static void job_ended(void *user, struct watch *watch, const struct watch_job *ended,
                      struct value job)
{
    struct reembed *reembed = user;

    progress_clear(&reembed->progress);
    if (reembed->values->common.json) {
        json_print_value(job, stdout);
    } else {
        printf("%s  %s\n", ended->id, ended->outcome);
        job_view_counts(stdout, job);
    }
    fflush(stdout);
    progress_job_ended(&reembed->progress, watch, ended, job);
}

/* There is one at a time: the daemon refuses a second and names the first. */
static bool take_first(const struct reembed *reembed, const struct error *err,
                       char ret_id[UUID_TEXT_BYTES])
{
    if (strcmp(client_refusal(reembed->session.client), "exists") != 0) {
        return false;
    }
    snprintf(ret_id, UUID_TEXT_BYTES, "%.*s", UUID_TEXT_BYTES - 1, err->msg);
    return text_is_uuid(ret_id);
}

/* ret_id: the job's. */
static enum ctl_exit submit(struct reembed *reembed, char ret_id[UUID_TEXT_BYTES])
{
    struct message_writer *writer = client_begin(reembed->session.client, MESSAGE_SUBMIT);
    struct pack *pack;
    struct error err = ERROR_INIT;
    struct reply reply;

    message_put_str(writer, FIELD_NAME, JOB_NAME);
    pack = message_put_map(writer, FIELD_PARAMS, 1);
    pack_key_str(pack, "kind", "reembed");
    if (client_call(reembed->session.client, CLIENT_TIMEOUT_MS, &reply, &err) == 0) {
        format_text(value_get(reply.data, "job_id"), ret_id, UUID_TEXT_BYTES);
        reply_deinit(&reply);
        return CTL_EXIT_OK;
    }
    if (take_first(reembed, &err, ret_id)) {
        output_note("job %s does it already", ret_id);
        return CTL_EXIT_OK;
    }
    return session_fail(&reembed->session, &err, "embedding again", NULL);
}

static enum ctl_exit tell_submitted(const struct reembed *reembed, const char *id)
{
    json_t *json;

    if (!reembed->values->common.json) {
        printf("%s\n", id);
        return CTL_EXIT_OK;
    }
    json = json_pack("{s:s, s:s}", "job_id", id, "status", "pending");
    json_print(json, stdout);
    json_decref(json);
    return CTL_EXIT_OK;
}

static enum ctl_exit do_it(struct reembed *reembed)
{
    char id[UUID_TEXT_BYTES];
    enum ctl_exit code;

    /* A private daemon ends with us. */
    reembed->waits = reembed->values->wait || reembed->session.daemon;
    code = reembed->waits ? watch_subscribe(&reembed->watch) : CTL_EXIT_OK;
    code = code == CTL_EXIT_OK ? submit(reembed, id) : code;
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (!reembed->waits) {
        return tell_submitted(reembed, id);
    }
    if (watch_add(&reembed->watch, id, JOB_NAME) < 0) {
        return output_fail(CTL_EXIT_FAILED, NULL, NULL, "out of memory to wait for job %s", id);
    }
    code = watch_run(&reembed->watch, reembed->values->timeout_ms);
    progress_clear(&reembed->progress);
    return code == CTL_EXIT_OK ? watch_outcome(&reembed->watch) : code;
}

static enum ctl_exit open_daemon(struct reembed *reembed)
{
    const struct reembed_values *values = reembed->values;
    const char *arguments[DAEMON_ARGUMENTS_MAX];
    size_t count = 0;

    if (values->config) {
        arguments[count++] = "--config";
        arguments[count++] = values->config;
    }
    for (size_t i = 0; i < values->set.count; i++) {
        arguments[count++] = "--set";
        arguments[count++] = values->set.items[i];
    }
    if (values->missing) {
        arguments[count++] = "--set=limits.active_jobs=0";
    }
    return session_open_working(&reembed->session, &values->common, arguments, count);
}

static enum ctl_exit run_job(struct reembed *reembed)
{
    const struct reembed_values *values = reembed->values;
    struct error err = ERROR_INIT;
    enum ctl_exit code = open_daemon(reembed);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (interrupt_open(&err) < 0) {
        return session_close(&reembed->session,
                             output_fail(CTL_EXIT_FAILED, &err, NULL, "signals"));
    }
    client_set_interrupt(reembed->session.client, interrupt_fd());
    watch_init(&reembed->watch, &reembed->session);
    reembed->watch.show = show;
    reembed->watch.job_ended = job_ended;
    reembed->watch.user = reembed;
    progress_init(&reembed->progress, progress_choose(values->quiet, values->common.json));
    code = session_close(&reembed->session, do_it(reembed));
    progress_deinit(&reembed->progress);
    watch_deinit(&reembed->watch);
    return code;
}

static enum ctl_exit run_reembed(const struct invocation *invocation)
{
    struct reembed reembed;
    enum ctl_exit code;

    memset(&reembed, 0, sizeof(reembed));
    reembed.values = invocation->values;
    if (!reembed.values->missing) {
        return run_job(&reembed);
    }
    if (reembed.values->wait) {
        return output_fail(CTL_EXIT_USAGE, NULL, "give one of them",
                           "reembed: --missing and --wait exclude each other");
    }
    code = open_daemon(&reembed);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    return session_close(&reembed.session,
                         missing_print(&reembed.session, reembed.values->common.json));
}

#define REEMBED_AT(member) offsetof(struct reembed_values, member)

static const struct option reembed_options[] = {
    {"wait", 'w', OPTION_FLAG, NULL, "return when it is done", REEMBED_AT(wait)},
    {"timeout", 0, OPTION_DURATION, "TIME", "wait no longer than this; the job goes on",
     REEMBED_AT(timeout_ms)},
    {"missing", 0, OPTION_FLAG, NULL, "only list the chunks that have no vector of the model",
     REEMBED_AT(missing)},
    {"quiet", 'q', OPTION_FLAG, NULL, "show no progress", REEMBED_AT(quiet)},
    {"config", 'c', OPTION_STRING, "FILE", "configuration of a private daemon", REEMBED_AT(config)},
    {"set", 0, OPTION_LIST, "KEY=VALUE", "one of its settings; may be repeated", REEMBED_AT(set)},
    OPTION_ROW_JSON(struct reembed_values),
    OPTION_ROW_SOCKET(struct reembed_values),
    OPTION_ROW_STATE(struct reembed_values),
    OPTION_ROW_HELP(struct reembed_values),
};

const struct command command_reembed = {
    .name = "reembed",
    .operands = "",
    .summary = "Move the library to the configured model of embeddings",
    .details =
        "Every chunk gets a vector of that model; then those of other models are removed. Until\n"
        "then searches answer as before. Without a daemon a private one does it.",
    .options = reembed_options,
    .option_count = ARRAY_LEN(reembed_options),
    .values_bytes = sizeof(struct reembed_values),
    .run = run_reembed,
};
