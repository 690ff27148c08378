/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb memory: what the processes cost, and what went back to the system when they ended.
 *
 * Blocks with the time limits of client.h. Diagnostics: session.h.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/job_list.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/receipts.h"
#include "ctl/table.h"

#define ROWS_SHOWN 50
#define ROWS_MAX 1000

struct memory_values {
    struct common_values common;
    const char *job;
    uint64_t since_ms; /* ago; 0: no bound */
    uint64_t limit;
    bool receipts;
    bool samples;
};

struct view {
    struct session *session;
    const struct memory_values *values;
    char job[UUID_TEXT_BYTES]; /* "" for all */
};

static enum ctl_exit ask(const struct view *view, const char *name, struct reply *ret_reply)
{
    struct message_writer *writer = client_begin(view->session->client, MESSAGE_MEMORY);
    uint64_t now_ms = clock_wall_ms();
    uint64_t ago_ms = view->values->since_ms;

    message_put_str(writer, FIELD_VIEW, name);
    if (view->job[0]) {
        message_put_str(writer, FIELD_JOB, view->job);
    }
    if (ago_ms > 0) {
        message_put_uint(writer, FIELD_SINCE_MS, ago_ms < now_ms ? now_ms - ago_ms : 0);
    }
    message_put_uint(writer, FIELD_LIMIT, view->values->limit);
    return session_call(view->session, CLIENT_TIMEOUT_MS, ret_reply, "memory", name);
}

static const struct table_column sums_columns[] = {
    {"STAGE", TABLE_LEFT},    {"CLASS", TABLE_LEFT}, {"PROCESSES", TABLE_RIGHT},
    {"CRASHED", TABLE_RIGHT}, {"PEAK", TABLE_RIGHT}, {"MEAN PEAK", TABLE_RIGHT},
    {"WALL", TABLE_RIGHT},    {"CPU", TABLE_RIGHT},  {"WENT BACK", TABLE_RIGHT},
};

static void print_sums(struct value rows, bool by_stage, uint64_t *ret_freed_bytes)
{
    /* By class there is no stage to show. */
    size_t skip = by_stage ? 0 : 1;
    struct table *table = table_create(sums_columns + skip, ARRAY_LEN(sums_columns) - skip);
    size_t count = value_count(rows);

    *ret_freed_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct value row = value_at(rows, i);

        if (by_stage) {
            table_value_text(table, value_get(row, "stage"));
        }
        table_value_text(table, value_get(row, "class"));
        table_value_number(table, value_get(row, "processes"));
        table_value_number(table, value_get(row, "crashed"));
        table_value_bytes(table, value_get(row, "peak_rss_bytes"));
        table_value_bytes(table, value_get(row, "mean_peak_rss_bytes"));
        table_value_duration(table, value_get(row, "wall_ms"));
        table_value_duration(table, value_get(row, "cpu_ms"));
        table_value_bytes(table, value_get(row, "freed_bytes"));
        *ret_freed_bytes += value_uint(value_get(row, "freed_bytes"), 0);
    }
    if (count > 0) {
        table_print(table, stdout, 0);
    }
    table_destroy(table);
}

static void print_overview(struct value stages, struct value classes)
{
    uint64_t freed_bytes;
    char text[32];

    if (value_count(stages) == 0 && value_count(classes) == 0) {
        output_note("no process has ended yet");
        return;
    }
    print_sums(stages, true, &freed_bytes);
    putchar('\n');
    print_sums(classes, false, &freed_bytes);
    parse_format_bytes(freed_bytes, text, sizeof(text));
    printf("\n%s went back to the system: each process held its peak, and ended.\n", text);
}

static enum ctl_exit show_overview(const struct view *view)
{
    struct reply stages;
    struct reply classes;
    enum ctl_exit code = ask(view, "stages", &stages);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    code = ask(view, "classes", &classes);
    if (code != CTL_EXIT_OK) {
        reply_deinit(&stages);
        return code;
    }
    if (view->values->common.json) {
        json_t *both = json_object();

        json_set_value(both, "stages", value_get(stages.data, "rows"));
        json_set_value(both, "classes", value_get(classes.data, "rows"));
        json_print(both, stdout);
        json_decref(both);
    } else {
        print_overview(value_get(stages.data, "rows"), value_get(classes.data, "rows"));
    }
    reply_deinit(&stages);
    reply_deinit(&classes);
    return CTL_EXIT_OK;
}

