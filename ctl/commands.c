/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The command line: which command, its options and operands, its help.
 *
 * Invariants: a command line that makes no sense ends with CTL_EXIT_USAGE before anything was done.
 * What was printed is flushed and checked here, after the handler. Diagnostics: one line on
 * standard error.
 */
#include "ctl/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "proto/message.h"
#include "ctl/json.h"
#include "ctl/output.h"

struct entry {
    const char *group; /* NULL for a command */
    const struct command *command;
};

#define ENTRY_GROUP(title) {title, NULL},
#define ENTRY_COMMAND(symbol) {NULL, &command_##symbol},
static const struct entry entries[] = {COMMAND_LIST(ENTRY_GROUP, ENTRY_COMMAND)};
#undef ENTRY_GROUP
#undef ENTRY_COMMAND

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        if (entries[i].command && strcmp(entries[i].command->name, name) == 0) {
            return entries[i].command;
        }
    }
    return NULL;
}

static enum ctl_exit fail_unknown(const char *name)
{
    const char *nearest = NULL;
    unsigned nearest_distance = (unsigned)strlen(name) / 2 + 1;
    char advice[128];

    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        unsigned distance =
            entries[i].command ? parse_edit_distance(entries[i].command->name, name) : UINT32_MAX;

        if (distance < nearest_distance) {
            nearest = entries[i].command->name;
            nearest_distance = distance;
        }
    }
    snprintf(advice, sizeof(advice), "%s%s%s`ebb help` lists them", nearest ? "did you mean " : "",
             nearest ? nearest : "", nearest ? "? " : "");
    return output_fail(CTL_EXIT_USAGE, NULL, advice, "%s: unknown command", name);
}

static void print_overview(FILE *file)
{
    fprintf(file, "Usage: ebb COMMAND [OPTION...] [OPERAND...]\n"
                  "Turns documents into searchable data and shows what it cost.\n");
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        const struct command *command = entries[i].command;

        if (entries[i].group) {
            fprintf(file, "\n%s%s%s\n", output_style(file, STYLE_BOLD), entries[i].group,
                    output_style(file, STYLE_PLAIN));
        } else {
            fprintf(file, "  %-8s %s\n", command->name, command->summary);
        }
    }
    fprintf(file, "\n`ebb COMMAND --help` shows a command's options; ebb(1) says more.\n");
}

static void print_help(const struct command *command, FILE *file)
{
    fprintf(file, "Usage: ebb %s%s%s%s\n\n%s.\n", command->name,
            command->option_count > 0 ? " [OPTION...]" : "", command->operands[0] ? " " : "",
            command->operands, command->summary);
    if (command->details) {
        fprintf(file, "%s\n", command->details);
    }
    fputc('\n', file);
    options_print(command->options, command->option_count, file);
}

static enum ctl_exit fail_usage(const struct command *command, const struct error *why,
                                const char *what)
{
    char advice[64];

    snprintf(advice, sizeof(advice), "`ebb %s --help` shows how", command->name);
    return output_fail(CTL_EXIT_USAGE, why, advice, "%s%s%s", command->name, what ? ": " : "",
                       what ? what : "");
}

static enum ctl_exit check_operands(const struct command *command, char **operands, int count)
{
    char what[128];

    if (count < command->operands_min) {
        snprintf(what, sizeof(what), "%s is missing", command->operands);
        return fail_usage(command, NULL, what);
    }
    if (command->operands_max != OPERANDS_ANY && count > command->operands_max) {
        snprintf(what, sizeof(what), "\"%.60s\" is one operand too many",
                 operands[command->operands_max]);
        return fail_usage(command, NULL, what);
    }
    return CTL_EXIT_OK;
}

/* argv[0] is the command's name. */
static enum ctl_exit run_command(const struct command *command, int argc, char **argv)
{
    AUTO_FREE void *values = calloc(1, command->values_bytes);
    struct error err = ERROR_INIT;
    struct invocation invocation = {.command = command, .operands = argv + 1};
    const struct common_values *common = values;
    enum ctl_exit code;

    if (!values) {
        return output_fail(CTL_EXIT_FAILED, NULL, NULL, "out of memory");
    }
    if (command->defaults) {
        memcpy(values, command->defaults, command->values_bytes);
    }
    invocation.values = values;
    if (options_parse(command->options, command->option_count, argc, argv, values,
                      &invocation.operand_count, &err) < 0) {
        return fail_usage(command, &err, NULL);
    }
    if (common->help) {
        print_help(command, stdout);
        return CTL_EXIT_OK;
    }
    code = check_operands(command, invocation.operands, invocation.operand_count);
    return code == CTL_EXIT_OK ? command->run(&invocation) : code;
}

int commands_main(int argc, char **argv)
{
    static char help_name[] = "help";
    static char version_name[] = "version";
    const struct command *command;
    char *name;

    output_init();
    if (argc < 2) {
        print_overview(stderr);
        return CTL_EXIT_USAGE;
    }
    name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = help_name;
    } else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        name = version_name;
    }
    command = find(name);
    if (!command) {
        return (int)fail_unknown(name);
    }
    return (int)output_finish(run_command(command, argc - 1, argv + 1));
}

struct plain_values {
    struct common_values common;
};

static enum ctl_exit run_help(const struct invocation *invocation)
{
    const struct command *command;

    if (invocation->operand_count == 0) {
        print_overview(stdout);
        return CTL_EXIT_OK;
    }
    command = find(invocation->operands[0]);
    if (!command) {
        return fail_unknown(invocation->operands[0]);
    }
    print_help(command, stdout);
    return CTL_EXIT_OK;
}

static const struct option help_options[] = {
    OPTION_ROW_HELP(struct plain_values),
};

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "List the commands, or show how one is used",
    .options = help_options,
    .option_count = ARRAY_LEN(help_options),
    .values_bytes = sizeof(struct plain_values),
    .operands_max = 1,
    .run = run_help,
};

static enum ctl_exit run_version(const struct invocation *invocation)
{
    const struct plain_values *values = invocation->values;
    json_t *json;

    if (!values->common.json) {
        printf("ebb %s, protocol %d\n", EBB_VERSION, PROTOCOL_VERSION);
        return CTL_EXIT_OK;
    }
    json = json_pack("{s:s, s:i}", "version", EBB_VERSION, "protocol", PROTOCOL_VERSION);
    if (json_print(json, stdout) < 0) {
        json_decref(json);
        return CTL_EXIT_FAILED;
    }
    json_decref(json);
    return CTL_EXIT_OK;
}

static const struct option version_options[] = {
    OPTION_ROW_JSON(struct plain_values),
    OPTION_ROW_HELP(struct plain_values),
};

const struct command command_version = {
    .name = "version",
    .operands = "",
    .summary = "Say which ebb this is",
    .options = version_options,
    .option_count = ARRAY_LEN(version_options),
    .values_bytes = sizeof(struct plain_values),
    .run = run_version,
};
