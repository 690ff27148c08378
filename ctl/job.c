/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb job: one job, whole.
 *
 * Blocks with the time limits of client.h. Diagnostics: session.h.
 */
#include <stdio.h>

#include "common/cleanup.h"
#include "ctl/commands.h"
#include "ctl/job_list.h"
#include "ctl/job_view.h"
#include "ctl/json.h"
#include "ctl/session.h"

struct job_values {
    struct common_values common;
};

static enum ctl_exit show_job(struct session *session, const char *text, bool json)
{
    char id[UUID_TEXT_BYTES];
    struct reply reply;
    enum ctl_exit code = job_list_resolve(session, text, id);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    message_put_str(client_begin(session->client, MESSAGE_JOB), FIELD_JOB, id);
    code = session_call(session, CLIENT_TIMEOUT_MS, &reply, "job", id);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (json) {
        json_print_value(reply.data, stdout);
    } else {
        job_view_fields(stdout, reply.data);
        putchar('\n');
        job_view_stages(stdout, reply.data);
        job_view_troubles(stdout, reply.data, SIZE_MAX);
    }
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

static enum ctl_exit run_job(const struct invocation *invocation)
{
    const struct job_values *values = invocation->values;
    struct session session;
    enum ctl_exit code = session_open(&session, &values->common, SESSION_EITHER);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    return session_close(&session,
                         show_job(&session, invocation->operands[0], values->common.json));
}

static const struct option job_options[] = {
    OPTION_ROW_JSON(struct job_values),
    OPTION_ROW_SOCKET(struct job_values),
    OPTION_ROW_STATE(struct job_values),
    OPTION_ROW_HELP(struct job_values),
};

const struct command command_job = {
    .name = "job",
    .operands = "ID",
    .summary = "Show a job: its stages, counts, warnings and failed pages",
    .options = job_options,
    .option_count = ARRAY_LEN(job_options),
    .values_bytes = sizeof(struct job_values),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_job,
};
