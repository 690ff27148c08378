/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb jobs, cancel, resume, rm: the list of jobs, and what is done to one as a whole.
 *
 * Blocks with the time limits of client.h; rm as long as a running job takes to be cancelled.
 * Diagnostics: session.h.
 */
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/job_list.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/table.h"

/* Deleting a job that runs waits for its workers to go. */
#define DELETE_TIMEOUT_MS 120000U
#define JOBS_SHOWN 20

struct jobs_values {
    struct common_values common;
    const char *status;
    uint64_t limit;
    bool all;
};

static const struct table_column jobs_columns[] = {
    {"JOB", TABLE_LEFT},       {"STATUS", TABLE_LEFT},  {"DONE", TABLE_RIGHT},
    {"PAGES", TABLE_RIGHT},    {"FAILED", TABLE_RIGHT}, {"CREATED", TABLE_LEFT},
    {"NAME", TABLE_GIVES_WAY},
};

static bool add_job(void *user, struct value job)
{
    struct table *table = user;
    char text[FORMAT_TEXT_BYTES];
    char time[FORMAT_TIME_BYTES];
    char code[128];

    table_value_text(table, value_get(job, "job_id"));
    format_text(value_get(job, "status"), text, 32);
    format_text(value_get(job, "error_code"), code, sizeof(code));
    table_format(table, "%s%s%s", text, code[0] ? ": " : "", code);
    table_format(table, "%.0f%%", value_float(value_get(job, "progress"), 0.0));
    table_value_number(table, value_get(job, "pages"));
    table_value_number(table, value_get(job, "pages_failed_count"));
    format_time(value_get(job, "created_at"), time);
    table_text(table, time);
    table_value_text(table, value_get(job, "name"));
    return true;
}

static enum ctl_exit list_for_people(struct session *session, const struct job_list *wanted)
{
    struct table *table = table_create(jobs_columns, ARRAY_LEN(jobs_columns));
    struct job_list list = *wanted;
    struct job_list_end end;
    enum ctl_exit code;

    list.seen = add_job;
    list.user = table;
    code = job_list_walk(session, &list, &end);
    if (code == CTL_EXIT_OK && table_rows(table) == 0) {
        output_note("there are no jobs%s%s", list.status ? " that are " : "",
                    list.status ? list.status : "");
    } else if (code == CTL_EXIT_OK) {
        table_print(table, stdout, output_is_terminal(stdout) ? output_columns(stdout) : 0);
        if (end.next_cursor[0] && output_is_terminal(stdout)) {
            output_note("%zu of %lu jobs; --all shows all", table_rows(table),
                        (unsigned long)end.total);
        }
    }
    table_destroy(table);
    return code;
}

struct stream {
    unsigned long count;
};

static bool stream_job(void *user, struct value job)
{
    struct stream *stream = user;

    if (stream->count++ > 0) {
        fputc(',', stdout);
    }
    return json_write_value(job, stdout) == 0;
}

/* As the reply has it, however many pages it took: {jobs, next_cursor, total}. */
static enum ctl_exit list_for_programs(struct session *session, const struct job_list *wanted)
{
    struct stream stream = {0};
    struct job_list list = *wanted;
    struct job_list_end end;
    enum ctl_exit code;

    list.seen = stream_job;
    list.user = &stream;
    fputs("{\"jobs\":[", stdout);
    code = job_list_walk(session, &list, &end);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    printf("],\"next_cursor\":%s%s%s,\"total\":%lu}\n", end.next_cursor[0] ? "\"" : "",
           end.next_cursor[0] ? end.next_cursor : "null", end.next_cursor[0] ? "\"" : "",
           (unsigned long)end.total);
    return CTL_EXIT_OK;
}

static enum ctl_exit run_jobs(const struct invocation *invocation)
{
    const struct jobs_values *values = invocation->values;
    struct job_list list = {.status = values->status,
                            .limit = values->all ? UINT64_MAX : values->limit};
    struct session session;
    enum ctl_exit code = session_open(&session, &values->common, SESSION_EITHER);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    code =
        values->common.json ? list_for_programs(&session, &list) : list_for_people(&session, &list);
    return session_close(&session, code);
}

#define JOBS_AT(member) offsetof(struct jobs_values, member)

