/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb top: a daemon and its processes, drawn each second; one picture when standard output is no
 * terminal.
 *
 * Blocks with the time limits of client.h. Diagnostics: session.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/interrupt.h"
#include "ctl/json.h"
#include "ctl/live.h"
#include "ctl/output.h"
#include "ctl/parts.h"
#include "ctl/session.h"
#include "ctl/terminal.h"

#define PICTURE_MS_LEAST 100U
#define BUDGET_COLUMNS 40U

struct top_values {
    struct common_values common;
    uint64_t interval_ms;
};

static const struct top_values top_defaults = {.interval_ms = 1000};

struct snapshot {
    struct reply status, workers, pools;
};

static enum ctl_exit ask(struct session *session, enum message_type type, struct reply *ret_reply)
{
    client_begin(session->client, type);
    return session_call(session, CLIENT_TIMEOUT_MS, ret_reply, "top", NULL);
}

static enum ctl_exit take_snapshot(struct session *session, struct snapshot *ret_snapshot)
{
    enum ctl_exit code = ask(session, MESSAGE_STATUS, &ret_snapshot->status);

    if (code != CTL_EXIT_OK) {
        return code;
    }
    code = ask(session, MESSAGE_WORKERS, &ret_snapshot->workers);
    if (code == CTL_EXIT_OK) {
        code = ask(session, MESSAGE_POOLS, &ret_snapshot->pools);
        if (code == CTL_EXIT_OK) {
            return code;
        }
        reply_deinit(&ret_snapshot->workers);
    }
    reply_deinit(&ret_snapshot->status);
    return code;
}

static void drop_snapshot(struct snapshot *snapshot)
{
    reply_deinit(&snapshot->status);
    reply_deinit(&snapshot->workers);
    reply_deinit(&snapshot->pools);
}

static void print_budget(FILE *file, struct value status)
{
    struct value memory = value_get(status, "memory");
    uint64_t budget = value_uint(value_get(memory, "budget_bytes"), 0);
    uint64_t live = value_uint(value_get(memory, "live_bytes"), 0);
    char bar[BUDGET_COLUMNS * 3 + 3];

    live_bar(budget ? (double)live / (double)budget : 0.0, BUDGET_COLUMNS, bar, sizeof(bar));
    format_field(file, "budget", "%s %.1f%%", bar, format_percent(live, budget));
}

static void print_snapshot(FILE *file, const struct snapshot *snapshot)
{
    parts_print_status(file, snapshot->status.data);
    print_budget(file, snapshot->status.data);
    fputc('\n', file);
    parts_print_workers(file, snapshot->workers.data, 0);
    fputc('\n', file);
    parts_print_pools(file, snapshot->pools.data, 0);
}

static void print_json(const struct snapshot *snapshot)
{
    json_t *object = json_object();

    json_set_value(object, "status", snapshot->status.data);
    json_set_value(object, "workers", value_get(snapshot->workers.data, "workers"));
    json_set_value(object, "classes", value_get(snapshot->pools.data, "classes"));
    json_print(object, stdout);
    json_decref(object);
}

static enum ctl_exit show_once(struct session *session, bool json)
{
    struct snapshot snapshot;
    enum ctl_exit code = take_snapshot(session, &snapshot);

    if (code == CTL_EXIT_OK) {
        if (json) {
            print_json(&snapshot);
        } else {
            print_snapshot(stdout, &snapshot);
        }
        drop_snapshot(&snapshot);
    }
    return code;
}

static enum ctl_exit draw(struct session *session)
{
    AUTO_FREE char *text = NULL;
    size_t size_bytes = 0;
    struct snapshot snapshot;
    enum ctl_exit code = take_snapshot(session, &snapshot);
    FILE *file;

    if (code != CTL_EXIT_OK) {
        return code;
    }
    file = open_memstream(&text, &size_bytes);
    if (file) {
        print_snapshot(file, &snapshot);
        fputs("\nq ends this\n", file);
        if (fclose(file) == 0) {
            terminal_draw(text);
        }
    }
    drop_snapshot(&snapshot);
    return output_works() ? CTL_EXIT_OK : CTL_EXIT_FAILED;
}

static void give_way(void *user)
{
    (void)user;
    terminal_leave();
}

static enum ctl_exit show_live(struct session *session, uint64_t interval_ms)
{
    struct error err = ERROR_INIT;
    enum ctl_exit code = CTL_EXIT_OK;
    int key = 0;

    if (interrupt_open(&err) < 0 || terminal_enter(&err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "top");
    }
    client_set_interrupt(session->client, interrupt_fd());
    output_set_before_line(give_way, NULL);
    while (key != 'q' && key != 'Q' && key >= 0 && code == CTL_EXIT_OK) {
        uint64_t until_ms = clock_monotonic_ms() + interval_ms;

        code = draw(session);
        for (uint64_t now_ms = clock_monotonic_ms();
             code == CTL_EXIT_OK && key != 'q' && key != 'Q' && key >= 0 && now_ms < until_ms;
             now_ms = clock_monotonic_ms()) {
            key = terminal_key(until_ms - now_ms);
        }
    }
    terminal_leave();
    output_set_before_line(NULL, NULL);
    /* ^C is a way to end it as good as any. */
    return code >= CTL_EXIT_SIGNALLED ? CTL_EXIT_OK : code;
}

static enum ctl_exit run_top(const struct invocation *invocation)
{
    const struct top_values *values = invocation->values;
    struct session session;
    enum ctl_exit code;

    if (values->interval_ms < PICTURE_MS_LEAST || values->interval_ms > 3600000) {
        return output_fail(CTL_EXIT_USAGE, NULL, "from 100ms to 1h", "top: --interval");
    }
    code = session_open(&session, &values->common, SESSION_RUNNING);
    if (code != CTL_EXIT_OK) {
        return code;
    }
    if (!values->common.json && output_can_redraw(stdout) && output_is_terminal(stdin)) {
        code = show_live(&session, values->interval_ms);
    } else {
        code = show_once(&session, values->common.json);
    }
    return session_close(&session, code);
}

static const struct option top_options[] = {
    {"interval", 'd', OPTION_DURATION, "TIME", "draw this often (1s)",
     offsetof(struct top_values, interval_ms)},
    OPTION_ROW_JSON(struct top_values),
    OPTION_ROW_SOCKET(struct top_values),
    OPTION_ROW_STATE(struct top_values),
    OPTION_ROW_HELP(struct top_values),
};

const struct command command_top = {
    .name = "top",
    .operands = "",
    .summary = "Show the daemon and its processes, live",
    .details = "q ends it. One picture when standard output is no terminal.",
    .options = top_options,
    .option_count = ARRAY_LEN(top_options),
    .defaults = &top_defaults,
    .values_bytes = sizeof(struct top_values),
    .run = run_top,
};