static void print_receipts(struct value data)
{
    struct value receipts = value_get(data, "receipts");
    size_t count = value_count(receipts);
    struct table *table = receipts_table_create();

    for (size_t i = 0; i < count; i++) {
        receipts_table_add(table, value_at(receipts, i));
    }
    if (count == 0) {
        output_note("no process has ended yet");
    } else {
        table_print(table, stdout, 0);
        if (value_uint(value_get(data, "total"), 0) > count) {
            output_note("%zu of %" PRIu64 "; --limit shows more", count,
                        value_uint(value_get(data, "total"), 0));
        }
    }
    table_destroy(table);
}

static const struct table_column sample_columns[] = {
    {"TIME", TABLE_LEFT}, {"PID", TABLE_RIGHT}, {"CLASS", TABLE_LEFT},
    {"RSS", TABLE_RIGHT}, {"PSS", TABLE_RIGHT},
};

static void print_samples(struct value data)
{
    struct value samples = value_get(data, "samples");
    size_t count = value_count(samples);
    struct table *table = table_create(sample_columns, ARRAY_LEN(sample_columns));

    for (size_t i = 0; i < count; i++) {
        struct value sample = value_at(samples, i);
        char time[FORMAT_TIME_BYTES];

        format_time(value_get(sample, "time"), time);
        table_text(table, time);
        table_value_number(table, value_get(sample, "pid"));
        table_value_text(table, value_get(sample, "class"));
        table_value_bytes(table, value_get(sample, "rss_bytes"));
        table_value_bytes(table, value_get(sample, "pss_bytes"));
    }
    if (count == 0) {
        output_note("there are no samples of that time");
    } else {
        table_print(table, stdout, 0);
    }
    table_destroy(table);
}

static enum ctl_exit show_rows(const struct view *view)
{
    struct reply reply;
    enum ctl_exit code = ask(view, view->values->receipts ? "receipts" : "samples", &reply);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (view->values->common.json) {
        json_print_value(reply.data, stdout);
    } else if (view->values->receipts) {
        print_receipts(reply.data);
    } else {
        print_samples(reply.data);
    }
    reply_deinit(&reply);
    return CTL_EXIT_OK;
}

static enum ctl_exit show_view(struct view *view)
{
    const struct memory_values *values = view->values;

    if (values->job) {
        enum ctl_exit code = job_list_resolve(view->session, values->job, view->job);

        if (code != CTL_EXIT_OK) {
            return code;
        }
    }
    return values->receipts || values->samples ? show_rows(view) : show_overview(view);
}

static enum ctl_exit run_memory(const struct invocation *invocation)
{
    const struct memory_values *values = invocation->values;
    struct session session;
    struct view view = {.session = &session, .values = values};
    enum ctl_exit code;

    if (values->receipts && values->samples) {
        return output_fail(CTL_EXIT_USAGE, NULL, "give one of them",
                           "memory: --receipts and --samples exclude each other");
    }
    if (values->limit < 1 || values->limit > ROWS_MAX) {
        return output_fail(CTL_EXIT_USAGE, NULL, "from 1 to 1000", "memory: --limit");
    }
    code = session_open(&session, &values->common, SESSION_EITHER);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    return session_close(&session, show_view(&view));
}

#define MEMORY_AT(member) offsetof(struct memory_values, member)

static const struct option memory_options[] = {
    {"job", 0, OPTION_STRING, "ID", "only what was for this job", MEMORY_AT(job)},
    {"since", 0, OPTION_DURATION, "TIME", "only of the last TIME, such as 1h", MEMORY_AT(since_ms)},
    {"receipts", 0, OPTION_FLAG, NULL, "each process that has ended, newest first",
     MEMORY_AT(receipts)},
    {"samples", 0, OPTION_FLAG, NULL, "what each process held, moment by moment",
     MEMORY_AT(samples)},
    {"limit", 'n', OPTION_U64, "COUNT", "so many receipts or samples at most (50)",
     MEMORY_AT(limit)},
    OPTION_ROW_JSON(struct memory_values),
    OPTION_ROW_SOCKET(struct memory_values),
    OPTION_ROW_STATE(struct memory_values),
    OPTION_ROW_HELP(struct memory_values),
};

static const struct memory_values memory_defaults = {.limit = ROWS_SHOWN};

const struct command command_memory = {
    .name = "memory",
    .operands = "",
    .summary = "Show what processes cost, and what went back to the system",
    .options = memory_options,
    .option_count = ARRAY_LEN(memory_options),
    .defaults = &memory_defaults,
    .values_bytes = sizeof(struct memory_values),
    .run = run_memory,
};
