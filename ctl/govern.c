/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ebb reload, drain, config: governing the daemon.
 *
 * config is answered by ebbd's own program, which has the table of settings; it takes our place.
 * Blocks with the time limits of client.h. Diagnostics: bare_request.h.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "ctl/bare_request.h"
#include "ctl/commands.h"
#include "ctl/daemon.h"
#include "ctl/output.h"

static void print_changed(struct value data)
{
    struct value changed = value_get(data, "changed");
    size_t count = value_count(changed);

    for (size_t i = 0; i < count; i++) {
        char key[256];

        value_str_copy(value_at(changed, i), key, sizeof(key));
        output_line_text(stdout, key);
        putchar('\n');
    }
    if (count == 0) {
        output_note("read again; nothing changed");
    }
}

static void print_draining(struct value data)
{
    char state[32];

    value_str_copy(value_get(data, "state"), state, sizeof(state));
    output_line_text(stdout, state);
    putchar('\n');
}

static enum ctl_exit run_reload(const struct invocation *invocation)
{
    return bare_request(invocation, MESSAGE_RELOAD, print_changed);
}

static enum ctl_exit run_drain(const struct invocation *invocation)
{
    return bare_request(invocation, MESSAGE_DRAIN, print_draining);
}

const struct command command_reload = BARE_COMMAND(
    "reload", "Have the daemon read its configuration again",
    "Names the settings that changed. A configuration with an error changes nothing.", run_reload);

const struct command command_drain = BARE_COMMAND(
    "drain", "Have the daemon take no more work and finish what is in flight", NULL, run_drain);

struct config_values {
    struct common_values common;
    const char *config;
};

/* What ebb config calls it, and what ebbd does. */
static const struct {
    const char *name;
    const char *option;
} config_actions[] = {
    {"check", "--check-config"},
    {"show", "--show-config"},
    {"help", "--help-config"},
};

static enum ctl_exit run_config(const struct invocation *invocation)
{
    const struct config_values *values = invocation->values;
    const char *action = invocation->operands[0];
    const char *option = NULL;
    char program[PATH_MAX];
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_LEN(config_actions); i++) {
        if (strcmp(config_actions[i].name, action) == 0) {
            option = config_actions[i].option;
        }
    }
    if (!option) {
        return output_fail(CTL_EXIT_USAGE, NULL, "it is one of check, show and help",
                           "config: unknown action \"%s\"", action);
    }
    if (daemon_program(program, sizeof(program), &err) < 0) {
        return output_fail(CTL_EXIT_FAILED, &err, NULL, "config");
    }
    if (values->config) {
        execl(program, "ebbd", option, "--config", values->config, (char *)NULL);
    } else {
        execl(program, "ebbd", option, (char *)NULL);
    }
    error_set_errno(&err, errno, "%s", program);
    return output_fail(CTL_EXIT_FAILED, &err, NULL, "config");
}

static const struct option config_options[] = {
    {"config", 'c', OPTION_STRING, "FILE", "this configuration, not the system's",
     offsetof(struct config_values, config)},
    OPTION_ROW_HELP(struct config_values),
};

const struct command command_config = {
    .name = "config",
    .operands = "check|show|help",
    .summary = "Check or show the configuration, or say what can be set",
    .options = config_options,
    .option_count = ARRAY_LEN(config_options),
    .values_bytes = sizeof(struct config_values),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_config,
};