static const struct option jobs_options[] = {
    {"status", 0, OPTION_STRING, "STATUS",
     "only those: pending, processing, completed, failed, cancelled, interrupted", JOBS_AT(status)},
    {"limit", 'n', OPTION_U64, "COUNT", "so many at most (20)", JOBS_AT(limit)},
    {"all", 'a', OPTION_FLAG, NULL, "all of them", JOBS_AT(all)},
    OPTION_ROW_JSON(struct jobs_values),
    OPTION_ROW_SOCKET(struct jobs_values),
    OPTION_ROW_STATE(struct jobs_values),
    OPTION_ROW_HELP(struct jobs_values),
};

static const struct jobs_values jobs_defaults = {.limit = JOBS_SHOWN};

const struct command command_jobs = {
    .name = "jobs",
    .operands = "",
    .summary = "List jobs, newest first",
    .options = jobs_options,
    .option_count = ARRAY_LEN(jobs_options),
    .defaults = &jobs_defaults,
    .values_bytes = sizeof(struct jobs_values),
    .run = run_jobs,
};

struct act_values {
    struct common_values common;
};

/* One request with a job's id. */
static enum ctl_exit act_on(struct session *session, enum message_type type, const char *verb,
                            const char *text, bool json)
{
    char id[UUID_TEXT_BYTES];
    char status[32];
    char what[64];
    struct reply reply;
    enum ctl_exit code = job_list_resolve(session, text, id);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    message_put_str(client_begin(session->client, type), FIELD_JOB, id);
    snprintf(what, sizeof(what), "%s job", verb);
    code = session_call(session, type == MESSAGE_DELETE ? DELETE_TIMEOUT_MS : CLIENT_TIMEOUT_MS,
                        &reply, what, id);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (json) {
        json_print_value(reply.data, stdout);
    } else {
        printf("%s  ", id);
        output_line_text(stdout, format_text(value_get(reply.data, "status"), status, 32));
        fputc('\n', stdout);
    }
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

/* Each operand; a failure is told and the others still have their turn. */
static enum ctl_exit act(const struct invocation *invocation, enum message_type type,
                         enum session_want want)
{
    const struct act_values *values = invocation->values;
    struct session session;
    enum ctl_exit code = session_open(&session, &values->common, want);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    for (int i = 0; i < invocation->operand_count && !client_lost(session.client); i++) {
        enum ctl_exit one = act_on(&session, type, invocation->command->name,
                                   invocation->operands[i], values->common.json);

        code = code == CTL_EXIT_OK ? one : code;
    }
    return session_close(&session, code);
}

static enum ctl_exit run_cancel(const struct invocation *invocation)
{
    return act(invocation, MESSAGE_CANCEL_JOB, SESSION_EITHER);
}

static enum ctl_exit run_resume(const struct invocation *invocation)
{
    return act(invocation, MESSAGE_RESUME, SESSION_RUNNING);
}

static enum ctl_exit run_rm(const struct invocation *invocation)
{
    return act(invocation, MESSAGE_DELETE, SESSION_EITHER);
}

static const struct option act_options[] = {
    OPTION_ROW_JSON(struct act_values),
    OPTION_ROW_SOCKET(struct act_values),
    OPTION_ROW_STATE(struct act_values),
    OPTION_ROW_HELP(struct act_values),
};

const struct command command_cancel = {
    .name = "cancel",
    .operands = "ID...",
    .summary = "Stop jobs; what they finished is kept",
    .options = act_options,
    .option_count = ARRAY_LEN(act_options),
    .values_bytes = sizeof(struct act_values),
    .operands_min = 1,
    .operands_max = OPERANDS_ANY,
    .run = run_cancel,
};

const struct command command_resume = {
    .name = "resume",
    .operands = "ID...",
    .summary = "Go on with cancelled, failed or interrupted jobs",
    .details =
        "They go on from their finished units; pages that failed are tried again. Without a\n"
        "daemon, `ebb run --resume ID` does the same.",
    .options = act_options,
    .option_count = ARRAY_LEN(act_options),
    .values_bytes = sizeof(struct act_values),
    .operands_min = 1,
    .operands_max = OPERANDS_ANY,
    .run = run_resume,
};

const struct command command_rm = {
    .name = "rm",
    .operands = "ID...",
    .summary = "Remove jobs with everything that they made",
    .options = act_options,
    .option_count = ARRAY_LEN(act_options),
    .values_bytes = sizeof(struct act_values),
    .operands_min = 1,
    .operands_max = OPERANDS_ANY,
    .run = run_rm,
};
