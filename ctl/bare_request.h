/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Commands that are one request without fields and its reply, printed: status, workers, pools,
 * reload, drain.
 */
#ifndef EBB_CTL_BARE_REQUEST_H
#define EBB_CTL_BARE_REQUEST_H

#include "ctl/command.h"
#include "proto/message.h"

struct bare_values {
    struct common_values common;
};

#define BARE_OPTION_COUNT 4
extern const struct option bare_options[BARE_OPTION_COUNT];

/* Sends type to the daemon that runs; print gets the reply's data, unless --json was given. */
enum ctl_exit bare_request(const struct invocation *invocation, enum message_type type,
                           void (*print)(struct value data));

/* The row of such a command. */
#define BARE_COMMAND(command_name, text, more, handler)                                            \
    {                                                                                              \
        .name = (command_name), .operands = "", .summary = (text), .details = (more),              \
        .options = bare_options, .option_count = BARE_OPTION_COUNT,                                \
        .values_bytes = sizeof(struct bare_values), .run = (handler)                               \
    }

#endif
