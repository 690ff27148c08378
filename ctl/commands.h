/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The rows of ebb's commands, each defined beside its handler, and their list in the order in which
 * the help shows them.
 */
#ifndef EBB_CTL_COMMANDS_H
#define EBB_CTL_COMMANDS_H

#include "ctl/command.h"

/* X(symbol): command_symbol. GROUP("title") begins a part of the help. */
#define COMMAND_LIST(GROUP, X)                                                                     \
    GROUP("Documents")                                                                             \
    X(run)                                                                                         \
    X(submit)                                                                                      \
    X(show)                                                                                        \
    X(search)                                                                                      \
    GROUP("The library")                                                                           \
    X(export)                                                                                      \
    X(backup)                                                                                      \
    X(reembed)                                                                                     \
    GROUP("Jobs")                                                                                  \
    X(jobs)                                                                                        \
    X(job)                                                                                         \
    X(cancel)                                                                                      \
    X(resume)                                                                                      \
    X(rm)                                                                                          \
    GROUP("What it costs")                                                                         \
    X(memory)                                                                                      \
    X(top)                                                                                         \
    X(workers)                                                                                     \
    X(pools)                                                                                       \
    X(status)                                                                                      \
    X(events)                                                                                      \
    GROUP("The daemon")                                                                            \
    X(reload)                                                                                      \
    X(drain)                                                                                       \
    X(config)                                                                                      \
    GROUP("This program")                                                                          \
    X(help)                                                                                        \
    X(version)

#define COMMAND_NO_GROUP(title)
#define COMMAND_DECLARE(symbol) extern const struct command command_##symbol;
COMMAND_LIST(COMMAND_NO_GROUP, COMMAND_DECLARE)
#undef COMMAND_DECLARE
#undef COMMAND_NO_GROUP

#endif
