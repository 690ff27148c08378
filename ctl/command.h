/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a command of ebb is: a row that says its name, operands, options and handler. commands.c has
 * the table; the rows stand beside their handlers.
 */
#ifndef EBB_CTL_COMMAND_H
#define EBB_CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/options.h"
#include "ctl/exit.h"

/* The first member of every command's values. */
struct common_values {
    bool help;
    bool json;
    const char *socket;
    const char *state;
};

struct invocation {
    const struct command *command;
    const void *values; /* as the command's options filled them */
    char **operands;
    int operand_count;
};

#define OPERANDS_ANY (-1)

struct command {
    const char *name;
    const char *operands; /* for the help; "" where there are none */
    const char *summary;  /* a line */
    const char *details;  /* more for --help; NULL where there is no more to say */
    const struct option *options;
    size_t option_count;
    const void *defaults; /* of the values; NULL: all zero */
    size_t values_bytes;
    int operands_min, operands_max;
    /* Reports its own errors. Standard output is flushed and checked by the caller. */
    enum ctl_exit (*run)(const struct invocation *invocation);
};

/* Rows that options tables share; type is the command's values, with `common` its first member. */
#define OPTION_ROW_HELP(type)                                                                      \
    {                                                                                              \
        "help", 'h', OPTION_FLAG, NULL, "show this help", offsetof(type, common.help)              \
    }
#define OPTION_ROW_JSON(type)                                                                      \
    {                                                                                              \
        "json", 0, OPTION_FLAG, NULL, "print JSON for programs", offsetof(type, common.json)       \
    }
#define OPTION_ROW_SOCKET(type)                                                                    \
    {                                                                                              \
        "socket", 0, OPTION_STRING, "PATH", "the daemon's control socket",                         \
            offsetof(type, common.socket)                                                          \
    }
#define OPTION_ROW_STATE(type)                                                                     \
    {                                                                                              \
        "state", 0, OPTION_STRING, "DIR", "the state folder that is meant",                        \
            offsetof(type, common.state)                                                           \
    }

/* The command line's whole life. Returns the exit code. */
int commands_main(int argc, char **argv);

#endif
